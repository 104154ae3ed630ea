"""How many processor cores there are for us, and how many the linear algebra libraries may use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any


@contextmanager
def limit_blas_threads(threads: int) -> Iterator[None]:
    """Let NumPy's and SciPy's BLAS use at most ``threads`` cores inside the block.

    >>> with limit_blas_threads(1):
    ...     pass
    """
    with _controller(len(sys.modules)).limit(limits=threads, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _controller(imports: int) -> Any:
    """What holds the libraries that are loaded; looking for them costs 3 ms.

    It is kept as long as no further module is imported, since that is how libraries come.
    """
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def available_cores() -> int:
    """Processor cores that this process may use, at least 1.

    Those that the system lets it run on, but no more than a container's share of time, and no
    more than ``OMP_NUM_THREADS``, which job runners set for each of their workers.

    >>> available_cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal():
        cores = min(cores, int(asked))
    return max(1, min(cores, _container_share(Path("/sys/fs/cgroup/cpu.max"), cores)))


def _container_share(file: Path, otherwise: int) -> int:
    """Whole cores that a container's quota ("microseconds period", or "max ...") comes to."""
    try:
        quota, period = file.read_text().split()
        return int(quota) // int(period)
    except (OSError, ValueError):  # no such file, or no quota
        return otherwise
