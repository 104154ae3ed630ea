import numpy as np
from sklearn.datasets import load_iris


class SoftmaxRegression(object):
    """Multinomial logistic regression trained with plain SGD, one flower at a time."""

    def __init__(self, n_features, n_classes, eta=0.05, epochs=40):
        self.theta = np.zeros((n_classes, n_features))
        self.bias = np.zeros(n_classes)
        self.eta = eta
        self.epochs = epochs

    def scores(self, x):
        s = self.theta.dot(x) + self.bias
        s -= s.max()
        e = np.exp(s)
        return e / e.sum()

    def fit(self, X, y, rng):
        for epoch in range(self.epochs):
            cost = 0.0
            for i in rng.permutation(len(X)):
                p = self.scores(X[i])
                cost -= np.log(p[y[i]])
                p[y[i]] -= 1.0
                self.theta -= self.eta * np.outer(p, X[i])
                self.bias -= self.eta * p
            if epoch % 10 == 0:
                print(f"epoch {epoch:3d}  cost {cost / len(X):.4f}")
        return self

    def predict(self, X):
        return np.array([np.argmax(self.scores(x)) for x in X])


iris = load_iris()
X = (iris.data - iris.data.mean(0)) / iris.data.std(0)
rng = np.random.default_rng(7)
order = rng.permutation(len(X))
train, test = order[:110], order[110:]

model = SoftmaxRegression(4, 3).fit(X[train], iris.target[train], rng)
hits = (model.predict(X[test]) == iris.target[test]).sum()
print("accuracy:", hits / len(test))
