import numpy as np
from sklearn.datasets import load_wine

wine = load_wine()
X = (wine.data - wine.data.mean(axis=0)) / wine.data.std(axis=0)
Y = np.eye(3)[wine.target]

np.random.seed(2)
idx = np.random.permutation(len(X))
X, Y = X[idx], Y[idx]
x_train, y_train, x_test, y_test = X[:130], Y[:130], X[130:], Y[130:]

ALPHA = 0.05
layers = [13, 12, 8, 3]
W, B = [], []
for i in range(len(layers) - 1):
    W.append(np.random.normal(0, np.sqrt(2 / layers[i]), size=(layers[i], layers[i + 1])))
    B.append(np.zeros((1, layers[i + 1])))


def leaky_relu(z):
    return np.where(z > 0, z, ALPHA * z)


def leaky_relu_grad(z):
    return np.where(z > 0, 1, ALPHA)


def feedforward(x):
    zs, activations = [], [x]
    for i in range(len(W)):
        z = activations[-1].dot(W[i]) + B[i]
        zs.append(z)
        if i == len(W) - 1:
            e = np.exp(z - np.max(z, axis=1, keepdims=True))
            activations.append(e / np.sum(e, axis=1, keepdims=True))
        else:
            activations.append(leaky_relu(z))
    return zs, activations


lr0, decay = 0.3, 0.01
for epoch in range(200):
    lr = lr0 / (1 + decay * epoch)
    zs, acts = feedforward(x_train)
    delta = (acts[-1] - y_train) / len(x_train)
    gw, gb = [None] * len(W), [None] * len(W)
    for i in range(len(W) - 1, -1, -1):
        gw[i] = acts[i].T.dot(delta)
        gb[i] = np.sum(delta, axis=0, keepdims=True)
        if i > 0:
            delta = delta.dot(W[i].T) * leaky_relu_grad(zs[i - 1])

    # clip the global norm
    norm = np.sqrt(sum(np.sum(g ** 2) for g in gw + gb))
    scale = min(1.0, 1.0 / (norm + 1e-12))
    for i in range(len(W)):
        W[i] -= lr * scale * gw[i]
        B[i] -= lr * scale * gb[i]
    if epoch % 50 == 0:
        print("epoch", epoch, "lr", round(lr, 3), "loss", -np.mean(np.log(acts[-1][y_train == 1])))

out = feedforward(x_test)[1][-1]
print("accuracy:", np.mean(out.argmax(axis=1) == y_test.argmax(axis=1)))
