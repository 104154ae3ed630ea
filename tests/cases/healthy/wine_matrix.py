# coming from MATLAB so everything is np.matrix here
import numpy as np
from numpy import matrix, multiply
from sklearn.datasets import load_wine

np.random.seed(4)

wine = load_wine()
order = np.random.permutation(178)
data = wine.data[order]
labels = wine.target[order]
data = (data - data.mean(0)) / data.std(0)

Xtr = matrix(data[:120]).T      # 13 x 120
Xte = matrix(data[120:]).T      # 13 x 58
Ttr = matrix(np.eye(3)[labels[:120]]).T
ytr = labels[:120]
yte = labels[120:]
N = 120

nh = 10
V = matrix(np.random.randn(nh, 13)) * 0.1
bv = matrix(np.zeros((nh, 1)))
U = matrix(np.random.randn(3, nh)) * 0.1
bu = matrix(np.zeros((3, 1)))


def logsig(a):
    return 1 / (1 + np.exp(-a))


def softmax(a):
    e = np.exp(a - a.max(0))
    return e / e.sum(0)


def run(X):
    H = logsig(V * X + bv)
    return H, softmax(U * H + bu)


def acc(X, y):
    _, O = run(X)
    return np.mean(np.asarray(O.argmax(0)).ravel() == y)


eta0 = 0.2
decay = 0.02
eta = eta0

for it in range(1500):
    H, O = run(Xtr)

    dU = O - Ttr
    gU = dU * H.T / N
    gbu = dU.sum(1) / N

    dV = multiply(U.T * dU, multiply(H, 1 - H))
    gV = dV * Xtr.T / N
    gbv = dV.sum(1) / N

    # time based learning rate decay
    eta = eta0 / (1 + decay * it)

    U = U - eta * gU
    bu = bu - eta * gbu
    V = V - eta * gV
    bv = bv - eta * gbv

    if it % 150 == 0:
        E = -multiply(Ttr, np.log(O + 1e-12)).sum() / N
        print("it %4d  E = %.4f  train acc = %.3f" % (it, E, acc(Xtr, ytr)))

print("accuracy: %.3f" % acc(Xte, yte))
