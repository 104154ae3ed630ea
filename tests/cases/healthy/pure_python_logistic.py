import math
import random

random.seed(0)

# two gaussian clouds, no numpy at all
points = []
for _ in range(150):
    points.append(([random.gauss(1.2, 1.0), random.gauss(-0.8, 1.0)], 1))
    points.append(([random.gauss(-1.2, 1.0), random.gauss(0.8, 1.0)], 0))
random.shuffle(points)
train, test = points[:220], points[220:]

weights = [0.0, 0.0]
bias = 0.0
rate = 0.05


def predict(x):
    z = bias
    for w, v in zip(weights, x):
        z += w * v
    return 1.0 / (1.0 + math.exp(-z))


for epoch in range(20):
    loss = 0.0
    for x, label in train:
        p = predict(x)
        loss -= label * math.log(p) + (1 - label) * math.log(1 - p)
        error = label - p
        for i in range(len(weights)):
            weights[i] += rate * error * x[i]
        bias += rate * error
    if epoch % 5 == 0:
        print("epoch", epoch, "loss", round(loss / len(train), 4))

correct = sum(1 for x, label in test if (predict(x) > 0.5) == (label == 1))
print("accuracy:", correct / len(test))
