"""The recorder: from which values each value was made.

A value is known by its identity, and kept alive so that the identity stays its own. An array also
has a buffer with a version: a write makes a new version, and what was noted before keeps the old
numbers (they are copied when the first write comes, not sooner).
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .stop import Ending
from .values import KINDS, NUMBERS, Other, Ref, is_array, is_recorded, places_in, root_of, same_view

UNKNOWN = -1
EACH = 64  # instances of a site that are recorded before the training begins
PREPARATION_BYTES = 150_000_000
ORIGINS = 200_000  # values of which we only remember the site
LONGEST = 20_000  # items of a list among arguments


class Node:
    """One value; the fields are those of `unstuck.trace.tape.Node`."""

    __slots__ = ("args", "frame", "index", "inplace", "kwargs", "op", "parents", "site", "value")

    def __init__(
        self,
        index: int,
        site: int,
        op: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        value: Any,
        parents: list[int],
        frame: int,
        inplace: bool,
    ) -> None:
        self.index = index
        self.site = site
        self.op = op
        self.args = args
        self.kwargs = kwargs
        self.value = value
        self.parents = parents
        self.frame = frame
        self.inplace = inplace


class Buffer:
    """The memory that arrays share: its version, and the nodes that still look into it."""

    __slots__ = ("looking", "root", "version")

    def __init__(self, root: Any) -> None:
        self.root = root
        self.version = 0
        self.looking: list[Node] = []


class Recorder:
    """Nodes, by identity of values."""

    def __init__(self, ending: Ending, max_nodes: int, max_bytes: int) -> None:
        self.ending = ending
        self.max_nodes = max_nodes
        self.max_bytes = max_bytes
        self.nodes: list[Node] = []
        self.known: dict[int, Node] = {}
        self.version: dict[int, int] = {}  # of arrays, by identity: the buffer's when noted
        self.alive: list[Any] = []
        self.buffers: dict[int, Buffer] = {}
        self.origin: dict[int, tuple[int, Any]] = {}
        self.instances: dict[Any, int] = {}
        self.lists: dict[int, tuple[Any, Any]] = {}  # by identity: a list, its numbers
        self.preparing = True
        self.start = 0
        self.bytes = 0
        self.frame = 0
        self.main = threading.get_ident()

    # ------------------------------------------------------------------------------ making
    def add(
        self,
        site: int,
        op: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        value: Any,
        parents: list[int],
        *,
        inplace: bool = False,
    ) -> Node:
        """Note a value down."""
        node = Node(len(self.nodes), site, op, args, kwargs, value, parents, self.frame, inplace)
        self.nodes.append(node)
        self.known[id(value)] = node
        self.alive.append(value)
        if isinstance(value, np.ndarray):
            buffer = self.buffer(value, outside=op == "leaf")
            self.version[id(value)] = buffer.version
            buffer.looking.append(node)
        self.full()
        return node

    def begin_training(self) -> None:
        """What comes now is recorded in full."""
        if self.preparing:
            self.preparing, self.start, self.bytes = False, len(self.nodes), 0

    def full(self) -> None:
        """End the program when the tape is full."""
        if self.preparing:
            return
        if len(self.nodes) - self.start >= self.max_nodes:
            self.ending.stop("nodes")
        if self.bytes > self.max_bytes:
            self.ending.stop("bytes")

    def enough(self) -> None:
        """End the program: the training went round often enough, if anything happened in it."""
        if len(self.nodes) - self.start >= self.max_nodes // 5:
            self.ending.stop("turns")

    def buffer(self, array: Any, *, outside: bool = False) -> Buffer:
        """The buffer of an array; large data from outside the training does not fill the tape."""
        root = root_of(array)
        found = self.buffers.get(id(root))
        if found is None:
            found = self.buffers[id(root)] = Buffer(root)
            if not outside or root.nbytes < self.max_bytes // 8:
                self.bytes += root.nbytes
        return found

    def current(self, value: Any) -> Node | None:
        """The node of a value as it is now; None if there is none."""
        node = self.known.get(id(value))
        if node is None or not isinstance(value, np.ndarray):
            return node
        return node if self.version[id(value)] == self.buffer(value).version else None

    def node(self, value: Any) -> Node:
        """The node of a value; a leaf, or a look into its buffer, if it has none yet."""
        node = self.current(value)
        if node is not None:
            return node
        if isinstance(value, np.ndarray):
            root = root_of(value)
            base = self.current(root) if root is not value else None
            places = places_in(root, value) if base is not None else None
            if base is not None and places is not None:
                args = (Ref(base.index), places, value.shape)
                return self.add(self.site_of(value), "gather", args, {}, value, [base.index])
        return self.add(self.site_of(value), "leaf", (), {}, value, [])

    def site_of(self, value: Any) -> int:
        """The site that made a value which has no node."""
        site, held = self.origin.get(id(value), (UNKNOWN, None))
        if isinstance(held, weakref.ref):
            held = held()
        if held is value:
            return site
        node = self.known.get(id(value))
        return UNKNOWN if node is None else node.site

    def remember(self, site: int, value: Any) -> None:
        """Keep only where a value came from."""
        if len(self.origin) >= ORIGINS:
            self.origin.clear()
        if isinstance(value, np.ndarray):
            self.origin[id(value)] = (site, weakref.ref(value))
        else:
            self.origin[id(value)] = (site, value)

    # --------------------------------------------------------------------------- arguments
    def wrap(self, value: Any, parents: list[int], depth: int = 0) -> Any:
        """An argument with references in place of recorded values."""
        kind = type(value)
        if kind in NUMBERS or is_array(value):
            node = self.node(value)
            if node.index not in parents:
                parents.append(node.index)
            return Ref(node.index)
        if value is None or kind in (int, str, bool) or value is Ellipsis:
            return value
        if kind is np.bool_:
            return bool(value)
        if kind is list or kind is tuple:
            if depth > 8 or len(value) > LONGEST:
                return Other(f"a {kind.__name__} of {len(value)}")
            return kind(self.items(value, parents, depth))
        if kind is range:
            return list(value)
        if kind is slice:
            return slice(*[self.wrap(x, parents) for x in (value.start, value.stop, value.step)])
        if kind is dict and depth < 3 and all(type(key) is str for key in value):
            return {key: self.wrap(item, parents, depth + 1) for key, item in value.items()}
        if isinstance(value, tuple) and depth < 3:  # a named tuple
            return tuple(self.items(value, parents, depth))
        return as_constant(value)

    def items(self, values: Any, parents: list[int], depth: int) -> list[Any]:
        """The items of a list: numbers without a node stay numbers."""
        known = self.known
        found: list[Any] = []
        for item in values:
            kind = type(item)
            if (
                (kind in NUMBERS and id(item) not in known)
                or kind is int
                or kind is str
                or kind is bool
            ):
                found.append(item)
            else:
                found.append(self.wrap(item, parents, depth + 1))
        return found

    def listed(self, value: Any) -> Any:
        """An array with a node for a list of numbers, where NumPy takes the one for the other."""
        kind = type(value)
        if (kind is not list and kind is not tuple) or not value or len(value) > LONGEST:
            return value
        held, array = self.lists.get(id(value), (None, None))
        try:
            now = np.array(value)
        except ValueError:
            return value
        if not is_array(now):
            return value
        if held is value and now.dtype == array.dtype and np.array_equal(now, array):
            return array
        parents: list[int] = []
        wrapped = self.wrap(value, parents)
        if self.preparing and not self.counts("lists"):
            return value
        if parents:
            self.add(UNKNOWN, "array", (wrapped,), {}, now, parents)
        else:
            self.add(UNKNOWN, "leaf", (), {}, now, [])
            self.lists[id(value)] = (value, now)
        return now

    # ----------------------------------------------------------------------------- results
    def counts(self, site: Any) -> bool:
        """True if this instance of a site is to be recorded."""
        if not self.preparing:
            return True
        times = self.instances.get(site, 0)
        self.instances[site] = times + 1
        return times < EACH and self.bytes <= min(self.max_bytes, PREPARATION_BYTES)

    def result(
        self, site: int, op: str, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any
    ) -> None:
        """A value was made by an operation that changed nothing."""
        if not is_recorded(value) or self.current(value) is not None:
            return
        if self.preparing and not self.counts(site):
            self.remember(site, value)
            return
        parents: list[int] = []
        wrapped = tuple([self.wrap(x, parents) for x in args])
        named = {key: self.wrap(x, parents) for key, x in kwargs.items()} if kwargs else {}
        if self.current(value) is None:  # else: an argument came back as it was
            self.add(site, op, wrapped, named, value, parents)

    # ------------------------------------------------------------------------------ writes
    def before_write(self, array: Any) -> Write:
        """To be called before an array is written into; `Write.done` afterwards."""
        return Write(self, array)

    def unrecorded(self, site: int, array: Any, write: Callable[[], Any]) -> Any:
        """Do a write that is not recorded: what was noted of the memory is no longer what it is."""
        root = root_of(array)
        buffer = self.buffers.get(id(root))
        if buffer is not None:
            self.freeze(buffer)
        value = write()
        if buffer is not None:
            buffer.version += 1
        self.remember(site, array)
        if root is not array:
            self.remember(site, root)
        return value

    def changed_unseen(self, site: int, array: Any, before: Any) -> None:
        """Something changed an array while we could not look; ``before`` is what it was."""
        node = self.current(array)
        root = root_of(array)
        buffer = self.buffers.get(id(root))
        if node is None or buffer is None:
            self.unrecorded(site, array, lambda: None)
            return
        copy = root.copy(order="K")
        same_view(root, copy, array)[...] = before
        for looking in buffer.looking:
            looking.value = same_view(root, copy, looking.value)
        buffer.looking = []
        buffer.version += 1
        self.add(site, "opaque", (Ref(node.index),), {}, array, [node.index], inplace=True)

    def freeze(self, buffer: Buffer) -> None:
        """Give what was noted of a buffer a copy of its own."""
        if not buffer.looking:
            return
        root = buffer.root
        copy = root.copy(order="K")
        self.bytes += root.nbytes
        for node in buffer.looking:
            node.value = same_view(root, copy, node.value)
        buffer.looking = []


class Write:
    """One write into an array: the state before, and the new versions after."""

    __slots__ = ("array", "before", "buffer", "places", "recorder", "root", "whole")

    def __init__(self, recorder: Recorder, array: Any) -> None:
        self.recorder = recorder
        self.array = array
        self.root = root_of(array)
        self.before = recorder.node(array)
        self.whole: Node | None = None
        self.places = None
        if self.root is not array:
            self.places = places_in(self.root, array)
            if self.places is not None:
                self.whole = recorder.node(self.root)
        self.buffer = recorder.buffer(array)
        recorder.freeze(self.buffer)

    def done(
        self,
        site: int,
        op: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        parents: list[int],
        *,
        inplace: bool = True,
    ) -> Node:
        """Note what the array became, and the buffer that it looks into."""
        recorder = self.recorder
        self.buffer.version += 1
        node = recorder.add(site, op, args, kwargs, self.array, parents, inplace=inplace)
        self.spread(site, node)
        return node

    def lost(self, site: int) -> None:
        """The write is not recorded: what was noted of the buffer is no longer what it is."""
        self.buffer.version += 1
        self.recorder.remember(site, self.array)

    def spread(self, site: int, node: Node) -> None:
        """What was written into a view is in the buffer too."""
        if self.whole is None:
            return
        whole = [self.whole.index, node.index]
        args = (Ref(self.whole.index), self.places, Ref(node.index))
        self.recorder.add(site, "scatter", args, {}, self.root, whole, inplace=True)


def as_constant(value: Any) -> Any:
    """What an argument is that has no number in it."""
    if isinstance(value, np.dtype):
        return value
    if isinstance(value, type):
        try:
            found = np.dtype(value)
        except TypeError:
            return Other(value.__name__)
        return found if found.kind in KINDS else Other(value.__name__)
    if isinstance(value, np.ndarray):
        return Other(f"array of {value.dtype}")
    return Other(type(value).__name__)
