"""Training is watched: a bar in a terminal, a few lines elsewhere, nothing when all is quiet."""

import io
import math

import numpy as np
import pytest
from rich.console import Console

from unstuck.core.network import Network
from unstuck.show.progress import Watch, epoch_line, seconds_text, thinning
from unstuck.training.trainer import Trainer

X = np.random.default_rng(0).normal(size=(40, 3))
y = (X[:, 0] > 0).astype(int)


def watched(*, terminal=False, epochs=5, **options):
    text = io.StringIO()
    console = Console(
        file=text, force_terminal=terminal, width=80, color_system="truecolor" if terminal else None
    )
    watch = Watch(console)
    network = Network.mlp([3, 4, 2], random_state=0)
    Trainer(network, epochs=epochs, callbacks=[watch], random_state=0, **options).fit(X, y)
    return text.getvalue(), watch


def test_one_line_an_epoch_where_there_is_no_terminal():
    text, watch = watched(validation_fraction=0.2)
    lines = text.splitlines()
    assert [line.split()[1] for line in lines] == ["1/5", "2/5", "3/5", "4/5", "5/5"]
    assert all("cost" in line and "accuracy" in line and "validation" in line for line in lines)
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in text
    assert len(watch.history) == 5


def test_thousands_of_epochs_are_thinned_out():
    text, _ = watched(epochs=1000, batch_size="all")
    numbers = [int(line.split()[1].split("/")[0]) for line in text.splitlines()]
    assert numbers == [1, *range(20, 1001, 20)]


def test_a_terminal_gets_a_bar_and_a_dozen_lines():
    text, watch = watched(terminal=True, epochs=60)
    assert "━" in text
    assert text.count("cost") >= 12
    assert len([line for line in text.splitlines() if "/60  cost" in line]) <= 2 * 14
    assert watch._bar is None, "the bar is taken away"


def test_quiet_still_remembers():
    watch = Watch(None)
    Trainer(Network.mlp([3, 2], random_state=0), epochs=2, callbacks=[watch]).fit(X, y)
    assert len(watch.history) == 2


def test_the_bar_goes_when_training_diverges():
    text = io.StringIO()
    watch = Watch(Console(file=text, force_terminal=True, width=80))
    network = Network.mlp([3, 4, 1], loss="squared_error", random_state=0)
    trainer = Trainer(network, "sgd", learning_rate=1e30, epochs=50, callbacks=[watch])
    with pytest.raises(ArithmeticError):
        trainer.fit(X, X[:, 0])
    assert watch._bar is None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"epoch": 1, "cost": 0.5, "seconds": 2.0}, "epoch 1/9  cost 0.5000  2.00 s"),
        ({"epoch": 1, "cost": math.nan, "seconds": 0.0}, "epoch 1/9  no update done  0 ms"),
        (
            {"epoch": 2, "cost": 1.0, "seconds": 90.0, "validation_cost": 2.0,
             "validation_score": 0.25},
            "epoch 2/9  cost 1.0000  validation 2.0000 R2 0.2500  1 min 30 s",
        ),
    ],
)  # fmt: skip
def test_lines(row, said):
    assert epoch_line(row, 9) == said


@pytest.mark.parametrize("seconds", [0.0, 0.0994, 0.0996, 9.994, 9.996, 59.94, 59.96, 3600.0])
def test_durations_round_without_surprises(seconds):
    text = seconds_text(seconds)
    assert "1000" not in text
    assert "60.0 s" not in text
    assert len(text) <= 12


@pytest.mark.parametrize("epochs", [1, 12, 50, 51, 99, 100, 101, 999, 1001, 123_456, 10**6])
@pytest.mark.parametrize("lines", [12, 50])
def test_thinning_never_shows_too_much(epochs, lines):
    every = thinning(epochs, lines)
    assert epochs / every <= lines
    assert every == 1 or epochs / every > lines / 5
