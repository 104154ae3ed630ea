"""A tape from a few lines of a test: each operation is computed by the table and noted down.

t = TapeBuilder()
W = t.leaf(np.ones((3, 2)))
z = t("matmul", t.leaf(X), W)          # any name of the table
h = t("maximum", z, 0.0)
W = t("setitem", W, (0, 1), 5.0)       # a write is a new version
t.tape, W.index, W.value
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.record.run_record import SourceSpan
from unstuck.trace.operations import OPERATIONS
from unstuck.trace.tape import LEAF, UNKNOWN, Node, Ref, Site, Tape


@dataclass(frozen=True, slots=True)
class Made:
    """A value on the tape that is being built; operators note themselves down."""

    builder: "TapeBuilder"
    index: int

    @property
    def value(self) -> Any:
        return self.builder.tape.nodes[self.index].value

    def __add__(self, other):
        return self.builder("add", self, other)

    def __radd__(self, other):
        return self.builder("add", other, self)

    def __sub__(self, other):
        return self.builder("subtract", self, other)

    def __rsub__(self, other):
        return self.builder("subtract", other, self)

    def __mul__(self, other):
        return self.builder("multiply", self, other)

    def __rmul__(self, other):
        return self.builder("multiply", other, self)

    def __truediv__(self, other):
        return self.builder("true_divide", self, other)

    def __rtruediv__(self, other):
        return self.builder("true_divide", other, self)

    def __pow__(self, other):
        return self.builder("power", self, other)

    def __matmul__(self, other):
        return self.builder("matmul", self, other)

    def __neg__(self):
        return self.builder("negative", self)

    def __gt__(self, other):
        return self.builder("greater", self, other)

    def __getitem__(self, index):
        return self.builder("getitem", self, index)

    @property
    def T(self):  # noqa: N802 - as NumPy calls it
        return self.builder("transpose", self)


@dataclass(slots=True)
class TapeBuilder:
    """Records what is called on it. A site is made for each label, at the line of its number."""

    tape: Tape = field(default_factory=lambda: Tape([], []))
    sites: dict[str, int] = field(default_factory=dict)

    def leaf(self, value: Any, site: str = "") -> Made:
        """A value that came from outside."""
        return self._add(LEAF, (), {}, value, site, inplace=False)

    def node(self, op: str, value: Any, *args: Any, site: str = "", **kwargs: Any) -> Made:
        """A node with a value of its own, as of an operation that the table does not know."""
        return self._add(op, args, kwargs, value, site, inplace=False)

    def __call__(
        self, op: str, *args: Any, site: str = "", inplace: bool = False, **kwargs: Any
    ) -> Made:
        """Compute an operation and note it down."""
        with np.errstate(all="ignore"):
            value = OPERATIONS[op].value(self.plain(args), self.plain(kwargs))
        return self._add(op, args, kwargs, value, site, inplace=inplace)

    def start(self) -> None:
        """The training loop begins here."""
        self.tape.start = len(self.tape)

    def plain(self, structure: Any) -> Any:
        """Values in place of what is on the tape."""
        return _mapped(structure, lambda made: made.value)

    def _add(self, op, args, kwargs, value, site, *, inplace) -> Made:
        parents: list[int] = []

        def reference(made):
            if made.index not in parents:
                parents.append(made.index)
            return Ref(made.index)

        args, kwargs = _mapped(args, reference), _mapped(kwargs, reference)
        index = len(self.tape)
        node = Node(
            index, self._site(site), op, args, kwargs, value, tuple(parents), inplace=inplace
        )
        self.tape.nodes.append(node)
        return Made(self, index)

    def _site(self, label: str) -> int:
        if not label:
            return UNKNOWN
        if label not in self.sites:
            number = len(self.tape.sites)
            span = SourceSpan("program.py", number + 1, 0, number + 1, len(label))
            self.tape.sites.append(
                Site(number, span, "call", label, "<module>", (number + 1, number + 1))
            )
            self.sites[label] = number
        return self.sites[label]


def _mapped(structure, change):
    if isinstance(structure, Made):
        return change(structure)
    if isinstance(structure, (list, tuple)):
        return type(structure)(_mapped(item, change) for item in structure)
    if isinstance(structure, dict):
        return {key: _mapped(item, change) for key, item in structure.items()}
    if isinstance(structure, slice):
        return slice(
            *(_mapped(x, change) for x in (structure.start, structure.stop, structure.step))
        )
    return structure
