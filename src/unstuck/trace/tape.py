"""The tape: every numeric value that a program made while it was watched, and from what.

A `Node` is one value; its parents are the values it was made from; its `Site` is the expression
in the source that made it. Nodes stand in the order in which they came into being, so a parent's
index is always smaller than its child's, and one pass forwards or backwards visits the whole graph.
A value that was written in place has one node for each state it was in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from unstuck.record.run_record import SourceSpan

UNKNOWN = -1  # the site of a value that came from nowhere we saw
LEAF = "leaf"  # the op of a value whose making was not recorded
Structure = Any  # Ref, constants, and tuples, lists, slices and dicts of them


@dataclass(frozen=True, slots=True)
class Ref:
    """Stands in a node's arguments where the value of another node stood."""

    index: int


@dataclass(frozen=True, slots=True)
class Site:
    """One expression (or loop) of the program.

    ``kind`` is one of ``binop unary compare call method attribute subscript augmented setitem
    iterate loop``. Lines count from 1, columns in characters from 0. ``targets`` are the texts of
    the names that take this expression's whole value (``("self.W1",)`` in ``self.W1 = ...``),
    ``statement`` the first and last line of the statement, ``loops`` the ids of the loop sites
    around it in the same function, outermost first.
    """

    id: int
    span: SourceSpan
    kind: str
    text: str
    function: str
    statement: tuple[int, int]
    targets: tuple[str, ...] = ()
    loops: tuple[int, ...] = ()

    @property
    def line(self) -> int:
        """First line."""
        return self.span.line


@dataclass(slots=True)
class Node:
    """One value.

    Attributes
    ----------
    index : int
        Its place on the tape.
    site : int
        The id of the site that made it; of a leaf: the site that handed it over last, or UNKNOWN.
    op : str
        A key of `unstuck.trace.operations.OPERATIONS` (``"add"``, ``"matmul"``, ``"getitem"``,
        ``"setitem"``, ``"gather"``, ``"scatter"`` ...), ``"leaf"``, ``"opaque"`` (made by
        something that was not understood), or another canonical NumPy name without a rule there.
    args, kwargs : structures
        The arguments as they were, with `Ref` in place of recorded values.
    value : numpy.ndarray, float, int, bool or complex
        What it was at that moment; never changed afterwards.
    parents : tuple of int
        Indices of the nodes in ``args`` and ``kwargs``, in order, each once.
    frame : int
        Which call it was made in: an index into `Tape.frames`.
    inplace : bool
        True if the operation changed its first operand (``+=``, ``out=``, an item written).
    """

    index: int
    site: int
    op: str
    args: tuple[Structure, ...]
    kwargs: dict[str, Structure]
    value: Any
    parents: tuple[int, ...]
    frame: int = 0
    inplace: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """One call of one of the program's own functions (or the module's body: frame 0)."""

    function: str
    parent: int
    at: int  # number of nodes on the tape when it began
    site: int  # the call, UNKNOWN for the module
    file: str


@dataclass(frozen=True, slots=True)
class Binding:
    """From tape position ``at`` on, ``text`` meant node ``node`` in frame ``frame``.

    ``text`` is an expression that can be written there: a name, an attribute (``self.a1``), an
    item (``cache["Z1"]``, ``a[i]``). Arguments of a function are bound when it is entered.
    """

    text: str
    node: int
    frame: int
    at: int


@dataclass(slots=True)
class Tape:
    """What was recorded, in order.

    ``start`` is the index of the first node of the training loop: what stands before it is the
    program's preparation (data, initial weights), recorded with fewer instances of each site.
    """

    sites: list[Site]
    nodes: list[Node]
    frames: list[Frame] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    start: int = 0
    stopped: str = "end"  # or "nodes", "bytes", "iterations", "error"

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, index: int) -> Node:
        return self.nodes[index]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def site_of(self, node: Node | int) -> Site | None:
        """The site that made a node."""
        node = self.nodes[node] if isinstance(node, int) else node
        return None if node.site == UNKNOWN else self.sites[node.site]
