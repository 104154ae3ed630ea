# Şarap veri kümesi: L1 + L2 cezalı tek gizli katmanlı ağ, 5 katlı çapraz doğrulama.
# Her katta ağ SIFIRDAN eğitilir ve ölçekleme yalnızca eğitim katından hesaplanır.
import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedKFold

TOHUM = 21
L1, L2 = 1e-3, 2e-3
OGRENME_ORANI = 0.2
ADIM = 400

X_tum, y_tum = load_wine(return_X_y=True)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def kayip(ag, X, T):
    gizli = np.tanh(X @ ag['A'] + ag['a'])
    olasilik = softmax(gizli @ ag['B'] + ag['b'])
    veri = -(T * np.log(olasilik + 1e-12)).sum() / len(X)
    ceza = sum(L1 * np.abs(ag[k]).sum() + 0.5 * L2 * (ag[k] ** 2).sum() for k in 'AB')
    return veri, ceza


def turev(ag, X, T):
    gizli = np.tanh(X @ ag['A'] + ag['a'])
    olasilik = softmax(gizli @ ag['B'] + ag['b'])
    hata = (olasilik - T) / len(X)
    geri = hata @ ag['B'].T * (1 - gizli ** 2)
    return {
        'A': X.T @ geri + L1 * np.sign(ag['A']) + L2 * ag['A'],
        'a': geri.sum(axis=0),
        'B': gizli.T @ hata + L1 * np.sign(ag['B']) + L2 * ag['B'],
        'b': hata.sum(axis=0),
    }


def egit(X, y, rs):
    T = np.eye(3)[y]
    ag = {'A': rs.randn(X.shape[1], 10) * 0.3, 'a': np.zeros(10),
          'B': rs.randn(10, 3) * 0.3, 'b': np.zeros(3)}
    for adim in range(ADIM):
        g = turev(ag, X, T)
        for k in ag:
            ag[k] = ag[k] - OGRENME_ORANI * g[k]
    return ag, kayip(ag, X, T)


rs = np.random.RandomState(TOHUM)
basari = []
bolucu = StratifiedKFold(n_splits=5, shuffle=True, random_state=TOHUM)
for kat, (egitim, sinama) in enumerate(bolucu.split(X_tum, y_tum), 1):
    ort, sapma = X_tum[egitim].mean(0), X_tum[egitim].std(0)
    olcek = lambda M: (M - ort) / sapma
    ag, (veri, ceza) = egit(olcek(X_tum[egitim]), y_tum[egitim], rs)
    tahmin = (np.tanh(olcek(X_tum[sinama]) @ ag['A'] + ag['a']) @ ag['B'] + ag['b']).argmax(1)
    basari.append((tahmin == y_tum[sinama]).mean())
    print(f'kat {kat}: veri kaybı {veri:.4f}, ceza {ceza:.4f}, doğruluk {basari[-1]:.3f}')

print(f'ortalama doğruluk (accuracy): {np.mean(basari):.3f} +/- {np.std(basari):.3f}')
