"""The compiled engine: whole runs of updates in kernels that come back only to report.

A step on 64 samples is some 30 calls into NumPy, and a step on one sample is nothing but calls;
here a chunk of thousands of updates is one call. The kernels are Python, compiled by Numba for
this processor at first use (``kernels_*.py``); this file prepares the memory that they share and
starts the threads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np

from unstuck.base.arrays import AnyArray, Array, FloatDType
from unstuck.core.scaling import InputScaling
from unstuck.training.engines import kernels_layout as layout
from unstuck.training.engines.plan import Plan, one_by_one, plan_of
from unstuck.training.engines.protocol import Job, Progress

SLICE_ROWS = 1024  # samples that go through the network together, at most
STAGED_NUMBERS = 1 << 19  # raw numbers converted at a time, where kernels cannot read them
ZERO_ROWS = 256  # rows looked at to see whether the inputs are mostly zeros
ZERO_SHARE = 0.3  # of the inputs, from which on leaving zeros out pays


class CompiledEngine:
    """Runs updates in compiled kernels, on one or more cores.

    Parameters
    ----------
    job : Job
        What to work on; `unstuck.training.engines.plan.plan_of` must accept it.
    threads : int
        Cores to use. The result does not depend on it.

    Raises
    ------
    InvalidInputError
        When the kernels cannot do this job; the message says why.
    """

    name = "compiled"

    def __init__(self, job: Job, threads: int = 1) -> None:
        self.plan = plan_of(job)
        self.job, self.threads = job, 1 if self.plan.one_by_one else threads
        self.raw = as_kernels_read(job.X)
        self.settings, self.space, self.held = prepare(job, self.plan, self.raw, self.threads)
        self.pool = ThreadPoolExecutor(self.threads - 1) if self.threads > 1 else None
        self.run(np.empty(0, np.intp), np.empty(0), 0)  # compiles, so that no update has to wait
        remember_compiled(kernel_name(job))

    def run(self, indices: AnyArray, learning_rates: Array, first_step: int) -> Progress:
        """Do the updates; see `Engine.run`."""
        indices = np.require(indices, np.intp, ["C", "W"])
        rates = np.require(learning_rates, np.float64, ["C", "W"])
        if len(indices) and (indices.min() < 0 or indices.max() >= len(self.job.X)):
            raise IndexError(f"row numbers must be from 0 to {len(self.job.X) - 1}")
        costs, weights = np.empty(len(rates)), np.empty(len(rates))
        done = hits = 0
        for start, stop, rows, places in self._stages(indices, len(rates)):
            part = slice(start, stop)
            steps, found = self._call(
                rows, places, rates[part], first_step + start, costs[part], weights[part]
            )
            done, hits = done + steps, hits + found
            if steps < stop - start:
                break
        samples = min(len(indices), done * self.job.batch_size)
        finite = done == len(rates)
        return Progress(costs[:done], weights[:done], hits, samples, finite=finite)

    def _stages(
        self, indices: AnyArray, steps: int
    ) -> Iterator[tuple[int, int, AnyArray, AnyArray]]:
        """(first step, one after the last, rows, their places in the raw data)."""
        if self.raw is not None:
            yield 0, steps, indices, indices
            return
        size = self.job.batch_size
        stride = max(1, STAGED_NUMBERS // (size * self.job.network.n_features))
        for start in range(0, steps, stride) or [0]:
            stop = min(steps, start + stride)
            rows = indices[start * size : stop * size]
            staged = np.ascontiguousarray(self.job.X[rows], np.float64)
            self.settings["inputs"] = address_of(staged)
            self.settings["row_bytes"] = staged.strides[0]
            yield start, stop, rows, np.arange(len(rows))

    def _call(
        self,
        rows: AnyArray,
        places: AnyArray,
        rates: Array,
        first_step: int,
        costs: Array,
        weights: Array,
    ) -> tuple[int, int]:
        """Some updates by all threads; returns (updates done, hits)."""
        if self.plan.one_by_one:
            from unstuck.training.engines.kernels_single import run_singles

            done, hits = run_singles(self.settings, self.space, rows, places, rates, costs, weights)
            return done, hits
        from unstuck.training.engines.kernels_batch import run_batches

        def run(thread: int) -> tuple[int, int]:
            done, hits = run_batches(
                self.settings, self.space, thread, self.threads,
                rows, places, rates, first_step, costs, weights,
            )  # fmt: skip
            return done, hits

        pool = self.pool
        others = [] if pool is None else [pool.submit(run, t) for t in range(1, self.threads)]
        try:
            return run(0)
        finally:  # no thread may outlive the call: the next one uses the same memory
            for other in others:
                other.result()


def kernel_name(job: Job) -> str:
    """Which compiled code a job runs: one kernel for single samples, one for batches, a dtype."""
    return f"{'single' if one_by_one(job) else 'batch'}-{job.network.dtype.name}"


def remember_compiled(name: str) -> None:
    """Leave a mark beside the compiled code, so that the next process knows it need not wait."""
    from unstuck.training.engines.kernels_build import cache_folder

    folder = cache_folder()
    if folder is not None:
        with suppress(OSError):
            (folder / f"{name}.ready").touch()


def is_compiled(name: str) -> bool:
    """True if the code of that name is on disk."""
    from unstuck.training.engines.kernels_build import cache_folder

    folder = cache_folder()
    return folder is not None and (folder / f"{name}.ready").exists()


def as_kernels_read(X: AnyArray) -> AnyArray | None:
    """``X`` itself where kernels can read it in place, else None."""
    from unstuck.training.engines.kernels_gather import CODES

    readable = X.dtype.name in CODES and X.dtype.isnative and X.flags.aligned
    return X if readable and X.strides[1] == X.itemsize else None


def prepare(
    job: Job, plan: Plan, raw: AnyArray | None, threads: int
) -> tuple[np.void, Array, dict[str, AnyArray]]:
    """What the kernels are told, the memory they work in, and the arrays they know by address."""
    from unstuck.training.engines.kernels_build import ROWS, panel
    from unstuck.training.engines.kernels_gather import CODES

    network = job.network
    dtype, features = network.dtype, network.n_features
    tile = (ROWS, panel(dtype.itemsize))
    rows = min(job.batch_size, SLICE_ROWS)
    fused = job.clip_norm is None and rows == job.batch_size
    layers, size = layout.lay_out(
        plan.sizes, plan.codes, plan.needs_slope, rows, tile, dtype.itemsize,
        with_gradient=not fused,
    )  # fmt: skip
    blocks = -(-(max(plan.sizes[:-1]) // ROWS + 1) // threads)  # of weights that are one thread's
    packed = blocks * ROWS * rows  # and their inputs
    scratch = layout.up(max(math.prod(tile) + packed, features + 64), layout.LINE)
    space = layout.aligned(size + threads * scratch, dtype)
    sparse = mostly_zeros(job.X, network.scaling, dtype)
    held = working_arrays(job, plan.sizes, rows, blocks * threads, sparse=sparse)
    held["layers"] = layers
    told: dict[str, float] = {name: address_of(array) for name, array in held.items()}
    told |= {
        "batch_size": job.batch_size,
        "slice_rows": rows,
        "n_layers": len(layers),
        "panel": tile[1],
        "features": features,
        "outputs": network.n_outputs,
        "raw": CODES["float64" if raw is None else raw.dtype.name],
        "inputs": 0 if raw is None else address_of(raw),
        "row_bytes": 0 if raw is None else raw.strides[0],
        "row_used": features * (8 if raw is None else raw.itemsize),
        "sparse": sparse,
        "weighted": job.sample_weight is not None,
        "fused": fused,
        "scratch": size,
        "thread_scratch": scratch,
        "column_list": 4 * (features + 1),
        "blocks": blocks,
        "sample_list": 4 * (rows + 1),  # one more is written than is counted
        "l1": network.l1,
        "l2": network.l2,
        "tiny": 1e-30 if dtype.itemsize == 4 else 1e-290,
        "clip_norm": math.inf if job.clip_norm is None else float(job.clip_norm),
    }
    told |= plan.settings()
    settings = np.zeros(1, layout.SETTINGS)
    for name, value in told.items():
        settings[name] = value
    return settings[0], space, held


def working_arrays(
    job: Job, sizes: tuple[int, ...], rows: int, blocks: int, *, sparse: bool
) -> dict[str, AnyArray]:
    """Everything that kernels know by its address, by the name in `kernels_layout.SETTINGS`."""
    from unstuck.training.engines.kernels_build import ROWS

    dtype, features = job.network.dtype, sizes[0]
    shift, scale = scaling_constants(job.network.scaling, features)
    tiles = -(-rows // ROWS)
    held = {
        "theta": job.network.theta,
        "shift": shift.astype(dtype),
        "shift_exact": shift,
        "scale": scale.astype(dtype),
        "targets": np.require(job.targets, dtype, ["C", "W"]),
        "everything": np.arange(max(*sizes, rows) + 1, dtype=np.int32),
        "column_lists": np.empty(sparse * tiles * (features + 1), np.int32),
        "sample_lists": np.empty(blocks * (rows + 1), np.int32),
        "column_counts": np.zeros(tiles, np.int64),
        "sample_counts": np.zeros(blocks, np.int64),
        "losses": np.zeros(rows),
        "hits": np.zeros(rows, np.int64),
        "norms": np.zeros(sum(n // ROWS + 1 for n in sizes[:-1])),
        "counter": np.zeros(1, np.int64),
    }
    if job.sample_weight is not None:
        held["sample_weight"] = np.require(job.sample_weight, dtype, ["C", "W"])
    slots = [job.buffers[name] for name in job.optimizer.slots]
    held |= zip(("first_slot", "second_slot"), slots, strict=False)
    return held


def address_of(array: AnyArray) -> int:
    """Where an array begins."""
    address: int = array.__array_interface__["data"][0]
    return address


def scaling_constants(scaling: InputScaling | None, features: int) -> tuple[Array, Array]:
    """Shift and scale of every feature, (features,) float64 each."""
    shift, scale = (0.0, 1.0) if scaling is None else (scaling.shift, scaling.scale)
    return (
        np.broadcast_to(np.asarray(shift, np.float64), features).copy(),
        np.broadcast_to(np.asarray(scale, np.float64), features).copy(),
    )


def mostly_zeros(X: AnyArray, scaling: InputScaling | None, dtype: FloatDType) -> bool:
    """Whether so many inputs vanish that leaving them out pays."""
    rows = np.asarray(X[:: max(1, len(X) // ZERO_ROWS)])
    scaled = rows if scaling is None else scaling.apply(rows, dtype)
    return bool(np.count_nonzero(scaled) < (1 - ZERO_SHARE) * scaled.size)
