"""`digits`: 1,797 handwritten digits of 8 x 8 pixels that come with scikit-learn: no network.

The split is fixed (stratified, 75 % to learn from and 25 % to test on), so that accuracies from
different people and days can be compared.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.base.optional import require
from unstuck.data.dataset import Dataset, make_dataset
from unstuck.data.split import split

TEST_FRACTION = 0.25
SPLIT_SEED = 0


def load_digits() -> Dataset:
    """The digits as bytes 0..16, (1348, 64) to learn from and (449, 64) to test on.

    >>> data = load_digits()
    >>> data.X_train.shape, data.X_train.dtype, data.image_shape, data.n_outputs
    ((1348, 64), dtype('uint8'), (8, 8), 10)
    """
    X, y = _read()  # (1797, 64), (1797,)
    X_train, y_train, X_test, y_test = split(X, y, TEST_FRACTION, SPLIT_SEED)
    return make_dataset(
        "digits",
        X_train,
        y_train,
        X_test,
        y_test,
        class_names=tuple("0123456789"),
        image_shape=(8, 8),
        source="scikit-learn's load_digits (UCI Optical Recognition of Handwritten Digits, 1998)",
    )


def _read() -> tuple[AnyArray, AnyArray]:
    """Pixels and labels from the file inside scikit-learn, or through its own loader.

    Reading the file takes 0.03 s; importing scikit-learn with SciPy for it takes 0.6 s more.
    """
    home = find_spec("sklearn")
    for folder in (home.submodule_search_locations or []) if home else []:
        path = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            table = np.loadtxt(path, delimiter=",")  # whole numbers held as floats, label last
            return table[:, :-1].astype(np.uint8), table[:, -1].astype(np.int64)
    datasets = require("sklearn.datasets", "scikit-learn", purpose="the digits data set")
    X, y = datasets.load_digits(return_X_y=True)
    return X.astype(np.uint8), y.astype(np.int64)
