"""`mnist` and `fashion-mnist`: read from a folder of yours, else downloaded once.

A folder that holds the four IDX files comes first: the one given, then the one that the environment
variable UNSTUCK_DATA names. Only without either is the network asked (see `download`).
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

from unstuck.base.arrays import AnyArray
from unstuck.base.errors import DataFormatError, InvalidInputError, lookup
from unstuck.data.dataset import Dataset, make_dataset
from unstuck.data.download import Collection, fetch
from unstuck.data.idx_sets import find_images, load_folder
from unstuck.data.raw import Wanted

ENVIRONMENT = "UNSTUCK_DATA"


MNIST = Collection(
    name="mnist",
    title="MNIST handwritten digits (LeCun, Cortes and Burges, 1998)",
    class_names=tuple("0123456789"),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    files={
        "train-images-idx3-ubyte.gz": (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        "train-labels-idx1-ubyte.gz": (
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
        ),
    },
)
FASHION = Collection(
    name="fashion-mnist",
    title="Fashion-MNIST articles of clothing (Xiao, Rasul and Vollgraf, 2017, arXiv:1708.07747)",
    class_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    files={
        "train-images-idx3-ubyte.gz": (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        "train-labels-idx1-ubyte.gz": (
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
        ),
    },
)
COLLECTIONS: dict[str, Collection] = {"mnist": MNIST, "fashion-mnist": FASHION}


# Recognises MNIST whoever compressed it: SHA-256 of its decompressed test labels, header included.
MNIST_TEST_LABELS = "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"


def load_mnist(
    name: str = "mnist",
    data_dir: str | Path | None = None,
    *,
    notify: Callable[[str], None] | None = None,
) -> Dataset:
    """`mnist` or `fashion-mnist`: 60,000 images of 28 x 28 bytes to learn from, 10,000 to test on.

    ``data_dir`` (or the environment variable UNSTUCK_DATA) is a folder that holds the IDX files,
    gzipped or not, or that has a subfolder of the set's name which does. Without them the files
    are downloaded once into the user's cache; ``notify`` is told so in one sentence.

    Raises InvalidInputError: ``data_dir`` does not hold the files, or no mirror could be reached;
    DataFormatError: a file is damaged or belongs to another set.
    """
    collection = lookup(name, COLLECTIONS, "data set")
    folder = local_folder(name, data_dir)
    if folder is None:
        folder = fetch(collection, notify=notify)
    raw = load_folder(folder, Wanted())
    _refuse_wrong_set(name, folder, raw.y_test)
    if raw.y is None:  # a pair always has labels
        raise DataFormatError(f"{folder} holds no labels.")
    return make_dataset(
        name,
        raw.X,
        raw.y,
        raw.X_test,
        raw.y_test,
        class_names=collection.class_names,
        image_shape=raw.image_shape,
        source=f"{collection.title}, read from {folder}",
    )


def local_folder(name: str, data_dir: str | Path | None = None) -> Path | None:
    """The folder that holds the training images of set ``name``; None: there is none to look in.

    A folder that was given must hold them (InvalidInputError); one from the environment may not.
    """
    given = data_dir if data_dir is not None else os.environ.get(ENVIRONMENT) or None
    if given is None:
        return None
    for folder in (Path(given) / name, Path(given)):
        if find_images(folder) is not None:
            return folder
    if data_dir is None:
        return None
    if not Path(given).is_dir():
        raise InvalidInputError(f"the data folder {given} does not exist, or is no folder.")
    raise InvalidInputError(
        f"{given} holds no {name}: there is no train-images-idx3-ubyte (or .gz) in it or in "
        f"{Path(given) / name}. Put the four IDX files into one of them, or leave --data-dir out "
        "to download them."
    )


def _refuse_wrong_set(name: str, folder: Path, test_labels: AnyArray | None) -> None:
    """MNIST and Fashion-MNIST name their files alike: do not take the one for the other."""
    if name == "mnist" or test_labels is None:
        return
    content = struct.pack(">II", 0x801, len(test_labels)) + test_labels.tobytes()
    if hashlib.sha256(content).hexdigest() == MNIST_TEST_LABELS:
        raise DataFormatError(
            f"{folder} was taken for {name}, but holds MNIST's digits. Put the files of {name} "
            f"into a subfolder named {name}, or ask for mnist."
        )
