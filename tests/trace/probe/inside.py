"""Programs run under the probe within this process: quick, and the recorder can be looked at.

`record` and `watch` give what the parent would load; `plainly` is the program without any of it.
`inconsistent` computes every node of a tape anew from its parents: a recorder that loses a write
or mixes up two values is found out by it.
"""

import builtins
import contextlib
import io
import os
import sys
import tempfile
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.trace.probe.main import Run
from unstuck.trace.probe.rewrite import PREFIX
from unstuck.trace.probe.stop import Stopped
from unstuck.trace.replay import NoValue, evaluate, filled
from unstuck.trace.tape import LEAF, Node, Tape
from unstuck.trace.tape_file import load_tape, load_watched

DEFAULTS = {
    "seed": None,
    "loop": None,
    "skip": 0,
    "max_nodes": 50_000,
    "max_bytes": 400_000_000,
    "turns": 10_000,
    "watch": [],
    "head": 300,
    "tail": 300,
    "grid": 200,
    "arguments": [],
}
KNOWN = {"leaf", "opaque", "shuffle"}  # made by nothing that could be done again


@dataclass
class Ran:
    """What a run brought: the tape (or the samples), what was printed, and how it ended."""

    tape: Tape
    printed: str
    error: BaseException | None
    watched: tuple[Any, ...]
    run: Run

    def __post_init__(self):
        self.sites = self.run.sites

    def made(self, op: str) -> list[Node]:
        """The nodes of one operation."""
        return [node for node in self.tape if node.op == op]

    def one(self, op: str) -> Node:
        """The only node of an operation."""
        (node,) = self.made(op)
        return node

    def bound(self, text: str, frame: int | None = None) -> Node:
        """What a text meant last."""
        found = [b for b in self.tape.bindings if b.text == text and frame in {None, b.frame}]
        return self.tape[found[-1].node]

    def text(self, node: Node) -> str:
        """The source of the expression that made a node."""
        site = self.tape.site_of(node)
        return "" if site is None else site.text


def keys_of(run: Run, kind: str, text: str) -> list[tuple[Any, ...]]:
    """The keys of the sites with a kind and a text."""
    return [site.key for site in run.sites if site.kind == kind and site.text.startswith(text)]


def record(source: str, *, files=None, loop: str | None = None, **request) -> Ran:
    """Run a program with a tape. ``loop`` is the beginning of the training loop's text."""
    return inside("record", source, files or {}, {"loop": loop}, request)


def watch(source: str, *texts: tuple[str, str], **request) -> Ran:
    """Run a program, the expressions given by (kind, beginning of the text) sampled."""
    return inside("watch", source, {}, {"watch": texts}, request)


def tally(source: str, **request) -> Ran:
    """Run a program with its loops counted."""
    return inside("tally", source, {}, {}, request)


def inside(mode, source, files, by_text, given) -> Ran:
    """Run a program under the probe."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"program.py": source, **files}
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        request = {**DEFAULTS, **given, "mode": mode, "files": files, "entry": "program.py"}
        request.update(root=folder, out=folder)
        named = Run({**request, "mode": "tally"})
        if by_text.get("loop"):
            request["loop"] = keys_of(named, "loop", by_text["loop"])[0]
        if by_text.get("watch"):
            request["watch"] = [keys_of(named, *pair)[0] for pair in by_text["watch"]]
        return carry_out(Run(request), folder)


def carry_out(run: Run, folder: str) -> Ran:
    """What `Run.go` does, without changing this process for good."""
    run.wait()
    hooks = {PREFIX + name: hook for name, hook in run.hooks().items()}
    printed, error = io.StringIO(), None
    limit, path = sys.getrecursionlimit(), list(sys.path)
    vars(builtins).update(hooks)
    before = sys.modules["__main__"]
    try:
        with contextlib.redirect_stdout(printed):
            code = run.sources.code("program.py", run.rewrite)
            exec(code, module(run.sources.path("program.py")))  # noqa: S102 - a program
    except (Exception, Stopped, SystemExit) as raised:  # noqa: BLE001 - whatever it was
        error = raised
    finally:
        sys.modules["__main__"] = before
        run.observer.away()
        for name in hooks:
            delattr(builtins, name)
        sys.setrecursionlimit(limit)
        sys.path[:] = path
    run.write("raised" if error else "finished")
    tape = load_tape(Path(folder)) if run.request["mode"] == "record" else Tape([], [])
    watched = load_watched(Path(folder)) if run.request["mode"] == "watch" else ()
    assert tape is not None, "the tape cannot be read"
    return Ran(tape, printed.getvalue(), error, watched, run)


def module(path: str) -> dict[str, Any]:
    """An empty `__main__`."""
    made = sys.modules["__main__"] = types.ModuleType("__main__")
    made.__dict__.update(__file__=path, __builtins__=builtins)
    return made.__dict__


def plainly(source: str) -> str:
    """What a program prints by itself."""
    printed, before = io.StringIO(), sys.modules["__main__"]
    with contextlib.redirect_stdout(printed), contextlib.suppress(Exception, SystemExit):
        exec(compile(source, "program.py", "exec"), module(os.devnull))  # noqa: S102
    sys.modules["__main__"] = before
    return printed.getvalue()


def inconsistent(tape: Tape) -> list[str]:
    """Every node whose value is not what its operation gives for its parents' values."""
    found = []
    for node in tape:
        if node.op == LEAF or node.op.startswith("random.") or node.op in KNOWN:
            continue
        try:
            with np.errstate(all="ignore"):
                value = evaluate(node.op, *filled(node, lambda index: tape[index].value))
        except NoValue:
            found.append(f"{node.index} {node.op}: no such operation")
            continue
        except Exception as error:  # noqa: BLE001 - told below
            found.append(f"{node.index} {node.op}: {error}")
            continue
        if not same(value, node.value, written=node.inplace):
            found.append(f"{node.index} {node.op}: {value!r} instead of {node.value!r}")
    return found


def same(value: Any, recorded: Any, *, written: bool) -> bool:
    """True if two values are equal up to rounding."""
    value, recorded = np.asarray(value), np.asarray(recorded)
    if value.shape != recorded.shape:
        return False
    if written:
        value = value.astype(recorded.dtype, copy=False)
    exact = recorded.dtype.kind in "biu"
    tolerance = 0 if exact else 100 * float(np.finfo(recorded.dtype).eps)
    return bool(np.allclose(value, recorded, tolerance, tolerance, equal_nan=not exact))
