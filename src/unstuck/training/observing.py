"""Give a training run its eyes: a probe, an observer, a record builder with the run's facts."""

from __future__ import annotations

from typing import Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.record.run_record import RecordBuilder
from unstuck.record.statistics import mean_and_std
from unstuck.training.evidence import first_evidence
from unstuck.training.loop import Loop
from unstuck.training.observe import PROBE_ROWS, Observer, layer_infos, stride_for


def observe_run(loop: Loop, rng: np.random.Generator) -> None:
    """Attach an observer of `PROBE_ROWS` random training rows to a loop."""
    network, samples = loop.network, loop.samples
    n = len(samples)
    rows = np.sort(rng.permutation(n)[:PROBE_ROWS]) if n > PROBE_ROWS else np.arange(n)
    raw = np.asarray(samples.X[rows])
    x = network.prepare(raw)
    loop.observer = Observer(network, x, samples.targets[rows])
    loop.builder = RecordBuilder(
        "trainer",
        layer_infos(network),
        stride=stride_for(network, loop.batch_size, loop.engine.name),
        facts=facts(loop, raw, x),
        evidence=first_evidence(loop),
    )


def facts(loop: Loop, raw: Array, x: Array) -> dict[str, Any]:
    """What holds for the whole run, as JSON values."""
    network = loop.network
    with np.errstate(over="ignore", invalid="ignore"):  # inputs may be of any size
        mean, std = mean_and_std(x)
    return {
        "loss": network.loss_function.name,
        "output_activation": network.output_activation.name,
        "task": network.task,
        "l1": network.l1,
        "l2": network.l2,
        "dtype": network.dtype.name,
        "optimizer": repr(loop.optimizer),
        "schedule": repr(loop.schedule),
        "learning_rate": loop.learning_rate,
        "batch_size": loop.batch_size,
        "samples": len(loop.samples),
        "features": network.n_features,
        "outputs": network.n_outputs,
        "engine": loop.engine.name,
        "threads": loop.engine.threads,
        "raw_input_range": [float(raw.min()), float(raw.max())],
        "input_mean": mean,
        "input_std": std,
        "target_range": [float(loop.samples.targets.min()), float(loop.samples.targets.max())],
    }
