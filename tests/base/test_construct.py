import math
from dataclasses import dataclass

import numpy as np
import pytest

from unstuck.base.construct import check_number, construct
from unstuck.base.errors import InvalidInputError


class Tool:
    pass


@dataclass(frozen=True)
class Hammer(Tool):
    weight: float = 1.0

    def __post_init__(self):
        check_number(self, "weight", low=0.0, high=9.0, open_low=True)


@dataclass(frozen=True)
class Nail(Tool):
    pass


TABLE = {"hammer": Hammer, "nail": Nail}


def build(spec, **options):
    return construct(spec, TABLE, Tool, "tool", options)


def test_names_and_ready_objects():
    assert build("hammer") == Hammer()
    assert build("hammer", weight=2.0) == Hammer(2.0)
    ready = Hammer(3.0)
    assert build(ready) is ready
    assert build(ready, weight=4.0) == Hammer(4.0)
    assert ready.weight == 3.0


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("hamer", {}, "unknown tool 'hamer'; allowed: hammer, nail. Did you mean 'hammer'"),
        ("hammer", {"wieght": 1}, "option of tool 'hammer' 'wieght'; allowed: weight.*'weight'"),
        (Hammer(), {"wieght": 1}, "allowed: weight"),
        ("nail", {"weight": 1}, "tool 'nail' has no options, got 'weight'"),
        (Hammer, {}, "must be a name or an instance of Tool"),
        (None, {}, "allowed names: hammer, nail"),
    ],
)
def test_what_cannot_be_built_is_named(spec, options, message):
    with pytest.raises(InvalidInputError, match=message):
        build(spec, **options)


@pytest.mark.parametrize("value", [1, 9, 9.0, 1e-9, np.float32(2), np.int64(3)])
def test_numbers_inside(value):
    assert Hammer(value).weight == value


@pytest.mark.parametrize("value", [0, -1.0, 9.001, math.nan, math.inf, None, "3", True, 1j, [1]])
def test_numbers_outside(value):
    with pytest.raises(
        InvalidInputError, match="Hammer: weight must be a number > 0 and <= 9, got"
    ):
        Hammer(value)


def test_any_finite_number():
    class Free:
        x = math.inf

    with pytest.raises(InvalidInputError, match="x must be a number that is finite, got inf"):
        check_number(Free(), "x")
