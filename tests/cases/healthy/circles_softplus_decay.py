import numpy as np
from sklearn.datasets import make_circles

X, y = make_circles(n_samples=500, noise=0.1, factor=0.4, random_state=0)
y = y.reshape(-1, 1)

rng = np.random.RandomState(2)
W1 = rng.randn(2, 16)
b1 = np.zeros((1, 16))
W2 = rng.randn(16, 1) * 0.25
b2 = np.zeros((1, 1))

lr = 0.5
weight_decay = 1e-4


def softplus(z):
    return np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


for step in range(800):
    z1 = np.matmul(X, W1) + b1
    a1 = softplus(z1)
    z2 = np.matmul(a1, W2) + b2
    y_hat = sigmoid(z2)

    loss = np.mean(-(y * np.log(y_hat + 1e-10) + (1 - y) * np.log(1 - y_hat + 1e-10)))

    grad_z2 = (y_hat - y) / y.shape[0]
    grad_W2 = np.matmul(a1.T, grad_z2)
    grad_b2 = grad_z2.sum(axis=0, keepdims=True)
    grad_a1 = np.matmul(grad_z2, W2.T)
    grad_z1 = grad_a1 * sigmoid(z1)       # derivative of softplus
    grad_W1 = np.matmul(X.T, grad_z1)
    grad_b1 = grad_z1.sum(axis=0, keepdims=True)

    W1 *= 1 - lr * weight_decay
    W2 *= 1 - lr * weight_decay
    W1 -= lr * grad_W1
    b1 -= lr * grad_b1
    W2 -= lr * grad_W2
    b2 -= lr * grad_b2

    if step % 200 == 0:
        print("step", step, "loss", loss)

pred = sigmoid(np.matmul(softplus(np.matmul(X, W1) + b1), W2) + b2) > 0.5
print("accuracy:", (pred == y).mean())
