"""Calls: a function that is known gets a node under its name, one of the program's own is entered.

A hook around the name of the function gives back what is to be called in its place, before the
arguments are evaluated: so exceptions, stars and keywords stay Python's affair.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from threading import get_ident
from types import (
    BuiltinFunctionType,
    BuiltinMethodType,
    FunctionType,
    MethodType,
    MethodWrapperType,
)
from typing import Any

import numpy as np

from .frames import Frames
from .names import (
    COPIES,
    LISTS,
    METHOD_QUIET,
    METHOD_WRITES,
    METHODS,
    PARTS,
    QUIET_MODULES,
    QUIET_PREFIXES,
    REDUCED,
    WALKED,
    WRITES,
    random_name,
    special_name,
    table,
)
from .recorder import Recorder
from .results import Results
from .values import is_array, is_recorded, root_of

REDUCING = {"sum", "mean", "std", "var", "prod", "max", "min", "argmax", "argmin"}
CONTAINERS = (list, dict, str, set, tuple, frozenset, bytes)


class Calls:
    """What is called in the place of a function."""

    def __init__(self, recorder: Recorder, frames: Frames, sites: list[Any]) -> None:
        self.recorder = recorder
        self.frames = frames
        self.sites = sites
        self.names = table()
        self.results = Results(recorder)
        self.own_files: set[str] = set()  # paths of the program's own files
        self.own_modules: set[str] = {"__main__"}

    def call(self, site: int, function: Any) -> Any:
        """What to call in place of a function."""
        recorder = self.recorder
        if get_ident() != recorder.main:
            return function
        if recorder.ending.why:
            recorder.ending.caught()
        known = self.names.get(id(function))
        if known is not None and known[1] is function:
            return functools.partial(self.known, site, known[0], function)
        kind = type(function)
        if kind is FunctionType or kind is MethodType:
            code = function.__code__
            if code.co_filename in self.own_files:
                self.frames.calls.setdefault(code, []).append(site)
                return function
            owner = getattr(function, "__self__", None)
            if isinstance(owner, np.matrix):  # its methods are written in Python
                return functools.partial(self.method, site, function.__name__, function, owner)
        elif kind in BUILT_IN:
            owner = function.__self__
            if isinstance(owner, (np.ndarray, np.generic)):
                return functools.partial(self.method, site, function.__name__, function, owner)
            if isinstance(owner, CONTAINERS):
                if function.__name__ == "get":
                    return functools.partial(self.looked_up, site, function)
                return function
        return self.other(site, function)

    def other(self, site: int, function: Any) -> Any:
        """What to call in place of something less usual."""
        if any(function is walked for walked in WALKED):
            return functools.partial(self.walk, site, function)
        if function is functools.reduce:
            return functools.partial(self.reduce, site)
        if any(function is copies for copies in COPIES):
            return functools.partial(self.results.copied, site, function)
        if type(function) is functools.partial:
            inner = self.call(site, function.func)
            return functools.partial(inner, *function.args, **function.keywords)
        code = own_code(function)
        if code is not None and code.co_filename in self.own_files:
            self.frames.calls.setdefault(code, []).append(site)
            return function
        name = random_name(function) or reduced_name(function) or special_name(function)
        if name is not None:
            return functools.partial(self.known, site, name, function)
        if isinstance(function, np.vectorize):
            return functools.partial(self.results.vectorized, site, function)
        module = str(getattr(function, "__module__", None) or type(function).__module__)
        if module in self.own_modules or module in QUIET_MODULES:
            return function
        if module.startswith(QUIET_PREFIXES):
            return function
        return functools.partial(self.results.opaque, site, function)

    # ------------------------------------------------------------------------------- known
    def known(self, site: int, name: str, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function that has a name."""
        recorder = self.recorder
        if name in SHAPED:
            return getattr(self, SHAPED[name])(site, name, function, args, kwargs)
        out = kwargs.get("out")
        if out is None and isinstance(function, np.ufunc) and len(args) > function.nin:
            out, args = args[function.nin], args[: function.nin]
        if out is not None:
            out = out[0] if isinstance(out, tuple) and len(out) == 1 else out
            kwargs = {key: x for key, x in kwargs.items() if key != "out"}
            if is_array(out):
                return self.results.into(site, name, function, args, kwargs, out)
            return function(*args, out=out, **kwargs)
        if name in WRITES or name.endswith(".at"):
            return self.changing(site, name, function, args, kwargs)
        value = function(*args, **kwargs)
        if name in REDUCING and isinstance(value, np.matrix):  # it keeps two axes
            kwargs = {**kwargs, "keepdims": True}
        if is_recorded(value):
            if name in LISTS or isinstance(function, np.ufunc):
                args = tuple([recorder.listed(x) for x in args])
            if name in REDUCED.values() and is_reduce(function) and len(args) == 1:
                kwargs = {"axis": 0, **kwargs}
            recorder.result(site, name, args, kwargs, value)
        elif isinstance(value, (tuple, list)):
            self.results.several(site, name, args, kwargs, value)
        return value

    def chosen(self, site: int, name: str, function: Any, args: Any, kwargs: Any) -> Any:
        """The builtins `max` and `min`: what they choose is a value of its own."""
        if len(args) == 1:
            args = (list(self.walked(site, args[0])),)
        value = function(*args, **kwargs)
        kind = type(value)
        if "key" in kwargs or not is_recorded(value) or kind is np.ndarray:
            return value
        own = value * kind(1)
        self.recorder.result(site, name, args, {}, own)
        return own

    def summed(self, site: int, name: str, function: Any, args: Any, kwargs: Any) -> Any:
        """The builtin `sum`, whose items are made while it runs."""
        items = args[0]
        if not isinstance(items, (np.ndarray, list, tuple)):
            items = list(items)
        value = function(items, *args[1:], **kwargs)
        self.recorder.result(site, name, (items, *args[1:]), kwargs, value)
        return value

    def split(self, site: int, name: str, function: Any, args: Any, kwargs: Any) -> Any:
        """`np.split` and its like: each part is a slice."""
        parts = function(*args, **kwargs)
        whole = args[0] if args else kwargs.get("ary")
        axis = PARTS[name]
        if axis is None:
            axis = args[2] if len(args) > 2 else kwargs.get("axis", 0)
        if is_array(whole) and isinstance(axis, int):
            axis = axis % whole.ndim if name != "hsplit" or whole.ndim > 1 else 0
            begin = 0
            for part in parts:
                end = begin + part.shape[axis]
                index = (slice(None),) * axis + (slice(begin, end),)
                self.recorder.result(site, "getitem", (whole, index), {}, part)
                begin = end
        return parts

    def gathered(self, site: int, name: str, function: Any, args: Any, kwargs: Any) -> Any:
        """`np.fromiter(iterator, dtype)`: the numbers are made while it runs."""
        items = list(args[0]) if args else ()
        value = function(items, *args[1:], **kwargs)
        self.recorder.result(site, "array", (items,), {"dtype": value.dtype}, value)
        return value

    def found(self, site: int, name: str, function: Any, args: Any, kwargs: Any) -> Any:
        """`np.where(c)` and `np.nonzero(c)`: the columns of `np.argwhere(c)`."""
        value = function(*args, **kwargs)
        if not isinstance(value, tuple):
            if is_recorded(value):
                self.recorder.result(site, name, args, kwargs, value)
            return value
        places = np.argwhere(args[0])
        self.recorder.result(site, "argwhere", (args[0],), {}, places)
        for column, part in enumerate(value):
            self.recorder.result(site, "getitem", (places, (slice(None), column)), {}, part)
        return value

    # ----------------------------------------------------------------------------- methods
    def method(
        self, site: int, name: str, function: Any, owner: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Call a method of an array."""
        if name in METHOD_QUIET:
            return function(*args, **kwargs)
        if name in METHOD_WRITES and isinstance(owner, np.ndarray):
            if name == "resize":  # it refuses while somebody else holds the array, as we do
                kwargs.setdefault("refcheck", False)
            return self.changing(site, name, function, (owner, *args), kwargs, bound=1)
        if name in {"reshape", "transpose"} and args and isinstance(args[0], (int, np.integer)):
            args = (args,)
        if name == "nonzero":
            return self.found(site, name, np.nonzero, (owner,), {})

        def plain(_: Any, *args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return self.known(site, METHODS.get(name, name), plain, owner, *args, **kwargs)

    def changing(
        self, site: int, name: str, function: Any, args: Any, kwargs: Any, bound: int = 0
    ) -> Any:
        """Call something that changes its first argument in place."""
        recorder = self.recorder
        base = args[0] if args else None
        rest = args[bound:]
        if not is_array(base):
            return function(*rest, **kwargs)
        if recorder.preparing and not recorder.counts(site):
            return recorder.unrecorded(site, base, lambda: function(*rest, **kwargs))
        parents: list[int] = []
        wrapped = tuple([recorder.wrap(x, parents) for x in args])
        named = {key: recorder.wrap(x, parents) for key, x in kwargs.items()}
        write = recorder.before_write(base)
        value = function(*rest, **kwargs)
        op = "opaque" if bound and name in NOT_AGAIN else WRITES.get(name, name)
        op = METHODS.get(op, op)
        if op == "fill":
            op, wrapped = "setitem", (wrapped[0], Ellipsis, *wrapped[1:])
        write.done(site, op, wrapped, named, parents)
        return value

    # ------------------------------------------------------------------------ going through
    def parts_of(self, site: int, array: Any) -> Iterator[Any]:
        """The parts of an array along its first axis, each known to be one."""
        recorder = self.recorder
        for place in range(len(array)):
            part = array[place]
            if is_recorded(part) and get_ident() == recorder.main:
                recorder.result(site, "getitem", (array, place), {}, part)
            yield part

    def steps_of(self, site: int, values: Any) -> Iterator[Any]:
        """What NumPy's own iterators give, one at a time."""
        recorder = self.recorder
        whole = getattr(getattr(values, "iter", None), "base", None)
        last: Any = None
        while True:
            buffer = recorder.buffers.get(id(root_of(last))) if is_array(last) else None
            if buffer is not None:
                recorder.freeze(buffer)  # nditer gives one and the same array, filled anew
            try:
                step = next(values)
            except StopIteration:
                return
            if buffer is not None:
                buffer.version += 1
            if is_array(whole) and get_ident() == recorder.main and is_recorded(step[1]):
                recorder.result(site, "getitem", (whole, step[0]), {}, step[1])
            last = step
            yield step

    def walked(self, site: int, values: Any) -> Any:
        """An array as its parts; anything else as it is."""
        if is_array(values) and values.ndim:
            return self.parts_of(site, values)
        return values

    def walk(self, site: int, function: Any, *args: Any, **kwargs: Any) -> Any:
        """`zip`, `list`, `map` and the like over arrays."""
        if function is reversed:
            parts = [list(self.walked(site, a)) if is_array(a) else a for a in args]
            return function(*parts, **kwargs)
        return function(*[self.walked(site, a) for a in args], **kwargs)

    def reduce(self, site: int, function: Any, values: Any, *initial: Any) -> Any:
        """`functools.reduce`, one call at a time."""
        items = iter(self.walked(site, values))
        if initial:
            total = initial[0]
        else:
            try:
                total = next(items)
            except StopIteration:
                return functools.reduce(function, [])  # says what is wrong
        for item in items:
            total = self.call(site, function)(total, item)
        return total

    def looked_up(self, site: int, function: Any, *args: Any, **kwargs: Any) -> Any:
        """`cache.get("Z1")`."""
        value = function(*args, **kwargs)
        if id(value) in self.recorder.known:
            self.frames.bind(self.sites[site].text, value)
        return value


NOT_AGAIN = {"resize", "itemset", "setfield", "partition"}  # methods that are not computed anew
SHAPED = {
    "builtin_max": "chosen",
    "builtin_min": "chosen",
    "builtin_sum": "summed",
    "fromiter": "gathered",
    "where": "found",
    "nonzero": "found",
    **dict.fromkeys(PARTS, "split"),
}


BUILT_IN = {BuiltinFunctionType, BuiltinMethodType, MethodWrapperType}


def own_code(function: Any) -> Any:
    """The code that calling something runs, if it is Python."""
    if isinstance(function, type):
        return getattr(getattr(function, "__init__", None), "__code__", None)
    code = getattr(function, "__code__", None)
    if code is None:
        code = getattr(type(function).__call__, "__code__", None) if callable(function) else None
    return code


def is_reduce(function: Any) -> bool:
    """True for `np.add.reduce` and its like, whose axis is 0 unless it is said."""
    return isinstance(getattr(function, "__self__", None), np.ufunc)


def reduced_name(function: Any) -> str | None:
    """`np.add.reduce` is a sum, `np.add.at` changes its first argument."""
    owner = getattr(function, "__self__", None)
    if not isinstance(owner, np.ufunc):
        return None
    method = str(function.__name__)
    if method == "reduce":
        return REDUCED.get(owner.__name__, "opaque")
    return f"{owner.__name__}.{method}"
