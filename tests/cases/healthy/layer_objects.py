import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class Layer:
    def __init__(self):
        self.input = None
        self.output = None


class Dense(Layer):
    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(output_size, input_size) * np.sqrt(1 / input_size)
        self.bias = np.zeros((output_size, 1))

    def forward(self, input):
        self.input = input
        return np.dot(self.weights, self.input) + self.bias

    def backward(self, output_gradient, learning_rate):
        weights_gradient = np.dot(output_gradient, self.input.T)
        input_gradient = np.dot(self.weights.T, output_gradient)
        self.weights -= learning_rate * weights_gradient
        self.bias -= learning_rate * output_gradient
        return input_gradient


class Activation(Layer):
    def __init__(self, activation, activation_prime):
        self.activation = activation
        self.activation_prime = activation_prime

    def forward(self, input):
        self.input = input
        return self.activation(self.input)

    def backward(self, output_gradient, learning_rate):
        return np.multiply(output_gradient, self.activation_prime(self.input))


class Tanh(Activation):
    def __init__(self):
        def tanh(x):
            return np.tanh(x)

        def tanh_prime(x):
            return 1 - np.tanh(x) ** 2

        super().__init__(tanh, tanh_prime)


def mse(y_true, y_pred):
    return np.mean(np.power(y_true - y_pred, 2))


def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / np.size(y_true)


np.random.seed(0)
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, test_size=0.5, random_state=0)
x_train = X_train.reshape(-1, 64, 1)
t_train = np.eye(10)[y_train].reshape(-1, 10, 1)

network = [Dense(64, 20), Tanh(), Dense(20, 10), Tanh()]

for e in range(20):
    error = 0
    for x, t in zip(x_train, t_train):
        output = x
        for layer in network:
            output = layer.forward(output)
        error += mse(t, output)
        grad = mse_prime(t, output)
        for layer in reversed(network):
            grad = layer.backward(grad, 0.3)
    if e % 5 == 0:
        print(f"{e + 1}/20, error={error / len(x_train)}")

hits = 0
for x, label in zip(X_test, y_test):
    output = x.reshape(64, 1)
    for layer in network:
        output = layer.forward(output)
    hits += np.argmax(output) == label
print("accuracy:", hits / len(y_test))
