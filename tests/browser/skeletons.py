"""From a picture of a digit to the strokes of a pen that could have drawn it.

The picture is enlarged and made black and white with as much black as it has ink, thinned to lines
one pixel wide (Zhang and Suen, 1984), and the lines are followed from end to end.
"""

import numpy as np
from scipy.ndimage import zoom

ENLARGED = 112  # pixels of the longer side: MNIST's pixels times 4, those of 8 x 8 times 14
AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))  # from north on


def strokes_of(picture):
    """Polylines, each (points, 2) of x and y as shares of the width and height of ``picture``.

    ``picture`` (height, width) holds ink from 0 to 1.
    """
    factor = ENLARGED // max(picture.shape)
    fine = zoom(picture, factor, order=3 if factor > 8 else 1, grid_mode=True, mode="grid-constant")
    lines = follow(thin(as_black(fine, picture.mean())))
    size = np.array(fine.shape[::-1])
    return [smooth((np.array(line)[:, ::-1] + 0.5) / size) for line in lines]


def as_black(grey, share):
    """True for the darkest ``share`` of all pixels."""
    count = max(1, round(share * grey.size))
    return grey >= np.partition(grey.ravel(), -count)[-count]


def thin(black):
    """The skeleton: pixels are taken off the rim, two sides at a time, until lines are left."""
    image = np.pad(black, 1).astype(np.uint8)
    while True:
        before = image.sum()
        for ends in (((0, 2, 4), (2, 4, 6)), ((0, 2, 6), (0, 4, 6))):
            image[_removable(image, ends)] = 0
        if image.sum() == before:
            return image[1:-1, 1:-1].astype(bool)


def _removable(image, ends):
    """Where a pixel lies on the rim, holds no lines together, and is no line's end."""
    around = [np.roll(image, (-dy, -dx), axis=(0, 1)) for dy, dx in AROUND]
    black = sum(n.astype(int) for n in around)
    turns = sum((a == 0) & (b == 1) for a, b in zip(around, [*around[1:], around[0]], strict=True))
    rim = [np.prod([around[i] for i in three], axis=0) == 0 for three in ends]
    return (image == 1) & (black >= 2) & (black <= 6) & (turns == 1) & rim[0] & rim[1]


def follow(skeleton):
    """The skeleton as lines, each a list of (row, column), together over each of its links once."""
    links = _links({(int(r), int(c)) for r, c in np.argwhere(skeleton)})
    lines = [[pixel] for pixel, near in links.items() if not near]  # dots
    while True:
        starts = [pixel for pixel, near in links.items() if near]
        if not starts:
            return lines
        lines.append(
            _walk(links, min(starts, key=lambda pixel: (len(links[pixel]) % 2 == 0, pixel)))
        )


def _links(pixels):
    """Which pixels touch which; not across a corner that a third pixel fills."""
    links = {pixel: set() for pixel in pixels}
    for r, c in pixels:
        for dy, dx in AROUND:
            corner = dy and dx and ({(r + dy, c), (r, c + dx)} & pixels)
            if (r + dy, c + dx) in pixels and not corner:
                links[r, c].add((r + dy, c + dx))
    return links


def _walk(links, start):
    """Straight on for as long as there is a link that was not taken yet."""
    line = [start]
    while links[line[-1]]:
        here = np.array(line[-1])
        heading = here - np.array(line[-min(len(line), 6)])
        there = max(links[line[-1]], key=lambda pixel: (heading @ (np.array(pixel) - here), pixel))
        links[line[-1]].discard(there)
        links[there].discard(line[-1])
        line.append(there)
    return line


def smooth(line, width=5):
    """The running mean, as a hand goes; ends stay where they are."""
    if len(line) <= width:
        return line
    padded = np.concatenate(
        [np.repeat(line[:1], width // 2, 0), line, np.repeat(line[-1:], width // 2, 0)]
    )
    means = np.stack([np.convolve(axis, np.ones(width) / width, "valid") for axis in padded.T], 1)
    means[0], means[-1] = line[0], line[-1]
    return np.concatenate([means[:-1:2], means[-1:]])
