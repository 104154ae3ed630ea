"""How a person reads a CSV, NPZ, NPY or IDX file of their own into ``X`` and ``y``.

The files are looked at when the program is written, so that it says just what these files need:
the delimiter, a header to skip, the column of the target, the names of the arrays.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.app.export.text import function
from unstuck.base.errors import InvalidInputError
from unstuck.core.network import Network
from unstuck.data.arrays import ROLES
from unstuck.data.csv_layout import Layout, find_layout, is_number
from unstuck.data.idx_sets import find_images
from unstuck.data.pairs import LABEL_WORDS, TEST_WORDS, beside, column_index
from unstuck.data.raw import Wanted

PAIR: tuple[str, ...] = ("X", "y")
FOUR: tuple[str, ...] = ("X_train", "X_test", "y_train", "y_test")
IDX_ENDINGS = ("ubyte", "ubyte.gz", ".idx", ".idx.gz")


@dataclass(frozen=True, slots=True)
class Reading:
    """Lines that make the arrays ``names``, and what they need."""

    doc: str
    lines: tuple[str, ...]
    names: tuple[str, ...]
    imports: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()


def read_file_text(path: Path, target: Any, test: Any, network: Network) -> Reading:
    """The reading of a file of the user's own, and of its test file where ``test`` is one."""
    if not path.exists():
        raise InvalidInputError(
            f"the data file {path} is gone, so a program that reads it cannot be written. Put it "
            "back, or export the trained network without its training."
        )
    test_file = None if test is None or not Path(str(test)).is_file() else Path(str(test))
    name = path.name.lower()
    if name.endswith((".csv", ".tsv")):
        return csv_text(path, target, test_file, network)
    if name.endswith(".npz"):
        return npz_text(path, target, test_file, network)
    if test_file is not None:
        raise InvalidInputError(
            f"a program for {path.name} with a test file of its own cannot be written out; "
            "allowed for CSV and NPZ files. Name the files alike (X_train.npy, X_test.npy), or "
            "export the trained network without its training."
        )
    return array_text(path, target, network)


# ------------------------------------------------------------------------------------- targets


def labels_are_numbers(network: Network) -> bool:
    """Whether the class names are 0 .. K-1, so that labels can be used as they are."""
    names = network.class_names
    return names is not None and all(name == str(k) for k, name in enumerate(names))


def encoded(network: Network, names: Sequence[str]) -> list[str]:
    """Lines that turn labels into class numbers; values stay as they are."""
    train, test = names[-2:] if len(names) == len(FOUR) else (names[-1], None)
    if network.class_names is None:
        return []
    if labels_are_numbers(network):
        return [f"{y} = {y}.astype(int)" for y in (train, test) if y]
    lines = [f"classes, {train} = np.unique({train}, return_inverse=True)"]
    return lines + ([f"{test} = np.searchsorted(classes, {test})"] if test else [])


# ----------------------------------------------------------------------------------------- CSV


def csv_text(path: Path, target: Any, test: Path | None, network: Network) -> Reading:
    """A table as text."""
    with path.open(encoding="utf-8-sig") as file:
        texts = (text.rstrip("\r\n") for text in file)
        first = list(islice(((n, t) for n, t in enumerate(texts, 1) if t.strip()), 2))
    layout = find_layout(path, first, Wanted(target))
    names = network.class_names
    words = names is not None and not all(is_number(name) for name in names)
    read = function("read_table", ["path"], *_table(layout, words=words, quoted='"' in first[0][1]))
    if test is None:
        lines, made = [f"X, y = read_table({_quoted(path)})"], PAIR
    else:
        made = FOUR
        lines = [
            f"X_train, y_train = read_table({_quoted(path)})",
            f"X_test, y_test = read_table({_quoted(test)})",
        ]
    return Reading(
        "Samples and targets from a table.",
        (*lines, *encoded(network, made)),
        made,
        functions=(read,),
    )


def _table(layout: Layout, *, words: bool, quoted: bool) -> tuple[str, list[str]]:
    """Docstring and body of ``read_table``."""
    options = [f"delimiter={json.dumps(layout.delimiter)}"]
    options += ["skiprows=1"] if layout.names else []
    options += ["quotechar='\"'"] if quoted else []
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


# ---------------------------------------------------------------------------------- NPZ and NPY


def npz_text(path: Path, target: Any, test: Path | None, network: Network) -> Reading:
    """Arrays in one archive, under the names that people give them."""
    with np.load(path, allow_pickle=False) as archive:
        shapes = {name: archive[name].shape for name in archive.files}
    names = {role: _named(role, shapes) for role in ROLES}
    names["y"] = str(target) if target is not None else names["y"]
    others = [name for name in shapes if name not in names.values()]
    if names["X"] is None and len(others) == 1:
        names["X"] = others[0]

    def taken(role: str) -> str:
        shape = shapes[str(names[role])]
        expression = f'data["{names[role]}"]'
        return (
            target_vector(expression, shape, network) if role[0] == "y" else rows(expression, shape)
        )

    lines = [f"data = np.load({_quoted(path)})"]
    if test is not None:
        lines += [f"X_train, y_train = {taken('X')}, {taken('y')}"]
        lines += [f"data = np.load({_quoted(test)})"]
        lines += [f"X_test, y_test = {taken('X')}, {taken('y')}"]
    elif names["X_test"] and names["y_test"]:
        lines += [f"X_train, y_train = {taken('X')}, {taken('y')}"]
        lines += [f"X_test, y_test = {taken('X_test')}, {taken('y_test')}"]
    else:
        lines += [f"X, y = {taken('X')}, {taken('y')}"]
    made = PAIR if lines[-1].startswith("X, y") else FOUR
    return Reading(
        "Samples and targets from an archive of arrays.",
        (*lines, *encoded(network, made)),
        made,
    )


def _named(role: str, names: dict[str, Any]) -> str | None:
    lower = {name.lower(): name for name in reversed(names)}
    return next((lower[name] for name in ROLES[role] if name in lower), None)


def rows(expression: str, shape: Sequence[int]) -> str:
    """Pictures as rows of pixels."""
    flat = f"{expression}.reshape(-1, {int(np.prod(shape[1:]))})"
    return flat if len(shape) > 2 else expression


def target_vector(expression: str, shape: Sequence[int], network: Network) -> str:
    """A column as a vector, one-hot rows as class numbers."""
    if len(shape) == 1:
        return expression
    if shape[1] == 1:
        return f"{expression}[:, 0]"
    return expression if network.class_names is None else f"{expression}.argmax(axis=1)"


# ----------------------------------------------------------- arrays in files, labels beside them


def array_text(path: Path, target: Any, network: Network) -> Reading:
    """One array a file: NPY or IDX, labels in a file beside it or in a column."""
    images = find_images(path) if path.is_dir() else path
    if images is None:
        raise InvalidInputError(f"{path} holds no images to read; give a file.")
    idx = images.name.lower().endswith(IDX_ENDINGS)
    labels = _labels(images, target)
    if labels is None:
        column = column_index(target, network.n_features + 1, str(images))
        lines = [
            f"table = np.load({_quoted(images)})  # (n, {network.n_features + 1})",
            f"X, y = np.delete(table, {column}, axis=1), table[:, {column}]",
        ]
        return Reading(
            "Samples and their target from one table.", (*lines, *encoded(network, PAIR)), PAIR
        )
    read = "read_idx({})" if idx else "np.load({})"
    width = f".reshape(-1, {network.n_features})"
    test, test_labels = beside(images, TEST_WORDS), beside(labels, TEST_WORDS)
    files = {"X": images, "y": labels}
    made = PAIR
    if test is not None and test_labels is not None:
        files = {"X_train": images, "y_train": labels, "X_test": test, "y_test": test_labels}
        made = FOUR
    lines = [
        f"{name} = {read.format(_quoted(file))}{width if name[0] == 'X' else ''}"
        for name, file in files.items()
    ]
    opened = opener([file.name for file in files.values()])
    return Reading(
        "Samples and their labels, each from a file.",
        (*lines, *encoded(network, made)),
        made,
        imports=("import gzip",) if idx and "gzip" in opened else (),
        functions=(read_idx(opened),) if idx else (),
    )


def _labels(images: Path, target: Any) -> Path | None:
    for named in (target, None if target is None else images.with_name(str(target))):
        if named is not None and Path(str(named)).is_file():
            return Path(str(named))
    return beside(images, LABEL_WORDS)


def _quoted(path: Path) -> str:
    """The path as a string in double quotes."""
    return json.dumps(str(path), ensure_ascii=False)


def opener(names: Sequence[str]) -> str:
    """How files are opened of which all, none or some are gzipped."""
    zipped = [name.endswith(".gz") for name in names]
    if all(zipped):
        return "gzip.open(path)"
    return (
        '(gzip.open if path.endswith(".gz") else open)(path, "rb")'
        if any(zipped)
        else ('open(path, "rb")')
    )


def read_idx(opened: str) -> str:
    """The function that reads an IDX file of bytes."""
    return function(
        "read_idx",
        ["path"],
        "The bytes in an IDX file: a type, the sizes, then the data.",
        [
            f"with {opened} as file:",
            "    data = file.read()",
            'shape = np.frombuffer(data, ">i4", data[3], 4)  # data[3] is how many there are',
            "return np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)",
        ],
    )
