import numpy as np


def make_houses(n, rng):
    size = rng.uniform(40, 200, n)
    rooms = rng.integers(1, 7, n)
    age = rng.uniform(0, 80, n)
    price = 3.0 * size + 20 * rooms - 1.5 * age + 0.01 * size * rooms * 5 + rng.normal(0, 10, n)
    return np.column_stack([size, rooms, age]), price


rng = np.random.default_rng(21)
X, y = make_houses(300, rng)
mean, std = X.mean(axis=0), X.std(axis=0)
X = (X - mean) / std
y_mean, y_std = y.mean(), y.std()
t = ((y - y_mean) / y_std).reshape(-1, 1)


class Model:
    pass


net = Model()
net.W1 = rng.normal(0, np.sqrt(2 / 3), (3, 16))
net.b1 = np.zeros((1, 16))
net.W2 = rng.normal(0, np.sqrt(2 / 16), (16, 1))
net.b2 = np.zeros((1, 1))


def forward(x):
    net.z1 = x @ net.W1 + net.b1
    net.a1 = np.where(net.z1 > 0, net.z1, 0)
    return net.a1 @ net.W2 + net.b2


for epoch in range(80):
    for i in range(0, 240, 8):
        xb, tb = X[i:i + 8], t[i:i + 8]
        pred = forward(xb)
        error = tb - pred                       # positive: we predicted too little
        delta2 = error
        delta1 = (delta2 @ net.W2.T) * (net.z1 > 0)
        net.W2 += 0.02 * net.a1.T @ delta2 / len(xb)
        net.b2 += 0.02 * delta2.mean(axis=0)
        net.W1 += 0.02 * xb.T @ delta1 / len(xb)
        net.b1 += 0.02 * delta1.mean(axis=0)
    if epoch % 20 == 0:
        print("epoch", epoch, "mse", ((forward(X[:240]) - t[:240]) ** 2).mean())

rmse = np.sqrt(np.mean((forward(X[240:]) - t[240:]) ** 2))
print("rmse:", rmse)
