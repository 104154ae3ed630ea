"""One type for every data set: arrays as they were found, and what they mean.

Pixels stay bytes and memory-mapped arrays stay on disk; scaling is the trainer's business, batch by
batch. A digest over the arrays names exactly what a network was trained on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.base.errors import InvalidInputError
from unstuck.base.rng import RandomState, generator
from unstuck.data.checks import SMALLEST_IMAGE, check_arrays, check_target, row_blocks
from unstuck.data.split import split
from unstuck.data.targets import (
    CLASSIFICATION,
    REGRESSION,
    decide_task,
    encode_labels,
    encode_values,
)

__all__ = [
    "Dataset",
    "check_arrays",
    "digest_of",
    "hold_out",
    "make_dataset",
    "split",
    "with_test",
]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dataset:
    """Samples and targets, split into a training part and (where there is one) a test part.

    Attributes
    ----------
    name : what a person calls it.
    X_train, X_test : (samples, features); bytes, integers, floats or memory-mapped, as found.
    y_train, y_test : classes as int64 0..K-1 (samples,); or float values, (samples,) or
        (samples, outputs). The test part may be None.
    class_names : the K original labels as text; None for regression.
    image_shape : (height, width) where a sample is a picture.
    feature_names : the names of the columns, where the file gave them.
    source : where the data came from, for the reader of a report.
    digest : SHA-256 over the arrays, with their types and shapes.
    """

    name: str
    X_train: AnyArray
    y_train: AnyArray
    X_test: AnyArray | None
    y_test: AnyArray | None
    class_names: tuple[str, ...] | None
    image_shape: tuple[int, int] | None
    feature_names: tuple[str, ...] | None
    source: str
    digest: str

    @property
    def task(self) -> str:
        """``"classification"`` or ``"regression"``."""
        return REGRESSION if self.class_names is None else CLASSIFICATION

    @property
    def n_features(self) -> int:
        """The width of X."""
        return int(self.X_train.shape[1])

    @property
    def n_outputs(self) -> int:
        """The number of classes, or of values to predict for each sample."""
        if self.class_names is not None:
            return len(self.class_names)
        return 1 if self.y_train.ndim == 1 else int(self.y_train.shape[1])

    def __repr__(self) -> str:
        test = 0 if self.X_test is None else len(self.X_test)
        return (
            f"Dataset({self.name!r}, {self.task}, {len(self.X_train)} training and {test} test "
            f"samples, {self.n_features} features ({self.X_train.dtype}), "
            f"{self.n_outputs} outputs)"
        )


def make_dataset(
    name: str,
    X: AnyArray,
    y: AnyArray,
    X_test: AnyArray | None = None,
    y_test: AnyArray | None = None,
    *,
    task: str | None = None,
    class_names: tuple[str, ...] | None = None,
    image_shape: tuple[int, int] | None = None,
    feature_names: tuple[str, ...] | None = None,
    source: str = "arrays",
) -> Dataset:
    """A Dataset from raw arrays: checked, the task decided, labels encoded, the digest taken.

    With ``class_names`` given, ``y`` holds their indices; else the classes are the distinct values
    of ``y``.

    Raises InvalidInputError for arrays that cannot be learned from (see `check_arrays`) and for
    a test part that does not fit the training part.

    >>> data = make_dataset("toy", np.array([[0.0], [1.0]]), np.array(["no", "yes"]))
    >>> data.task, data.y_train, data.class_names
    ('classification', array([0, 1]), ('no', 'yes'))
    """
    check_arrays(X, y)
    X = _usual(X)
    labels = None
    if decide_task(y, CLASSIFICATION if class_names is not None else task) == CLASSIFICATION:
        known = None if class_names is None else [str(i) for i in range(len(class_names))]
        y, labels = encode_labels(y, known)
        check_target(y, len(X), CLASSIFICATION)
    else:
        y = encode_values(y)
    if X_test is not None and y_test is not None:
        check_arrays(X_test, y_test, n_features=X.shape[1], names=("X_test", "y_test"))
        X_test, y_test = _usual(X_test), _encode_like(y, labels, y_test, "y_test")
    return Dataset(
        name=name,
        X_train=X,
        y_train=y,
        X_test=X_test,
        y_test=y_test,
        class_names=class_names or labels,
        image_shape=image_shape or infer_image_shape(X),
        feature_names=feature_names,
        source=source,
        digest=digest_of(X, y, X_test, y_test),
    )


def with_test(
    data: Dataset, X_test: AnyArray, y_test: AnyArray, name: str = "the test data"
) -> Dataset:
    """``data`` with another test part, whose targets are encoded as the training part's are.

    Raises InvalidInputError: another number of features, a class that training does not know.
    """
    check_arrays(X_test, y_test, n_features=data.n_features, names=(f"X of {name}", f"y of {name}"))
    X_test = _usual(X_test)
    y_test = _encode_like(data.y_train, data.class_names, y_test, f"y of {name}")
    digest = digest_of(data.X_train, data.y_train, X_test, y_test)
    return replace(data, X_test=X_test, y_test=y_test, digest=digest)


def hold_out(data: Dataset, fraction: float, random_state: RandomState = 0) -> Dataset:
    """``data`` with a fraction of all its samples as the test part, every class in both parts.

    A test part that ``data`` already has is put back among the samples first.
    """
    X, y = data.X_train, data.y_train
    if data.X_test is not None and data.y_test is not None:
        X, y = np.concatenate([X, data.X_test]), np.concatenate([y, data.y_test])
    X, y, X_test, y_test = split(
        X, y, fraction, generator(random_state), stratify=data.class_names is not None
    )
    digest = digest_of(X, y, X_test, y_test)
    return replace(data, X_train=X, y_train=y, X_test=X_test, y_test=y_test, digest=digest)


def _usual(X: AnyArray) -> AnyArray:
    """``X`` itself unless it is of a type that compiled loops do not take: then the nearest."""
    if X.dtype.kind == "b":
        return X.view(np.uint8)
    if X.dtype.kind == "f" and X.dtype.itemsize not in (4, 8):
        return X.astype(np.float32 if X.dtype.itemsize < 4 else np.float64)
    return X if X.dtype.isnative else X.astype(X.dtype.newbyteorder("="))


def _encode_like(
    y_train: AnyArray, labels: tuple[str, ...] | None, y_test: AnyArray, name: str
) -> AnyArray:
    """``y_test`` encoded as ``y_train`` was, or InvalidInputError."""
    if labels is not None:
        return encode_labels(y_test, labels, name)[0]
    y_test = encode_values(y_test, name)
    if y_test.shape[1:] != y_train.shape[1:]:
        raise InvalidInputError(
            f"{name} has shape {y_test.shape}, the targets to learn from have {y_train.shape}; "
            "the number of outputs must be the same."
        )
    return y_test


def infer_image_shape(X: AnyArray) -> tuple[int, int] | None:
    """(side, side) when the columns of ``X`` can be the pixels of a square picture, else None.

    Only integers count as pixels, and 64 of them (8 x 8) are the fewest.
    """
    side = round(X.shape[1] ** 0.5)
    if X.dtype.kind not in "iu" or X.shape[1] < SMALLEST_IMAGE or side * side != X.shape[1]:
        return None
    return side, side


def digest_of(*arrays: AnyArray | None) -> str:
    """SHA-256 (64 hexadecimal digits) over types, shapes and values of the arrays, in order."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            digest.update(b"none;")
            continue
        digest.update(f"{array.dtype.str}{array.shape};".encode())
        for _, block in row_blocks(array):
            digest.update(np.ascontiguousarray(block).data.cast("B"))
    return digest.hexdigest()
