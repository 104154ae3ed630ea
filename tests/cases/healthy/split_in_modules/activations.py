import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_dx(z):
    s = sigmoid(z)
    return s * (1.0 - s)


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()
