"""Data as scikit-learn's estimators check it, with the place of what cannot be used named.

Integers stay integers here (pixels as bytes take an eighth of the memory of floats): the trainer
converts them batch by batch.

scikit-learn's checks of one sample take four times as long as the prediction. What they would
find nothing wrong with is recognised at once (`is_plain`); everything else goes through them.
"""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_array, validate_data

from unstuck.base.arrays import AnyArray
from unstuck.base.errors import InvalidInputError

SPARSE = ["csr", "csc"]


def read_samples(estimator: Any, X: Any) -> AnyArray:
    """``X`` (n, n_features) to predict for, checked against what was fitted, dense."""
    if is_plain(estimator, X):
        plain: AnyArray = X
        return plain
    try:
        X = validate_data(estimator, X, accept_sparse=SPARSE, reset=False)
    except ValueError as error:
        name_the_place(error, X, None)
    checked: AnyArray = dense(X)
    return checked


def is_plain(estimator: Any, X: Any) -> bool:
    """Tell a matrix of finite floats, of the width that was fitted, where no column has a name.

    One pass and no temporary. Squares that overflow make it say no, and the full checks decide.
    """
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.dtype.char in "fd"
        and X.shape[0] > 0
        and X.shape[1] == estimator.n_features_in_
        and not hasattr(estimator, "feature_names_in_")
        and math.isfinite(np.vdot(X, X))
    )


def read_training_set(
    estimator: Any, X: Any, y: Any, *, first: bool, numeric: bool
) -> tuple[AnyArray, AnyArray]:
    """``X`` (n, n_features), dense, and ``y``; on the ``first`` call its features are learned."""
    try:
        X, y = validate_data(
            estimator,
            X,
            y,
            accept_sparse=SPARSE,
            multi_output=True,
            y_numeric=numeric,
            reset=first,
        )
    except ValueError as error:
        name_the_place(error, X, y)
    return dense(X), y


def dense(X: Any) -> Any:
    """A sparse matrix as an array; anything else as it is."""
    matrix: Any = X
    return matrix.toarray() if sparse.issparse(X) else X


def spread(sample_weight: Any, n_samples: int) -> Any:
    """One number for all samples as one for each."""
    if isinstance(sample_weight, int | float):
        return np.full(n_samples, float(sample_weight))
    return sample_weight


def name_the_place(error: ValueError, X: Any, y: Any) -> NoReturn:
    """Raise the error again; where it speaks of NaN or infinity, with the row and column."""
    text = str(error)
    for name, values in (("X", X), ("y", y)):
        if f"Input {name} contains" in text and values is not None:
            first, *rest = text.split("\n", 1)
            text = "\n".join([f"{first} {place(values)}", *rest])
            raise InvalidInputError(text) from None
    raise error


def place(values: Any) -> str:
    """Where the first value stands that is NaN or infinite."""
    array = check_array(dense(values), dtype=np.float64, ensure_all_finite=False, ensure_2d=False)
    where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    column = f", column {where[1]}" if len(where) > 1 else ""
    return f"The first is {array[where]} at row {where[0]}{column} (counted from 0)."
