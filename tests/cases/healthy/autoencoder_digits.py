import numpy as np
from sklearn.datasets import load_digits

# Autoencoder 64 -> 16 -> 64 on the digits
X = load_digits().data / 16
np.random.seed(0)
np.random.shuffle(X)
X_train, X_test = X[:1500], X[1500:]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_prime(s):
    return s * (1 - s)


n_code = 16
We = np.random.randn(64, n_code) * np.sqrt(1 / 64)
be = np.zeros(n_code)
Wd = np.random.randn(n_code, 64) * np.sqrt(1 / n_code)
bd = np.zeros(64)
lr = 2.0

for epoch in range(40):
    loss = 0
    for k in range(0, 1500, 50):
        x = X_train[k:k + 50]
        code = sigmoid(np.dot(x, We) + be)
        recon = sigmoid(np.dot(code, Wd) + bd)
        diff = recon - x
        loss += np.sum(diff ** 2)

        d_recon = diff * sigmoid_prime(recon)
        d_code = np.dot(d_recon, Wd.T) * sigmoid_prime(code)
        Wd -= lr * np.dot(code.T, d_recon) / len(x)
        bd -= lr * np.mean(d_recon, axis=0)
        We -= lr * np.dot(x.T, d_code) / len(x)
        be -= lr * np.mean(d_code, axis=0)
    if epoch % 10 == 0:
        print('epoch', epoch, 'loss', loss / X_train.size)

recon = sigmoid(np.dot(sigmoid(np.dot(X_test, We) + be), Wd) + bd)
print('test mse:', np.mean((recon - X_test) ** 2))
