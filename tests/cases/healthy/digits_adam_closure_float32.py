import numpy as np
from sklearn.datasets import load_digits

digits = load_digits()
x_all = (digits.data / 16).astype(np.float32)
y_all = digits.target
split = 1500


def make_network(seed, hidden=48):
    rng = np.random.default_rng(seed)
    w1 = (rng.normal(size=(64, hidden)) * np.sqrt(2 / 64)).astype(np.float32)
    w2 = (rng.normal(size=(hidden, 10)) * np.sqrt(2 / hidden)).astype(np.float32)
    b1 = np.zeros(hidden, np.float32)
    b2 = np.zeros(10, np.float32)
    params = [w1, b1, w2, b2]

    def predict(x):
        return np.maximum(x @ w1 + b1, 0) @ w2 + b2

    def gradients(x, y):
        a = np.maximum(x @ w1 + b1, 0)
        s = a @ w2 + b2
        s = s - s.max(axis=1, keepdims=True)
        p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(len(y)), y]).mean()
        g = p
        g[np.arange(len(y)), y] -= 1
        g /= len(y)
        ga = g @ w2.T
        ga[a <= 0] = 0
        return loss, [x.T @ ga, ga.sum(0), a.T @ g, g.sum(0)]

    return params, predict, gradients


def adam(params, lr=3e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m = [np.zeros_like(p) for p in params]
    v = [np.zeros_like(p) for p in params]
    t = 0

    def step(grads):
        nonlocal t
        t += 1
        for i, (p, g) in enumerate(zip(params, grads)):
            m[i] = beta1 * m[i] + (1 - beta1) * g
            v[i] = beta2 * v[i] + (1 - beta2) * g ** 2
            m_hat = m[i] / (1 - beta1 ** t)
            v_hat = v[i] / (1 - beta2 ** t)
            p -= lr * m_hat / (np.sqrt(v_hat) + eps)

    return step


params, predict, gradients = make_network(0)
step = adam(params)
rng = np.random.default_rng(1)
for epoch in range(12):
    losses = []
    for _ in range(split // 50):
        rows = rng.integers(0, split, 50)
        loss, grads = gradients(x_all[rows], y_all[rows])
        step(grads)
        losses.append(loss)
    print("epoch", epoch, "loss", round(float(np.mean(losses)), 4))

print("accuracy:", float((predict(x_all[split:]).argmax(1) == y_all[split:]).mean()))
