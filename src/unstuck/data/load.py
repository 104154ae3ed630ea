"""`load` turns what a person names, a known set or a file, into a Dataset.

Two tables say everything that can be named: the known sets, and the endings of files.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.base.errors import InvalidInputError
from unstuck.data.arrays import load_npy, load_npz
from unstuck.data.dataset import Dataset, hold_out, make_dataset, with_test
from unstuck.data.digits import load_digits
from unstuck.data.idx_sets import load_folder, load_idx
from unstuck.data.mnist import COLLECTIONS, load_mnist
from unstuck.data.raw import Loader, RawData, Wanted
from unstuck.data.tables import load_csv

DIGITS = "digits"
NAMED: tuple[str, ...] = (DIGITS, *COLLECTIONS)

LOADERS: dict[str, Loader] = {
    ".csv": load_csv,
    ".tsv": load_csv,
    ".npz": load_npz,
    ".npy": load_npy,
    "-ubyte": load_idx,
    "-ubyte.gz": load_idx,
    ".idx": load_idx,
    ".idx.gz": load_idx,
}


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
    """The data set that ``spec`` names: digits, mnist, fashion-mnist, or a file.

    Parameters
    ----------
    spec : a known name, a CSV, NPZ, NPY or IDX file, or a folder with IDX files.
    data_dir : where the IDX files of mnist and fashion-mnist are (default: UNSTUCK_DATA, else
        they are downloaded once).
    target : the column of a CSV or NPY table (name, or index from 0), the array of an NPZ archive,
        or the file with the labels of NPY or IDX samples. Default: a column that the header calls
        target, label, class or y, else the last; ``y``; the labels beside the samples.
    test : a file of the same kind, or a fraction of the samples to hold out, which takes the place
        of a test part that the set brings along. None keeps that part, if there is one.
    task : "classification" or "regression"; None: by the values (see `unstuck.data.targets`).
    seed : decides which samples are held out.
    notify : told in one sentence before anything is downloaded.

    Raises
    ------
    InvalidInputError : an unknown name, a missing file, data that cannot be learned from.
    DataFormatError : a file that does not hold what its format promises.

    >>> load("digits")
    Dataset('digits', classification, 1348 training and 449 test samples, 64 features (uint8), \
10 outputs)
    """
    fraction = _fraction(test)
    if str(spec) in NAMED:
        data = _load_named(str(spec), data_dir, notify)
    else:
        data = _load_file(Path(spec), Wanted(target, task), keep_test=test is None)
    if fraction is not None:
        return hold_out(data, fraction, seed)
    if test is None:
        return data
    raw = read_file(Path(str(test)), Wanted(target, data.task, data.n_features))
    if raw.y is None:
        raise InvalidInputError(f"{test} holds no target, so nothing can be tested on it.")
    _check_same_features(data, raw, str(test))
    return with_test(data, raw.X, raw.y, name=str(test))


def load_samples(
    spec: str | Path,
    n_features: int,
    *,
    data_dir: str | Path | None = None,
    target: str | int | None = None,
    task: str | None = None,
    notify: Callable[[str], None] | None = None,
) -> RawData:
    """Samples for a network that was trained on ``n_features`` features, to predict or evaluate.

    A file without a target is welcome: its ``y`` is None. Of a known set it is the test part. The
    labels are as written (for ``encode_labels(raw.y, class_names)``).

    Raises InvalidInputError and DataFormatError as `load` does, and when the width differs.
    """
    if str(spec) in NAMED:
        data = _load_named(str(spec), data_dir, notify)
        X, y = data.X_test, data.y_test
        if X is None or y is None:
            X, y = data.X_train, data.y_train
        raw = RawData(X, np.asarray(data.class_names)[y], image_shape=data.image_shape)
    else:
        raw = read_file(Path(spec), Wanted(target, task, n_features))
    if raw.X.shape[-1] != n_features:
        raise InvalidInputError(
            f"{spec} has {raw.X.shape[-1]} features a sample; the network was trained on "
            f"{n_features}. Give the same columns in the same order"
            + (", or name the target with --target." if target is None else ".")
        )
    return raw


def read_file(path: Path, wanted: Wanted) -> RawData:
    """What the file (or folder of IDX files) holds, by the loader for the ending of its name."""
    loader = load_folder if path.is_dir() else _loader_for(path)
    try:
        return loader(path, wanted)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror or error}.") from error


def _load_named(
    name: str, data_dir: str | Path | None, notify: Callable[[str], None] | None
) -> Dataset:
    if name == DIGITS:
        return load_digits()
    try:
        return load_mnist(name, data_dir, notify=notify)
    except OSError as error:
        raise InvalidInputError(f"{name} cannot be read: {error}.") from error


def _load_file(path: Path, wanted: Wanted, *, keep_test: bool) -> Dataset:
    raw = read_file(path, wanted)
    if raw.y is None:
        raise InvalidInputError(f"{path} holds no target. Name it with --target.")
    return make_dataset(
        path.name,
        raw.X,
        raw.y,
        raw.X_test if keep_test else None,
        raw.y_test if keep_test else None,
        task=wanted.task,
        image_shape=raw.image_shape,
        feature_names=raw.feature_names,
        source=str(path),
    )


def _loader_for(path: Path) -> Loader:
    """The loader for a file, or an error that says what was probably meant."""
    endings = [ending for ending in LOADERS if path.name.lower().endswith(ending)]
    if not path.exists():
        if not endings and path.parent == Path():
            raise InvalidInputError(_unknown(path))
        raise InvalidInputError(_missing(path))
    if not endings:
        raise InvalidInputError(
            f"{path} has an ending that is not known; allowed: {', '.join(LOADERS)}. Convert the "
            "file or rename it."
        )
    return LOADERS[endings[0]]


def _unknown(path: Path) -> str:
    files = [file.name for file in Path().iterdir() if file.name.lower().endswith(tuple(LOADERS))]
    stems = [file for file in files if file.startswith(f"{path.name}.")]
    near = stems or difflib.get_close_matches(path.name, (*NAMED, *files), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return (
        f"unknown data set {str(path)!r}; allowed: {', '.join(NAMED)}, or a file ending in "
        f"{', '.join(LOADERS)}.{hint}"
    )


def _missing(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"no such file: {path}; the folder {folder.absolute()} does not exist."
    near = difflib.get_close_matches(path.name, [p.name for p in folder.iterdir()], n=1)
    hint = f" Did you mean {str(folder / near[0])!r}?" if near else ""
    return f"no such file: {path} (looked in {folder.absolute()}).{hint}"


def _fraction(test: Any) -> float | None:
    """``test`` as a number, or None when it is a file or nothing."""
    if isinstance(test, int | float):
        return test
    try:
        return None if test is None or Path(test).exists() else float(test)
    except (ValueError, TypeError):
        return None


def _check_same_features(data: Dataset, raw: RawData, path: str) -> None:
    """The columns of a test file must be those of the training file, in the same order."""
    if data.feature_names is None or raw.feature_names is None:
        return
    for ours, theirs in zip(data.feature_names, raw.feature_names, strict=False):
        if ours != theirs:
            raise InvalidInputError(
                f"{path} has the column {theirs!r} where {data.source} has {ours!r}; the columns "
                "must be the same, in the same order."
            )
