"""Results that need more than one node: written into `out=`, several at once, or not understood."""

from __future__ import annotations

from typing import Any

import numpy as np

from .recorder import Recorder
from .values import is_array, is_recorded

LARGEST = 20_000_000  # bytes of an argument that is looked at for changes
MOST_PARTS = 16  # of a result
MOST_ITEMS = 1000  # of a container that is looked through
DEEPEST = 6  # containers within containers


class Results:
    """Ways to note what a call gave."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def several(self, site: int, name: str, args: Any, kwargs: Any, values: Any) -> None:
        """A tuple of arrays: where they came from is known, how they were made is not."""
        if len(values) > MOST_PARTS or name == "meshgrid":
            return
        for part in values:
            if is_recorded(part):
                self.recorder.result(site, "opaque", numbers(args, kwargs), {}, part)

    def into(self, site: int, name: str, function: Any, args: Any, kwargs: Any, out: Any) -> Any:
        """`np.add(a, b, out=c)`: the same as without, and c has a new version."""
        recorder = self.recorder
        if recorder.preparing and not recorder.counts(site):
            return recorder.unrecorded(site, out, lambda: function(*args, out=out, **kwargs))
        parents: list[int] = []
        wrapped = tuple([recorder.wrap(x, parents) for x in args])
        where = kwargs.get("where", True)
        if where is not True:
            return self.into_some(site, name, function, args, kwargs, out)
        named = {key: recorder.wrap(x, parents) for key, x in kwargs.items()}
        write = recorder.before_write(out)
        value = function(*args, out=out, **kwargs)
        first = bool(args) and args[0] is out
        write.done(site, name, wrapped, named, parents, inplace=first)
        return value

    def into_some(
        self, site: int, name: str, function: Any, args: Any, kwargs: Any, out: Any
    ) -> Any:
        """`np.divide(a, b, out=c, where=m)` is `np.where(m, a / b, c)`."""
        recorder = self.recorder
        rest = {key: x for key, x in kwargs.items() if key != "where"}
        with np.errstate(all="ignore"):
            everywhere = function(*args, **rest)
        recorder.result(site, name, args, rest, everywhere)
        parents: list[int] = []
        chosen = (kwargs["where"], everywhere, out)
        wrapped = tuple([recorder.wrap(x, parents) for x in chosen])
        write = recorder.before_write(out)
        value = function(*args, out=out, **kwargs)
        write.done(site, "where", wrapped, {}, parents, inplace=False)
        return value

    def opaque(self, site: int, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call something that is not understood; what it changed in place is noticed."""
        recorder = self.recorder
        given = [x for x in (*args, *kwargs.values()) if is_array(x) and x.flags.writeable]
        watched = [(x, x.copy()) for x in given if x.nbytes <= LARGEST]
        value = function(*args, **kwargs)
        for array, before in watched:
            if not same(array, before):
                recorder.changed_unseen(site, array, before)
        parts = value if isinstance(value, (tuple, list)) else [value]
        if len(parts) <= MOST_PARTS:
            for part in parts:
                if is_recorded(part):
                    recorder.result(site, "opaque", numbers(args, kwargs), {}, part)
        return value

    def copied(self, site: int, function: Any, *args: Any, **kwargs: Any) -> Any:
        """`copy.deepcopy(params)`: the same numbers in new objects, also within containers."""
        value = function(*args, **kwargs)
        waiting = [(args[0] if args else None, value, 0)]
        while waiting:
            old, new, depth = waiting.pop()
            if is_recorded(new) and type(new) is type(old):
                self.recorder.result(site, "copy", (old,), {}, new)
            elif depth < DEEPEST:
                waiting += [(a, b, depth + 1) for a, b in alike(old, new)]
        return value

    def vectorized(self, site: int, function: Any, *args: Any, **kwargs: Any) -> Any:
        """`np.vectorize(f)(x)`: items of x went into `f`, what came out fills the result."""
        recorder = self.recorder
        array: Any = args[0] if len(args) == 1 and not kwargs else None
        plain = function.signature is None and not function.excluded
        if not plain or not is_array(array) or not array.size:
            return self.opaque(site, function, *args, **kwargs)
        inner = function.pyfunc
        results: list[Any] = []
        places = np.ndindex(array.shape)
        extra = 0 if function.otypes else 1  # a first call, to see what comes out

        def one(x: Any) -> Any:
            place = next(places) if len(results) >= extra else (0,) * array.ndim
            if is_recorded(x):
                recorder.result(site, "getitem", (array, place), {}, x)
            r = inner(x)
            results.append(r)
            return r

        function.pyfunc = one
        try:
            value = function(array)
        finally:
            function.pyfunc = inner
        results = results[-array.size :]
        if not is_array(value) or value.shape != array.shape or len(results) != array.size:
            return value
        line = np.array(results)
        recorder.result(site, "array", (results,), {}, line)
        recorder.result(site, "reshape", (line, array.shape), {}, value)
        return value


def alike(old: Any, new: Any) -> list[tuple[Any, Any]]:
    """Pairs of parts that correspond, of two containers or two objects."""
    if type(old) is not type(new) or old is new:
        return []
    if isinstance(old, (list, tuple)):
        return list(zip(old[:MOST_ITEMS], new[:MOST_ITEMS]))  # noqa: B905 - Python 3.9
    if not isinstance(old, dict):
        old, new = getattr(old, "__dict__", {}), getattr(new, "__dict__", {})
    return [(old[key], new[key]) for key in list(old)[:MOST_ITEMS] if key in new]


def numbers(args: Any, kwargs: Any) -> tuple[Any, ...]:
    """The arguments that have a node or could have one."""
    return tuple([x for x in (*args, *kwargs.values()) if is_recorded(x)])


def same(a: Any, b: Any) -> bool:
    """True if two arrays have the same numbers, NaN included."""
    return bool(a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes())
