import numpy as np
from sklearn.datasets import load_digits

data = load_digits()
X, y = data.data, data.target
rs = np.random.RandomState(0)
perm = rs.permutation(len(X))
X, y = X[perm] / 16., y[perm]
Xtr, ytr, Xte, yte = X[:1400], y[:1400], X[1400:], y[1400:]

H = 50
W1 = rs.randn(64, H) * 0.1
gamma, beta = np.ones(H), np.zeros(H)
W2 = rs.randn(H, 10) * 0.1
b2 = np.zeros(10)
running_mean, running_var = np.zeros(H), np.ones(H)
eps = 1e-5
lr = 0.1


def batchnorm_backward(dout, xhat, std, gamma):
    N = dout.shape[0]
    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dxhat = dout * gamma
    dx = (N * dxhat - np.sum(dxhat, axis=0) - xhat * np.sum(dxhat * xhat, axis=0)) / (N * std)
    return dx, dgamma, dbeta


for it in range(600):
    idx = rs.choice(len(Xtr), 64, replace=False)
    xb, yb = Xtr[idx], ytr[idx]

    z1 = xb @ W1
    mu = z1.mean(axis=0)
    var = z1.var(axis=0)
    std = np.sqrt(var + eps)
    xhat = (z1 - mu) / std
    bn = gamma * xhat + beta
    h = np.maximum(bn, 0)
    s = h @ W2 + b2
    s -= s.max(axis=1, keepdims=True)
    p = np.exp(s)
    p /= p.sum(axis=1, keepdims=True)

    running_mean = 0.9 * running_mean + 0.1 * mu
    running_var = 0.9 * running_var + 0.1 * var

    ds = p.copy()
    ds[np.arange(64), yb] -= 1
    ds /= 64
    dW2 = h.T @ ds
    db2 = ds.sum(axis=0)
    dbn = (ds @ W2.T) * (bn > 0)
    dz1, dgamma, dbeta = batchnorm_backward(dbn, xhat, std, gamma)
    dW1 = xb.T @ dz1

    W1 -= lr * dW1
    gamma -= lr * dgamma
    beta -= lr * dbeta
    W2 -= lr * dW2
    b2 -= lr * db2
    if it % 200 == 0:
        print(it, -np.log(p[np.arange(64), yb] + 1e-12).mean())

h = np.maximum(gamma * ((Xte @ W1 - running_mean) / np.sqrt(running_var + eps)) + beta, 0)
print("accuracy:", np.mean(np.argmax(h @ W2 + b2, axis=1) == yte))
