import numpy as np
from sklearn.datasets import load_digits

digits = load_digits()
X = np.column_stack([np.ones(len(digits.data)), digits.data / 16])
y = digits.target
rng = np.random.RandomState(0)
order = rng.permutation(len(X))
X_train, y_train = X[order[:1200]], y[order[:1200]]
X_test, y_test = X[order[1200:]], y[order[1200:]]


def hypothesis(theta, X):
    return 1 / (1 + np.exp(-X.dot(theta)))


def cost(theta, X, y, lam):
    h = hypothesis(theta, X)
    return (-y.dot(np.log(h)) - (1 - y).dot(np.log(1 - h)) + lam / 2 * theta[1:].dot(theta[1:])) / len(y)


def train_one(X, y, alpha=1.0, iterations=150, lam=0.1):
    theta = np.zeros(X.shape[1])
    for _ in range(iterations):
        error = hypothesis(theta, X) - y
        grad = X.T.dot(error) / len(y)
        grad[1:] += lam / len(y) * theta[1:]
        theta = theta - alpha * grad
    return theta


all_theta = []
for digit in range(10):
    labels = (y_train == digit).astype(int)
    theta = train_one(X_train, labels)
    all_theta.append(theta)
    print("digit", digit, "cost", cost(theta, X_train, labels, 0.1))

all_theta = np.array(all_theta)
predictions = np.argmax(X_test.dot(all_theta.T), axis=1)
print("accuracy:", np.mean(predictions == y_test))
