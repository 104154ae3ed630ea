import pickle

import pytest

from unstuck.base import errors
from unstuck.base.errors import (
    CheckpointError,
    DataFormatError,
    DivergenceError,
    InvalidInputError,
    MissingDependencyError,
    UnstuckError,
    lookup,
    unknown,
)

TABLE = {"relu": 1, "leaky_relu": 2, "tanh": 3}


@pytest.mark.parametrize(
    ("ours", "builtin"),
    [
        (InvalidInputError, ValueError),
        (DataFormatError, ValueError),
        (DivergenceError, ArithmeticError),
        (CheckpointError, OSError),
        (MissingDependencyError, ImportError),
    ],
)
def test_each_error_is_ours_and_what_python_calls_it(ours, builtin):
    assert issubclass(ours, UnstuckError)
    assert issubclass(ours, builtin)
    assert ours.__name__ in errors.__doc__


def test_a_damaged_file_is_invalid_input():
    assert issubclass(DataFormatError, InvalidInputError)


def test_errors_cross_process_borders():
    error = pickle.loads(pickle.dumps(InvalidInputError("X has 3 features")))  # noqa: S301 - our own
    assert isinstance(error, InvalidInputError)
    assert str(error) == "X has 3 features"


def test_lookup_returns_the_entry():
    assert lookup("tanh", TABLE, "activation") == 3


def test_lookup_lists_what_is_allowed_and_the_nearest():
    with pytest.raises(InvalidInputError) as caught:
        lookup("leaky-relu", TABLE, "activation")
    assert str(caught.value) == (
        "unknown activation 'leaky-relu'; allowed: relu, leaky_relu, tanh. "
        "Did you mean 'leaky_relu'?"
    )
    assert caught.value.__suppress_context__  # no KeyError above the message


def test_lookup_suggests_nothing_when_nothing_is_near():
    assert unknown("qqq", TABLE, "activation").endswith("tanh.")


@pytest.mark.parametrize("name", [None, 3, ["relu"], {}])
def test_lookup_of_what_is_no_name(name):
    with pytest.raises(InvalidInputError, match="allowed: relu"):
        lookup(name, TABLE, "activation")
