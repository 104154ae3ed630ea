"""What was measured, as aligned rows: names on the left, three significant digits on the right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unstuck.doctor.schema import plain
from unstuck.show.diagnosis.characters import cells, harmless, pad, sentence

LABELS = {
    "std": "standard deviation",
    "low": "lowest",
    "high": "highest",
    "cosine": "cosine with true gradient",
    "ratio": "ratio to true gradient",
}
NAMES = "parameters"  # the entry that names those whose numbers stand in the others
MOST_VALUES = 10  # of a longer list the first are shown
GAP = "  "


def number(value: float) -> str:
    """A number in three significant digits; whole numbers are shown whole.

    >>> [number(v) for v in (0.1, 0.09871, 12.345, 1234.5, 0.000123, 3.0, 120000)]
    ['0.100', '0.0987', '12.3', '1,234', '1.23e-04', '3', '120,000']
    """
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    if value.is_integer() and size < 1e7:
        return f"{value + 0.0:,.0f}"  # no -0
    if size < 0.9995e-3 or size >= 1e7:
        return f"{value:.2e}"
    if size >= 999.5:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".")


def measured(metric: str, value: float) -> str:
    """A value of the progress metric: shares in three decimals, everything else as `number`."""
    if metric == "accuracy" and math.isfinite(value):
        return f"{value:.3f}"
    return number(float(value))


def shown(value: Any) -> str:
    """One value of the evidence."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    return sentence(str(value))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of evidence; ``heads`` are the names above its values, if they have any."""

    label: str
    values: tuple[str, ...]
    heads: tuple[str, ...] = ()


def evidence_rows(evidence: Mapping[str, Any], said: str = "") -> list[Row]:
    """Every entry of the evidence as a row; without the words that were ``said`` already.

    A list with a number for each of the ``parameters`` gets their names above its values.
    """
    known = {str(name): plain(value, finite=False) for name, value in evidence.items()}
    names = known.get(NAMES)
    if isinstance(names, list) and 1 < len(names) == len(set(map(str, names))):
        known = {
            name: dict(zip(map(str, names), value, strict=True)) if _beside(value, names) else value
            for name, value in known.items()
        }
        if any(isinstance(value, dict) and list(value) == names for value in known.values()):
            del known[NAMES]
    return [_row(name, value) for name, value in known.items() if not _in_words(value, said)]


def _beside(value: Any, names: list[Any]) -> bool:
    return isinstance(value, list) and len(value) == len(names) and not isinstance(value[0], str)


def _in_words(value: Any, said: str) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(v, str) and v in said for v in value)
    return isinstance(value, str) and value in said


def _row(name: str, value: Any) -> Row:
    label = LABELS.get(name) or sentence(name.replace("_", " "))
    if isinstance(value, Mapping) and value and all(map(_single, value.values())):
        kept = list(value.items())[:MOST_VALUES]
        more = _more(len(value) - len(kept))
        return Row(
            label,
            (*(shown(v) for _, v in kept), *more),
            (*(harmless(str(k)) for k, _ in kept), *("" for _ in more)),
        )
    if isinstance(value, list) and value and all(map(_single, value)):
        kept = value[:MOST_VALUES]
        return Row(label, (*map(shown, kept), *_more(len(value) - len(kept))))
    return Row(label, (shown(value) if _single(value) else sentence(str(value)),))


def _single(value: Any) -> bool:
    return not isinstance(value, Mapping | list)


def _more(count: int) -> tuple[str, ...]:
    return (f"and {count:,} more",) if count > 0 else ()


def blocks(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows that share their columns, one after the other."""
    found: list[list[Row]] = []
    for row in rows:
        last = found[-1][-1] if found else None
        same = last is not None and (len(row.values), row.heads) == (len(last.values), last.heads)
        if same and len(row.values) > 1:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def table_lines(block: Sequence[Row], label_width: int) -> list[str]:
    """Rows with several values each, in columns of their own."""
    grid = (
        [block[0].heads, *(r.values for r in block)]
        if block[0].heads
        else [r.values for r in block]
    )
    widths = [max(cells(row[k]) for row in grid) for k in range(len(grid[0]))]
    labels = [*([""] if block[0].heads else []), *(r.label for r in block)]
    return [
        (
            pad(label, label_width)
            + "".join(GAP + pad(v, w, right=True) for v, w in zip(values, widths, strict=True))
        ).rstrip()
        for label, values in zip(labels, grid, strict=True)
    ]
