"""Kinks, ties, zeros and what is not finite: no exception, no warning, and a known convention."""

import numpy as np
import pytest
from tests.trace.operations.cases import SCALARS, UNARY_SCALARS
from tests.trace.operations.checking import Case, check, swept

from unstuck.trace.operations import OPERATIONS

EDGES = (0.0, -0.0, 1.0, -1.0, -2.5, 1e-320, 1e200, -1e200, float("inf"), float("-inf"))
ONE = list(dict.fromkeys(c.op for c in UNARY_SCALARS))
TWO = [*list(dict.fromkeys(c.op for c in SCALARS)), "remainder", "arctan2", "logaddexp"]


@pytest.mark.parametrize("op", ONE)
def test_python_floats_at_the_edges(op):
    for x in (*EDGES, float("nan")):
        for made in (x, np.float64(x), np.array([x])):
            swept(Case(op, (made,)))


@pytest.mark.parametrize("op", TWO)
def test_pairs_of_python_floats_at_the_edges(op):
    for a in EDGES:
        for b in EDGES:
            swept(Case(op, (a, b)))


def test_division_by_zero_is_infinite_as_in_numpy():
    with np.errstate(all="ignore"):
        assert OPERATIONS["true_divide"].value((1.0, 0.0), {}) == np.inf
        assert np.isnan(OPERATIONS["power"].value((-8.0, 0.5), {}))
        assert OPERATIONS["power"].value((0.0, -1.0), {}) == np.inf
        assert OPERATIONS["power"].value((1e200, 2.0), {}) == np.inf
        assert OPERATIONS["power"].value((2, -1), {}) == 0.5


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (Case("maximum", (np.zeros(2), 0)), 0.5),
        (Case("minimum", (np.zeros(2), 0)), 0.5),
        (Case("absolute", (np.zeros(2),)), 0.0),
        (Case("max", (np.ones(4),)), 0.25),
        (Case("min", (np.ones((2, 2)), 0)), 0.5),
        (Case("clip", (np.ones(2), 0, 1)), 1.0),
        (Case("std", (np.ones(3),)), 0.0),
        (Case("linalg.norm", (np.zeros(3),)), 0.0),
        (Case("power", (np.zeros(2), 0.0)), 0.0),
        (Case("power", (np.zeros(2), 1.0)), 1.0),
        (Case("power", (np.zeros(2), 2)), 0.0),
        (Case("builtin_max", ([1.0, 1.0],)), 0.5),
        (Case("sinc", (np.zeros(2),)), 0.0),
    ],
    ids=str,
)
def test_conventions_at_kinks(monkeypatch, case, expected):
    monkeypatch.setattr(
        "tests.trace.operations.checking.weights_for", lambda v: np.ones(np.shape(v))
    )
    _, gradients = swept(case)
    first = gradients[: len(case.args[0])] if isinstance(case.args[0], list) else gradients[:1]
    for gradient in first:
        np.testing.assert_allclose(gradient, np.full(np.shape(gradient), expected))


def test_the_last_of_several_writes_to_one_place_gets_the_gradient():
    check(Case("setitem", (np.zeros(3), np.array([1, 1, 2]), np.array([5.0, 6.0, 7.0]))))
    _, (_, to_value) = swept(Case("setitem", (np.zeros(3), np.array([1, 1]), np.array([5.0, 6.0]))))
    assert to_value[0] == 0.0
    assert to_value[1] != 0.0


def test_what_is_written_into_integers_is_cut_off():
    _, (gradient,) = swept(Case("setitem", (np.zeros(3, int), 1, 0.7)))
    assert gradient == 0.0


def test_nan_stays_where_it_is():
    _, (gradient,) = swept(Case("exp", (np.array([0.5, np.nan, 1.0]),)))
    assert np.isnan(gradient).tolist() == [False, True, False]
    _, (gradient,) = swept(Case("nan_to_num", (np.array([0.5, np.nan, np.inf]),)))
    assert gradient[1] == gradient[2] == 0.0
    assert gradient[0] != 0.0


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_matrices_keep_two_axes():
    wide = np.matrix([[1.0, 2.0], [3.0, 5.0]])
    vjp = OPERATIONS["sum"].vjp
    g = vjp(np.array([[1.0, 2.0]]), None, (wide, 0), {}, 0)
    np.testing.assert_array_equal(g, [[1.0, 2.0], [1.0, 2.0]])
