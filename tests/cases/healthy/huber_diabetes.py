# Regresja Hubera na zbiorze diabetes, wczesne zatrzymanie z przywróceniem najlepszych wag
import copy
import numpy as np
from sklearn.datasets import load_diabetes

rng = np.random.default_rng(7)
X, y = load_diabetes(return_X_y=True)
perm = rng.permutation(len(X))
ucz, wal, tst = perm[:290], perm[290:360], perm[360:]

# cechy w tym zbiorze mają odchylenie ok. 0.05, więc przeskalujmy je
sr, od = X[ucz].mean(0), X[ucz].std(0)
X = (X - sr) / od
y_sr, y_od = y[ucz].mean(), y[ucz].std()
t = ((y - y_sr) / y_od)[:, None]

DELTA = 1.0


def huber(r):
    maly = np.abs(r) <= DELTA
    wartosc = np.where(maly, 0.5 * r ** 2, DELTA * (np.abs(r) - 0.5 * DELTA))
    pochodna = np.where(maly, r, DELTA * np.sign(r))
    return wartosc, pochodna


class Siec:
    def __init__(self, wejscie, ukryte):
        self.W = [rng.normal(0, np.sqrt(1 / wejscie), (wejscie, ukryte)),
                  rng.normal(0, np.sqrt(1 / ukryte), (ukryte, 1))]
        self.b = [np.zeros((1, ukryte)), np.zeros((1, 1))]

    def licz(self, x):
        self.x = x
        self.h = np.tanh(x @ self.W[0] + self.b[0])
        return self.h @ self.W[1] + self.b[1]

    def wstecz(self, d):
        gW2, gb2 = self.h.T @ d, d.sum(0, keepdims=True)
        d = d @ self.W[1].T * (1 - self.h ** 2)
        return [self.x.T @ d, gW2], [d.sum(0, keepdims=True), gb2]


siec = Siec(10, 12)
lr, wd = 0.02, 1e-3
najlepsza, stan, cierpliwosc, licznik = np.inf, None, 25, 0

for epoka in range(500):
    kol = rng.permutation(ucz)
    for i in range(0, len(kol), 29):
        ix = kol[i:i + 29]
        _, dr = huber(siec.licz(X[ix]) - t[ix])
        gW, gb = siec.wstecz(dr / len(ix))
        for k in range(2):
            siec.W[k] -= lr * (gW[k] + wd * siec.W[k])
            siec.b[k] -= lr * gb[k]
    strata_wal = huber(siec.licz(X[wal]) - t[wal])[0].mean()
    if epoka % 20 == 0:
        strata_ucz = huber(siec.licz(X[ucz]) - t[ucz])[0].mean()
        print(f"{epoka:4d}  uczenie {strata_ucz:.4f}  walidacja {strata_wal:.4f}")
    if strata_wal < najlepsza - 1e-5:
        najlepsza, licznik = strata_wal, 0
        stan = copy.deepcopy((siec.W, siec.b))
    else:
        licznik += 1
        if licznik >= cierpliwosc:
            print("zatrzymano w epoce", epoka)
            break

siec.W, siec.b = stan
pred = siec.licz(X[tst])[:, 0] * y_od + y_sr
mae = np.abs(pred - y[tst]).mean()
mae0 = np.abs(np.median(y[ucz]) - y[tst]).mean()
r2 = 1 - np.sum((pred - y[tst]) ** 2) / np.sum((y[tst] - y[tst].mean()) ** 2)
print(f"najlepsza strata walidacyjna {najlepsza:.4f}")
print(f"MAE na teście: {mae:.1f} (stała predykcja: {mae0:.1f}), R2: {r2:.3f}")
