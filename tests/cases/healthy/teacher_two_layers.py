# -*- coding: utf-8 -*-
import numpy as np

# N is batch size; D_in is input dimension;
# H is hidden dimension; D_out is output dimension.
N, D_in, H, D_out = 256, 10, 40, 3

rng = np.random.RandomState(13)
x = rng.randn(N, D_in)
teacher = rng.randn(D_in, D_out)
y = np.abs(x).dot(teacher) / 3 + x.dot(rng.randn(D_in, D_out)) / 3

w1 = rng.randn(D_in, H) * np.sqrt(2 / D_in)
w2 = rng.randn(H, D_out) * np.sqrt(1 / H)

learning_rate = 1e-4 * 2
for t in range(1500):
    # Forward pass: compute predicted y
    h = x.dot(w1)
    h_relu = np.maximum(h, 0)
    y_pred = h_relu.dot(w2)

    # Compute and print loss
    loss = np.square(y_pred - y).sum()
    if t % 300 == 0:
        print(t, loss)

    # Backprop to compute gradients of w1 and w2 with respect to loss
    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = h_relu.T.dot(grad_y_pred)
    grad_h_relu = grad_y_pred.dot(w2.T)
    grad_h = grad_h_relu.copy()
    grad_h[h < 0] = 0
    grad_w1 = x.T.dot(grad_h)

    # Update weights
    w1 -= learning_rate * grad_w1
    w2 -= learning_rate * grad_w2

print("mse:", np.mean((np.maximum(x.dot(w1), 0).dot(w2) - y) ** 2))
