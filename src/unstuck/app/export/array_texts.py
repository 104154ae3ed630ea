"""How a person reads arrays: an NPZ archive, or NPY and IDX files with labels beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.app.export.reading import FOUR, PAIR, Reading, encoded, quoted
from unstuck.app.export.text import function
from unstuck.base.errors import InvalidInputError
from unstuck.core.network import Network
from unstuck.data.arrays import ROLES
from unstuck.data.idx_sets import find_images
from unstuck.data.pairs import LABEL_WORDS, TEST_WORDS, beside, column_index

IDX_ENDINGS = ("ubyte", "ubyte.gz", ".idx", ".idx.gz")


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

    lines = [f"data = np.load({quoted(path)})"]
    if test is not None:
        lines += [f"X_train, y_train = {taken('X')}, {taken('y')}"]
        lines += [f"data = np.load({quoted(test)})"]
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
            f"table = np.load({quoted(images)})  # (n, {network.n_features + 1})",
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
        f"{name} = {read.format(quoted(file))}{width if name[0] == 'X' else ''}"
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
