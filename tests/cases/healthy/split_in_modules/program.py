import numpy as np
from sklearn.datasets import load_digits

import activations


class ANN:
    def __init__(self, x_dim, y_dim, hidden, learning_rate):
        self.learning_rate = learning_rate
        self.W1 = np.random.randn(hidden, x_dim) * np.sqrt(1 / x_dim)
        self.b1 = np.zeros(hidden)
        self.W2 = np.random.randn(y_dim, hidden) * np.sqrt(1 / hidden)
        self.b2 = np.zeros(y_dim)

    def feedforward(self, x):
        self.x = x
        self.z1 = np.dot(self.W1, x) + self.b1
        self.a1 = activations.sigmoid(self.z1)
        self.z2 = np.dot(self.W2, self.a1) + self.b2
        self.a2 = activations.softmax(self.z2)
        return self.a2

    def backpropagation(self, y):
        error_2 = self.a2 - y
        error_1 = np.multiply(activations.sigmoid_dx(self.z1), np.dot(self.W2.T, error_2))
        self.W2 -= self.learning_rate * np.outer(error_2, self.a1)
        self.b2 -= self.learning_rate * error_2
        self.W1 -= self.learning_rate * np.outer(error_1, self.x)
        self.b1 -= self.learning_rate * error_1

    def cost(self, y):
        return -np.sum(y * np.log(self.a2 + 1e-15))


np.random.seed(1)
digits = load_digits()
X = digits.data / 16
Y = np.eye(10)[digits.target]
n = 1300
ann = ANN(64, 10, 30, 0.2)
costs = []
for i in range(8000):
    k = np.random.randint(n)
    ann.feedforward(X[k])
    ann.backpropagation(Y[k])
    costs.append(ann.cost(Y[k]))
    if (i + 1) % 2000 == 0:
        print(i + 1, np.mean(costs[-1000:]))

good = [np.argmax(ann.feedforward(x)) == t for x, t in zip(X[n:], digits.target[n:])]
print("accuracy", np.mean(good))
