"""Where the threads of a step wait for one another.

All threads run the same kernel on their own share of the work and meet twice an update: before
weights change (all gradients are known) and after (all weights are new). A meeting takes less
than a microsecond, so nothing is handed to sleeping threads; who waits spins, and after a while
lets others have the processor in case that the missing thread is among them.
"""

from __future__ import annotations

import sys
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from unstuck.training.engines.kernels_build import helper, instruction

SPINS = 4000  # about 20 us, far more than a balanced share of an update differs from another
YIELD = "SwitchToThread" if sys.platform == "win32" else "sched_yield"


I64 = ir.IntType(64)


@instruction
def arrive(typingctx: Any, counter: Any) -> Any:
    """Add 1 to the int64 at an address, atomically, and return it; earlier writes are visible."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        one, place = ir.Constant(I64, 1), builder.inttoptr(args[0], I64.as_pointer())
        return builder.add(builder.atomic_rmw("add", place, one, "seq_cst"), one)

    return types.int64(types.int64), generate


@instruction
def arrivals(typingctx: Any, counter: Any) -> Any:
    """The int64 at an address as the other threads left it."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load_atomic(builder.inttoptr(args[0], I64.as_pointer()), "acquire", 8)

    return types.int64(types.int64), generate


@instruction
def yield_processor(typingctx: Any) -> Any:
    """Let another thread run, if one waits."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, YIELD), [])

    return types.int32(), generate


@helper
def meet(counter: int, threads: int) -> None:
    """Wait until all threads are here. ``counter`` is the address of an int64 that only grows."""
    if threads == 1:
        return
    mine = arrive(counter)
    enough = (mine + threads - 1) // threads * threads
    spins = 0
    while arrivals(counter) < enough:
        spins += 1
        if spins > SPINS:
            yield_processor()
