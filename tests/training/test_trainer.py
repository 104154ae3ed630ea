"""The trainer: that it learns, what it promises about seeds, stopping, weights and divergence."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import numpy as np
import pytest

from unstuck.base.errors import DivergenceError, InvalidInputError
from unstuck.core.losses import SquaredError
from unstuck.core.network import Network
from unstuck.core.optimizers import SGD
from unstuck.core.scaling import InputScaling
from unstuck.core.schedules import ReduceOnPlateau
from unstuck.data.load import load
from unstuck.training.callbacks import Callback
from unstuck.training.evaluate import evaluate
from unstuck.training.trainer import Trainer

DIGITS = load("digits")


def network(seed: int = 0, **options: Any) -> Network:
    scaling = InputScaling.fit(DIGITS.X_train, "unit")
    return Network.mlp([64, 32, 10], random_state=seed, scaling=scaling, **options)


def train(net: Network, *args: Any, rows: int = 300, **options: Any) -> Any:
    options.setdefault("random_state", 0)
    options.setdefault("engine", "numpy")
    trainer = Trainer(net, *args, **options)
    return trainer.fit(DIGITS.X_train[:rows], DIGITS.y_train[:rows])


# Accuracy on 449 test digits after a short training, the least of three seeds, is asked for.
@pytest.mark.parametrize(
    ("optimizer", "options", "least"),
    [
        (SGD(0.1, momentum=0.9), {"batch_size": 32, "epochs": 15}, 0.93),
        (SGD(0.1, momentum=0.9, nesterov=True), {"batch_size": 32, "epochs": 15}, 0.93),
        ("adam", {"learning_rate": 3e-3, "epochs": 15}, 0.93),
        ("adamw", {"learning_rate": 3e-3, "epochs": 15, "schedule": "one_cycle"}, 0.93),
        ("rmsprop", {"learning_rate": 1e-3, "epochs": 15}, 0.93),
        ("adagrad", {"learning_rate": 3e-2, "epochs": 15}, 0.93),
        ("sgd", {"learning_rate": 0.02, "batch_size": 1, "epochs": 5}, 0.90),
        ("sgd", {"learning_rate": 0.5, "batch_size": "all", "iterations": 200}, 0.90),
        ("lbfgs", {"iterations": 60}, 0.90),
    ],
)
def test_every_way_of_training_learns_digits(optimizer: Any, options: Any, least: float) -> None:
    for seed in (0, 1, 2):
        net = network(seed)
        trainer = Trainer(net, optimizer, random_state=seed, engine="numpy", **options)
        history = trainer.fit(DIGITS.X_train, DIGITS.y_train)
        assert history.cost[-1] < history.cost[0]
        assert evaluate(net, DIGITS.X_test, DIGITS.y_test).score >= least, seed


def test_regression_learns_a_sine() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-3, 3, (400, 1))
    net = Network.mlp([1, 32, 1], "tanh", loss=SquaredError(), random_state=0)
    Trainer(net, "adam", learning_rate=1e-2, epochs=100, random_state=0).fit(X, np.sin(X[:, 0]))
    assert evaluate(net, X, np.sin(X[:, 0])).score > 0.99


def test_one_step_by_hand_is_what_fit_does() -> None:
    by_hand, by_fit = network(), network()
    X, y = DIGITS.X_train[:40], DIGITS.y_train[:40]
    trainer = Trainer(by_hand, SGD(0.1, momentum=0.9))
    for x, label in zip(X, y, strict=True):
        trainer.step(x, np.eye(10)[label])  # one sample, one-hot, as a person has it at hand
    options: Any = {"batch_size": 1, "epochs": 1, "shuffle": False, "engine": "numpy"}
    Trainer(by_fit, SGD(0.1, momentum=0.9), **options).fit(X, y)
    assert by_hand.theta == pytest.approx(by_fit.theta, abs=1e-12)


def test_step_returns_the_cost_before_it_with_the_penalty_apart() -> None:
    net = network(l2=0.1)
    x, y = DIGITS.X_train[:5], DIGITS.y_train[:5]
    expected = net.loss(x, y)
    assert Trainer(net, "sgd").step(x, y) == pytest.approx(expected)
    for wrong in (x[:, :60], x[0, :10]):
        with pytest.raises(InvalidInputError, match="64"):
            Trainer(net, "sgd").step(wrong, y[: len(wrong)])


def test_iterations_count_updates_and_cut_the_last_epoch_short() -> None:
    history = train(network(), "sgd", batch_size=100, iterations=7)
    assert history.iterations.tolist() == [3, 6, 7]
    assert history.stopped == "finished"
    history = train(network(), "sgd", batch_size="all", iterations=5)
    assert history.iterations.tolist() == [1, 2, 3, 4, 5]


def test_same_seed_same_weights_other_seed_other_weights() -> None:
    nets = [network(dropout=0.2) for _ in range(3)]
    for net, seed in zip(nets, (5, 5, 6), strict=True):
        train(net, "adam", epochs=2, random_state=seed)
    assert np.array_equal(nets[0].theta, nets[1].theta)
    assert not np.array_equal(nets[0].theta, nets[2].theta)


def test_where_chunks_end_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record looks, the progress bar draws, the machine stutters: the weights are the same."""
    plain, watched = network(dropout=0.2), network(dropout=0.2)
    one = train(plain, "adam", epochs=3, record=False)
    monkeypatch.setattr("unstuck.training.loop.CHUNK_SECONDS", 1e-9)
    two = train(watched, "adam", epochs=3, record=True)
    assert np.array_equal(plain.theta, watched.theta)
    assert np.array_equal(one.cost, two.cost)


def test_history_has_every_column_and_hand_checked_numbers() -> None:
    net = network(l2=1e-3)
    X, y = DIGITS.X_train[:300], DIGITS.y_train[:300]
    history = Trainer(
        net, "sgd", learning_rate=0.1, epochs=3, validation=(X, y), random_state=0
    ).fit(X, y)
    assert history.epoch.tolist() == [1, 2, 3]
    last = evaluate(net, X, y)
    assert history.validation_cost[-1] == pytest.approx(last.cost)
    assert history.validation_score[-1] == pytest.approx(last.score)
    assert history.penalty[-1] == pytest.approx(net.penalty())
    assert (history.seconds > 0).all()
    assert history.learning_rate.tolist() == [0.1] * 3
    assert np.isfinite(history.gradient_norm).all()
    full = train(network(), "sgd", learning_rate=0.1, batch_size="all", iterations=1)
    assert full.cost[0] == pytest.approx(network().loss(X, y).data)
    assert full.accuracy[0] == pytest.approx(np.mean(network().predict(X) == y))


@pytest.mark.parametrize("ending", ["patience", "end", "interrupt", "divergence"])
def test_the_best_weights_are_restored_however_training_ends(ending: str) -> None:
    X, y = DIGITS.X_train[:120], DIGITS.y_train[:120]
    V, v = DIGITS.X_train[200:300], DIGITS.y_train[200:300]
    net = network()

    class Ender(Callback):
        def on_epoch(self, loop: Any, row: Any) -> None:
            if row["epoch"] == 12 and ending == "interrupt":
                os.kill(os.getpid(), signal.SIGINT)
            if row["epoch"] == 12 and ending == "divergence":
                loop.network.theta[...] = np.nan

    trainer = Trainer(
        net,
        "adam",
        learning_rate=0.02,
        epochs=400 if ending == "patience" else 25,
        validation=(V, v),
        patience=10 if ending == "patience" else 1000,
        callbacks=[Ender()],
        random_state=0,
        engine="numpy",
    )
    history: Any = None
    if ending == "divergence":
        with pytest.raises(DivergenceError):
            trainer.fit(X, y)
        assert np.isfinite(net.theta).all()
        return
    history = trainer.fit(X, y)
    reasons = {"patience": "early stopping", "end": "finished", "interrupt": "interrupted"}
    assert history.stopped == reasons[ending]
    best = int(history.validation_cost.argmin())
    assert history.best_epoch == best + 1
    assert evaluate(net, V, v).cost == pytest.approx(history.validation_cost[best])


def test_ctrl_c_ends_cleanly_and_keeps_what_was_learned() -> None:
    net = network()
    before = net.loss(DIGITS.X_train, DIGITS.y_train).data
    timer = threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    history = Trainer(net, "adam", epochs=100_000, random_state=0, engine="numpy").fit(
        DIGITS.X_train, DIGITS.y_train
    )
    timer.join()
    assert history.stopped == "interrupted"
    assert net.loss(DIGITS.X_train, DIGITS.y_train).data < before
    assert history.record is not None
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_divergence_stops_at_that_step_and_says_where_and_what_to_try() -> None:
    net = Network.mlp([64, 16, 10], "relu", "identity", "squared_error", random_state=0)
    y = np.eye(10)[DIGITS.y_train]
    with pytest.raises(DivergenceError) as caught:
        Trainer(net, "sgd", learning_rate=10.0, epochs=50, random_state=0).fit(DIGITS.X_train, y)
    message = str(caught.value)
    for part in ("at step ", "learning rate 10)", "layer ", "Largest activation", "Try"):
        assert part in message
    assert np.isfinite(net.theta).all()


def test_class_weights_and_sample_weights_act_as_repeated_samples() -> None:
    X, y = DIGITS.X_train[:60], DIGITS.y_train[:60] % 3
    weighted = Network.mlp([64, 3], random_state=0)
    repeated = Network.mlp([64, 3], random_state=0)
    options: Any = {"batch_size": "all", "iterations": 5, "learning_rate": 0.01, "random_state": 0}
    Trainer(weighted, "sgd", class_weight={0: 2.0}, **options).fit(X, y)
    twice = np.concatenate([np.arange(60), np.flatnonzero(y == 0)])
    Trainer(repeated, "sgd", **options).fit(X[twice], y[twice])
    assert weighted.theta == pytest.approx(repeated.theta, abs=1e-12)
    balanced = Network.mlp([64, 3], random_state=0)
    by_hand = Network.mlp([64, 3], random_state=0)
    Trainer(balanced, "sgd", class_weight="balanced", **options).fit(X, y)
    w = (60 / (3 * np.bincount(y)))[y]
    Trainer(by_hand, "sgd", **options).fit(X, y, sample_weight=w)
    assert np.array_equal(balanced.theta, by_hand.theta)


def test_plateau_schedule_lowers_the_rate_when_the_cost_stands_still() -> None:
    schedule = ReduceOnPlateau(factor=0.1, patience=2)
    history = train(network(), "sgd", learning_rate=1e-12, schedule=schedule, epochs=8)
    assert history.learning_rate[-1] < 1e-12


def test_clipping_bounds_the_length_of_a_step() -> None:
    net = network()
    before = net.theta.copy()
    train(net, "sgd", learning_rate=1.0, clip_norm=1e-3, batch_size="all", iterations=1)
    assert np.linalg.norm(net.theta - before) == pytest.approx(1e-3, rel=1e-6)


def test_squared_error_on_class_numbers_names_the_classes() -> None:
    net = network(output_activation="tanh", loss="squared_error")
    history = train(net, "adam", epochs=25, rows=600)
    assert net.class_names == tuple("0123456789")
    assert history.accuracy[-1] > 0.8


def test_callbacks_may_stop_and_functions_are_callbacks() -> None:
    seen = []

    def look(row: Any) -> bool:
        seen.append(row["epoch"])
        return len(seen) == 3

    history = train(network(), "sgd", epochs=10, callbacks=[look])
    assert seen == [1, 2, 3]
    assert history.stopped == "stopped by a callback"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": "some"}, "'all'"),
        ({"epochs": 0}, "epochs is 0"),
        ({"iterations": 1.5}, "iterations is 1.5"),
        ({"optimizer": "adm"}, "Did you mean 'adam'"),
        ({"schedule": "cosin"}, "Did you mean 'cosine'"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"patience": 0}, "patience is 0"),
        ({"monitor": "validation_cost"}, "needs validation"),
        ({"monitor": "loss", "patience": 3}, "unknown monitor 'loss'"),
        ({"clip_norm": 0.0}, "clip_norm is 0"),
        ({"callbacks": [3]}, "a callback is 3"),
        ({"class_weight": "balance"}, "'balanced'"),
        ({"class_weight": {11: 1.0}}, "names class 11"),
        ({"engine": "fast"}, "unknown engine 'fast'"),
        ({"validation_fraction": 2.0}, "fraction"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    optimizer = options.pop("optimizer", "sgd")
    with pytest.raises(InvalidInputError, match=message):
        train(network(), optimizer, epochs=options.pop("epochs", 1), **options)


def test_bad_data_are_named_before_anything_is_trained() -> None:
    net = network()
    before = net.theta.copy()
    X, y = DIGITS.X_train[:50].astype(float), DIGITS.y_train[:50]
    bad = X.copy()
    bad[7, 3] = np.nan
    cases: list[tuple[Any, Any, Any, str]] = [
        (X[:, :60], y, None, r"\(50, 60\)"),
        (X, y[:40], None, "40"),
        (bad, y, None, "row 7, column 3"),
        (X[:0], y[:0], None, "empty"),
        (X, np.zeros(50, int), None, "one class only"),
        (X, y + 1, None, "10"),
        (X, np.array(["a", "b"] * 25), None, "text|numbers"),
        (X, y, np.ones(3), r"\(3,\)"),
        (X, y, -np.ones(50), "not negative"),
    ]
    for X_, y_, w, message in cases:
        with pytest.raises(InvalidInputError, match=message):
            Trainer(net, "sgd", epochs=1).fit(X_, y_, w)
    assert np.array_equal(net.theta, before)


def test_memory_mapped_pixels_are_trained_on_without_a_copy(tmp_path: Any) -> None:
    path = tmp_path / "pixels.npy"
    np.save(path, DIGITS.X_train)
    mapped = np.load(path, mmap_mode="r")
    by_map, by_array = network(), network()
    options: Any = {"epochs": 2, "random_state": 0, "engine": "numpy"}
    Trainer(by_map, "adam", **options).fit(mapped, DIGITS.y_train)
    Trainer(by_array, "adam", **options).fit(DIGITS.X_train, DIGITS.y_train)
    assert np.array_equal(by_map.theta, by_array.theta)
