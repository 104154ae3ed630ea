"""分位点回帰: 10%, 50%, 90% を同時に出力する小さなネットワーク.
損失はピンボール損失の「合計」(平均で割らない) なので学習率は小さくしてある.
学習率は 1/(1+k*epoch) で減衰."""
import numpy as np

np.random.seed(14)

# --- データ: ノイズの大きさが x に依存する ---
def make_data(n):
    x = np.random.uniform(-2, 2, (n, 1))
    noise = np.random.randn(n, 1) * (0.15 + 0.25 * np.abs(x))
    return x, np.sin(2 * x) + noise

x_train, y_train = make_data(1500)
x_test, y_test = make_data(1500)

taus = np.array([[0.1, 0.5, 0.9]])
H = 30

# --- パラメータ ---
w1 = np.random.randn(1, H)
b1 = np.random.uniform(-2, 2, (1, H))     # tanh の折れ目を散らす
w2 = np.random.randn(H, 3) * 0.1
b2 = np.zeros((1, 3))

def predict(x):
    h = np.tanh(x @ w1 + b1)
    return h, h @ w2 + b2

def pinball(q, y):
    u = y - q                       # (n,1)-(n,3)
    return np.sum(np.maximum(taus * u, (taus - 1) * u))

lr0, k, batch = 0.002, 0.1, 50
for epoch in range(200):
    lr = lr0 / (1 + k * epoch)
    order = np.random.permutation(len(x_train))
    for s in range(0, len(order), batch):
        i = order[s:s + batch]
        xb, yb = x_train[i], y_train[i]
        h, q = predict(xb)
        # u>0 なら -tau, u<0 なら 1-tau
        dq = np.where(yb > q, -taus, 1 - taus)
        dw2 = h.T @ dq
        db2 = dq.sum(axis=0, keepdims=True)
        dh = (dq @ w2.T) * (1 - h * h)
        dw1 = xb.T @ dh
        db1 = dh.sum(axis=0, keepdims=True)
        w1 -= lr * dw1
        b1 -= lr * db1
        w2 -= lr * dw2
        b2 -= lr * db2
    if epoch % 40 == 0:
        print('epoch', epoch, '損失合計 %.1f' % pinball(predict(x_train)[1], y_train))

q = predict(x_test)[1]
print('テストのピンボール損失 (1点あたり): %.4f' % (pinball(q, y_test) / len(x_test)))
below = (y_test < q).mean(axis=0)
print('各分位点より下の割合:', np.round(below, 3), '目標', taus[0])
inside = np.mean((y_test[:, 0] > q[:, 0]) & (y_test[:, 0] < q[:, 2]))
print('coverage of the 80%% band: %.3f' % inside)
