"""How many processor cores the linear algebra libraries may use, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def limit_blas_threads(threads: int) -> Iterator[None]:
    """Let NumPy's and SciPy's BLAS use at most ``threads`` cores inside the block."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=threads, user_api="blas"):
        yield
