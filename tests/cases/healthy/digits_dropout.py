import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

np.random.seed(10)
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=10)
scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
X_test = scaler.transform(X_test)
Y_train = np.eye(10)[y_train]

keep_prob = 0.8
W1 = np.random.randn(64, 64) * np.sqrt(2 / 64)
b1 = np.zeros(64)
W2 = np.random.randn(64, 10) * np.sqrt(2 / 64)
b2 = np.zeros(10)


def softmax(s):
    e = np.exp(s - s.max(axis=1).reshape(-1, 1))
    return e / e.sum(axis=1).reshape(-1, 1)


for epoch in range(20):
    order = np.arange(len(X_train))
    np.random.shuffle(order)
    for k in range(0, len(order), 64):
        batch = order[k:k + 64]
        x, t = X_train[batch], Y_train[batch]

        Z1 = x.dot(W1) + b1
        A1 = np.maximum(Z1, 0)
        # inverted dropout
        D1 = np.random.rand(*A1.shape) < keep_prob
        A1 = A1 * D1 / keep_prob
        P = softmax(A1.dot(W2) + b2)

        dZ2 = (P - t) / len(batch)
        dW2 = A1.T.dot(dZ2)
        db2 = dZ2.sum(axis=0)
        dA1 = dZ2.dot(W2.T)
        dA1 = dA1 * D1 / keep_prob
        dZ1 = dA1 * (Z1 > 0)
        dW1 = x.T.dot(dZ1)
        db1 = dZ1.sum(axis=0)

        W1 -= 0.1 * dW1
        b1 -= 0.1 * db1
        W2 -= 0.1 * dW2
        b2 -= 0.1 * db2

# no dropout when we test
A1 = np.maximum(X_test.dot(W1) + b1, 0)
P = softmax(A1.dot(W2) + b2)
print('Test accuracy:', np.mean(P.argmax(axis=1) == y_test))
