"""einsum: the adjoint of an operand is an einsum of the gradient and of the other operands."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from unstuck.trace.operations.rule import Args, Kwargs, NoRule, Position, shape_of, unbroadcast


def einsum_value(args: Args, kwargs: Kwargs) -> Any:
    """What ``np.einsum`` gives."""
    return np.einsum(*args, **{key: item for key, item in kwargs.items() if key != "out"})


def einsum_vjp(g: Any, y: Any, args: Args, kwargs: Kwargs, position: Position) -> Any:
    """The adjoint of the operand at ``position`` (the subscripts stand at 0)."""
    if not isinstance(args[0], str):
        raise NoRule("einsum with lists of axes")
    if isinstance(position, str) or position == 0:
        return None
    operands = [np.asarray(x) for x in args[1:]]
    inputs, output = _explicit(args[0], operands)
    k = position - 1
    own = inputs[k]
    labels = "".join(dict.fromkeys(own))  # "ii" has one label
    sizes = dict(zip(own, operands[k].shape, strict=True))
    others = [x for i, x in enumerate(operands) if i != k]
    terms = [output, *(term for i, term in enumerate(inputs) if i != k)]
    # What neither the result nor another operand has was summed alone: every number gets it all.
    alone = [c for c in labels if not any(c in term for term in terms)]
    kept = "".join(c for c in labels if c not in alone)
    back = np.einsum(",".join(terms) + "->" + kept, g, *others)
    back = np.expand_dims(back, tuple(i for i, c in enumerate(labels) if c in alone))
    if len(labels) == len(own):
        wide = tuple(sizes[c] if c in alone else n for c, n in zip(labels, back.shape, strict=True))
        return unbroadcast(np.broadcast_to(back, wide), operands[k])
    return _on_diagonal(back, own, labels, operands[k])


def _on_diagonal(back: Any, own: str, labels: str, operand: Any) -> Any:
    """A label that stands twice in the operand reads its diagonal."""
    out = np.zeros(operand.shape)
    places = np.ogrid[tuple(slice(operand.shape[own.index(c)]) for c in labels)]
    at = dict(zip(labels, places, strict=True))
    out[tuple(at[c] for c in own)] = back
    return out


def _explicit(subscripts: str, operands: list[Any]) -> tuple[list[str], str]:
    """Subscripts with an output and without ellipses."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    free = [c for c in string.ascii_letters if c not in text]
    hidden = [
        len(shape_of(x)) - (len(term) - 3) if "..." in term else 0
        for term, x in zip(terms, operands, strict=True)
    ]
    dots = "".join(free[: max(hidden)])  # aligned at their right ends, as broadcasting is
    inputs = [
        term.replace("...", dots[len(dots) - n :]) for term, n in zip(terms, hidden, strict=True)
    ]
    if arrow:
        return inputs, right.replace("...", dots)
    joined = "".join(term.replace("...", "") for term in terms)
    once = "".join(sorted(c for c in set(joined) if joined.count(c) == 1))
    return inputs, dots + once
