"""A network as a table: one row a layer, with the shape of its output and its parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unstuck.core.layers import Activate, Dropout

if TYPE_CHECKING:
    from unstuck.core.network import Network

HEADERS = ("layer", "output shape", "parameters", "count")


@dataclass(frozen=True, slots=True)
class Summary:
    """Rows of (layer, output shape, parameters, count), and the total number of parameters."""

    rows: tuple[tuple[str, str, str, int], ...]
    n_features: int
    n_parameters: int
    note: str

    @classmethod
    def of(cls, network: Network) -> Summary:
        """Read the table off a network."""
        rows = []
        for index, layer in enumerate(network.layers):
            own = [p for p in network.parameters if p.layer == index]
            name = layer.kind
            if isinstance(layer, Activate):
                name = layer.activation.name
            elif isinstance(layer, Dropout):
                name = f"dropout {layer.rate:g}"
            shapes = "  ".join(f"{p.name} {p.shape}" for p in own)
            count = sum(math.prod(p.shape) for p in own)
            rows.append((name, f"(n, {layer.fan_out})", shapes, count))
        note = (
            f"{network.theta.size:,} parameters, {network.dtype.name}; "
            f"loss: {network.loss_function.name}"
        )
        return cls(tuple(rows), network.n_features, network.theta.size, note)

    def __str__(self) -> str:
        """Plain text, columns aligned."""
        first = ("input", f"(n, {self.n_features})", "", "")
        body = [HEADERS, first, *((a, b, c, f"{d:,}" if d else "") for a, b, c, d in self.rows)]
        widths = [max(len(row[k]) for row in body) for k in range(3)]
        lines = [
            "  ".join(cell.ljust(w) for cell, w in zip(row[:3], widths, strict=True))
            + f"  {row[3]:>9}"
            for row in body
        ]
        lines.insert(1, "-" * len(lines[0]))
        return "\n".join([*(line.rstrip() for line in lines), self.note])

    __repr__ = __str__
