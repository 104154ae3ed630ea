"""The hooks that the rewritten program calls while it is recorded, one for each kind of site."""

from __future__ import annotations

import operator
from collections.abc import Callable
from threading import get_ident
from typing import Any

import numpy as np

from .calls import Calls
from .frames import Frames
from .recorder import UNKNOWN, Recorder
from .values import NUMBERS, is_array, is_recorded, root_of

OPERATORS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "add": (operator.add, operator.iadd),
    "subtract": (operator.sub, operator.isub),
    "multiply": (operator.mul, operator.imul),
    "true_divide": (operator.truediv, operator.itruediv),
    "floor_divide": (operator.floordiv, operator.ifloordiv),
    "remainder": (operator.mod, operator.imod),
    "power": (operator.pow, operator.ipow),
    "matmul": (operator.matmul, operator.imatmul),
    "bitwise_and": (operator.and_, operator.iand),
    "bitwise_or": (operator.or_, operator.ior),
    "bitwise_xor": (operator.xor, operator.ixor),
    "left_shift": (operator.lshift, operator.ilshift),
    "right_shift": (operator.rshift, operator.irshift),
}
SINGLE: dict[str, Callable[..., Any]] = {
    "negative": operator.neg,
    "positive": operator.pos,
    "invert": operator.invert,
}
COMPARISONS: dict[str, Callable[..., Any]] = {
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "equal": operator.eq,
    "not_equal": operator.ne,
}
ORDERED = {"greater", "greater_equal", "less", "less_equal"}
ANSWERS = (bool, np.bool_)
ATTRIBUTES = {
    "T": "transpose",
    "mT": "matrix_transpose",
    "flat": "ravel",
    "A": "asarray",
    "A1": "ravel",
}


class Hooks:
    """Hooks over a recorder."""

    def __init__(
        self,
        recorder: Recorder,
        frames: Frames,
        calls: Calls,
        sites: list[Any],
        literals: dict[int, tuple[bool, bool]],
    ) -> None:
        self.recorder = recorder
        self.frames = frames
        self.calls = calls
        self.sites = sites
        self.literals = literals

    def table(self) -> dict[str, Callable[..., Any]]:
        """All hooks by name."""
        found: dict[str, Callable[..., Any]] = {
            op: self.binary(op, plain) for op, (plain, _) in OPERATORS.items()
        }
        found.update({op: self.single(op, plain) for op, plain in SINGLE.items()})
        found.update({op: self.comparison(op, plain) for op, plain in COMPARISONS.items()})
        for name in [
            "getitem",
            "slot",
            "attribute",
            "loaded",
            "iterate",
            "fresh",
            "assigned",
            "bind",
            "augmented",
            "held_attribute",
            "held_item",
            "augmented_held",
            "enter",
            "enter_generator",
        ]:
            found[name] = getattr(self, name)
        found["call"] = self.calls.call
        for name in ("leave", "left", "away", "back", "leave_generator"):
            found[name] = getattr(self.frames, name)
        return found

    # ----------------------------------------------------------------------------- operators
    def binary(self, op: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        """A hook for one operator."""
        recorder = self.recorder
        ending = recorder.ending

        def hook(site: int, a: Any, b: Any) -> Any:
            if ending.why:
                ending.caught()
            r = plain(a, b)
            kind = type(r)
            if kind in NUMBERS or isinstance(r, np.ndarray):
                if get_ident() == recorder.main:
                    self.operation(site, op, a, b, r)
            elif kind is list and op == "multiply":
                return unshared(r)
            return r

        return hook

    def operation(self, site: int, op: str, a: Any, b: Any, r: Any) -> None:
        """Note the result of an operator."""
        recorder = self.recorder
        if not is_recorded(r) or recorder.current(r) is not None:
            return
        if recorder.preparing and not recorder.counts(site):
            recorder.remember(site, r)
            return
        if op == "multiply" and isinstance(r, np.matrix) and is_product(a, b):
            op = "matmul"
        parents: list[int] = []
        args = self.operands(site, a, b, parents)
        recorder.add(site, op, args, {}, r, parents)

    def operands(self, site: int, a: Any, b: Any, parents: list[int]) -> tuple[Any, Any]:
        """The two operands: what is written out stays a constant, the rest are nodes."""
        left, right = self.literals.get(site, (False, False))
        recorder = self.recorder
        return (
            a if left else recorder.wrap(recorder.listed(a), parents),
            b if right else recorder.wrap(recorder.listed(b), parents),
        )

    def single(self, op: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        """A hook for a sign."""
        recorder = self.recorder

        def hook(site: int, a: Any) -> Any:
            r = plain(a)
            if is_recorded(r) and get_ident() == recorder.main:
                recorder.result(site, op, (a,), {}, r)
            return r

        return hook

    def comparison(self, op: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        """A hook for a comparison: of arrays it gives an array, of numbers it decides something."""
        recorder = self.recorder
        ordered = op in ORDERED

        def hook(site: int, a: Any, b: Any) -> Any:
            r = plain(a, b)
            if isinstance(r, np.ndarray):
                if get_ident() == recorder.main:
                    self.operation(site, op, a, b, r)
            elif ordered and (id(a) in recorder.known or id(b) in recorder.known):
                self.decision(site, op, a, b, r)
            return r

        return hook

    def decision(self, site: int, op: str, a: Any, b: Any, r: Any) -> None:
        """Note which way a comparison of numbers went; the answer is no value of the tape."""
        recorder = self.recorder
        if recorder.preparing or get_ident() != recorder.main or type(r) not in ANSWERS:
            return
        parents: list[int] = []
        args = self.operands(site, a, b, parents)
        recorder.add(site, op, args, {}, float(r), parents)

    # --------------------------------------------------------------------------------- reads
    def getitem(self, site: int, base: Any, index: Any) -> Any:
        """`base[index]`."""
        r = base[index]
        recorder = self.recorder
        if isinstance(base, np.ndarray):
            if is_recorded(r) and get_ident() == recorder.main:
                if isinstance(base, np.matrix):
                    self.looked(site, base, r)
                else:
                    recorder.result(site, "getitem", (base, index), {}, r)
        elif (type(r) is float or id(r) in recorder.known) and get_ident() == recorder.main:
            self.frames.bind(self.sites[site].text, r)
        return r

    def looked(self, site: int, base: Any, r: Any) -> None:
        """A part of a matrix, which keeps two axes."""
        if isinstance(r, np.ndarray) and r.base is not None:
            self.recorder.node(r)
        else:
            self.recorder.result(site, "opaque", (base,), {}, r)

    def attribute(self, site: int, owner: Any, name: str) -> Any:
        """`owner.T` and its like."""
        r = getattr(owner, name)
        recorder = self.recorder
        if isinstance(owner, (np.ndarray, np.generic)) and get_ident() == recorder.main:
            if is_recorded(r):
                recorder.result(site, ATTRIBUTES.get(name, name), (owner,), {}, r)
            return r
        return self.loaded(site, r)

    def loaded(self, site: int, value: Any) -> Any:
        """`owner.name`, read."""
        if (
            type(value) is float
            or isinstance(value, np.ndarray)
            or id(value) in self.recorder.known
        ):
            if get_ident() == self.recorder.main:
                self.frames.bind(self.sites[site].text, value)
        return value

    def iterate(self, site: int, values: Any) -> Any:
        """What a loop goes through: an array gives parts that are known to be its own."""
        if is_array(values):
            return self.calls.parts_of(site, values) if values.ndim else values
        if isinstance(values, (np.nditer, np.ndenumerate)):
            return self.calls.steps_of(site, values)
        return values

    # -------------------------------------------------------------------------------- writes
    def slot(self, site: int, base: Any) -> Any:
        """Something that is about to get an item."""
        return Slot(self, site, base)

    def setitem(self, site: int, base: Any, index: Any, value: Any) -> None:
        """`base[index] = value`."""
        recorder = self.recorder
        if not is_array(base) or get_ident() != recorder.main:
            base[index] = value
            if get_ident() == recorder.main and not isinstance(base, np.ndarray):
                self.frames.bind(self.target(site), value)
            return
        recorder.ending.caught()
        recorded = not recorder.preparing or recorder.counts(site)
        if not recorded:
            recorder.unrecorded(site, base, lambda: operator.setitem(base, index, value))
            return
        parents: list[int] = []
        before = recorder.wrap(base, parents)
        args = (before, recorder.wrap(index, parents), recorder.wrap(value, parents))
        write = recorder.before_write(base)
        base[index] = value
        write.done(site, "setitem", args, {}, parents)
        self.frames.bind(self.sites[site].owner, base)

    def target(self, site: int) -> str:
        """The text of the item that a site writes."""
        found = self.sites[site]
        return str(found.targets[0] if found.kind == "augmented" else found.text)

    def augmented(self, site: int, op: str, old: Any, value: Any, number: int) -> Any:
        """`old += value`."""
        r = self.change(site, op, old, value)
        if is_recorded(r) and get_ident() == self.recorder.main:
            self.frames.bind_all(self.frames.texts[number][0], r)
        return r

    def change(self, site: int, op: str, old: Any, value: Any) -> Any:
        """The operation of an augmented assignment, in place where the object allows it."""
        plain = OPERATORS[op][1]
        recorder = self.recorder
        recorder.ending.caught()
        if get_ident() != recorder.main:
            return plain(old, value)
        if not is_array(old):
            r = plain(old, value)
            if is_recorded(r):
                self.operation(site, op, old, value, r)
            return r
        if recorder.preparing and not recorder.counts(site):
            return recorder.unrecorded(site, old, lambda: plain(old, value))
        parents: list[int] = []
        args = self.operands(site, old, value, parents)
        write = recorder.before_write(old)
        r = plain(old, value)
        if r is old:
            write.done(site, op, args, {}, parents)
        else:
            recorder.add(site, op, args, {}, r, parents)
        return r

    def held_attribute(self, site: int, owner: Any, name: str) -> Any:
        """Read the attribute before the right-hand side is evaluated, as Python does."""
        return owner, name, getattr(owner, name), True

    def held_item(self, site: int, owner: Any, index: Any) -> Any:
        """Read the item before the right-hand side is evaluated."""
        old = owner[index]
        recorder = self.recorder
        if is_array(owner) and is_recorded(old) and get_ident() == recorder.main:
            recorder.result(site, "getitem", (owner, index), {}, old)
        return owner, index, old, False

    def augmented_held(self, site: int, op: str, held: Any, value: Any, number: int) -> None:
        """`owner.name += value`, `owner[index] += value`."""
        owner, place, old, is_attribute = held
        r = self.change(site, op, old, value)
        text = self.frames.texts[number][0]
        if is_attribute:
            setattr(owner, place, r)
            if text and is_recorded(r) and get_ident() == self.recorder.main:
                self.frames.bind(text, r)
        elif r is old and is_array(owner) and root_of(old) is root_of(owner):
            self.written_through(site, owner, place, r)
        else:
            self.setitem_of(site, owner, place, r)

    def setitem_of(self, site: int, owner: Any, place: Any, value: Any) -> None:
        """The write at the end of an augmented assignment to an item."""
        self.setitem(site, owner, place, value)

    def written_through(self, site: int, owner: Any, place: Any, part: Any) -> None:
        """A part was changed in place; the write that Python does then changes nothing more."""
        owner[place] = part
        self.frames.bind(self.sites[site].owner, owner)

    # --------------------------------------------------------------------------------- names
    def fresh(self, value: float) -> float:
        """An object of its own for a number that is written out."""
        return value * 1.0

    def assigned(self, number: int, value: Any) -> Any:
        """A value that is about to be assigned."""
        recorder = self.recorder
        if get_ident() == recorder.main:
            shapes = self.frames.texts[number]
            if is_array(value) and value.ndim and any(type(shape) is list for shape in shapes):
                value = list(self.calls.parts_of(UNKNOWN, value))
            for shape in shapes:
                self.frames.bind_all(shape, value)
        return value

    def bind(self, number: int, *values: Any) -> bool:
        """Names of a loop that have new values."""
        if get_ident() == self.recorder.main:
            for text, value in zip(self.frames.texts[number], values):  # noqa: B905
                if type(value) is float or is_recorded(value):
                    self.frames.bind(text, value)
        return True

    def enter(self, number: int, *values: Any) -> None:
        """A function begins, with these arguments."""
        if get_ident() == self.recorder.main:
            self.recorder.ending.caught()
            self.frames.push(number)
            for text, value in zip(self.frames.texts[number][2], values):  # noqa: B905
                if is_recorded(value):
                    self.frames.bind(text, value)

    def enter_generator(self, number: int, *values: Any) -> int:
        """The same for a generator: its frame."""
        self.enter(number, *values)
        return self.recorder.frame


class Slot:
    """Stands for a container while an item is written into it."""

    __slots__ = ("base", "hooks", "site")

    def __init__(self, hooks: Hooks, site: int, base: Any) -> None:
        self.hooks = hooks
        self.site = site
        self.base = base

    def __setitem__(self, index: Any, value: Any) -> None:
        self.hooks.setitem(self.site, self.base, index, value)


def is_product(a: Any, b: Any) -> bool:
    """True if `*` of these is a matrix product, as np.matrix has it."""
    return np.ndim(a) == 2 and np.ndim(b) == 2


def unshared(values: list[Any]) -> list[Any]:
    """`[0.0] * n`, with each number an object of its own."""
    for place, item in enumerate(values):
        if type(item) is float:
            values[place] = item * 1.0
    return values
