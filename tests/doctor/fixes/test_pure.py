"""What may be called, and how large it may become."""

import numpy as np
import pytest

from unstuck.doctor.fixes import pure
from unstuck.doctor.fixes.pure import CannotEvaluate, Module, call, guard_power, member


def test_members_of_modules():
    assert member("numpy", "dot") is np.dot
    assert member("numpy", "linalg") == Module("numpy.linalg") != Module("numpy")
    assert hash(Module("numpy")) == hash(Module("numpy"))
    for module, name in [("numpy", "save"), ("os", "system"), ("numpy", "row_stack_of_nothing")]:
        with pytest.raises(CannotEvaluate):
            member(module, name)


def test_a_name_that_this_numpy_does_not_have():
    missing = next(name for name in ("NINF", "float_", "Inf") if not hasattr(np, name))
    with pytest.raises(CannotEvaluate, match=f"no numpy.{missing}"):
        member("numpy", missing)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (np.zeros, [(10**5, 10**5)]),
        (np.eye, [10**5]),
        (np.arange, [0, 10**9, 1]),
        (np.linspace, [0, 1, 10**9]),
        (np.add, [np.zeros((10**5, 1)), np.zeros((1, 10**5))]),
        (np.outer, [np.zeros(10**5), np.zeros(10**5)]),
        (np.dot, [np.zeros((2000, 2000)), np.zeros((2000, 2000))]),
        (np.broadcast_to, [np.zeros(1), (10**5, 10**5)]),
        (np.repeat, [np.zeros(10), 10**8]),
        (np.tile, [np.zeros(10), 10**8]),
        (np.pad, [np.zeros(10**5), 1]),
    ],
)
def test_what_would_become_too_large(function, arguments):
    with pytest.raises(CannotEvaluate, match="too l"):
        call(function, arguments, {})


def test_what_is_small_enough():
    np.testing.assert_array_equal(call(np.zeros, [3], {}), np.zeros(3))
    np.testing.assert_array_equal(call(np.arange, [4], {}), np.arange(4))
    assert call(np.dot, [2, 3], {}) == 6
    assert call(np.broadcast_to, [np.ones(1), (2, 2)], {}).shape == (2, 2)


def test_results_are_not_written_into_arguments():
    with pytest.raises(CannotEvaluate, match="out="):
        call(np.exp, [np.zeros(2)], {"out": np.zeros(2)})


@pytest.mark.parametrize(("base", "exponent"), [(1, 10**9), (2, 60), (0.5, 10**6), (-1, 10**8)])
def test_powers_that_stay_small(base, exponent):
    guard_power(base, exponent)


def test_powers_with_millions_of_digits():
    with pytest.raises(CannotEvaluate):
        guard_power(10, 10**7)


def test_nothing_that_writes_or_reads_files_is_on_the_lists():
    for names in pure.MODULES.values():
        assert names.isdisjoint(
            {"load", "save", "savetxt", "loadtxt", "fromfile", "memmap", "random"}
        )
    assert {"open", "exec", "eval", "getattr", "setattr", "print", "input"}.isdisjoint(
        pure.BUILTINS
    )
