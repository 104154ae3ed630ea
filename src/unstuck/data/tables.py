"""CSV: numbers in columns, one sample a line, one column of which is the target.

Numbers are parsed by NumPy a block of lines at a time, and small whole numbers (pixels) are kept as
bytes. When a block cannot be parsed it is read once more, cell by cell, to name the line and the
column at fault. How the file is laid out (delimiter, header) is judged in `csv_layout`.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.base.errors import DataFormatError
from unstuck.data.checks import SMALLEST_IMAGE
from unstuck.data.csv_layout import Layout, find_layout, is_number
from unstuck.data.raw import RawData, Wanted
from unstuck.data.targets import REGRESSION

Lines = list[tuple[int, str]]  # (number of the line from 1, its text)

BLOCK_LINES = 2048
EXACT_FLOAT_INTEGER = 2.0**53


def load_csv(path: Path, wanted: Wanted) -> RawData:
    """The samples and the target of a CSV file.

    The target is the column ``wanted.target`` (name, or index from 0); without it a column that the
    header calls target, label, class or y, else the last.

    Raises DataFormatError: text for a number, a cell that is empty or not finite, a line that is
    longer or shorter than the others, not UTF-8; each with its line.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            lines = _numbered(file)
            first: Lines = list(islice(lines, 2))
            layout = find_layout(path, first, wanted)
            blocks: list[AnyArray] = []
            words: list[str] = []
            numbers: list[int] = []
            body = chain(first[1:] if layout.names else first, lines)
            while block := list(islice(body, BLOCK_LINES)):
                values, targets = _read_block(layout, block)
                blocks.append(_compact(values))
                words.extend(targets)
                numbers.extend(number for number, _ in block)
    except UnicodeDecodeError as error:
        raise DataFormatError(
            f"{path} is not UTF-8 text ({error.reason}). Save it as CSV in UTF-8."
        ) from error
    except csv.Error as error:
        raise DataFormatError(f"{path} cannot be read as CSV: {error}.") from error
    if not blocks:
        raise DataFormatError(f"{path} holds a header and no samples.")
    X = np.concatenate(blocks)
    names = layout.feature_names
    if layout.target is None:
        return RawData(X, None, feature_names=names)
    return RawData(X, _target(layout, words, numbers, wanted.task), feature_names=names)


def _numbered(file: Iterator[str]) -> Iterator[tuple[int, str]]:
    """The lines that hold something, numbered from 1 as an editor shows them."""
    for number, line in enumerate(file, start=1):
        text = line.rstrip("\r\n")
        if text.strip():
            yield number, text


def _read_block(layout: Layout, block: Lines) -> tuple[AnyArray, list[str]]:
    """Features (lines, features) as float64, and the cells of the target as text."""
    texts = [text for _, text in block]
    if not any('"' in text for text in texts):
        for number, text in block:
            _check_width(layout, number, text.count(layout.delimiter) + 1)
        try:
            values = np.loadtxt(
                texts,
                delimiter=layout.delimiter,
                comments=None,
                usecols=layout.feature_columns,
                ndmin=2,
            )
        except ValueError:
            pass  # read again below, to say which cell
        else:
            _check_finite(layout, block, values)
            return values, [_cell(layout, text) for text in texts]
    return _read_cells(layout, block)


def _read_cells(layout: Layout, block: Lines) -> tuple[AnyArray, list[str]]:
    """The same cell by cell: slower, but quotes are understood and a fault is found."""
    values = np.empty((len(block), len(layout.feature_columns)))
    targets = []
    for row, (number, text) in enumerate(block):
        cells = next(csv.reader([text], delimiter=layout.delimiter))
        _check_width(layout, number, len(cells))
        for place, column in enumerate(layout.feature_columns):
            try:
                values[row, place] = float(cells[column])
            except ValueError:
                raise _not_a_number(layout, number, column, cells[column]) from None
        targets.append("" if layout.target is None else cells[layout.target].strip())
    _check_finite(layout, block, values)
    return values, targets


def _cell(layout: Layout, text: str) -> str:
    """The cell of the target in a line without quotes."""
    if layout.target is None:
        return ""
    if layout.target == layout.n_columns - 1:
        return text.rsplit(layout.delimiter, 1)[-1].strip()
    return text.split(layout.delimiter, layout.target + 1)[layout.target].strip()


def _compact(values: AnyArray) -> AnyArray:
    """``values`` as bytes where they may be pixels: many columns of whole numbers, 0 to 255.

    Fewer columns are a table of counts and codes, whose columns are not on one scale, as bytes
    would say to whoever scales them.
    """
    if (
        values.shape[1] < SMALLEST_IMAGE
        or values.min() < 0
        or values.max() > np.iinfo(np.uint8).max
    ):
        return values
    small = values.astype(np.uint8)
    return small if np.array_equal(small, values) else values


def _target(layout: Layout, words: list[str], numbers: list[int], task: str | None) -> AnyArray:
    """The target as integers or floats where all its cells are numbers, else as text."""
    values = []  # of the cells that are numbers
    text = None  # (line, cell) of the first that is none
    for number, word in zip(numbers, words, strict=True):
        if not word:
            raise _bad_target(layout, number, "is empty")
        if not is_number(word):
            text = text or (number, word)
            continue
        values.append(float(word))
        if not math.isfinite(values[-1]):
            raise _bad_target(layout, number, f"is {word!r}, not a finite number")
    if text is None:
        column = np.array(values)
        whole = (column == np.rint(column)).all() and np.abs(column).max() < EXACT_FLOAT_INTEGER
        return column.astype(np.int64) if whole else column
    if task == REGRESSION or not all(value.is_integer() for value in values):
        # a slip among numbers, not the name of a class
        raise _bad_target(layout, text[0], f"is {text[1]!r}, not a number")
    return np.array(words)


def _check_width(layout: Layout, number: int, n_cells: int) -> None:
    if n_cells != layout.n_columns:
        raise DataFormatError(
            f"{layout.path}, line {number}: {n_cells} cells, but the first line has "
            f"{layout.n_columns}. Every line needs the same number; check for a missing or spare "
            f"{layout.delimiter!r}."
        )


def _check_finite(layout: Layout, block: Lines, values: AnyArray) -> None:
    finite = np.isfinite(values)
    if not finite.all():
        row, place = np.argwhere(~finite)[0]
        column = layout.feature_columns[int(place)]
        raise DataFormatError(
            f"{layout.path}, line {block[row][0]}, {layout.column_name(column)}: "
            f"{values[row, place]} is not a finite number. Remove the line or fill the value in."
        )


def _not_a_number(layout: Layout, number: int, column: int, cell: str) -> DataFormatError:
    what = f"{cell.strip()!r} is not a number" if cell.strip() else "the cell is empty"
    hint = (
        "Write decimals with a point."
        if "," in cell
        else "Encode text as numbers or leave the column out; the target may be text (--target)."
    )
    return DataFormatError(
        f"{layout.path}, line {number}, {layout.column_name(column)}: {what}. {hint}"
    )


def _bad_target(layout: Layout, number: int, what: str) -> DataFormatError:
    name = layout.column_name(layout.target or 0)
    return DataFormatError(
        f"{layout.path}, line {number}, target {name}: the cell {what}. Mend or remove the line, "
        "or choose another target."
    )
