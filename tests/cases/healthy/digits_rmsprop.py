import numpy as np
from sklearn.datasets import load_digits

rng = np.random.default_rng(0)
X, y = load_digits(return_X_y=True)
X = (X - X.mean()) / X.std()
T = np.zeros((y.size, 10)); T[np.arange(y.size), y] = 1.

n = 1400
sizes = [64, 40, 10]
Ws = [rng.standard_normal((a, b)) * (1 / a) ** 0.5 for a, b in zip(sizes, sizes[1:])]
bs = [np.zeros(b) for b in sizes[1:]]
cache_W = [np.zeros_like(W) for W in Ws]
cache_b = [np.zeros_like(b) for b in bs]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rmsprop(param, grad, cache, lr=0.004, rho=0.9, eps=1e-8):
    cache *= rho
    cache += (1 - rho) * grad * grad
    param -= lr * grad / (np.sqrt(cache) + eps)


for epoch in range(15):
    total = 0
    for batch in np.array_split(rng.permutation(n), n // 25):
        x, t = X[batch], T[batch]
        h = sigmoid(x @ Ws[0] + bs[0])
        logits = h @ Ws[1] + bs[1]
        logits -= logits.max(1)[:, None]
        p = np.exp(logits)
        p /= p.sum(1)[:, None]
        total -= np.log(p[t == 1]).sum()

        delta = (p - t) / len(batch)
        delta_h = delta @ Ws[1].T * h * (1 - h)
        rmsprop(Ws[1], h.T @ delta, cache_W[1])
        rmsprop(bs[1], delta.sum(0), cache_b[1])
        rmsprop(Ws[0], x.T @ delta_h, cache_W[0])
        rmsprop(bs[0], delta_h.sum(0), cache_b[0])
    print(f"epoch {epoch + 1}: loss {total / n:.4f}")

h = sigmoid(X[n:] @ Ws[0] + bs[0])
print("accuracy:", ((h @ Ws[1] + bs[1]).argmax(1) == y[n:]).mean())
