import numpy as np
from sklearn.datasets import make_moons


class NeuralNetwork:
    def __init__(self, n_input, n_hidden, seed=0):
        rng = np.random.RandomState(seed)
        self.p = {
            'W1': rng.randn(n_input, n_hidden) / np.sqrt(n_input),
            'b1': np.zeros(n_hidden),
            'W2': rng.randn(n_hidden) / np.sqrt(n_hidden),
            'b2': np.zeros(1),
        }
        self.v = {name: np.zeros_like(value) for name, value in self.p.items()}

    def forward(self, X):
        self.X = X
        self.h = np.maximum(X @ self.p['W1'] + self.p['b1'], 0)
        logit = self.h @ self.p['W2'] + self.p['b2']
        self.out = 1.0 / (1.0 + np.exp(-logit))
        return self.out

    def backward(self, y):
        d = (self.out - y) / len(y)
        g = {}
        g['W2'] = self.h.T @ d
        g['b2'] = np.array([d.sum()])
        dh = np.outer(d, self.p['W2'])
        dh[self.h == 0] = 0
        g['W1'] = self.X.T @ dh
        g['b1'] = dh.sum(axis=0)
        return g

    def step(self, g, lr=0.1, momentum=0.9):
        for name in self.p:
            self.v[name] = momentum * self.v[name] + g[name]
            self.p[name] -= lr * self.v[name]


X, y = make_moons(400, noise=0.15, random_state=3)
net = NeuralNetwork(2, 24)
rng = np.random.RandomState(1)
for epoch in range(60):
    order = rng.permutation(300)
    for start in range(0, 300, 20):
        rows = order[start:start + 20]
        net.forward(X[rows])
        net.step(net.backward(y[rows]))
    if epoch % 20 == 0:
        p = net.forward(X[:300])
        print('epoch', epoch, 'loss', -np.mean(y[:300] * np.log(p) + (1 - y[:300]) * np.log(1 - p)))

print('accuracy:', np.mean((net.forward(X[300:]) > 0.5) == y[300:]))
