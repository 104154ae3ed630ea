"""Curves drawn with dots: what goes up goes up, and odd numbers do no harm."""

import numpy as np
import pytest

from unstuck.show.braille import BLANK, curve

x = np.arange(1.0, 21.0)


def dots(lines):
    """The picture as an array of truth, (4 * height, 2 * width)."""
    bits = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
    rows = [line.partition("┤")[2] for line in lines]
    picture = np.zeros((4 * len(rows), 2 * len(rows[0])), bool)
    for r, row in enumerate(rows):
        for c, character in enumerate(row):
            for i in range(4):
                for j in range(2):
                    picture[4 * r + i, 2 * c + j] = (ord(character) - BLANK) & bits[i][j]
    return picture


def test_a_rising_line_rises_through_every_column():
    picture = dots(curve([(x, x)], width=30, height=8, log=False))
    tops = picture.argmax(axis=0)
    assert picture.any(axis=0).all()
    assert (np.diff(tops) <= 0).all()
    assert (tops[0], tops[-1]) == (31, 0)


def test_a_logarithmic_scale_makes_decay_straight():
    picture = dots(curve([(x, 10.0**-x)], width=30, height=8))
    middle = picture[:, 29:31].argmax(axis=0).mean()
    assert middle == pytest.approx(15.5, abs=1.5)
    flat = dots(curve([(x, 10.0**-x)], width=30, height=8, log=False))
    assert flat[:, 29:31].argmax(axis=0).mean() > 28


def test_the_second_curve_is_dotted():
    solid = dots(curve([(x, x)], width=30, log=False))
    both = dots(curve([(x, x), (x, 21 - x)], width=30, log=False))
    falling = both & ~solid
    assert 15 <= falling.any(axis=0).sum() <= 25  # every third of 60 columns


def test_labels_are_the_ends():
    lines = curve([(x, x)], height=9, log=False)
    assert lines[0].startswith("      20 ┤")
    assert lines[-1].startswith("       1 ┤")
    assert curve([(x, x / 20)], percent=True, log=False)[0].strip().startswith("100.0%")


@pytest.mark.parametrize(
    "y",
    [
        np.full(20, 3.0),
        np.where(x > 5, np.nan, x),
        np.where(x == 7, np.inf, x),
        np.linspace(-3, 3, 20),
        np.where(x == 3, 1.0, np.nan),
        np.full(20, 0.0),
    ],
)
def test_odd_numbers_are_drawn_or_left_out(y):
    lines = curve([(x, y)], width=40, height=6)
    assert len(lines) == 6
    assert len({len(line) for line in lines}) == 1
    assert dots(lines).any()


def test_nothing_to_draw():
    assert curve([(x, np.full(20, np.nan))]) == ["(nothing to draw)"]


def test_two_thousand_points_fit():
    many = np.arange(2000.0)
    assert all(len(line) == 74 for line in curve([(many, np.sin(many / 50))]))
