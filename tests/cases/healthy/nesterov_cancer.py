# Red con salida tanh y etiquetas -1/+1, entrenada con Nesterov
# (el gradiente se calcula en el punto "adelantado", como en Sutskever 2013)
import numpy as np
from sklearn.datasets import load_breast_cancer

rng = np.random.RandomState(11)
datos = load_breast_cancer()
X = datos.data
y = np.where(datos.target == 1, 1.0, -1.0).reshape(-1, 1)

# mezclar y separar
perm = rng.permutation(len(X))
X, y = X[perm], y[perm]
corte = int(0.75 * len(X))
Xe, ye = X[:corte], y[:corte]
Xp, yp = X[corte:], y[corte:]

# normalizar solo con la media y desviacion del entrenamiento
mu, sigma = Xe.mean(0), Xe.std(0)
Xe = (Xe - mu) / sigma
Xp = (Xp - mu) / sigma


class RedTanh:
    def __init__(self, n_entrada, n_oculta):
        # pesos estilo Glorot
        self.params = [
            rng.randn(n_entrada, n_oculta) / np.sqrt(n_entrada),
            np.zeros(n_oculta),
            rng.randn(n_oculta, 1) / np.sqrt(n_oculta),
            np.zeros(1),
        ]
        self.vel = [np.zeros_like(q) for q in self.params]

    def salida(self, X, params=None):
        W1, b1, W2, b2 = self.params if params is None else params
        self.h = np.tanh(X @ W1 + b1)
        return np.tanh(self.h @ W2 + b2)

    def gradiente(self, X, y, params):
        """ E = 1/(2n) * suma (o - y)^2 """
        W1, b1, W2, b2 = params
        o = self.salida(X, params)
        n = X.shape[0]
        delta2 = (o - y) * (1 - o ** 2) / n
        delta1 = (delta2 @ W2.T) * (1 - self.h ** 2)
        return [X.T @ delta1, delta1.sum(0), self.h.T @ delta2, delta2.sum(0)]

    def paso(self, X, y, eta, momento):
        adelantado = [q + momento * v for q, v in zip(self.params, self.vel)]
        grads = self.gradiente(X, y, adelantado)
        for i, g in enumerate(grads):
            self.vel[i] = momento * self.vel[i] - eta * g
            self.params[i] = self.params[i] + self.vel[i]

    def error(self, X, y):
        return 0.5 * np.mean((self.salida(X) - y) ** 2)

    def aciertos(self, X, y):
        return np.mean(np.sign(self.salida(X)) == y)


red = RedTanh(Xe.shape[1], 8)
for epoca in range(1, 61):
    orden = rng.permutation(corte)
    for k in range(0, corte, 32):
        lote = orden[k:k + 32]
        red.paso(Xe[lote], ye[lote], eta=0.03, momento=0.9)
    if epoca % 15 == 0:
        print("epoca", epoca, "error entrenamiento %.4f" % red.error(Xe, ye))

print("aciertos entrenamiento: %.3f" % red.aciertos(Xe, ye))
print("aciertos prueba: %.3f" % red.aciertos(Xp, yp))
