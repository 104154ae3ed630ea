# Régression logistique sur des features RBF
# TP de M1 - jeu de données "deux cercles" non linéairement séparable
import numpy as np
from math import exp
from sklearn.datasets import make_circles

np.random.seed(4)
points, etiquettes = make_circles(n_samples=200, noise=0.08, factor=0.5, random_state=4)

# On choisit 15 centres au hasard parmi les points
nb_centres = 15
indices = np.random.choice(len(points), nb_centres, replace=False)
centres = points[indices]
gamma = 4.0


def features(p):
    """transforme un point (x, y) en vecteur de 15 gaussiennes + constante"""
    phi = [1.0]
    for c in centres:
        phi.append(exp(-gamma * ((p[0] - c[0]) ** 2 + (p[1] - c[1]) ** 2)))
    return np.array(phi)


PHI = np.array([features(p) for p in points])
n, d = PHI.shape

# On part de poids nuls
theta = np.array([0.0] * d)
pas = 2.0


def sigmoide(t):
    return 1.0 / (1.0 + np.exp(-t))


def cout(theta):
    h = sigmoide(PHI.dot(theta))
    return -np.mean(etiquettes * np.log(h) + (1 - etiquettes) * np.log(1 - h))


def precision(theta):
    h = sigmoide(PHI.dot(theta))
    return np.mean((h > 0.5) == (etiquettes == 1))


for iteration in range(400):
    h = sigmoide(PHI.dot(theta))
    ecart = h - etiquettes
    for j in range(d):
        gradient_j = np.sum(ecart * PHI[:, j]) / n
        theta[j] -= pas * gradient_j
    if iteration % 50 == 0:
        print("iteration", iteration, "cout =", round(float(cout(theta)), 4),
              "precision =", round(float(precision(theta)), 3))

print("theta =", theta[:5], "...")
print("accuracy: %.3f" % precision(theta))
