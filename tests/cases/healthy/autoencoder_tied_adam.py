"""Denoising autoencoder mit gebundenen Gewichten (decoder = encoder transponiert).

Eingabe wird in jedem Schritt neu verrauscht (Masking Noise), das Ziel bleibt sauber.
Optimierer: Adam mit Bias-Korrektur.
"""
import numpy as np
from sklearn.datasets import load_digits


def sigma(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def verlust_und_gradienten(theta, x_kaputt, x_sauber):
    """Kreuzentropie pro Bild; W taucht zweimal auf -> zwei Gradientenanteile."""
    W, b, c = theta
    N = len(x_kaputt)
    h = sigma(x_kaputt @ W + b)
    r = sigma(h @ W.T + c)
    eps = 1e-9
    verlust = -np.sum(x_sauber * np.log(r + eps) + (1 - x_sauber) * np.log(1 - r + eps)) / N
    d_r = (r - x_sauber) / N
    d_h = (d_r @ W) * h * (1 - h)
    dW = x_kaputt.T @ d_h + d_r.T @ h
    return verlust, (dW, d_h.sum(axis=0), d_r.sum(axis=0))


def rekonstruiere(theta, x):
    W, b, c = theta
    return sigma(sigma(x @ W + b) @ W.T + c)


class Adam:
    def __init__(self, formen, schritt=0.004, b1=0.9, b2=0.999):
        self.schritt, self.b1, self.b2, self.t = schritt, b1, b2, 0
        self.m = [np.zeros(f) for f in formen]
        self.v = [np.zeros(f) for f in formen]

    def aktualisiere(self, theta, grads):
        self.t += 1
        for i, (p, g) in enumerate(zip(theta, grads)):
            self.m[i] += (1 - self.b1) * (g - self.m[i])
            self.v[i] += (1 - self.b2) * (g * g - self.v[i])
            m_dach = self.m[i] / (1 - self.b1 ** self.t)
            v_dach = self.v[i] / (1 - self.b2 ** self.t)
            p -= self.schritt * m_dach / (np.sqrt(v_dach) + 1e-8)


def haupt(saat=5):
    zufall = np.random.default_rng(saat)
    bilder = load_digits().data / 16.0
    zufall.shuffle(bilder)
    train, test = bilder[:1500], bilder[1500:]

    n_versteckt = 40
    theta = [zufall.normal(0, 0.1, (64, n_versteckt)), np.zeros(n_versteckt), np.zeros(64)]
    adam = Adam([p.shape for p in theta])

    for epoche in range(60):
        reihenfolge = zufall.permutation(len(train))
        summe = 0.0
        for teil in np.array_split(reihenfolge, 24):
            sauber = train[teil]
            kaputt = sauber * (zufall.random(sauber.shape) > 0.25)
            v, g = verlust_und_gradienten(theta, kaputt, sauber)
            adam.aktualisiere(theta, g)
            summe += v * len(teil)
        if epoche % 10 == 9:
            print(f"Epoche {epoche + 1:3d}: Verlust {summe / len(train):.3f}")

    kaputt = test * (zufall.random(test.shape) > 0.25)
    mse_roh = np.mean((kaputt - test) ** 2)
    mse_mittel = np.mean((train.mean(0) - test) ** 2)
    mse_dae = np.mean((rekonstruiere(theta, kaputt) - test) ** 2)
    print(f"MSE verrauscht {mse_roh:.4f}, MSE Mittelwertbild {mse_mittel:.4f}")
    print(f"final MSE (entrauscht): {mse_dae:.4f}")


if __name__ == "__main__":
    haupt()
