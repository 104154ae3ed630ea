"""How much memory a network would take, said before anything is allocated."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise

from unstuck.base.errors import InvalidInputError

COPIES = 6  # parameters, gradient, two buffers of Adam, and a copy for measuring and its way back
SHARE = 0.8  # of the memory of the machine that may be asked for


def check_memory(sizes: Sequence[int], *, dtype_bytes: int = 4, rows: int = 256) -> int:
    """The bytes that training a network of these widths needs; refuses what cannot fit.

    ``sizes`` are the widths from inputs to outputs; ``rows`` are looked at at once.

    >>> check_memory([64, 20, 10]) < 1e6
    True
    >>> check_memory([64, *[100_000] * 1000, 10])
    Traceback (most recent call last):
    ...
    unstuck.base.errors.InvalidInputError: a network of 1,001 layers with 9,990,107,400,010 \
parameters needs about ... GB of memory; this machine has ... GB. Take fewer or narrower layers.
    """
    sizes = [int(width) for width in sizes]
    parameters = sum(m * n + n for m, n in pairwise(sizes))
    needed = dtype_bytes * (COPIES * parameters + 3 * rows * sum(sizes))
    present = physical_memory()
    if present and needed > SHARE * present:
        raise InvalidInputError(
            f"a network of {len(sizes) - 1:,} layers with {parameters:,} parameters needs about "
            f"{needed / 1e9:,.0f} GB of memory; this machine has {present / 1e9:,.0f} GB. "
            "Take fewer or narrower layers."
        )
    return needed


def physical_memory() -> int:
    """Bytes of memory in this machine; 0 where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0
