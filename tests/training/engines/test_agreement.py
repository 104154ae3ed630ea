"""The two engines do the same: over random networks, optimisers, data types and chunks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")

from unstuck.core.losses import CrossEntropy, Huber
from unstuck.core.network import Network
from unstuck.core.optimizers import SGD, Adagrad, Adam, AdamW, RMSProp
from unstuck.core.scaling import InputScaling
from unstuck.training.engines.choose import build_engine
from unstuck.training.engines.protocol import Job

HIDDEN = [
    "identity",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "softplus",
    "silu",
]
HEADS: list[tuple[str, Any]] = [
    ("softmax", "cross_entropy"),
    ("softmax", CrossEntropy(label_smoothing=0.1)),
    ("sigmoid", "binary_cross_entropy"),
    ("tanh", "squared_error"),
    ("softmax", "squared_error"),
    ("identity", Huber(threshold=0.5)),
]
OPTIMIZERS = [
    SGD(0.1),
    SGD(0.05, momentum=0.9),
    SGD(0.05, momentum=0.9, nesterov=True),
    RMSProp(0.01),
    Adagrad(0.1),
    Adam(0.01),
    AdamW(0.01, weight_decay=0.1),
]


def jobs(seed: int, dtype: str = "float64") -> tuple[Job, Job]:
    """One random job, twice, on buffers of their own."""
    rng = np.random.default_rng(seed)
    depth = int(rng.integers(0, 4))
    sizes = [int(rng.integers(1, 40)), *rng.integers(1, 40, depth).tolist(), 4]
    output, loss = HEADS[rng.integers(len(HEADS))]
    hidden = HIDDEN[rng.integers(len(HIDDEN))]
    n = int(rng.integers(5, 80))
    raw = str(rng.choice(["float64", "float32", "uint8", "int16"]))
    X = rng.normal(size=(n, sizes[0])) * 3
    X[rng.random(X.shape) < rng.choice([0.0, 0.8])] = 0.0
    X = np.abs(X * 40).astype(raw) if raw in ("uint8", "int16") else X.astype(raw)
    # Raw pixels would saturate every unit: gradients of 1e-12, whose rounding Adagrad blows up.
    ways = ["unit", "standard"] if X.dtype.kind in "iu" else ["none", "unit", "standard"]
    scaling = InputScaling.fit(X, str(rng.choice(ways)))
    labels = rng.integers(0, 4, n)
    weight = rng.random(n) + 0.1 if rng.random() < 0.5 else None
    optimizer = OPTIMIZERS[seed % len(OPTIMIZERS)]
    penalty = float(rng.choice([0.0, 1e-3]))
    batch = int(rng.choice([1, 7, 16, n]))
    clip = float(rng.choice([0.0, 0.5])) or None

    def job() -> Job:
        net = Network.mlp(
            sizes,
            hidden,
            output,
            loss,
            l1=penalty,
            l2=penalty * 3,
            dtype=dtype,
            random_state=seed,
            scaling=scaling,
            class_names=["a", "b", "c", "d"],
        )
        w = None if weight is None else weight.astype(dtype)
        buffers = optimizer.start(net.theta.size, net.dtype)
        targets = net.encode(labels)
        return Job(net, optimizer, buffers, X, targets, w, batch, clip, labelled=True)

    return job(), job()


def run(job: Job, engine: str, updates: int, chunks: tuple[int, ...], seed: int) -> Any:
    built = build_engine(job, engine)
    rng = np.random.default_rng(seed)
    per_epoch = -(-len(job.X) // job.batch_size)
    done, parts = 0, []
    pace = list(chunks)
    while done < updates:
        order = rng.permutation(len(job.X))
        steps = min(per_epoch, updates - done)
        at = 0
        while at < steps:
            count = min(pace[len(parts) % len(pace)], steps - at)
            rows = order[at * job.batch_size : (at + count) * job.batch_size]
            rates = np.full(count, job.optimizer.learning_rate)
            parts.append(built.run(rows, rates, done + at))
            at += count
        done += steps
    return parts


@pytest.mark.parametrize("seed", range(60))
def test_engines_agree_in_double_precision_after_20_updates(seed: int) -> None:
    by_numpy, compiled = jobs(seed)
    one = run(by_numpy, "numpy", 20, (20,), seed)
    two = run(compiled, "compiled", 20, (20,), seed)
    assert np.abs(by_numpy.network.theta - compiled.network.theta).max() < 1e-9
    for name, buffer in by_numpy.buffers.items():
        assert np.abs(buffer - compiled.buffers[name]).max() < 1e-9, name
    costs = [np.concatenate([p.costs for p in parts]) for parts in (one, two)]
    assert costs[0] == pytest.approx(costs[1], abs=1e-9)
    assert sum(p.correct for p in one) == sum(p.correct for p in two)
    assert sum(p.samples for p in one) == sum(p.samples for p in two)


@pytest.mark.parametrize("seed", range(100, 120))
def test_engines_agree_in_single_precision_after_one_update(seed: int) -> None:
    by_numpy, compiled = jobs(seed, "float32")
    run(by_numpy, "numpy", 1, (1,), seed)
    run(compiled, "compiled", 1, (1,), seed)
    difference = np.abs(by_numpy.network.theta - compiled.network.theta).max()
    # Adam's first step is the sign of the gradient: an entry near zero may go either way.
    adaptive = isinstance(by_numpy.optimizer, (RMSProp, Adagrad, Adam))
    if adaptive:
        moved = np.abs(by_numpy.network.theta - compiled.network.theta) > 1e-5
        assert moved.mean() < 0.02
    else:
        assert difference < 1e-5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(200, 212))
def test_chunks_and_threads_change_no_bit(seed: int, dtype: str) -> None:
    whole, pieces = jobs(seed, dtype)
    pieces.threads = 2
    run(whole, "compiled", 30, (30,), seed)
    run(pieces, "compiled", 30, (1, 3, 2), seed)
    assert np.array_equal(whole.network.theta, pieces.network.theta)


def test_a_cost_that_is_not_finite_stops_before_its_update() -> None:
    for name in ("numpy", "compiled"):
        net = Network.mlp([3, 4, 1], loss="squared_error", random_state=0)
        X = np.ones((8, 3))
        X[5] = 1e200  # a batch of its own, whose squares overflow
        optimizer = SGD(0.01)
        job = Job(net, optimizer, {}, X, np.ones((8, 1)), None, 1)
        progress = build_engine(job, name).run(np.arange(8), np.full(8, 0.01), 0)
        assert not progress.finite
        assert progress.steps == 5
        assert np.isfinite(net.theta).all()
