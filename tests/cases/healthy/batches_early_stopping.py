import numpy as np
from sklearn.datasets import load_breast_cancer

data = load_breast_cancer()
X = (data.data - data.data.mean(0)) / data.data.std(0)
y = data.target.astype(float)[:, None]
rng = np.random.RandomState(8)
order = rng.permutation(len(X))
tr, va, te = order[:340], order[340:450], order[450:]


def batches(rows, size):
    rows = rng.permutation(rows)
    for start in range(0, len(rows), size):
        part = rows[start:start + size]
        yield X[part], y[part]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


params = [rng.randn(30, 10) * 0.2, np.zeros(10), rng.randn(10, 1) * 0.3, np.zeros(1)]


def forward(x):
    w1, b1, w2, b2 = params
    h = sigmoid(x @ w1 + b1)
    return h, sigmoid(h @ w2 + b2)


def val_loss():
    _, p = forward(X[va])
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return -np.mean(y[va] * np.log(p) + (1 - y[va]) * np.log(1 - p))


best, best_params, patience, waited = np.inf, None, 8, 0
for epoch in range(150):
    for xb, yb in batches(tr, 16):
        h, p = forward(xb)
        d2 = (p - yb) / len(xb)
        d1 = (d2 @ params[2].T) * h * (1 - h)
        grads = [xb.T @ d1, d1.sum(0), h.T @ d2, d2.sum(0)]
        params = [w - 0.3 * g for w, g in zip(params, grads)]
    loss = val_loss()
    if loss < best - 1e-4:
        best, best_params, waited = loss, [w.copy() for w in params], 0
    else:
        waited += 1
        if waited >= patience:
            print("early stopping at epoch", epoch)
            break

params = best_params
_, p = forward(X[te])
print("test accuracy:", np.mean((p > 0.5) == (y[te] > 0.5)))
