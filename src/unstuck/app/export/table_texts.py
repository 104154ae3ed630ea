"""How a person reads a table: the delimiter, a header to skip, the column of the target."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

from unstuck.app.export.reading import FOUR, PAIR, Reading, encoded, quoted
from unstuck.app.export.text import function
from unstuck.core.network import Network
from unstuck.data.csv_layout import Layout, find_layout, is_number
from unstuck.data.raw import Wanted


def csv_text(path: Path, target: Any, test: Path | None, network: Network) -> Reading:
    """A table as text."""
    with path.open(encoding="utf-8-sig") as file:
        texts = (text.rstrip("\r\n") for text in file)
        first = list(islice(((n, t) for n, t in enumerate(texts, 1) if t.strip()), 2))
    layout = find_layout(path, first, Wanted(target))
    names = network.class_names
    words = names is not None and not all(is_number(name) for name in names)
    read = function("read_table", ["path"], *_table(layout, words=words, quotes='"' in first[0][1]))
    if test is None:
        lines, made = [f"X, y = read_table({quoted(path)})"], PAIR
    else:
        made = FOUR
        lines = [
            f"X_train, y_train = read_table({quoted(path)})",
            f"X_test, y_test = read_table({quoted(test)})",
        ]
    return Reading(
        "Samples and targets from a table.",
        (*lines, *encoded(network, made)),
        made,
        functions=(read,),
    )


def _table(layout: Layout, *, words: bool, quotes: bool) -> tuple[str, list[str]]:
    """Docstring and body of ``read_table``."""
    options = [f"delimiter={json.dumps(layout.delimiter)}"]
    options += ["skiprows=1"] if layout.names else []
    options += ["quotechar='\"'"] if quotes else []
    options += ["dtype=str"] if words else []
    last = layout.target == layout.n_columns - 1
    X = "table[:, :-1]" if last else f"np.delete(table, {layout.target}, axis=1)"
    X += ".astype(float)" if words else ""
    y = "table[:, -1]" if last else f"table[:, {layout.target}]"
    name = f", {layout.names[layout.target or 0]}" if layout.names else ""
    where = "the last column" if last else f"column {layout.target}, counted from 0"
    return (
        f"The columns of a table: X, and the target y ({where}{name}).",
        [
            f"table = np.loadtxt(path, {', '.join(options)})  # (n, {layout.n_columns})",
            f"return {X}, {y}",
        ],
    )
