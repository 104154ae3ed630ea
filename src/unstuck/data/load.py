"""`load` turns what a person names, a known set or a file, into a Dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from unstuck.base.errors import InvalidInputError, unknown
from unstuck.data.dataset import Dataset, hold_out
from unstuck.data.digits import load_digits
from unstuck.data.mnist import load_mnist

NAMED = ("digits", "mnist", "fashion-mnist")


def load(
    spec: str | Path,
    *,
    data_dir: str | Path | None = None,
    target: str | int | None = None,
    test: str | float | Path | None = None,
    task: str | None = None,
    seed: int = 0,
    notify: Callable[[str], None] | None = None,
) -> Dataset:
    if spec == "digits":
        data = load_digits()
    elif spec in ("mnist", "fashion-mnist"):
        data = load_mnist(str(spec), data_dir, notify=notify)
    else:
        raise InvalidInputError(unknown(spec, NAMED, "data set"))
    return data if test is None else hold_out(data, float(str(test)), seed)
