"""What a user calls the targets becomes one float array (n, k) that a loss can read, or an error.

Class labels become one-hot rows (-1/+1 under an output that ranges over (-1, 1)), one column of
numbers becomes a column, and a matrix passes through after its checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.base.arrays import AnyArray, Array, FloatDType
from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import Activation

if TYPE_CHECKING:
    from unstuck.core.losses import Loss

_VECTOR, _MATRIX = 1, 2  # number of axes


def encode_targets(
    y: Any,
    n_outputs: int,
    activation: Activation,
    loss: Loss,
    dtype: FloatDType | None = None,
) -> Array:
    """Encode targets as floats of shape (n, n_outputs).

    ``y`` is a vector of class labels 0 .. n_outputs-1, or (with one output) of numbers, or a
    matrix (n, n_outputs) of one-hot rows, probabilities or numbers. ``dtype`` is that of ``y``
    where it is floating, else float64.

    Raises InvalidInputError, naming the first row that cannot be used.

    >>> from unstuck.core.activations import get_activation
    >>> from unstuck.core.losses import get_loss
    >>> encode_targets([2, 0], 3, get_activation("softmax"), get_loss("cross_entropy"))
    array([[0., 0., 1.],
           [1., 0., 0.]])
    >>> encode_targets([1, 0], 2, get_activation("tanh"), get_loss("squared_error"))
    array([[-1.,  1.],
           [ 1., -1.]])
    """
    y = _as_numbers(y)
    if dtype is None:
        dtype = y.dtype if y.dtype in (np.float32, np.float64) else np.dtype(np.float64)
    if y.ndim == _VECTOR and n_outputs > 1:
        low = -1.0 if activation.range == (-1.0, 1.0) else 0.0
        T = one_hot(class_labels(y, n_outputs), n_outputs, low=low, dtype=dtype)
    else:
        _check_shape(y, n_outputs)
        T = y.reshape(len(y), n_outputs).astype(dtype, copy=False)
        _check_finite(T)
    loss.check_targets(T, activation)
    return T


def one_hot(
    labels: AnyArray, n_classes: int, low: float = 0.0, dtype: FloatDType = np.float64
) -> Array:
    """Rows that are 1 at the label and ``low`` elsewhere: (n, n_classes).

    >>> import numpy as np
    >>> one_hot(np.array([1, 0]), 2)
    array([[0., 1.],
           [1., 0.]])
    """
    T = np.full((len(labels), n_classes), low, dtype=dtype)
    T[np.arange(len(labels)), labels] = 1
    return T


def class_labels(y: AnyArray, n_classes: int) -> AnyArray:
    """The vector ``y`` as integer class labels 0 .. n_classes-1, or an error naming a bad row."""
    if y.dtype.kind == "f":
        _check_finite(y)
        broken = np.flatnonzero(y != np.floor(y))
        if broken.size:
            row = int(broken[0])
            raise InvalidInputError(
                f"y is a vector and the network has {n_outputs_text(n_classes)}, so y must hold "
                f"class labels, whole numbers from 0 to {n_classes - 1}; row {row} holds "
                f"{y[row]:g}. For regression onto {n_classes} outputs give y the shape "
                f"(n, {n_classes}); for one number per sample use one output."
            )
    outside = np.flatnonzero((y < 0) | (y >= n_classes))
    if outside.size:
        row = int(outside[0])
        raise InvalidInputError(
            f"class labels must lie between 0 and {n_classes - 1} for "
            f"{n_outputs_text(n_classes)}; row {row} holds {y[row]:g} (labels range from "
            f"{y.min():g} to {y.max():g}). Renumber the classes from 0, or give the network "
            "one output per class."
        )
    return y.astype(np.intp, copy=False)


def n_outputs_text(n_outputs: int) -> str:
    """``"1 output"`` or ``"10 outputs"``."""
    return f"{n_outputs} output" + ("s" if n_outputs != 1 else "")


def _as_numbers(y: Any) -> AnyArray:
    array: AnyArray
    try:
        array = np.asarray(y)
        if array.dtype.kind == "O":
            array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"y cannot be read as an array of numbers: {error}.") from error
    if array.dtype.kind not in "fiub":
        raise InvalidInputError(
            f"y must hold numbers, got dtype {array.dtype}. A Network wants classes numbered from "
            "0; MLPClassifier numbers names for you."
        )
    if array.ndim not in (_VECTOR, _MATRIX) or array.size == 0:
        raise InvalidInputError(
            f"y must be a vector (n,) or a matrix (n, k) with at least one row, got shape "
            f"{array.shape}."
        )
    return array


def _check_shape(y: AnyArray, n_outputs: int) -> None:
    width = y.shape[1] if y.ndim == _MATRIX else 1
    if width == n_outputs:
        return
    hint = (
        f" For class labels give a vector: y.ravel(), shape ({len(y)},)."
        if width == 1
        else f" Its transpose has that width: y.T, shape {y.T.shape}."
        if len(y) == n_outputs
        else ""
    )
    raise InvalidInputError(
        f"y has shape {y.shape}, but the network has {n_outputs_text(n_outputs)}: it must be "
        f"({len(y)}, {n_outputs}), samples in rows"
        + (", or (n,) class labels" * (n_outputs > 1))
        + f".{hint}"
    )


def _check_finite(y: Array) -> None:
    if not np.isfinite(y).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(y))[0])
        place = f"row {where[0]}" + (f", column {where[1]}" if len(where) == _MATRIX else "")
        raise InvalidInputError(f"y must be finite, {place} holds {y[where]}.")
