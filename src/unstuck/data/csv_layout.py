"""How a CSV file is laid out, judged from its first two lines: delimiter, header, target.

The first line is a header when a cell of it is no number where the line below has one, when none of
its cells is a number, or when it counts the columns (0, 1, 2, ...) as data frames are often saved.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unstuck.base.errors import DataFormatError, InvalidInputError
from unstuck.data.pairs import column_index
from unstuck.data.raw import Wanted

DELIMITERS = (",", ";", "\t")
TARGET_NAMES = ("target", "label", "class", "y")
SHORTEST_COUNT = 5  # columns: 0,1,2,3,4 counts them, 0,1 may be data
SHOWN_NAMES = 12


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are in a CSV file; ``target`` is a column, or None where there is none."""

    path: Path
    delimiter: str
    names: tuple[str, ...] | None
    n_columns: int
    target: int | None
    feature_columns: tuple[int, ...]

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """The names of the columns that are no target; None without a header."""
        return self.names and tuple(self.names[column] for column in self.feature_columns)

    def column_name(self, column: int) -> str:
        """What to call a column in a message: its name, or its number from 1."""
        return f"column {self.names[column]!r}" if self.names else f"column {column + 1}"


def find_layout(path: Path, first: Sequence[tuple[int, str]], wanted: Wanted) -> Layout:
    """The layout of the file whose first two non-empty lines are ``first``.

    Raises DataFormatError for an empty file or a single column, InvalidInputError for a target
    that is no column.
    """
    if not first:
        raise DataFormatError(f"{path} is empty.")
    delimiter = max(DELIMITERS, key=first[0][1].count)
    rows = [next(csv.reader([text], delimiter=delimiter)) for _, text in first]
    rows = [[cell.strip() for cell in row] for row in rows]
    names = tuple(rows[0]) if _is_header(rows) else None
    n_columns = len(rows[0])
    has_target = wanted.target is not None or wanted.n_features != n_columns
    if n_columns == 1 and has_target:
        raise DataFormatError(
            f"{path} has one column; at least one feature and a target are needed, separated by a "
            "comma, semicolon or tab."
        )
    target = _find_target(path, names, n_columns, wanted.target) if has_target else None
    features = tuple(column for column in range(n_columns) if column != target)
    return Layout(path, delimiter, names, n_columns, target, features)


def _is_header(rows: list[list[str]]) -> bool:
    head = [is_number(cell) for cell in rows[0]]
    if not any(head) or rows[0] == [str(i) for i in range(max(len(head), SHORTEST_COUNT))]:
        return True
    if len(rows) == 1:
        return False
    return any(not h and is_number(cell) for h, cell in zip(head, rows[1], strict=False))


def _find_target(
    path: Path, names: tuple[str, ...] | None, n_columns: int, target: str | int | None
) -> int:
    if names is None:
        return column_index(target, n_columns, str(path))
    if target is None:
        known = [i for i, name in enumerate(names) if name.lower() in TARGET_NAMES]
        return known[0] if len(known) == 1 else n_columns - 1
    if target in names:
        return names.index(str(target))
    try:
        int(target)
    except ValueError:
        near = difflib.get_close_matches(str(target), names, n=1)
        more = ", ..." if n_columns > SHOWN_NAMES else ""
        raise InvalidInputError(
            f"{path} has no column {target!r}. Its {n_columns} columns: "
            f"{', '.join(names[:SHOWN_NAMES])}{more}."
            + (f" Did you mean {near[0]!r}?" if near else "")
        ) from None
    return column_index(target, n_columns, str(path))


def is_number(cell: str) -> bool:
    """Whether ``cell`` reads as a number, NaN and infinity included."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
