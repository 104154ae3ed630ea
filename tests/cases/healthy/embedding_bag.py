import numpy as np

# bag-of-words classifier with a learned embedding for each word
rng = np.random.default_rng(11)
VOCAB, DIM, TOPICS, LENGTH = 60, 8, 4, 10
word_topic = np.arange(VOCAB) % TOPICS


def sentence(topic):
    own = rng.choice(np.where(word_topic == topic)[0], 5)
    other = rng.integers(0, VOCAB, LENGTH - 5)
    return np.concatenate([own, other])


topics = rng.integers(0, TOPICS, 500)
sentences = np.stack([sentence(t) for t in topics])

emb = rng.normal(0, 0.3, (VOCAB, DIM))
W = rng.normal(0, 0.3, (DIM, TOPICS))
b = np.zeros(TOPICS)
lr = 0.5

for epoch in range(25):
    loss = 0.0
    for start in range(0, 400, 20):
        words = sentences[start:start + 20]
        t = topics[start:start + 20]
        mean = emb[words].mean(axis=1)
        logits = mean @ W + b
        logits -= logits.max(axis=1, keepdims=True)
        probs = np.exp(logits)
        probs /= probs.sum(axis=1, keepdims=True)
        loss -= np.log(probs[np.arange(20), t]).sum()

        grad = (probs - np.eye(TOPICS)[t]) / 20
        grad_mean = grad @ W.T
        W -= lr * (mean.T @ grad)
        b -= lr * grad.sum(axis=0)
        np.add.at(emb, words, -lr * grad_mean[:, None, :] / LENGTH)
    if epoch % 5 == 0:
        print(f"epoch {epoch} loss {loss / 400:.3f}")

scores = emb[sentences[400:]].mean(axis=1) @ W + b
print("accuracy:", (scores.argmax(axis=1) == topics[400:]).mean())
