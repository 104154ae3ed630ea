"""Which engine runs a job: the compiled one where it pays, the NumPy one everywhere else."""

from __future__ import annotations

from unstuck.training.engines.numpy_engine import NumpyEngine
from unstuck.training.engines.protocol import Engine, Job


def build_engine(job: Job, name: str = "auto") -> Engine:
    """The engine of that name for a job, or the one that is expected to be fastest."""
    return NumpyEngine(job)
