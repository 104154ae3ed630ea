"""Samples in one file, their labels in another: which two belong together, by their names.

    X.npy               y.npy
    X_train.npy         y_train.npy         and, if they are there, X_test.npy  y_test.npy
    train-images-...    train-labels-...    and, if they are there, t10k-images  t10k-labels

A file without such a partner is a table, and one of its columns is the target.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.base.errors import InvalidInputError
from unstuck.data.raw import RawData, Wanted, flatten_images

LABEL_WORDS = (
    ("X", "y"),
    ("x", "y"),
    ("images", "labels"),
    ("features", "labels"),
    ("features", "targets"),
    ("data", "target"),
    ("data", "labels"),
)
TEST_WORDS = (("train", "t10k"), ("train", "test"))


def complete(
    path: Path, array: AnyArray, wanted: Wanted, read: Callable[[Path], AnyArray]
) -> RawData:
    """``array``, read from ``path``, with its target: a file of its own, or one of the columns.

    ``read`` reads a file of the same format. Raises InvalidInputError when there is no target.
    """
    labels = _target_file(path, wanted.target) or beside(path, LABEL_WORDS)
    X, shape = flatten_images(array)
    if labels is not None:
        X_test, y_test = _test_part(path, labels, read)
        return RawData(X, read(labels), X_test, y_test, image_shape=shape)
    if wanted.target is None and wanted.n_features == X.shape[-1]:
        return RawData(X, None, image_shape=shape)
    if array.ndim == 2 and array.shape[1] > 1:
        column = column_index(wanted.target, array.shape[1], str(path))
        return RawData(drop_column(array, column), array[:, column])
    raise InvalidInputError(
        f"{path} holds shape {array.shape} and no labels lie beside it. Name the two files alike "
        "(X.npy and y.npy, train-images... and train-labels...), or give the file of labels with "
        "--target."
    )


def beside(path: Path, words: tuple[tuple[str, str], ...]) -> Path | None:
    """The file next to ``path`` whose name has one word in place of another; None: there is none.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "y_train.npy").touch()
    >>> beside(folder / "X_train.npy", LABEL_WORDS).name
    'y_train.npy'
    """
    for old, new in words:
        name, n_changes = re.subn(rf"(?<![A-Za-z]){old}(?![A-Za-z])", new, path.name, count=1)
        if not n_changes:
            continue
        plain = name.removesuffix(".gz")
        for other in dict.fromkeys((plain, plain.replace("idx3", "idx1"))):
            for found in (path.with_name(other), path.with_name(other + ".gz")):
                if found.is_file() and found != path:
                    return found
    return None


def column_index(target: str | int | None, n_columns: int, what: str) -> int:
    """The index from 0 of the target among ``n_columns``; None stands for the last.

    Raises InvalidInputError for anything but an index within the table.
    """
    try:
        index = n_columns - 1 if target is None else int(target)
    except ValueError:
        raise InvalidInputError(
            f"{what} has no column names, so target {target!r} cannot be found; give the index of "
            f"a column, 0 to {n_columns - 1} (-1: the last), or a file of labels."
        ) from None
    if not -n_columns <= index < n_columns:
        raise InvalidInputError(
            f"{what} has {n_columns} columns; target {index} is none of them. Allowed: 0 to "
            f"{n_columns - 1}, or -1 for the last."
        )
    return index % n_columns


def drop_column(array: AnyArray, column: int) -> AnyArray:
    """``array`` without one column: a view where it is the first or the last, else a copy."""
    if column == array.shape[1] - 1:
        return array[:, :-1]
    return array[:, 1:] if column == 0 else np.delete(array, column, axis=1)


def _target_file(path: Path, target: str | int | None) -> Path | None:
    """The file that ``target`` names, from here or from beside ``path``; None: it names none."""
    if not isinstance(target, str):
        return None
    return next((p for p in (Path(target), path.parent / target) if p.is_file()), None)


def _test_part(
    path: Path, labels: Path, read: Callable[[Path], AnyArray]
) -> tuple[AnyArray | None, AnyArray | None]:
    X_file, y_file = beside(path, TEST_WORDS), beside(labels, TEST_WORDS)
    if X_file is None or y_file is None:
        return None, None
    return flatten_images(read(X_file))[0], read(y_file)
