"""Counting loops: how often each was entered and went round, in which other loop, how long.

The iterations are counted by a line in the loop itself (`rewrite.ticking`), so only entering and
leaving a loop costs a call.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from .stop import Ending

clock = time.perf_counter


class LoopCounter:
    """Counts of all loops of a program, by site."""

    def __init__(self, number_of_sites: int, ending: Ending) -> None:
        self.count = [0] * number_of_sites
        self.entries = [0] * number_of_sites
        self.seconds = [0.0] * number_of_sites
        self.order = [-1] * number_of_sites
        self.around: Counter[tuple[int, int]] = Counter()
        self.running: list[Any] = []  # site, count before, order, time, flat
        self.ending = ending
        self.main = threading.get_ident()
        self.waits: dict[int, list[Callable[[int], None]]] = {}
        self.shortened: dict[int, int] = {}
        self.began: dict[int, int] = {}  # count of a shortened loop when it was entered
        self.entered = 0

    def enter_loop(self, site: int) -> None:
        """A loop is about to begin."""
        running = self.running
        self.around[site, running[-1][0] if running else -1] += 1
        self.entered += 1
        if site in self.shortened:
            self.began[site] = self.count[site]
        running.append((site, self.count[site], self.entered, clock()))

    def leave_loop(self, site: int) -> None:
        """A loop has ended, in whatever way."""
        running = self.running
        if not running:
            return
        entry = running.pop()
        if entry[0] != site:
            running.append(entry)
            for place in range(len(running) - 1, -1, -1):
                if running[place][0] == site:
                    entry = running.pop(place)
                    break
            else:
                return
        self.finish(entry)

    def finish(self, entry: Any) -> None:
        """Add up what one entry of a loop took."""
        site, before, order, began = entry
        self.seconds[site] += clock() - began
        self.entries[site] += 1
        if self.order[site] < 0 and self.count[site] > before:
            self.order[site] = order

    def passed(self, site: int) -> None:
        """A loop that yields begins: what runs meanwhile is not its own."""
        self.entries[site] += 1
        self.entered += 1
        if site in self.shortened:
            self.began[site] = self.count[site]
        self.around[site, self.running[-1][0] if self.running else -1] += 1
        if self.order[site] < 0:
            self.order[site] = self.entered

    def enough(self, site: int) -> bool:
        """True if a loop is to be left, having gone round as often as it may."""
        return self.count[site] - self.began.get(site, 0) >= self.shortened[site]

    def tick(self, site: int) -> None:
        """Tell those who wait for this loop that an iteration begins (the count has it already)."""
        if threading.get_ident() == self.main:
            for waiting in self.waits[site]:
                waiting(self.count[site])

    def wait(self, site: int, action: Callable[[int], None]) -> None:
        """Call an action with the count at the beginning of every iteration of a loop."""
        self.waits.setdefault(site, []).append(action)

    def guarded(self) -> dict[str, Callable[[int], None]]:
        """Hooks for a program with threads: only the main one has a place in the stack."""

        def enter(site: int) -> None:
            if threading.get_ident() == self.main:
                self.enter_loop(site)

        def leave(site: int) -> None:
            if threading.get_ident() == self.main:
                self.leave_loop(site)

        def passed(site: int) -> None:
            if threading.get_ident() == self.main:
                self.passed(site)

        return {"enter_loop": enter, "leave_loop": leave, "passed": passed}

    def report(self, sites: list[Any], updates: dict[int, int]) -> list[dict[str, Any]]:
        """What was counted, of every loop that was entered."""
        while self.running:
            self.finish(self.running.pop())
        parents: dict[int, tuple[int, int]] = {}
        for (site, parent), times in self.around.items():
            if times > parents.get(site, (0, -1))[0]:
                parents[site] = (times, parent)
        ran = sorted((s for s in parents if self.order[s] >= 0), key=lambda s: self.order[s])
        rank = {site: place for place, site in enumerate(ran)}
        return [
            {
                "key": list(sites[site].key),
                "entries": self.entries[site],
                "iterations": self.count[site],
                "seconds": self.seconds[site],
                "parent": list(sites[parent].key) if parent >= 0 else None,
                "order": rank.get(site, len(rank)),
                "updates": self.count[site] * updates.get(site, 0),
            }
            for site, (_, parent) in sorted(parents.items())
        ]
