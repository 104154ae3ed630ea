"""IDX files come in pairs, images beside labels, under the names that MNIST gave them.

    train-images-idx3-ubyte   train-labels-idx1-ubyte   to learn from
    t10k-images-idx3-ubyte    t10k-labels-idx1-ubyte    to test on (or test-..., optional)

Each may end in ``.gz``, and ``-idx3`` may be written ``.idx3``, as some archives do.
"""

from __future__ import annotations

from pathlib import Path

from unstuck.base.errors import DataFormatError, InvalidInputError
from unstuck.data.idx import read_idx
from unstuck.data.pairs import complete
from unstuck.data.raw import RawData, Wanted

IMAGES_PREFIX = "train-images"
IMAGES_DIMENSIONS = 3


def load_folder(folder: Path, wanted: Wanted) -> RawData:
    """The training pair in ``folder``, and the test pair if it is there.

    Raises InvalidInputError when there is no training pair; DataFormatError for damaged files.
    """
    images = find_images(folder)
    if images is None:
        raise InvalidInputError(
            f"{folder} holds no train-images-idx3-ubyte (with or without .gz). Put the pair "
            "there, images and labels, or give a file."
        )
    return load_idx(images, wanted)


def load_idx(path: Path, wanted: Wanted) -> RawData:
    """The images in ``path`` and the labels beside it (or ``wanted.target``), checked as a pair.

    Raises DataFormatError: the two do not belong together, or a file is damaged.
    """
    array = read_idx(path)
    if array.ndim == 1:
        raise DataFormatError(
            f"{path} holds labels (shape {array.shape}); give the file of the images, and the "
            "labels are found beside it."
        )
    raw = complete(path, array, wanted, read_idx)
    for name, X, y in (("", raw.X, raw.y), ("test ", raw.X_test, raw.y_test)):
        if X is None or y is None:
            continue
        if y.ndim != 1 or len(X) != len(y):
            raise DataFormatError(
                f"{path}: {len(X)} {name}samples, but the {name}labels beside it have the shape "
                f"{y.shape}; one label for each sample is needed."
            )
    return raw


def find_images(folder: Path) -> Path | None:
    """The training images in ``folder``, uncompressed before gzipped; None if there are none."""
    if not folder.is_dir():
        return None
    found = [path for path in sorted(folder.iterdir()) if path.name.startswith(IMAGES_PREFIX)]
    return min(found, key=lambda path: path.suffix == ".gz", default=None)
