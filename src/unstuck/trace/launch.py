"""The first thing that runs in the child: it limits itself, then hands over to the probe.

This file is copied beside the probe and run by the program's own interpreter, which may be older
than ours and does not know unstuck: standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import faulthandler
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

FAILED = 86  # exit code: the probe itself could not be loaded
FAILURE_FILE = "launch_error.txt"
WHERE_FILE = "where.txt"  # what every thread was doing when time was up
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
FILE_BYTES = 2_000_000_000  # no file that the program writes may grow beyond


def prepare(
    out: str, parent: int, memory_bytes: int | None, cpu_seconds: int, guarded: str | None
) -> None:
    """Make this process one that ends with its parent and stays within its limits.

    ``guarded`` is the folder whose files are only linked to, or None: a link into it is replaced
    by a copy before it is opened for writing.
    """
    _die_with(parent)
    _limit(memory_bytes, cpu_seconds)
    # What a terminal does: a line is out once it is printed, and a fork does not print it twice.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True)
    faulthandler.enable()
    if hasattr(faulthandler, "register"):
        where = (Path(out) / WHERE_FILE).open("w")  # open as long as we run
        faulthandler.register(signal.SIGUSR2, file=where, all_threads=True)
    if guarded is not None:
        sys.addaudithook(_write_guard(guarded + os.sep))


def nurse(line: int, out: str, parent: int, modules: list[str]) -> None:
    """Be the process that others are forked from; goes on in the children as their run."""
    _die_with(parent)
    _inherit_orphans()
    main = load_probe(out)
    from _unstuck_nurse import attend, settle  # type: ignore[import-not-found]
    from _unstuck_probe import observers  # type: ignore[import-not-found]  # noqa: F401 - no child need
    from _unstuck_probe.setting import Seeds  # type: ignore[import-not-found]

    seeds = Seeds()
    seeds.install()
    own = os.getpid()
    birth = attend(line, modules)
    if birth is None:
        return
    _inherit_orphans()  # its own before the nurse's: so hers are those of runs that ended
    settle(birth)
    prepare(birth["out"], own, birth["memory_bytes"], birth["cpu_seconds"], birth["guarded"])
    main(birth["asked"], seeds)


def load_probe(out: str) -> Callable[..., None]:
    """Import the probe's ``main``, its bytecode kept for the runs that follow."""
    without, prefix = sys.dont_write_bytecode, sys.pycache_prefix
    sys.dont_write_bytecode, sys.pycache_prefix = False, None
    try:
        from _unstuck_probe.main import main  # type: ignore[import-not-found]
    except BaseException:  # noqa: BLE001 - whatever it was, the parent reads it there
        (Path(out) / FAILURE_FILE).write_text(traceback.format_exc(), encoding="utf-8")
        os._exit(FAILED)
    finally:
        sys.dont_write_bytecode, sys.pycache_prefix = without, prefix
    return main  # type: ignore[no-any-return]


def _die_with(parent: int) -> None:
    """On Linux: be killed when the parent dies, however it dies."""
    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes  # NumPy imports it anyway

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (ImportError, OSError, AttributeError):
        return
    if os.getppid() != parent:  # it died before we asked
        os._exit(FAILED)


def _inherit_orphans() -> None:
    """On Linux: be the parent of descendants whose parents are gone."""
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def _limit(memory_bytes: int | None, cpu_seconds: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted = [
        # Of what is the process's own and writable, whether touched or not. The address space
        # (RLIMIT_AS) would also count what BLAS and threads reserve and never use.
        (resource.RLIMIT_DATA, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),  # should the parent be gone
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ]
    for kind, value in wanted:
        if value is None:
            continue
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (value, hard))


def _write_guard(guarded: str) -> Callable[[str, tuple[Any, ...]], None]:
    """A hook that never lets a file be written through a link into ``guarded``."""

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if isinstance(mode, str):
                writes = bool(set(mode) & set("wa+"))
            else:
                writes = isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
            if writes and not isinstance(path, int):
                _detach(Path(os.fsdecode(path)), guarded, empty="w" in (mode or ""))
        elif event in CHANGES and not isinstance(arguments[0], int):
            _detach(Path(os.fsdecode(arguments[0])), guarded, empty=False)

    return watch


CHANGES = {"os.truncate", "os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr"}


def _detach(path: Path, guarded: str, *, empty: bool) -> None:
    """Put a copy of the file (or an empty file) in the place of a link into ``guarded``."""
    if not path.is_symlink():
        return
    target = os.readlink(path)  # noqa: PTH115 - Path.readlink came with Python 3.9
    if not target.startswith(guarded):
        return
    own = path.with_name(path.name + ".unstuck")
    if empty:
        own.write_bytes(b"")
    else:
        if Path(target).stat().st_size > shutil.disk_usage(path.parent).free // 2:
            raise PermissionError(13, "too large to be copied before it is changed", str(path))
        shutil.copyfile(target, own)
    own.replace(path)
