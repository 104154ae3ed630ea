"""The compiled engine against plain NumPy written out here, and what it promises beside."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("numba")

from unstuck.core.activations import custom_activation
from unstuck.core.network import Network
from unstuck.core.optimizers import SGD, Adam
from unstuck.core.scaling import InputScaling
from unstuck.training.engines import compiled
from unstuck.training.engines.choose import build_engine
from unstuck.training.engines.compiled import CompiledEngine
from unstuck.training.engines.plan import unsupported
from unstuck.training.engines.protocol import Job


def make_job(
    sizes=(6, 5, 3), *, n=40, batch=8, optimizer=None, dtype="float64", X=None, seed=0, **options
):
    """A classification job on random data, with ReLU and softmax unless told otherwise."""
    rng = np.random.default_rng(seed)
    job_options = {k: options.pop(k) for k in ("clip_norm", "sample_weight") if k in options}
    net = Network.mlp(sizes, dtype=dtype, random_state=seed, **options)
    if X is None:
        X = rng.normal(size=(n, sizes[0])).astype(dtype)
    targets = net.encode(rng.integers(0, sizes[-1], len(X)))
    optimizer = optimizer or SGD(0.01, momentum=0.9)
    return Job(
        net,
        optimizer,
        optimizer.start(net.theta.size, net.dtype),
        X,
        targets,
        job_options.get("sample_weight"),
        batch,
        job_options.get("clip_norm"),
        labelled=True,
    )


def train(job, steps, threads=1, chunk=None, seed=1):
    """Run ``steps`` updates over random rows, in calls of ``chunk``; returns the reports."""
    engine = CompiledEngine(job, threads)
    rows = np.random.default_rng(seed).integers(0, len(job.X), steps * job.batch_size)
    chunk, reports = chunk or steps, []
    for start in range(0, steps, chunk):
        stop = min(steps, start + chunk)
        part = rows[start * job.batch_size : stop * job.batch_size]
        rates = np.full(stop - start, job.optimizer.learning_rate)
        reports.append(engine.run(part, rates, start))
    return reports


def plain_momentum(job, steps, seed=1):
    """The same in ten lines of NumPy that know nothing of the library: ReLU, softmax, momentum."""
    rows = np.random.default_rng(seed).integers(0, len(job.X), steps * job.batch_size)
    W = [w.astype(np.float64) for w in job.network.weights()]
    b = [np.zeros(w.shape[1]) for w in W]
    vW, vb = [np.zeros_like(w) for w in W], [np.zeros_like(x) for x in b]
    costs = []
    for batch in rows.reshape(steps, -1):
        a, T = [np.asarray(job.X[batch], np.float64)], job.targets[batch]
        for w, c in zip(W[:-1], b[:-1], strict=True):
            a.append(np.maximum(a[-1] @ w + c, 0))
        z = a[-1] @ W[-1] + b[-1]
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        costs.append(-np.mean(np.sum(T * np.log(p), axis=1)))
        d = (p - T) / len(batch)
        for k in reversed(range(len(W))):
            gW, gb = a[k].T @ d, d.sum(0)
            d = (d @ W[k].T) * (a[k] > 0)
            vW[k], vb[k] = 0.9 * vW[k] + gW, 0.9 * vb[k] + gb
            W[k], b[k] = W[k] - 0.01 * vW[k], b[k] - 0.01 * vb[k]
    flat = [x.ravel() for pair in zip(W, b, strict=True) for x in pair]
    return np.concatenate(flat), np.array(costs)


# Widths around the borders of tiles and panels, and one of each.
@pytest.mark.parametrize(
    "sizes",
    [(1, 2), (7, 8, 3), (8, 16, 17, 2), (33, 31, 5), (64, 32, 65, 10), (15, 128, 1, 4)],
)
@pytest.mark.parametrize("batch", [1, 3, 8, 33])
def test_agrees_with_plain_numpy_after_20_updates(sizes, batch):
    job = make_job(sizes, batch=batch)
    expected, costs = plain_momentum(job, 20)
    (report,) = train(job, 20)
    assert np.abs(job.network.theta - expected).max() < 1e-9
    assert report.costs == pytest.approx(costs, abs=1e-9)
    assert (report.steps, report.samples, report.finite) == (20, 20 * batch, True)


def test_a_large_batch_goes_through_in_slices(monkeypatch):
    monkeypatch.setattr(compiled, "SLICE_ROWS", 16)
    job = make_job((20, 30, 4), batch=50, l2=0.01)
    whole = make_job((20, 30, 4), batch=50, l2=0.01)
    train(job, 20, threads=2)
    monkeypatch.undo()
    train(whole, 20)
    assert np.abs(job.network.theta - whole.network.theta).max() < 1e-12


def test_a_short_last_batch_weighs_its_own_samples_only():
    job, other = make_job(batch=8), make_job(batch=3)
    CompiledEngine(job).run(np.arange(11), np.array([0.0, 0.1]), 0)
    CompiledEngine(other).run(np.arange(8, 11), np.array([0.1]), 0)
    # the first update changed nothing but the velocity, which the second adds to
    assert not np.array_equal(job.network.theta, other.network.theta)
    job, other = make_job(batch=8, optimizer=SGD(0.1)), make_job(batch=3, optimizer=SGD(0.1))
    CompiledEngine(job).run(np.arange(11), np.array([0.0, 0.1]), 0)
    CompiledEngine(other).run(np.arange(8, 11), np.array([0.1]), 0)
    assert np.abs(job.network.theta - other.network.theta).max() < 1e-15


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", [{}, {"clip_norm": 0.1, "l1": 1e-3}], ids=["fused", "kept"])
@pytest.mark.parametrize("zeros", [0.0, 0.8])
def test_threads_change_no_bit(dtype, options, zeros):
    # Large enough that threads are in different layers at the same time.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 300)).astype(dtype)
    X[rng.random(X.shape) < zeros] = 0
    results = []
    for threads in (1, 2, 2, 3):
        job = make_job((300, 200, 90, 10), batch=128, dtype=dtype, X=X, **options)
        train(job, 30, threads)
        results.append(job.network.theta)
    assert np.isfinite(results[0]).all()
    for other in results[1:]:
        assert np.array_equal(results[0], other)


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("optimizer", [SGD(0.1), SGD(0.05, momentum=0.9), Adam()], ids=repr)
def test_calls_change_no_bit(batch, optimizer):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 70)).astype("float32")
    X[rng.random(X.shape) < 0.7] = 0
    results = []
    for chunk in (None, 1, 7):
        job = make_job((70, 33, 4), batch=batch, optimizer=optimizer, dtype="float32", X=X, l2=1e-4)
        train(job, 40, chunk=chunk)
        results.append(job.network.theta)
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


@pytest.mark.parametrize("batch", [1, 8])
def test_every_kind_of_raw_data_trains_alike(batch, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (50, 12)).astype(np.uint8)
    pixels[pixels < 150] = 0
    np.save(tmp_path / "pixels.npy", pixels)
    mapped = np.load(tmp_path / "pixels.npy", mmap_mode="r")
    frozen = pixels.copy()
    frozen.flags.writeable = False
    kinds = {
        "bytes": pixels,
        "mapped": mapped,
        "read-only": frozen,
        "every second row": np.repeat(pixels, 2, axis=0)[::2],
        "columns first": np.asfortranarray(pixels),
        "int16": pixels.astype(np.int16),
        "big-endian": pixels.astype(">i4"),
        "float32": pixels.astype(np.float32),
        "float64": pixels.astype(np.float64),
    }
    results = {}
    for name, X in kinds.items():
        scaling = InputScaling("unit", 0.0, 1 / 255)
        job = make_job((12, 9, 3), X=X, batch=batch, scaling=scaling, optimizer=SGD(0.1))
        train(job, 30)
        results[name] = job.network.theta
    for name, theta in results.items():
        assert np.array_equal(theta, results["bytes"]), name


def test_weights_changed_from_outside_are_seen():
    job = make_job()
    engine = CompiledEngine(job)
    before = job.network.theta.copy()
    engine.run(np.arange(8), np.array([0.1]), 0)
    moved = job.network.theta.copy()
    job.network.theta[...] = before
    job.buffers["velocity"][...] = 0
    engine.run(np.arange(8), np.array([0.1]), 0)
    assert np.array_equal(job.network.theta, moved)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("options", [{}, {"clip_norm": 1.0}])
def test_an_infinite_cost_ends_the_run_before_its_update(threads, options):
    X = np.ones((24, 4))
    X[17] = np.inf  # in the third batch
    job = make_job((4, 5, 2), X=X, batch=8, **options)
    twin = make_job((4, 5, 2), X=X, batch=8, **options)
    report = CompiledEngine(job, threads).run(np.arange(24), np.full(3, 0.1), 0)
    CompiledEngine(twin, threads).run(np.arange(16), np.full(2, 0.1), 0)
    assert not report.finite
    assert (report.steps, report.samples) == (2, 16)
    assert np.array_equal(job.network.theta, twin.network.theta)
    assert np.array_equal(job.buffers["velocity"], twin.buffers["velocity"])


def test_hits_are_counted_before_the_update():
    job = make_job(batch=40)
    outputs = job.network.forward(job.X)
    expected = np.count_nonzero(outputs.argmax(axis=1) == job.targets.argmax(axis=1))
    report = CompiledEngine(job).run(np.arange(40), np.array([0.1]), 0)
    assert report.correct == expected


def test_a_batch_without_weight_moves_nothing():
    job = make_job(sample_weight=np.array([0.0] * 8 + [1.0] * 32), optimizer=SGD(0.1))
    before = job.network.theta.copy()
    report = CompiledEngine(job).run(np.arange(8), np.array([0.1]), 0)
    assert np.array_equal(job.network.theta, before)
    assert (report.costs[0], report.weights[0]) == (0.0, 0.0)


@pytest.mark.parametrize("optimizer", [SGD(0.1, momentum=0.9), Adam()], ids=repr)
def test_what_decays_never_becomes_denormal(optimizer):
    X = np.random.default_rng(0).normal(size=(64, 10)).astype(np.float32)
    X[8:, :5] = 0  # inputs that are seen in the first batch and never again
    job = make_job((10, 6, 3), X=X, optimizer=optimizer, dtype="float32")
    engine = CompiledEngine(job)
    engine.run(np.arange(8), np.full(1, 0.1), 0)
    smallest = np.finfo(np.float32).tiny
    for epoch in range(200):
        engine.run(np.arange(8, 64), np.full(7, 0.001), 1 + 7 * epoch)
        for name, buffer in job.buffers.items():
            size = np.abs(buffer)
            assert not ((size > 0) & (size < smallest)).any(), name
    if "velocity" in job.buffers:  # 0.9**1400 is far below the smallest number
        assert not job.buffers["velocity"][:30].any()


def test_row_numbers_are_checked():
    engine = CompiledEngine(make_job())
    for row in (-1, 40):
        with pytest.raises(IndexError, match="from 0 to 39"):
            engine.run(np.array([row]), np.array([0.1]), 0)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"dropout": 0.5}, "layer 3 is 'dropout'"),
        ({"batch_norm": True}, "batch"),
        ({"hidden_activation": custom_activation(np.sin)}, "a function of your own"),
        ({"hidden_activation": "softmax"}, "hidden softmax"),
    ],
)
def test_what_the_kernels_cannot_do_is_said(options, reason):
    assert reason in unsupported(make_job(**options))


def test_without_numba_numpy_runs(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    job = make_job()
    job.total_steps = 10**9
    assert "numba is not installed" in unsupported(job)
    assert build_engine(job, "auto").name == "numpy"


PROGRAM = """
import numpy as np
from unstuck.training.engines.kernels_build import cache_folder
print(cache_folder())
"""


def test_compiled_code_goes_where_it_can_be_written(tmp_path):
    for home, writable in ((tmp_path / "cache", True), (tmp_path / "a file" / "cache", False)):
        (tmp_path / "a file").touch()
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"NUMBA_CACHE_DIR": str(home), "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.startswith(str(home) if writable else "None")
