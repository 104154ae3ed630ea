"""Watching a few expressions over a whole run: its first times, its last, some between."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import get_ident
from typing import Any

import numpy as np

from .hooks import ATTRIBUTES, COMPARISONS, OPERATORS, SINGLE
from .names import METHODS, random_name, special_name, table
from .stop import Ending
from .store import Store
from .values import is_array, is_recorded

MOST_BYTES = 150_000_000  # of all samples of one expression


class Seen:
    """What was seen of one expression."""

    def __init__(self, head: int, tail: int, grid: int) -> None:
        self.op = ""
        self.count = 0
        self.limits = (head, tail, grid)
        self.head: list[Any] = []
        self.tail: deque[Any] = deque(maxlen=max(1, tail))
        self.grid: list[Any] = []
        self.most = grid
        self.stride = 1
        self.bytes = 0

    def add(self, op: str, operands: Any, result: Any) -> None:
        """One evaluation."""
        at = self.count
        self.count = at + 1
        if not at:
            self.op = op
        sample = (at, [kept(x) for x in operands], kept(result))
        if not at:
            self.fit(sum(size_of(x) for x in (*sample[1], sample[2])))
        if at < self.limits[0]:
            self.head.append(sample)
            return
        self.tail.append(sample)
        if at % self.stride == 0:
            self.grid.append(sample)
            if len(self.grid) > self.most:
                self.stride *= 2
                self.grid = [one for one in self.grid if one[0] % self.stride == 0]

    def fit(self, size: int) -> None:
        """Keep fewer samples where each is large."""
        head, tail, grid = self.limits
        share = min(1.0, MOST_BYTES / max(1, size * (head + tail + grid)))
        self.limits = tuple(max(2, int(n * share)) for n in (head, tail, grid))  # type: ignore[assignment]
        self.tail = deque(maxlen=self.limits[1])
        self.most = self.limits[2]

    def samples(self) -> list[Any]:
        """All samples, by time."""
        found = {sample[0]: sample for sample in (*self.head, *self.grid, *self.tail)}
        return [found[at] for at in sorted(found)]


class Watcher:
    """Hooks that note operands and result."""

    def __init__(self, sites: list[Any], ending: Ending, limits: tuple[int, int, int]) -> None:
        self.sites = sites
        self.ending = ending
        self.limits = limits
        self.seen: dict[int, Seen] = {}
        self.names = table()
        self.main = get_ident()

    def note(self, site: int, op: str, operands: Any, result: Any) -> None:
        """One evaluation of a watched expression."""
        if get_ident() != self.main:
            return
        seen = self.seen.get(site)
        if seen is None:
            seen = self.seen[site] = Seen(*self.limits)
        seen.add(op, operands, result)

    def table(self) -> dict[str, Callable[..., Any]]:
        """All hooks by name."""
        two = {**{op: plain for op, (plain, _) in OPERATORS.items()}, **COMPARISONS}
        found = {op: self.operator(op, plain) for op, plain in {**two, **SINGLE}.items()}
        words = "getitem slot attribute loaded iterate call augmented held_attribute held_item"
        for name in (*words.split(), "augmented_held"):
            found[name] = getattr(self, name)
        return found

    def operator(self, op: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        """A hook for one operator."""

        def hook(site: int, *operands: Any) -> Any:
            result = plain(*operands)
            self.note(site, op, operands, result)
            return result

        return hook

    def getitem(self, site: int, base: Any, index: Any) -> Any:
        """`base[index]`."""
        result = base[index]
        self.note(site, "getitem", (base, index), result)
        return result

    def attribute(self, site: int, owner: Any, name: str) -> Any:
        """`owner.T` and its like."""
        result = getattr(owner, name)
        self.note(site, ATTRIBUTES.get(name, name), (owner,), result)
        return result

    def loaded(self, site: int, value: Any) -> Any:
        """`owner.name`, read."""
        self.note(site, "", (), value)
        return value

    def iterate(self, site: int, values: Any) -> Any:
        """What a loop goes through."""
        self.note(site, "", (values,), None)
        return values

    def slot(self, site: int, base: Any) -> Any:
        """Something that is about to get an item."""
        return WatchedSlot(self, site, base)

    # ---------------------------------------------------------------------------- changes
    def augmented(self, site: int, op: str, old: Any, value: Any, _: int) -> Any:
        """`old += value`: the operands are noted before they change."""
        before = kept(old)
        result = OPERATORS[op][1](old, value)
        self.note(site, op, (before, value), result)
        return result

    def held_attribute(self, site: int, owner: Any, name: str) -> Any:
        """Read the attribute before the right-hand side is evaluated, as Python does."""
        return owner, name, getattr(owner, name), None

    def held_item(self, site: int, owner: Any, index: Any) -> Any:
        """Read the item before the right-hand side is evaluated."""
        picked = (kept(owner), index) if picks(owner, index) else ()
        return owner, index, owner[index], picked

    def augmented_held(self, site: int, op: str, held: Any, value: Any, number: int) -> None:
        """`owner.name += value`, `owner[index] += value`.

        Where labels may have picked the items, the owner and the index are noted, too:
        ``(old, value, owner, index)``.
        """
        owner, place, old, picked = held
        before = kept(old)
        result = OPERATORS[op][1](old, value)
        self.note(site, op, (before, value, *(picked or ())), result)
        if picked is None:
            setattr(owner, place, result)
        else:
            owner[place] = result

    # ------------------------------------------------------------------------------ calls
    def call(self, site: int, function: Any) -> Any:
        """What to call in place of a function."""
        known = self.names.get(id(function))
        owner = getattr(function, "__self__", None)
        first: tuple[Any, ...] = ()
        op = str(getattr(function, "__name__", ""))
        if known is not None and known[1] is function:
            op = known[0]
        elif isinstance(owner, (np.ndarray, np.generic)):
            first, op = (owner,), METHODS.get(op, op)
        else:
            op = random_name(function) or special_name(function) or op

        def watched(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            self.note(site, op, (*first, *args, *kwargs.values()), result)
            return result

        return watched

    # ------------------------------------------------------------------------------- files
    def write(self, out: str) -> None:
        """Write down what was seen."""
        store = Store()
        entries = []
        for site, seen in self.seen.items():
            samples = seen.samples()
            for _, operands, result in samples:
                for value in (*operands, result):
                    store.expect(value)
            entries.append(
                {
                    "key": list(self.sites[site].key),
                    "op": seen.op,
                    "count": seen.count,
                    "samples": [
                        [at, [store.encode(x) for x in operands], store.encode(result)]
                        for at, operands, result in samples
                    ],
                }
            )
        store.write(out, "watch", {"watched": entries})


class WatchedSlot:
    """Stands for a container while an item is written into it."""

    __slots__ = ("base", "site", "watcher")

    def __init__(self, watcher: Watcher, site: int, base: Any) -> None:
        self.watcher = watcher
        self.site = site
        self.base = base

    def __setitem__(self, index: Any, value: Any) -> None:
        self.watcher.note(self.site, "setitem", (self.base, index, value), None)
        self.base[index] = value


def picks(owner: Any, index: Any) -> bool:
    """True for an index that picks entries by numbers, not by slices or masks alone."""
    if not is_array(owner) and type(owner) is not list:
        return False
    parts = index if type(index) is tuple else (index,)
    numbers = (int, np.integer, list, range)
    return any(is_array(part) or isinstance(part, numbers) for part in parts)


def kept(value: Any) -> Any:
    """A copy of what is numbers, None for everything else."""
    if is_array(value):
        return np.array(value)
    if isinstance(value, (int, str)) or is_recorded(value) or isinstance(value, np.bool_):
        return value
    if type(value) is range:
        return list(value)
    if type(value) in (list, tuple) and len(value) <= 10_000:
        return [kept(x) for x in value]
    if type(value) is slice:
        return slice(kept(value.start), kept(value.stop), kept(value.step))
    return None


def size_of(value: Any) -> int:
    """Bytes of a sample's part."""
    if isinstance(value, list):
        return sum(size_of(x) for x in value)
    return int(getattr(value, "nbytes", 8))
