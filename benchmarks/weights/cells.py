"""The cells: which networks, on which data, trained how. 60 to report on, others to tune on.

Depth, activation and data are crossed in full (6 x 5 x 2); width, the inputs' scale and the
optimiser turn with them, so that every value of each meets every depth and every activation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

ACTIVATIONS = ("sigmoid", "tanh", "relu", "selu", "gelu")
INPUTS = ("standard", "unit", "byte")  # mean 0 and variance 1; 0..1; 0..255
TRAININGS = (("adam", 1e-3), ("momentum", 1e-2), ("adam", 3e-4))
DEPTHS, WIDTHS = (1, 2, 5, 10, 20, 50), (16, 64, 256)
TUNE_DEPTHS, TUNE_WIDTHS = (1, 3, 7, 15, 30), (24, 48, 96)
DATA = ("digits", "mnist")
ROWS = {"digits": 1348, "mnist": 60_000, "tune": 1011}
BATCH = {"digits": 32, "mnist": 128}
EPOCHS = {"digits": 10, "mnist": 3}


@dataclass(frozen=True, slots=True)
class Cell:
    """One network on one data set, with all that a user would say of its training.

    ``part`` is "report" (judged by the test part) or "tune" (digits only: judged by a quarter of
    the training part; its test part is never looked at).
    """

    data: str
    depth: int  # hidden layers
    width: int
    activation: str
    inputs: str
    optimizer: str
    learning_rate: float
    part: str = "report"

    @property
    def name(self) -> str:
        """All of it in one line."""
        return (
            f"{self.data} {self.depth}x{self.width} {self.activation} {self.inputs} "
            f"{self.optimizer} {self.learning_rate:g}"
        )

    @property
    def batch_size(self) -> int:
        """Samples an update."""
        return BATCH[self.data]

    @property
    def epochs(self) -> int:
        """Passes over the data that a candidate is judged after."""
        return EPOCHS[self.data]

    @property
    def steps(self) -> int:
        """Updates in them."""
        rows = ROWS["tune" if self.part == "tune" else self.data]
        return self.epochs * -(-rows // self.batch_size)


def grid(part: str = "report") -> list[Cell]:
    """All cells of a part, in an order that may be cut anywhere.

    >>> [cell.depth for cell in grid()[:12]]
    [1, 1, 2, 2, 5, 5, 10, 10, 20, 20, 50, 50]
    """
    if part == "tune":
        cells = list(crossed(TUNE_DEPTHS, TUNE_WIDTHS, DATA[:1], part))
    else:
        cells = list(crossed(DEPTHS, WIDTHS, DATA, part))
    return spread(cells)


def crossed(
    depths: Sequence[int], widths: Sequence[int], data: Sequence[str], part: str
) -> list[Cell]:
    """Every depth with every activation on every data set; the rest turns with them."""
    cells = []
    places = product(enumerate(depths), enumerate(data), enumerate(ACTIVATIONS))
    for (d, depth), (s, name), (a, activation) in places:
        optimizer, rate = TRAININGS[(a + s + d // 3) % 3]
        cells.append(
            Cell(
                name,
                depth,
                widths[(a + d + s) % 3],
                activation,
                INPUTS[(a + 2 * d + 2 * s) % 3],
                optimizer,
                rate,
                part,
            )
        )
    return cells


def spread(cells: Sequence[Cell]) -> list[Cell]:
    """One of every (depth, data) in turn: each time the one whose values were seen least so far."""
    groups: dict[tuple[int, str], list[Cell]] = {}
    for cell in sorted(cells, key=lambda cell: (cell.depth, cell.data, cell.width)):
        groups.setdefault((cell.depth, cell.data), []).append(cell)
    seen: Counter[object] = Counter()
    order = []
    while any(groups.values()):
        for group in groups.values():
            if group:
                cell = min(group, key=lambda cell: sum(seen[value] for value in values(cell)))
                group.remove(cell)
                seen.update(values(cell))
                order.append(cell)
    return order


def values(cell: Cell) -> tuple[object, ...]:
    """What the first cells should have of every kind; an activation counts twice."""
    return (cell.activation, cell.activation, cell.width, cell.inputs, cell.optimizer)
