"""What the numbers or words of a target column mean: classes to tell apart, or values to predict.

The rule, in order (``task=`` overrides it):

1. text and booleans are classes; two-dimensional 0/1 rows with a single 1 are classes, one-hot;
2. numbers of which any is not an integer are values;
3. integers are classes when there are few of them (at most 20 different ones, or consecutive ones
   that start at 0 or 1 with ten samples each) and each occurs twice on average; else values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.base.errors import InvalidInputError, lookup

FEW_CLASSES = 20
SAMPLES_PER_CLASS = 2  # fewer on average, and the integers are taken for values
SAMPLES_PER_NUMBERED_CLASS = 10  # asked of consecutive numbers from 0 or 1, however many

CLASSIFICATION = "classification"
REGRESSION = "regression"
_TASKS = {CLASSIFICATION: CLASSIFICATION, REGRESSION: REGRESSION}


def decide_task(y: AnyArray, task: str | None = None) -> str:
    """``"classification"`` or ``"regression"``, by the rule at the top of this file.

    >>> decide_task(np.array(["cat", "dog", "cat"]))
    'classification'
    >>> decide_task(np.array([0.5, 1.25, 3.0]))
    'regression'
    >>> decide_task(np.array([3, 7, 3, 7])), decide_task(np.array([25, 346, 77, 151]))
    ('classification', 'regression')
    """
    if task is not None:
        return lookup(task, _TASKS, "task")
    if y.dtype.kind in "USb":
        return CLASSIFICATION
    if y.ndim == 2 and y.shape[1] > 1:
        return CLASSIFICATION if _is_one_hot(y) else REGRESSION
    if y.dtype.kind == "f" and not (y == np.rint(y)).all():
        return REGRESSION
    return CLASSIFICATION if _looks_like_labels(np.unique(y), y.size) else REGRESSION


def encode_labels(
    y: AnyArray, class_names: Sequence[str] | None = None, name: str = "y"
) -> tuple[AnyArray, tuple[str, ...]]:
    """Labels as integers 0..K-1 (samples,), and the names of the K classes.

    The classes are the distinct values of ``y`` in ascending order, unless ``class_names`` gives
    them (a test part is encoded by the classes of the training part). Integers held as floats are
    named as integers: 3.0 is class "3". One-hot rows (samples, K) become the index of their 1.

    Raises InvalidInputError: a label that ``class_names`` does not list (row named), or values
    that cannot be labels.

    >>> encode_labels(np.array(["cat", "dog", "cat"]))
    (array([0, 1, 0]), ('cat', 'dog'))
    >>> encode_labels(np.array([3, 1]), class_names=("1", "2", "3"))[0]
    array([2, 0])
    """
    y = _one_column(y, name)
    values, codes = np.unique(y, return_inverse=True)
    words = tuple(_word(value) for value in values)
    if class_names is None:
        return codes.astype(np.int64), words
    position = {word: index for index, word in enumerate(class_names)}
    for index, word in enumerate(words):
        if word not in position:
            row = int(np.flatnonzero(codes == index)[0])
            raise InvalidInputError(
                f"{name} holds the label {word!r} (first in row {row}, counted from 0), which is "
                f"none of the {len(class_names)} classes known from training: "
                f"{_listed(class_names)}. Remove these rows, or train with this class too."
            )
    table = np.array([position[word] for word in words], dtype=np.int64)
    return table[codes], tuple(class_names)


def encode_values(y: AnyArray, name: str = "y") -> AnyArray:
    """The target of a regression as floats: (samples,), or (samples, outputs) if several.

    >>> encode_values(np.array([[1], [2]]))
    array([1., 2.])
    """
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.dtype.kind in "USO":
        raise InvalidInputError(
            f"{name} holds text (such as {str(y.flat[0])!r}), but regression needs numbers. "
            "Choose another target, or task='classification'."
        )
    return y if y.dtype in (np.float32, np.float64) else y.astype(np.float64)


def relabel(codes: AnyArray, class_names: Sequence[str], wanted: Sequence[str]) -> AnyArray:
    """Integer labels under ``class_names`` as integer labels under ``wanted``, by the names.

    >>> relabel(np.array([0, 1, 1]), ("b", "c"), ("a", "b", "c"))
    array([1, 2, 2])
    """
    return encode_labels(np.asarray(class_names)[codes], wanted)[0]


def _one_column(y: AnyArray, name: str) -> AnyArray:
    if y.ndim == 1:
        return y
    if y.shape[1] == 1:
        return y[:, 0]
    if _is_one_hot(y):
        one: AnyArray = np.argmax(y, axis=1)
        return one
    raise InvalidInputError(
        f"{name} has shape {y.shape}, and its rows are not one-hot; class labels are one value for "
        "each sample, or rows of 0 with a single 1. Use task='regression' for several values."
    )


def _is_one_hot(y: AnyArray) -> bool:
    if y.dtype.kind not in "biuf":
        return False
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())


def _looks_like_labels(values: AnyArray, n_samples: int) -> bool:
    if n_samples < SAMPLES_PER_CLASS * len(values):
        return False
    if len(values) <= FEW_CLASSES:
        return True
    numbered = values[0] in (0, 1) and values[-1] - values[0] == len(values) - 1
    return bool(numbered and n_samples >= SAMPLES_PER_NUMBERED_CLASS * len(values))


def _word(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.floating) and value == np.rint(value):
        return str(int(value))
    return str(value)


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown}, ..."
