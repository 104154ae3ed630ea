import numpy as np

np.random.seed(42)
x = np.random.uniform(-np.pi, np.pi, (200, 1))
t = np.sin(x) + 0.05 * np.random.randn(200, 1)

n_hidden = 20
weights = [np.random.randn(1, n_hidden), np.random.randn(n_hidden, 1) / np.sqrt(n_hidden)]
biases = [np.random.randn(1, n_hidden), np.zeros((1, 1))]
vel_w = [np.zeros_like(w) for w in weights]
vel_b = [np.zeros_like(b) for b in biases]

mu, lr = 0.9, 0.05

for epoch in range(1500):
    # forward
    h = np.tanh(x.dot(weights[0]) + biases[0])
    out = h.dot(weights[1]) + biases[1]
    err = out - t

    # backward
    d_out = err / len(x)
    grad_w = [None, h.T.dot(d_out)]
    grad_b = [None, d_out.sum(axis=0, keepdims=True)]
    d_h = d_out.dot(weights[1].T) * (1 - h ** 2)
    grad_w[0] = x.T.dot(d_h)
    grad_b[0] = d_h.sum(axis=0, keepdims=True)

    for k in range(2):
        vel_w[k] = mu * vel_w[k] - lr * grad_w[k]
        vel_b[k] = mu * vel_b[k] - lr * grad_b[k]
        weights[k] += vel_w[k]
        biases[k] += vel_b[k]

    if epoch % 300 == 0:
        print(epoch, np.mean(err ** 2))

grid = np.linspace(-3, 3, 61).reshape(-1, 1)
fit = np.tanh(grid.dot(weights[0]) + biases[0]).dot(weights[1]) + biases[1]
print("rmse:", np.sqrt(np.mean((fit - np.sin(grid)) ** 2)))
