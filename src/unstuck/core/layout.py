"""Where every parameter lies: all arrays of all layers, one after the other in one flat buffer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from unstuck.base.errors import InvalidInputError
from unstuck.core.layers import Dense, Layer


class Parameter(NamedTuple):
    """Where one parameter array lies in the flat buffer."""

    name: str  # "W1", as a person would write it
    layer: int  # index of its layer
    local: str  # "W", the layer's own name for it
    start: int
    stop: int
    shape: tuple[int, ...]


def lay_out(layers: Sequence[Layer], which: str) -> Iterator[Parameter]:
    """Place every layer's arrays one after the other; number names by kind of array."""
    counts: dict[str, int] = {}
    start = 0
    for index, layer in enumerate(layers):
        for local, shape in getattr(layer, which)().items():
            counts[local] = counts.get(local, 0) + 1
            stop = start + math.prod(shape)
            yield Parameter(f"{local}{counts[local]}", index, local, start, stop, shape)
            start = stop


def total_size(layout: Sequence[Parameter]) -> int:
    """Entries in the buffer that a layout describes."""
    return layout[-1].stop if layout else 0


def dense_widths(layers: Sequence[Layer]) -> list[int]:
    """Input width, then the width of every dense layer."""
    return [layers[0].fan_in, *(la.fan_out for la in layers if isinstance(la, Dense))]


def check_widths(layers: Sequence[Layer]) -> None:
    """Raise unless there are layers and each takes what the one before it gives."""
    if not layers:
        raise InvalidInputError("a network needs at least one layer; got none.")
    for i, (before, after) in enumerate(pairwise(layers)):
        if before.fan_out != after.fan_in:
            raise InvalidInputError(
                f"layer {i} ({before.kind}) gives {before.fan_out} features, but layer {i + 1} "
                f"({after.kind}) takes {after.fan_in}; make the two equal."
            )
