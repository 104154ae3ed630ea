import numpy as np
from sklearn.datasets import load_digits

digits = load_digits()
X = digits.data.T / 16            # (64, m), one column per example
labels = digits.target
Y = np.eye(10)[labels].T          # (10, m)

m_train = 1300
X_tr, Y_tr = X[:, :m_train], Y[:, :m_train]
X_te, l_te = X[:, m_train:], labels[m_train:]


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def initialize_parameters(layer_dims):
    np.random.seed(3)
    parameters = {}
    for l in range(1, len(layer_dims)):
        parameters["W" + str(l)] = np.random.randn(layer_dims[l], layer_dims[l - 1]) / np.sqrt(layer_dims[l - 1])
        parameters["b" + str(l)] = np.zeros((layer_dims[l], 1))
    return parameters


def forward_propagation(X, parameters):
    cache = {"A0": X}
    L = len(parameters) // 2
    A = X
    for l in range(1, L + 1):
        Z = np.dot(parameters["W" + str(l)], A) + parameters["b" + str(l)]
        A = sigmoid(Z) if l == L else np.tanh(Z)
        cache["Z" + str(l)] = Z
        cache["A" + str(l)] = A
    return A, cache


def compute_cost(AL, Y):
    m = Y.shape[1]
    return -np.sum(Y * np.log(AL + 1e-12) + (1 - Y) * np.log(1 - AL + 1e-12)) / m


def backward_propagation(Y, parameters, cache):
    grads = {}
    L = len(parameters) // 2
    m = Y.shape[1]
    dZ = cache["A" + str(L)] - Y
    for l in reversed(range(1, L + 1)):
        grads["dW" + str(l)] = np.dot(dZ, cache["A" + str(l - 1)].T) / m
        grads["db" + str(l)] = np.sum(dZ, axis=1, keepdims=True) / m
        if l > 1:
            dA = np.dot(parameters["W" + str(l)].T, dZ)
            dZ = dA * (1 - np.power(cache["A" + str(l - 1)], 2))
    return grads


def update_parameters(parameters, grads, learning_rate):
    L = len(parameters) // 2
    for l in range(1, L + 1):
        parameters["W" + str(l)] = parameters["W" + str(l)] - learning_rate * grads["dW" + str(l)]
        parameters["b" + str(l)] = parameters["b" + str(l)] - learning_rate * grads["db" + str(l)]
    return parameters


parameters = initialize_parameters([64, 25, 10])
for i in range(400):
    AL, cache = forward_propagation(X_tr, parameters)
    cost = compute_cost(AL, Y_tr)
    grads = backward_propagation(Y_tr, parameters, cache)
    parameters = update_parameters(parameters, grads, 1.0)
    if i % 50 == 0:
        print("Cost after iteration %i: %f" % (i, cost))

AL, _ = forward_propagation(X_te, parameters)
accuracy = np.mean(np.argmax(AL, axis=0) == l_te)
print("test accuracy:", accuracy)
