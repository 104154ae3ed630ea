"""How kernels are compiled, where the results are kept, and what this processor's registers hold.

Compiling takes seconds, loading what was compiled milliseconds. Numba keeps it on disk and knows
when the file of a function changes, but not when a file it uses does; so the folder is named
after a digest of all kernel sources. It lies in the user's cache folder, which also serves
installations that cannot be written. Where that cannot be written either, kernels are compiled
in every process.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
from numba.extending import intrinsic

# contract: a * b + c may be rounded once. Nothing else is relaxed: sums keep their order, NaN and
# infinity stay what they are.
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}


def _registers() -> tuple[int, int, int]:
    """(bytes in a vector register, rows of a tile, vectors of a tile), for the host.

    R rows by V vectors keep R V sums, V vectors of B and up to R numbers of A in registers: 26 of
    the 32 of AVX-512 and NEON, 14 of the 16 of AVX and SSE.
    """
    features = llvmlite.binding.get_host_cpu_features()
    if features.get("avx512f"):
        return 64, 8, 2
    if features.get("avx"):
        return 32, 4, 2
    return 16, 4, 4 if features.get("neon") else 2


VECTOR_BYTES, ROWS, VECTORS = _registers()


def lanes(itemsize: int) -> int:
    """Numbers of ``itemsize`` bytes in one vector register."""
    return VECTOR_BYTES // itemsize


def panel(itemsize: int) -> int:
    """Columns of a tile: weights are kept in panels of so many columns."""
    return VECTORS * lanes(itemsize)


def cache_folder() -> Path | None:
    """The folder for compiled kernels, made if need be; None where there can be none."""
    home = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(home) if home else _user_cache()
    sources = sorted(Path(__file__).parent.glob("kernels_*.py"))
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sources:
        digest.update(source.read_bytes())
    folder = folder / "unstuck" / f"kernels-{digest.hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local")).expanduser()
    if sys.platform == "darwin":
        return Path("~/Library/Caches").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


# Functions that only kernels call need no doors to Python: a quarter of the time to compile.
INNER = OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def instruction(function: Callable[..., Any]) -> Any:
    """Let kernels call a function that writes LLVM instructions (see `kernels_tile`)."""
    return intrinsic(function)


def helper(function: Callable[..., Any]) -> Any:
    """Compile a function that only kernels call; it is kept as part of them."""
    return numba.njit(**INNER)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """The same for a function so short that calling it would cost more than what it does."""
    return numba.njit(forceinline=True, **INNER)(function)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function that the engine calls, at its first call; keep it on disk."""
    folder = cache_folder()
    if folder is None:
        return numba.njit(**OPTIONS)(function)
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)  # read once, while the function is wrapped
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    finally:
        numba.config.CACHE_DIR = before
