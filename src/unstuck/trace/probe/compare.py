"""Whether a value that was made again is the one that the notebook has: the same, or alike."""

from __future__ import annotations

import random
import types
from typing import Any

import numpy as np

SAME, ALIKE, OTHER = "same", "alike", "other"
MOST_PAIRS = 2_000_000


def compared(made: Any, had: Any) -> str:
    """How two values compare, however deep they are.

    "alike" means that only numbers differ: types, names and shapes are the same.
    """
    waiting = [(made, had)]
    seen: set[tuple[int, int]] = set()
    answer = SAME
    while waiting:
        a, b = waiting.pop()
        pair = (id(a), id(b))
        if a is b or pair in seen:
            continue
        seen.add(pair)
        if len(seen) > MOST_PAIRS or type(a) is not type(b):
            return OTHER
        inner = parts(a, b)
        if inner is None:
            inner, found = [], simple(a, b)
        else:
            found = SAME
        if found == OTHER:
            return OTHER
        if found == ALIKE:
            answer = ALIKE
        waiting += inner
    return answer


def parts(a: Any, b: Any) -> Any:
    """What two containers of one type hold, in pairs; None for what is none."""
    if isinstance(a, (list, tuple)):
        return list(zip(a, b)) if len(a) == len(b) else [(1, 2.0)]  # noqa: B905 - Python 3.8
    if isinstance(a, dict):
        if list(a) != list(b):
            return [(1, 2.0)]
        return [*((a[key], b[key]) for key in a), *attributes(a, b)]
    if isinstance(a, np.random.Generator):
        return [(a.bit_generator.state, b.bit_generator.state)]
    if isinstance(a, np.random.RandomState):
        return [(a.get_state(legacy=False), b.get_state(legacy=False))]
    if isinstance(a, random.Random):
        return [(a.getstate(), b.getstate())]
    if isinstance(a, (type, types.ModuleType)):
        return [] if a is b else [(1, 2.0)]
    if isinstance(a, np.ndarray) or not hasattr(a, "__dict__") or isinstance(a, types.FunctionType):
        return None
    return attributes(a, b) if type(a).__module__ == "__main__" else None


def attributes(a: Any, b: Any) -> Any:
    """The attributes of two instances."""
    first, second = getattr(a, "__dict__", {}), getattr(b, "__dict__", {})
    if list(first) != list(second):
        return [(1, 2.0)]
    return [(first[key], second[key]) for key in first]


def simple(a: Any, b: Any) -> str:
    """Two things that hold no others."""
    if isinstance(a, np.ndarray):
        if a.shape != b.shape or a.dtype != b.dtype:
            return OTHER
        if a.dtype.hasobject:
            return SAME if a.tolist() == b.tolist() else ALIKE
        return SAME if np.asarray(a).tobytes() == np.asarray(b).tobytes() else ALIKE
    if isinstance(a, (float, complex, np.generic)):
        return SAME if a == b or repr(a) == repr(b) else ALIKE  # NaN is not equal to itself
    if isinstance(a, (int, str, bytes)):
        return SAME if a == b else ALIKE
    if isinstance(a, types.FunctionType):
        return SAME if a.__code__.co_code == b.__code__.co_code else OTHER
    try:
        return SAME if bool(a == b) else ALIKE
    except Exception:  # noqa: BLE001 - its own code may raise anything
        return ALIKE
