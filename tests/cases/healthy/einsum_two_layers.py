import numpy as np
from sklearn.datasets import load_digits

x, labels = load_digits(return_X_y=True)
x = x / 8.0 - 1.0
rng = np.random.default_rng(4)
keep = rng.permutation(x.shape[0])
x, labels = x[keep], labels[keep]
targets = np.eye(10)[labels]

u = rng.normal(scale=1 / 8, size=(30, 64))
c = np.zeros(30)
v = rng.normal(scale=1 / np.sqrt(30), size=(10, 30))
d = np.zeros(10)


def model(batch):
    hidden = np.tanh(np.einsum('ni,hi->nh', batch, u) + c)
    return hidden, np.einsum('nh,kh->nk', hidden, v) + d


def log_softmax(s):
    s = s - s.max(axis=1, keepdims=True)
    return s - np.log(np.exp(s).sum(axis=1, keepdims=True))


eta = 0.3
for epoch in range(20):
    nll = []
    for first in range(0, 1500, 50):
        xb, tb = x[first:first + 50], targets[first:first + 50]
        hidden, scores = model(xb)
        logp = log_softmax(scores)
        nll.append(-np.mean(np.sum(tb * logp, axis=1)))
        g_scores = (np.exp(logp) - tb) / len(xb)
        g_hidden = np.einsum('nk,kh->nh', g_scores, v) * (1 - hidden ** 2)
        v = v - eta * np.einsum('nk,nh->kh', g_scores, hidden)
        d = d - eta * g_scores.sum(axis=0)
        u = u - eta * np.einsum('nh,ni->hi', g_hidden, xb)
        c = c - eta * g_hidden.sum(axis=0)
    if epoch % 5 == 0:
        print(epoch, np.mean(nll))

print("accuracy:", np.mean(model(x[1500:])[1].argmax(axis=1) == labels[1500:]))
