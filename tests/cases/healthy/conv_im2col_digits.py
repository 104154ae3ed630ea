import numpy as np
from sklearn.datasets import load_digits

digits = load_digits()
images = digits.images / 16.0
labels = digits.target
rng = np.random.RandomState(0)
order = rng.permutation(len(images))
images, labels = images[order], labels[order]
train_x, train_y = images[:1200], labels[:1200]
test_x, test_y = images[1200:], labels[1200:]

F, K = 8, 3  # filters and their size
OUT = 8 - K + 1


def im2col(x):
    """(n, 8, 8) -> (n * OUT * OUT, K * K)"""
    cols = np.empty((len(x), OUT, OUT, K * K))
    for i in range(K):
        for j in range(K):
            cols[:, :, :, i * K + j] = x[:, i:i + OUT, j:j + OUT]
    return cols.reshape(-1, K * K)


filters = rng.randn(K * K, F) * np.sqrt(2 / (K * K))
fb = np.zeros(F)
W = rng.randn(OUT * OUT * F, 10) * np.sqrt(1 / (OUT * OUT * F))
b = np.zeros(10)
lr = 0.1


def forward(x):
    cols = im2col(x)
    conv = cols.dot(filters) + fb
    act = np.maximum(conv, 0)
    flat = act.reshape(len(x), -1)
    scores = flat.dot(W) + b
    scores = scores - scores.max(axis=1, keepdims=True)
    probs = np.exp(scores)
    probs /= probs.sum(axis=1, keepdims=True)
    return cols, conv, flat, probs


for epoch in range(6):
    losses = []
    for s in range(0, len(train_x), 30):
        xb, yb = train_x[s:s + 30], train_y[s:s + 30]
        cols, conv, flat, probs = forward(xb)
        losses.append(-np.log(probs[np.arange(len(yb)), yb]).mean())

        dscores = probs.copy()
        dscores[np.arange(len(yb)), yb] -= 1
        dscores /= len(yb)
        dW = flat.T.dot(dscores)
        db = dscores.sum(axis=0)
        dconv = dscores.dot(W.T).reshape(conv.shape)
        dconv[conv <= 0] = 0
        dfilters = cols.T.dot(dconv)
        dfb = dconv.sum(axis=0)

        W -= lr * dW
        b -= lr * db
        filters -= lr * dfilters
        fb -= lr * dfb
    print("epoch", epoch, "loss", np.mean(losses))

print("test accuracy:", np.mean(forward(test_x)[3].argmax(axis=1) == test_y))
