import numpy as np
from sklearn.datasets import load_diabetes

X, y = load_diabetes(return_X_y=True)
X = X / X.std(axis=0)
y = (y - y.mean()) / y.std()

# add a column of ones for the intercept
X = np.hstack([np.ones((X.shape[0], 1)), X])

rng = np.random.RandomState(0)
idx = rng.permutation(len(y))
X, y = X[idx], y[idx]
X_train, X_val = X[:350], X[350:]
y_train, y_val = y[:350], y[350:]


def mse(theta, X, y):
    return np.mean((X @ theta - y) ** 2)


def gradient(theta, X, y):
    return 2 * X.T @ (X @ theta - y) / len(y)


theta = rng.normal(0, 0.5, X.shape[1])
alpha = 0.05
history = []
for it in range(600):
    theta = theta - alpha * gradient(theta, X_train, y_train)
    history.append(mse(theta, X_train, y_train))

print("first", history[0], "last", history[-1])
ss_res = np.sum((y_val - X_val @ theta) ** 2)
ss_tot = np.sum((y_val - y_val.mean()) ** 2)
print("R2:", 1 - ss_res / ss_tot)
