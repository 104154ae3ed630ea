"""Accuracy on one line, updated in place: a network 64 - 10 - 10 learns digits by full batches.

The question, asked in public in Chinese: gradient descent with ReLU in the hidden layer and tanh at
the output, whose accuracy stays at one wrong value. "The problem must be in the mathematics." It
was, but not there alone: the derivative of tanh, targets that tanh can reach (-1 and +1), weights
around 0 instead of 0..1, and inputs that are not 0..16 have to come together.

    python examples/digits_accuracy_in_place.py                      tanh, squared error: 98 %
    python examples/digits_accuracy_in_place.py --output softmax     cross-entropy: 99 %
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from sklearn.datasets import load_digits

from unstuck import InputScaling, Network, Trainer

LOSSES = {"tanh": "squared_error", "softmax": "cross_entropy"}


def learn(output: str = "tanh", seed: int = 0, iterations: int = 1000) -> float:
    """Train on all digits at once, iteration by iteration; return the training accuracy."""
    X, y = load_digits(return_X_y=True)  # (1797, 64), (1797,)
    network = Network.mlp(
        [64, 10, 10],
        hidden_activation="relu",
        output_activation=output,
        loss=LOSSES[output],  # under tanh, the targets become -1 and +1 by themselves
        scaling=InputScaling.fit(X, "standard"),  # every pixel: mean 0, spread 1
        class_names="0123456789",
        random_state=seed,
    )
    trainer = Trainer(
        network,
        "sgd",
        learning_rate=0.1,
        batch_size="all",
        iterations=iterations,
        callbacks=[show_accuracy],
    )
    trainer.fit(X, y)
    print()
    return float((network.predict(X) == y).mean())


def show_accuracy(row: Mapping[str, float]) -> None:
    """Go back to the start of the line and write over it."""
    print(
        f"iteration {row['iterations']:4.0f}: accuracy {row['accuracy']:.4f}", end="\r", flush=True
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Learn digits, with the accuracy in place.")
    parser.add_argument("--output", choices=LOSSES, default="tanh")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"training accuracy {learn(arguments.output, arguments.seed):.4f}")
