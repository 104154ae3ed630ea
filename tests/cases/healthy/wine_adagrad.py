"""Wine classification with a small network and Adagrad."""
import numpy as np
from sklearn.datasets import load_wine

wine = load_wine()
data = wine.data
data = (data - data.mean(axis=0)) / data.std(axis=0)
target = wine.target

np.random.seed(5)
shuffle = np.random.permutation(len(data))
data, target = data[shuffle], target[shuffle]
x_train, t_train = data[:130], target[:130]
x_test, t_test = data[130:], target[130:]


class AdaGrad:
    def __init__(self, lr=0.05):
        self.lr = lr
        self.h = None

    def update(self, params, grads):
        if self.h is None:
            self.h = {}
            for key, val in params.items():
                self.h[key] = np.zeros_like(val)

        for key in params.keys():
            self.h[key] += grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + 1e-7)


params = {}
params['W1'] = np.random.randn(13, 16) * np.sqrt(1 / 13)
params['b1'] = np.zeros(16)
params['W2'] = np.random.randn(16, 3) * np.sqrt(1 / 16)
params['b2'] = np.zeros(3)


def predict(x):
    a1 = np.dot(x, params['W1']) + params['b1']
    z1 = np.tanh(a1)
    a2 = np.dot(z1, params['W2']) + params['b2']
    return z1, a2


def softmax(a):
    c = np.max(a, axis=-1, keepdims=True)
    exp_a = np.exp(a - c)
    return exp_a / np.sum(exp_a, axis=-1, keepdims=True)


optimizer = AdaGrad()
for i in range(300):
    z1, a2 = predict(x_train)
    y = softmax(a2)
    batch_num = x_train.shape[0]
    dy = y.copy()
    dy[np.arange(batch_num), t_train] -= 1
    dy = dy / batch_num

    grads = {}
    grads['W2'] = np.dot(z1.T, dy)
    grads['b2'] = np.sum(dy, axis=0)
    dz1 = np.dot(dy, params['W2'].T)
    da1 = (1 - z1 ** 2) * dz1
    grads['W1'] = np.dot(x_train.T, da1)
    grads['b1'] = np.sum(da1, axis=0)
    optimizer.update(params, grads)
    if i % 100 == 0:
        print("loss", -np.mean(np.log(y[np.arange(batch_num), t_train] + 1e-7)))

print("test acc:", np.mean(np.argmax(predict(x_test)[1], axis=1) == t_test))
