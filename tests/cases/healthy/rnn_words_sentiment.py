import random
import numpy as np

random.seed(3)
np.random.seed(3)

good, bad, neutral = ['good', 'happy', 'great'], ['bad', 'sad', 'awful'], ['i', 'am', 'this', 'is', 'very']
texts = []
for _ in range(120):
    label = random.choice([True, False])
    words = random.sample(neutral, 3) + [random.choice(good if label else bad)]
    random.shuffle(words)
    texts.append((' '.join(words), label))
train_data, test_data = texts[:90], texts[90:]

vocab = sorted(set(w for text, _ in texts for w in text.split(' ')))
word_to_idx = {w: i for i, w in enumerate(vocab)}


def createInputs(text):
    inputs = []
    for w in text.split(' '):
        v = np.zeros((len(vocab), 1))
        v[word_to_idx[w]] = 1
        inputs.append(v)
    return inputs


def softmax(xs):
    return np.exp(xs) / sum(np.exp(xs))


class RNN:
    def __init__(self, input_size, output_size, hidden_size=12):
        self.Whh = np.random.randn(hidden_size, hidden_size) / 6
        self.Wxh = np.random.randn(hidden_size, input_size) / 3
        self.Why = np.random.randn(output_size, hidden_size) / 3
        self.bh = np.zeros((hidden_size, 1))
        self.by = np.zeros((output_size, 1))

    def forward(self, inputs):
        h = np.zeros((self.Whh.shape[0], 1))
        self.last_inputs = inputs
        self.last_hs = {0: h}
        for i, x in enumerate(inputs):
            h = np.tanh(self.Wxh @ x + self.Whh @ h + self.bh)
            self.last_hs[i + 1] = h
        return self.Why @ h + self.by

    def backprop(self, d_y, learn_rate=2e-2):
        n = len(self.last_inputs)
        d_Why = d_y @ self.last_hs[n].T
        d_by = d_y
        d_Whh, d_Wxh, d_bh = np.zeros(self.Whh.shape), np.zeros(self.Wxh.shape), np.zeros(self.bh.shape)
        d_h = self.Why.T @ d_y
        for t in reversed(range(n)):
            temp = (1 - self.last_hs[t + 1] ** 2) * d_h
            d_bh += temp
            d_Whh += temp @ self.last_hs[t].T
            d_Wxh += temp @ self.last_inputs[t].T
            d_h = self.Whh.T @ temp
        self.Whh -= learn_rate * d_Whh
        self.Wxh -= learn_rate * d_Wxh
        self.Why -= learn_rate * d_Why
        self.bh -= learn_rate * d_bh
        self.by -= learn_rate * d_by


rnn = RNN(len(vocab), 2)


def processData(data, backprop=True):
    random.shuffle(data)
    loss, num_correct = 0, 0
    for x, y in data:
        target = int(y)
        probs = softmax(rnn.forward(createInputs(x)))
        loss -= np.log(probs[target][0])
        num_correct += int(np.argmax(probs) == target)
        if backprop:
            d_L_d_y = probs
            d_L_d_y[target] -= 1
            rnn.backprop(d_L_d_y)
    return loss / len(data), num_correct / len(data)


for epoch in range(30):
    train_loss, train_acc = processData(train_data)
    if epoch % 10 == 9:
        print('--- Epoch %d' % (epoch + 1))
        print('Train:\tLoss %.3f | Accuracy: %.3f' % (train_loss, train_acc))

test_loss, test_acc = processData(test_data, backprop=False)
print('Test accuracy: %.3f' % test_acc)
