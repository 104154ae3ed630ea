"""The record: its grid of steps, its statistics, its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unstuck.base.errors import DataFormatError, InvalidInputError
from unstuck.record import statistics as st
from unstuck.record.run_record import LayerInfo, Observation, RecordBuilder, SourceSpan
from unstuck.record.store import load_record, save_record

LAYERS = (
    LayerInfo("layer 1", 4, 3, "relu", ("W1", "b1"), SourceSpan("a.py", 3, 0, 3, 9)),
    LayerInfo("layer 2", 3, 2, "softmax", ("W2", "b2")),
)


def row(step: int) -> Observation:
    names = [n for n in Observation.__dataclass_fields__ if n != "step"]
    scalars = ("cost", "penalty", "learning_rate", "gradient_norm")
    values: dict[str, Any] = {
        n: float(step) if n in scalars else np.array([step, np.nan]) for n in names
    }
    return Observation(step=step, **values)


def filled(steps: int, **options: Any) -> RecordBuilder:
    builder = RecordBuilder("test", LAYERS, facts={"loss": "huber"}, **options)
    for step in range(steps):
        if builder.due(step):
            builder.add(row(step))
    return builder


def test_the_grid_starts_dense_and_thins_out() -> None:
    builder = filled(100_000, stride=8, capacity=64)
    steps = builder.build()["step"]
    assert len(steps) < 64
    assert steps[:5].tolist() == [0, 1, 2, 4, 8]
    late = np.diff(steps[steps > builder.stride])
    assert (late == builder.stride).all()
    assert steps[-1] > 100_000 - 2 * builder.stride


@pytest.mark.parametrize("stride", [1, 2, 3, 7, 16, 100])
def test_next_due_is_the_first_due_step(stride: int) -> None:
    builder = RecordBuilder("test", (), stride=stride)
    due = [s for s in range(500) if builder.due(s)]
    for step in range(400):
        assert builder.next_due(step) == next(s for s in due if s >= step)


def test_a_record_survives_its_file(tmp_path: Path) -> None:
    record = filled(50, stride=4).build()
    save_record(record, tmp_path / "record.npz")
    again = load_record(tmp_path / "record.npz")
    assert again.layers == record.layers
    assert again.facts == record.facts
    assert again.producer == "test"
    for name, series in record.series.items():
        assert np.array_equal(again[name], series, equal_nan=True)


def test_a_restored_builder_goes_on_like_the_first() -> None:
    whole = filled(400, stride=4, capacity=32)
    first = filled(150, stride=4, capacity=32)
    second = RecordBuilder("test", LAYERS, facts={"loss": "huber"}, stride=4, capacity=32)
    second.restore(first.build())
    for step in range(150, 400):
        if second.due(step):
            second.add(row(step))
    assert np.array_equal(second.build()["step"], whole.build()["step"])


def test_damaged_files_and_unknown_series_are_told(tmp_path: Path) -> None:
    record = filled(10).build()
    with pytest.raises(InvalidInputError, match="no series 'loss'"):
        record["loss"]
    path = tmp_path / "record.npz"
    save_record(record, path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataFormatError, match="not a run record"):
        load_record(path)
    np.savez(path, header=np.frombuffer(b'{"format": "other"}', np.uint8))
    with pytest.raises(DataFormatError, match="other"):
        load_record(path)


def test_statistics_are_accurate_in_float32() -> None:
    values = np.random.default_rng(0).normal(1000.0, 0.5, (300, 70)).astype(np.float32)
    mean, std = st.mean_and_std(values)
    assert mean == pytest.approx(values.astype(float).mean(), rel=1e-7)
    assert std == pytest.approx(values.astype(float).std(), rel=1e-3)
    assert st.root_mean_square(values) == pytest.approx(1000.0, rel=1e-4)
    assert np.isnan(st.mean_and_std(np.empty((0, 3)))[0])
    assert st.dead_share(np.array([[0.0, 0.0], [0.0, 1.0]])) == 0.5
    assert st.saturated_share(np.array([1.0, 0.009, -0.5]), 1.0) == pytest.approx(1 / 3)
