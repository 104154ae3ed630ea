"""What looks on while the program runs: the tape, or a few expressions."""

from __future__ import annotations

import sys
from typing import Any

from .calls import Calls
from .frames import Frames
from .hooks import Hooks
from .recorder import Recorder
from .rewrite_values import ValueRewriter
from .store import Store
from .watch import Watcher

DEEPER = 2  # times: hooks stand between the program's own calls


class Recording:
    """Every value goes on the tape."""

    def __init__(self, run: Any) -> None:
        request = run.request
        self.sites = run.sites
        self.texts: list[Any] = []
        self.literals: dict[int, tuple[bool, bool]] = {}
        self.recorder = Recorder(run.ending, request["max_nodes"], request["max_bytes"])
        self.frames = Frames(self.recorder, self.texts, request["entry"])
        self.calls = Calls(self.recorder, self.frames, self.sites)
        self.calls.own_files = {run.sources.path(file) for file in run.sources.files}
        self.calls.own_modules |= {module_name(file) for file in run.sources.files}
        sys.setrecursionlimit(DEEPER * sys.getrecursionlimit())

    def wait(self, run: Any) -> None:
        """The training begins when its loop has gone round often enough."""
        loop, skip = run.number(run.request.get("loop")), run.request.get("skip") or 0
        if loop is None:
            self.recorder.begin_training()
            return
        awake = self.recorder.main
        if run.request.get("asleep"):
            self.recorder.main = -1

        def begin(count: int) -> None:
            if count > skip:
                if self.recorder.preparing:
                    self.recorder.main = awake
                self.recorder.begin_training()
            if count > skip + run.request["turns"]:
                self.recorder.enough()

        run.counter.wait(loop, begin)

    def rewriter(self, waited: Any, shortened: Any, file: str) -> Any:
        """Everything is hooked."""
        return ValueRewriter(
            waited, shortened, file, lambda _: True, self.texts, self.literals, names=True
        )

    def hooks(self) -> dict[str, Any]:
        """All of them."""
        return Hooks(self.recorder, self.frames, self.calls, self.sites, self.literals).table()

    def away(self) -> None:
        """Record nothing more."""
        self.recorder.main = -1

    def write(self, out: str, why: str) -> None:
        """The tape."""
        store = Store()
        nodes = self.recorder.nodes
        for node in nodes:
            store.expect(node.value)
        rows = [
            [
                node.site,
                node.op,
                [store.encode(x) for x in node.args],
                {key: store.encode(x) for key, x in node.kwargs.items()},
                store.encode(node.value),
                node.parents,
                node.frame,
                int(node.inplace),
            ]
            for node in nodes
        ]
        sites = [
            [
                *(s.file, s.span, s.kind, s.text, s.function, s.statement, s.targets, s.loops),
            ]
            for s in self.sites
        ]
        store.write(
            out,
            "tape",
            {
                "sites": sites,
                "nodes": rows,
                "frames": self.frames.frames,
                "bindings": self.frames.bindings,
                "start": self.recorder.start if not self.recorder.preparing else len(nodes),
                "stopped": why,
            },
        )


class Watching:
    """A few expressions are sampled."""

    def __init__(self, run: Any) -> None:
        request = run.request
        self.wanted = {run.number(key) for key in request.get("watch") or ()}
        limits = (request["head"], request["tail"], request["grid"])
        self.watcher = Watcher(run.sites, run.ending, limits)

    def wait(self, run: Any) -> None:
        """Nothing to wait for."""

    def rewriter(self, waited: Any, shortened: Any, file: str) -> Any:
        """Only what is wanted is hooked."""
        return ValueRewriter(waited, shortened, file, self.wanted.__contains__, [], {}, names=False)

    def hooks(self) -> dict[str, Any]:
        """All of them."""
        return self.watcher.table()

    def away(self) -> None:
        """Look no longer."""
        self.watcher.main = -1

    def write(self, out: str, why: str) -> None:
        """The samples."""
        self.watcher.write(out)


def module_name(file: str) -> str:
    """What a file is imported as."""
    return file[: -len(".py")].replace("/", ".") if file.endswith(".py") else file
