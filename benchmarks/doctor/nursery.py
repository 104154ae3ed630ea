"""Run many small programs quickly: the libraries are imported once, each run is a fork.

``python -m benchmarks.doctor.nursery`` reads one JSON line a run (``path``, ``seed``, ``timeout``)
and answers with one (``status``, ``stdout``, ``seconds``). Importing scikit-learn takes three times
as long as most of the programs that the judge runs.
"""

import contextlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback

import numpy as np  # noqa: F401 - imported once for all
import sklearn.datasets
import sklearn.model_selection
import sklearn.preprocessing  # noqa: F401

from benchmarks.doctor import seeded

MEMORY = 3_000_000_000


def child(job: dict, out: str) -> None:
    """Become the program; never returns."""
    code = 1
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        for number, name, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, out, os.O_WRONLY | os.O_CREAT),
        ):
            os.dup2(os.open(name, flags, 0o600), number)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            seed = [] if job["seed"] is None else [str(job["seed"])]
            sys.argv = ["seeded.py", *(seed or ["own"]), job["path"]]
            sys.path[0] = ""
            sys.stdout = open(1, "w", buffering=1 << 16, closefd=False, encoding="utf-8")  # noqa: SIM115
            seeded.main()
        sys.stdout.flush()
        code = 0
    except SystemExit as end:
        sys.stdout.flush()
        code = 0 if end.code in {None, 0} else 1
    except BaseException:  # noqa: BLE001 - whatever a program raises, the nursery lives on
        with contextlib.suppress(BaseException):
            traceback.print_exc(limit=3)
    finally:
        os._exit(code)


def run(job: dict) -> dict:
    """One program in a fork of this process."""
    handle, out = tempfile.mkstemp()
    os.close(handle)
    started = time.monotonic()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        child(job, out)
    status = "timeout"
    while time.monotonic() - started < job["timeout"]:
        done, code = os.waitpid(pid, os.WNOHANG)
        if done:
            status = "finished" if code == 0 else "raised"
            break
        time.sleep(0.01)
    else:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    with open(out, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        text = file.read()[-1500:]
    os.unlink(out)  # noqa: PTH108
    return {"status": status, "stdout": text, "seconds": round(time.monotonic() - started, 2)}


def main() -> None:
    """Answer line by line until the input ends."""
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
