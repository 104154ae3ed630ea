"""The section "draw": a sheet of paper, and what the network says of what is on it.

What is drawn must be prepared as the pictures of the data set were; how, is known of MNIST and of
the UCI digits. Both are recognised by their name or, in a file of somebody's own, by the marks
that their preparation left on them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.core.network import Network
from unstuck.show.report.contents import Contents, Samples, Section
from unstuck.show.report.embed import image_shape, ink, pixel_range, why_not

MNIST, DIGITS, PLAIN = "mnist", "digits", "plain"
NAMES = {"mnist": MNIST, "digits": DIGITS}
"""Data sets whose preparation is known."""

SHAPES = {MNIST: (28, 28), DIGITS: (8, 8)}
PENS = {MNIST: 0.085, DIGITS: 0.11, PLAIN: 0.08}
"""The pen's width as a share of the paper: a digit drawn over 70 % of the paper gets strokes as
wide as those of the data set."""

PAPER = 448  # pixels of the paper along its longer side: 16 for one of MNIST's, 56 for one of 8 x 8
CLOSE = 0.9  # share of samples that must bear a mark

WORDS = {
    MNIST: (
        "scaled to fit a box of 20 x 20, in grey, then placed in 28 x 28 with its centre of mass "
        "in the middle"
    ),
    DIGITS: (
        "stretched to 20 x 32 black or white pixels, strokes evened out, straightened, then the "
        "black pixels counted in blocks of 4 x 4"
    ),
    PLAIN: "the whole paper, made smaller",
}


def section(contents: Contents) -> Section | None:
    """None where inputs are no pictures; the reason where the page cannot run the network."""
    network, shape = contents.network, image_shape(contents)
    if network is None or shape is None:
        return None
    title = "Draw a digit" if is_digits(network) else "Draw, and see what it says"
    reason = why_not(network)
    if reason is not None:
        return Section("draw", title, {"why_not": reason})
    samples = contents.samples
    how = preparation(contents.dataset, samples, shape)
    data = {"preparation": how, **paper(how, shape), **target(samples, network, shape)}
    context = {
        "why_not": None,
        "what": "a digit" if is_digits(network) else "something",
        "how": WORDS[how],
        "data": data,
        "part": None if samples is None else samples.part,
        "said": None if samples is None else samples.said,
    }
    return Section("draw", title, context, data)


def is_digits(network: Network) -> bool:
    """True where the classes are the ten digits."""
    return network.class_names == tuple("0123456789")


def paper(how: str, shape: tuple[int, int]) -> dict[str, Any]:
    """Size of the paper in pixels, whole ones for each pixel of the picture, and of the pen.

    >>> paper("plain", (8, 16))
    {'columns': 448, 'rows': 224, 'pen': 35.8}
    """
    cell = max(1, PAPER // max(shape))
    rows, columns = shape[0] * cell, shape[1] * cell
    return {"columns": columns, "rows": rows, "pen": round(PENS[how] * max(rows, columns), 1)}


def target(
    samples: Samples | None, network: Network, shape: tuple[int, int]
) -> dict[str, float | int | str | bool]:
    """What a pixel of the data set is: its two ends, which of them is ink, whole numbers or not."""
    X = np.zeros((1, shape[0] * shape[1])) if samples is None else samples.X
    minimum, maximum = pixel_range(X, network.scaling)
    return {
        "height": shape[0],
        "width": shape[1],
        "minimum": minimum,
        "maximum": maximum,
        "ink": ink(X, shape, minimum, maximum),
        "whole": X.dtype.kind in "uib",
    }


# ------------------------------------------------------------------- how pictures were made


def preparation(dataset: str, samples: Samples | None, shape: tuple[int, int]) -> str:
    """``"mnist"``, ``"digits"`` or ``"plain"``."""
    named = NAMES.get(dataset)
    if named is not None and SHAPES[named] == shape:
        return named
    if samples is None or len(samples.X) == 0:
        return PLAIN
    pictures = samples.X.reshape(-1, *shape)
    if shape == SHAPES[MNIST] and share(looks_like_mnist(pictures)) >= CLOSE:
        return MNIST
    if shape == SHAPES[DIGITS] and share(looks_like_digits(pictures)) >= CLOSE:
        return DIGITS
    return PLAIN


def share(marks: AnyArray) -> float:
    """How many of them are True."""
    return float(np.mean(marks))


def looks_like_mnist(pictures: AnyArray) -> AnyArray:
    """True (n,) where ink fills a box whose longer side is 20 and lies centred by mass."""
    values = pictures.astype(np.float64)
    mass = values.sum(axis=(1, 2))
    middle = [
        (values.sum(axis=axis) @ np.arange(28)) / np.maximum(mass, 1e-12) for axis in (1, 2)
    ]  # columns, rows
    longer = np.maximum(extent(values.sum(axis=1)), extent(values.sum(axis=2)))
    centred = np.all([np.abs(m - 14) <= 0.51 for m in middle], axis=0)
    marks: AnyArray = (mass > 0) & centred & (longer >= 19) & (longer <= 20)
    return marks


def looks_like_digits(pictures: AnyArray) -> AnyArray:
    """True (n,) for counts of 0..16 that reach from the first row to the last, not to the left."""
    values = pictures.astype(np.float64)
    counts = (values == np.round(values)).all(axis=(1, 2)) & (values.max(axis=(1, 2)) <= 16)
    tall = (values[:, 0].sum(axis=1) > 0) & (values[:, -1].sum(axis=1) > 0)
    marks: AnyArray = counts & tall & (values[:, :, 0].sum(axis=1) <= 8)
    return marks


def extent(profile: Array) -> AnyArray:
    """From the first to the last entry that is not 0, for each row of ``profile`` (n, width).

    >>> extent(np.array([[0, 1, 0, 2, 0]]))
    array([3])
    """
    inked = profile > 0
    first, last = inked.argmax(axis=1), inked.shape[1] - 1 - inked[:, ::-1].argmax(axis=1)
    length: AnyArray = np.where(inked.any(axis=1), last - first + 1, 0)
    return length
