"""How many processor cores the linear algebra libraries may use, for a while."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
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
    """Processor cores that this process may use.

    >>> available_cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
