"""Runs the program: sets the stage, rewrites, runs, and writes down what was seen."""

from __future__ import annotations

import builtins
import json
import os
import signal
import sys
import threading
import time
import types
from contextlib import suppress
from typing import Any

from .counter import LoopCounter
from .failure import describe, own_part, show
from .loader import OwnModules, Sources
from .rewrite import PREFIX, LoopRewriter
from .setting import Seeds, Windows
from .stop import Ending, Stopped
from .store import write_json

SYNTAX = "syntax"


def main(path: str, seeds: Seeds | None = None) -> None:
    """Run the program that a request names; ``seeds`` where they were installed before."""
    with open(path, encoding="utf-8") as file:
        request = json.load(file)
    if seeds is None:
        seeds = Seeds()
        seeds.install()
    run = Run(request, seeds)
    status = run.go()
    if run.pid != os.getpid():  # a child that was forked and came back up here
        return
    run.finish(status)


class Run:
    """One run of one program."""

    def __init__(self, request: dict[str, Any], seeds: Seeds) -> None:
        self.request = request
        self.pid = os.getpid()
        self.ending = Ending()
        self.sources = Sources(request["root"], request["files"], request["entry"])
        self.sites = self.sources.sites
        self.numbers = {site.key: site.id for site in self.sites}
        self.counter = LoopCounter(len(self.sites), self.ending)
        self.seeds = seeds
        self.windows = Windows()
        self.observer = make_observer(self)
        self.report: dict[str, Any] = {"exit_code": None, "error": None}
        self.began = time.perf_counter()
        self.prepared = False

    def number(self, key: Any) -> int | None:
        """The site that a key names."""
        return None if key is None else self.numbers.get(tuple(key))

    # --------------------------------------------------------------------------- rewriting
    def wait(self) -> None:
        """Arrange what happens at the beginning of iterations."""
        stop, after = self.number(self.request.get("stop_loop")), self.request.get("stop_after")
        if stop is not None and after is not None:

            def end(count: int) -> None:
                if count > after:
                    self.counter.count[stop] = after
                    self.ending.stop("iterations")

            self.counter.wait(stop, end)
        self.observer.wait(self)
        for key, most in self.request.get("shorten") or ():
            site = self.number(key)
            if site is not None:
                self.counter.shortened[site] = most

    def rewrite(self, tree: Any, file: str) -> Any:
        """One file with its hooks."""
        waited, shortened = frozenset(self.counter.waits), frozenset(self.counter.shortened)
        rewriter = self.observer.rewriter(waited, shortened, file)
        return rewriter.visit(tree)

    def hooks(self) -> dict[str, Any]:
        """What the rewritten program calls."""
        counter = self.counter
        return {
            "count": counter.count,
            "tick": counter.tick,
            "enough": counter.enough,
            "caught": self.caught,
            "slice": slice,
            **counter.guarded(),
            **self.observer.hooks(),
        }

    def caught(self) -> None:
        """The program caught something: not our own end of it."""
        if self.ending.why and threading.get_ident() == self.counter.main:
            self.ending.caught()

    # ------------------------------------------------------------------------------ running
    def go(self) -> str:
        """Run the program; how it ended."""
        request = self.request
        self.set_stage()
        main = types.ModuleType("__main__")
        path = self.sources.path(request["entry"])
        main.__dict__.update(__file__=path, __builtins__=builtins, __package__=None)
        if request.get("package"):
            main.__package__ = request["package"]
        if request.get("notebook"):
            from .notebook import NAMES  # only there

            del main.__dict__["__file__"]
            main.__dict__.update(NAMES)
        sys.modules["__main__"] = main
        try:
            self.execute(main.__dict__)
        except Stopped:
            return "stopped"
        except SystemExit as error:
            return self.exited(error)
        except BaseException as error:  # noqa: BLE001 - whatever ended it is told
            return self.raised(error)
        return "stopped" if self.ending.why else "finished"

    def execute(self, namespace: dict[str, Any]) -> None:
        """The entry; a notebook's cell after what it finds there."""
        entry, told = self.request["entry"], self.request.get("namespace")
        if not told:
            code = self.sources.code(entry, self.rewrite)
            self.began = time.perf_counter()
            exec(code, namespace)  # noqa: S102 - running the program is the point
            return
        from .boundary import Boundary  # only there

        boundary = Boundary(told, self)
        head, cell = self.sources.halves(entry, self.rewrite, boundary.line)
        self.began = time.perf_counter()
        exec(head, namespace)  # noqa: S102
        boundary.cross(namespace)
        exec(cell, namespace)  # noqa: S102

    def set_stage(self) -> None:
        """Everything that must be as if the program had been started alone."""
        request = self.request
        path = self.sources.path(request["entry"])
        sys.argv[:] = [path, *request["arguments"]]
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        sys.path[:] = [p for p in sys.path if p not in {here, ""}]
        folder = os.path.dirname(path)
        for _ in (request.get("package") or "").split(".") if request.get("package") else ():
            folder = os.path.dirname(folder)
        sys.path.insert(0, folder)
        self.wait()
        OwnModules(self.sources, self.rewrite).install()
        self.windows.install()
        for name, hook in self.hooks().items():
            setattr(builtins, PREFIX + name, hook)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forked)
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGTERM"):
            signal.signal(signal.SIGTERM, self.ended_from_outside)
        self.seeds.begin(request.get("seed"))

    def forked(self) -> None:
        """In a child of the program nobody watches."""
        self.counter.main = -1
        self.ending.why = ""
        self.observer.away()
        with suppress(ValueError, OSError):
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def exited(self, error: SystemExit) -> str:
        """`sys.exit(...)`."""
        code = error.code
        if code is not None and not isinstance(code, int):
            sys.stderr.write(f"{code}\n")
            code = 1
        self.report["exit_code"] = code or 0
        if self.ending.why:
            return "stopped"
        if not code:
            return "finished"
        self.report["error"] = describe(error, self.sources, "")
        return "exited"

    def raised(self, error: BaseException) -> str:
        """An exception came out of the program."""
        if self.ending.why:
            return "stopped"
        text = show(error)
        self.report["exit_code"] = 1
        self.report["error"] = describe(error, self.sources, text)
        if isinstance(error, SyntaxError) and self.sources.file_of(error.filename):
            return SYNTAX
        return "raised"

    # ------------------------------------------------------------------------------- ending
    def ended_from_outside(self, *_: Any) -> None:
        """The time is up: write down what is known, and go."""
        if self.pid != os.getpid():
            os._exit(1)
        self.report["exit_code"] = None
        self.write("timeout")
        flush()
        os._exit(1)

    def write(self, status: str) -> None:
        """Write the report, then what the observer has."""
        if self.prepared:
            return
        self.prepared = True
        seconds = time.perf_counter() - self.began
        updates = {site.id: site.updates for site in self.sites if site.updates}
        report = {
            **self.report,
            "status": status,
            "loops": self.counter.report(self.sites, updates),
            "seconds": seconds,
            "notes": self.notes(),
        }
        write_json(self.request["out"], "report.json", report)
        self.observer.write(self.request["out"], self.ending.why or ENDS.get(status, "error"))

    def notes(self) -> list[str]:
        """What was different from an ordinary run."""
        notes = [f"{file} ran unwatched: {why}" for file, why in self.sources.plain.items()]
        if self.windows.shown:
            notes.append(f"did not show {self.windows.shown} plots")
        if self.seeds.unseeded and self.seeds.seed is None:
            notes.append(f"gave a seed to {self.seeds.unseeded} generators without one")
        return notes

    def finish(self, status: str) -> None:
        """The end of the run, with the exit code that Python would give."""
        with suppress(AttributeError, ValueError, OSError):
            self.observer.away()
        self.write(status)
        flush()
        if status == "stopped":
            os._exit(0)
        if hasattr(signal, "SIGTERM"):
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        code = self.report["exit_code"]
        if code:
            sys.exit(code)


ENDS = {"finished": "end", "exited": "end"}


def flush() -> None:
    """Let out what was printed."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError, OSError):
            stream.flush()


class Tally:
    """The observer that only counts."""

    def wait(self, run: Run) -> None:
        """Nothing to wait for."""

    def rewriter(self, waited: Any, shortened: Any, file: str) -> Any:
        """Loops only."""
        return LoopRewriter(waited, shortened)

    def hooks(self) -> dict[str, Any]:
        """None."""
        return {}

    def away(self) -> None:
        """Nothing to stop."""

    def write(self, out: str, why: str) -> None:
        """Nothing to write."""


def make_observer(run: Run) -> Any:
    """What looks on, by the mode that was asked for."""
    mode = run.request["mode"]
    if mode == "tally":
        return Tally()
    from .observers import Recording, Watching  # only where they are needed: they cost a moment

    return Recording(run) if mode == "record" else Watching(run)


__all__ = ["Run", "main", "own_part"]
