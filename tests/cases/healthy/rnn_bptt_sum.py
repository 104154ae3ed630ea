"""A recurrent net that tells whether the sum of a sequence is positive. Backprop through time."""
import numpy as np

np.random.seed(0)
T, H = 6, 10
X = np.random.randn(400, T)
Y = (X.sum(axis=1) > 0).astype(float)

Wx = np.random.randn(H, 1) * 0.5
Wh = np.random.randn(H, H) * np.sqrt(0.5 / H)
bh = np.zeros((H, 1))
Wy = np.random.randn(1, H) * 0.3
by = np.zeros((1, 1))
learning_rate = 0.1


def forward(seq):
    hs = {-1: np.zeros((H, seq.shape[0]))}
    for t in range(T):
        hs[t] = np.tanh(np.dot(Wx, seq[:, t].reshape(1, -1)) + np.dot(Wh, hs[t - 1]) + bh)
    y = 1 / (1 + np.exp(-(np.dot(Wy, hs[T - 1]) + by)))
    return hs, y


for epoch in range(60):
    for start in range(0, 300, 30):
        seq = X[start:start + 30]
        target = Y[start:start + 30].reshape(1, -1)
        hs, y = forward(seq)

        dy = (y - target) / 30
        dWy = np.dot(dy, hs[T - 1].T)
        dby = dy.sum(axis=1, keepdims=True)
        dWx, dWh, dbh = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(bh)
        dh = np.dot(Wy.T, dy)
        for t in reversed(range(T)):
            draw = (1 - hs[t] * hs[t]) * dh
            dbh += draw.sum(axis=1, keepdims=True)
            dWx += np.dot(draw, seq[:, t].reshape(-1, 1))
            dWh += np.dot(draw, hs[t - 1].T)
            dh = np.dot(Wh.T, draw)

        for param, dparam in zip([Wx, Wh, bh, Wy, by], [dWx, dWh, dbh, dWy, dby]):
            np.clip(dparam, -5, 5, out=dparam)
            param -= learning_rate * dparam
    if epoch % 20 == 0:
        print("epoch", epoch, "cost", -np.mean(target * np.log(y) + (1 - target) * np.log(1 - y)))

_, y = forward(X[300:])
print("accuracy:", np.mean((y[0] > 0.5) == (Y[300:] == 1)))
