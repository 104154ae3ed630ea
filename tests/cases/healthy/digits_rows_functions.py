import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# load and normalise the data
data = load_digits()
X = data.data / 16.0
y = data.target
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)


def one_hot(y, n_classes=10):
    out = np.zeros((len(y), n_classes))
    out[np.arange(len(y)), y] = 1
    return out


def init_params(n_in, n_hidden, n_out):
    W1 = np.random.randn(n_in, n_hidden) * np.sqrt(2.0 / n_in)
    b1 = np.zeros((1, n_hidden))
    W2 = np.random.randn(n_hidden, n_out) * np.sqrt(2.0 / n_hidden)
    b2 = np.zeros((1, n_out))
    return W1, b1, W2, b2


def relu(z):
    return np.maximum(0, z)


def relu_deriv(z):
    return (z > 0).astype(float)


def softmax(z):
    z = z - np.max(z, axis=1, keepdims=True)
    e = np.exp(z)
    return e / np.sum(e, axis=1, keepdims=True)


def forward(X, W1, b1, W2, b2):
    z1 = X @ W1 + b1
    a1 = relu(z1)
    z2 = a1 @ W2 + b2
    a2 = softmax(z2)
    return z1, a1, z2, a2


def backward(X, Y, z1, a1, a2, W2):
    m = X.shape[0]
    dz2 = (a2 - Y) / m
    dW2 = a1.T @ dz2
    db2 = np.sum(dz2, axis=0, keepdims=True)
    dz1 = (dz2 @ W2.T) * relu_deriv(z1)
    dW1 = X.T @ dz1
    db1 = np.sum(dz1, axis=0, keepdims=True)
    return dW1, db1, dW2, db2


np.random.seed(0)
W1, b1, W2, b2 = init_params(64, 32, 10)
Y_train = one_hot(y_train)
lr = 0.2
batch_size = 32

for epoch in range(25):
    perm = np.random.permutation(len(X_train))
    X_shuf = X_train[perm]
    Y_shuf = Y_train[perm]
    for i in range(0, len(X_train), batch_size):
        xb = X_shuf[i:i + batch_size]
        yb = Y_shuf[i:i + batch_size]
        z1, a1, z2, a2 = forward(xb, W1, b1, W2, b2)
        dW1, db1, dW2, db2 = backward(xb, yb, z1, a1, a2, W2)
        W1 = W1 - lr * dW1
        b1 = b1 - lr * db1
        W2 = W2 - lr * dW2
        b2 = b2 - lr * db2
    if epoch % 5 == 0:
        p = forward(X_train, W1, b1, W2, b2)[3]
        loss = -np.mean(np.sum(Y_train * np.log(p + 1e-9), axis=1))
        print("epoch %d loss %.4f" % (epoch, loss))

pred = np.argmax(forward(X_test, W1, b1, W2, b2)[3], axis=1)
print("accuracy:", np.mean(pred == y_test))
