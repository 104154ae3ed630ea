"""Which engine runs a job: the compiled one where it pays, the NumPy one everywhere else.

The compiled engine is the faster one, but not for nothing: every process takes a third of a
second to load its kernels, and the first job of its kind on a machine waits three to ten
seconds for the compiler. So a short job is left to NumPy, a long one is compiled for, and one in
between takes the kernels if an earlier job has had them compiled. What ran is in the run's
record; name an engine where two runs must be equal to the last bit.
"""

from __future__ import annotations

from unstuck.base.errors import InvalidInputError, lookup
from unstuck.base.threads import available_cores
from unstuck.training.engines.numpy_engine import NumpyEngine
from unstuck.training.engines.plan import unsupported
from unstuck.training.engines.protocol import Engine, Job

ENGINES = {"auto": None, "numpy": "numpy", "compiled": "compiled"}

# Measured on a 2-core x86-64 machine (docs/measured.md): what NumPy takes for an update, and how
# long NumPy must take for a whole run before loading, or compiling, is worth it.
CALLS_SECONDS_PER_LAYER, SECONDS_PER_FLOP = 18e-6, 8e-12
WORTH_LOADING_SECONDS, WORTH_COMPILING_SECONDS = 0.7, 10.0
# Work in one update for each core that takes part. Two measurements on the same two cores do not
# agree. In a quiet hour a second core gained from the smallest update on (784-128-128-10 at 64,
# 5e7 operations: 178 us on one, 96 us on two). In another, through the whole trainer, it lost up to
# 8e9: 140 us and 220 us there, 784-512-512-10 at batch 128 0.79 s and 1.02 s an epoch, and only
# 784-800-800-10 at batch 1024 gained, 1.55 s and 1.37 s. A core that is taken away while the other
# waits for it costs more than it can give, so it is asked for only where it gained both times.
FLOPS_A_THREAD, MOST_THREADS = 1e9, 4


def build_engine(job: Job, name: str = "auto") -> Engine:
    """The engine of that name for a job, or the one that is expected to be faster.

    Raises
    ------
    InvalidInputError
        For an unknown name, or for ``"compiled"`` where the kernels cannot do the job; the
        message says why.
    """
    lookup(name, ENGINES, "engine")
    reason = None if name == "numpy" else unsupported(job)
    if name == "compiled" and reason is not None:
        raise InvalidInputError(
            f"engine='compiled' cannot train this: {reason}. Use engine='numpy' or 'auto'."
        )
    if name == "numpy" or reason is not None:
        return NumpyEngine(job)
    if name == "auto" and numpy_seconds(job) < WORTH_LOADING_SECONDS:
        return NumpyEngine(job)
    from unstuck.training.engines.compiled import CompiledEngine, is_compiled, kernel_name

    if (
        name == "auto"
        and numpy_seconds(job) < WORTH_COMPILING_SECONDS
        and not is_compiled(kernel_name(job))
    ):
        return NumpyEngine(job)
    return CompiledEngine(job, job.threads or useful_threads(job))


def flops(job: Job) -> float:
    """Floating-point operations of one update, forward and backward."""
    return 6.0 * job.network.theta.size * job.batch_size


def numpy_seconds(job: Job) -> float:
    """What NumPy is expected to take for the whole job."""
    calls = CALLS_SECONDS_PER_LAYER * len(job.network.layers)
    return job.total_steps * (calls + flops(job) * SECONDS_PER_FLOP)


def useful_threads(job: Job) -> int:
    """Cores that pay for a job."""
    return max(1, min(available_cores(), MOST_THREADS, int(flops(job) / FLOPS_A_THREAD)))
