# Tiny convolutional net, written with loops: is the bar in the picture horizontal or vertical?
import numpy as np

np.random.seed(4)


def picture():
    img = np.random.rand(6, 6) * 0.2
    kind = np.random.randint(2)
    place = np.random.randint(6)
    if kind == 0:
        img[place, :] += 0.8
    else:
        img[:, place] += 0.8
    return img, kind


data = [picture() for _ in range(120)]

kernels = np.random.randn(2, 3, 3) * 0.5
kbias = np.zeros(2)
dense = np.random.randn(2 * 4 * 4) * 0.3
dbias = 0.0
lr = 0.1


def conv(img):
    out = np.zeros((2, 4, 4))
    for k in range(2):
        for i in range(4):
            for j in range(4):
                out[k, i, j] = np.sum(img[i:i + 3, j:j + 3] * kernels[k]) + kbias[k]
    return out


def predict(img):
    c = conv(img)
    a = np.tanh(c)
    z = np.dot(a.ravel(), dense) + dbias
    return c, a, 1 / (1 + np.exp(-z))


for epoch in range(25):
    loss = 0
    for img, kind in data[:80]:
        c, a, p = predict(img)
        loss -= kind * np.log(p) + (1 - kind) * np.log(1 - p)
        dz = p - kind
        da = dz * dense.reshape(2, 4, 4)
        dc = da * (1 - a * a)
        dense -= lr * dz * a.ravel()
        dbias -= lr * dz
        for k in range(2):
            dk = np.zeros((3, 3))
            for i in range(4):
                for j in range(4):
                    dk += dc[k, i, j] * img[i:i + 3, j:j + 3]
            kernels[k] -= lr * dk
            kbias[k] -= lr * dc[k].sum()
    if epoch % 5 == 0:
        print("epoch", epoch, "loss", loss / 80)

right = sum((predict(img)[2] > 0.5) == kind for img, kind in data[80:])
print("accuracy:", right / 40)
