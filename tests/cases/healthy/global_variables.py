import numpy as np
from sklearn.datasets import make_classification

X, y = make_classification(n_samples=400, n_features=6, n_informative=4, n_redundant=0,
                           class_sep=1.5, random_state=5)
np.random.seed(9)

w_hidden = np.random.uniform(-0.5, 0.5, (6, 10))
b_hidden = np.zeros(10)
w_out = np.random.uniform(-0.5, 0.5, (10, 1))
b_out = np.zeros(1)
LEARNING_RATE = 0.05


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def predict(x):
    global hidden, output
    hidden = sigmoid(np.dot(x, w_hidden) + b_hidden)
    output = sigmoid(np.dot(hidden, w_out) + b_out)
    return output


def learn(x, target):
    global w_hidden, b_hidden, w_out, b_out
    predict(x)
    error = target - output
    d_output = error
    d_hidden = np.dot(d_output, w_out.T) * hidden * (1 - hidden)
    w_out = w_out + LEARNING_RATE * np.outer(hidden, d_output)
    b_out = b_out + LEARNING_RATE * d_output
    w_hidden = w_hidden + LEARNING_RATE * np.outer(x, d_hidden)
    b_hidden = b_hidden + LEARNING_RATE * d_hidden


for epoch in range(40):
    for i in range(300):
        learn(X[i], y[i])
    if epoch % 10 == 0:
        print("epoch", epoch, "mse", np.mean((predict(X[:300])[:, 0] - y[:300]) ** 2))

predictions = predict(X[300:])[:, 0].round()
print("accuracy:", (predictions == y[300:]).mean())
