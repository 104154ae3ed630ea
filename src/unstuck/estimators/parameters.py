"""What each parameter of the estimators may be: one table, looked through when `fit` begins.

`__init__` only stores, as scikit-learn's contract asks, so that `clone` and `set_params` work.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from unstuck.base.errors import InvalidInputError, unknown
from unstuck.core.activations import ACTIVATIONS, Activation
from unstuck.core.initializers import INITIALIZERS
from unstuck.core.losses import Loss
from unstuck.core.optimizers import Optimizer
from unstuck.core.schedules import SCHEDULES, Schedule
from unstuck.training.lbfgs import LBFGS

ACTIVATION_SYNONYMS = {"logistic": "sigmoid"}  # scikit-learn's name: ours
SOLVERS = ("lbfgs", "sgd", "adam", "adamw", "rmsprop", "adagrad")
RATES_OF_SGD = ("invscaling", "adaptive")  # scikit-learn's, for solver="sgd" alone
ENGINES = ("auto", "numpy", "compiled")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a parameter may be, as a test and in words; names are checked for near misses."""

    holds: Callable[[Any], bool]
    allowed: str
    names: tuple[str, ...] = ()

    def judge(self, owner: str, name: str, value: Any) -> None:
        """Raise InvalidInputError unless the value is allowed."""
        if (isinstance(value, str) and value in self.names) or self.holds(value):
            return
        if isinstance(value, str) and self.names:
            raise InvalidInputError(f"{owner}: {unknown(value, self.names, name)}")
        raise InvalidInputError(
            f"{owner}: {name} is {value!r} ({type(value).__name__}); allowed: {self.allowed}."
        )


def number(low: float, high: float = math.inf, *, ends: str = "[]") -> Rule:
    """A finite real number in an interval; ``ends`` says which ends belong to it."""

    def holds(value: Any) -> bool:
        if is_flag(value) or not is_a(Real, value):
            return False
        above = low <= value if ends[0] == "[" else low < value
        below = value <= high if ends[1] == "]" else value < high
        return bool(math.isfinite(value) and above and below)

    sign_low, sign_high = ("<=" if ends[0] == "[" else "<"), ("<=" if ends[1] == "]" else "<")
    upper = "" if high == math.inf else f" {sign_high} {high:g}"
    return Rule(holds, f"a number, {low:g} {sign_low} number{upper}")


def is_a(kind: type, value: Any) -> bool:
    """Tell whether the value is of that kind; NumPy's numbers are of Python's."""
    return isinstance(value, kind)


def is_count(value: Any) -> bool:
    """Tell a whole number of at least 1."""
    return is_a(Integral, value) and not is_flag(value) and bool(value >= 1)


def is_flag(value: Any) -> bool:
    """Tell True or False."""
    return isinstance(value, bool | np.bool_)


def is_sizes(value: Any) -> bool:
    """Tell a whole number of at least 1, or a sequence of such."""
    return is_count(value) or (
        isinstance(value, Iterable)
        and not isinstance(value, str | bytes)
        and all(is_count(size) for size in value)
    )


def is_callbacks(value: Any) -> bool:
    """Tell None, or something to go through; the trainer looks at each of them."""
    return value is None or (isinstance(value, Iterable) and not isinstance(value, str))


def named(names: Iterable[str], *others: type, function: bool = False) -> Rule:
    """One of some names, an instance of some classes, or any callable."""
    names = tuple(names)
    more = [f"an instance of {cls.__name__}" for cls in others] + ["a callable"] * function

    def holds(value: Any) -> bool:
        if isinstance(value, str | type):
            return False
        return isinstance(value, others) or (function and callable(value))

    return Rule(holds, " or ".join([", ".join(repr(n) for n in names), *more]), names)


COUNT = Rule(is_count, "a whole number of at least 1")
FLAG = Rule(is_flag, "True or False")

RULES: dict[str, Rule] = {
    "hidden_layer_sizes": Rule(
        is_sizes, "whole numbers of at least 1, one a hidden layer, such as (100,); or one of them"
    ),
    "activation": named([*ACTIVATIONS, *ACTIVATION_SYNONYMS], Activation, function=True),
    "solver": named(SOLVERS, Optimizer, LBFGS),
    "alpha": number(0),
    "batch_size": Rule(is_count, "'auto' or a whole number of at least 1", ("auto",)),
    "learning_rate": named([*RATES_OF_SGD, *SCHEDULES], Schedule),
    "learning_rate_init": number(0, ends="(]"),
    "power_t": number(0),
    "max_iter": COUNT,
    "shuffle": FLAG,
    "tol": number(0),
    "verbose": Rule(lambda v: is_flag(v) or is_count(v) or v == 0, FLAG.allowed),
    "warm_start": FLAG,
    "momentum": number(0, 1, ends="[)"),
    "nesterovs_momentum": FLAG,
    "early_stopping": FLAG,
    "validation_fraction": number(0, 1, ends="[)"),
    "beta_1": number(0, 1, ends="[)"),
    "beta_2": number(0, 1, ends="[)"),
    "epsilon": number(0, ends="(]"),
    "n_iter_no_change": Rule(
        lambda v: is_count(v) or v == math.inf, "a whole number of at least 1, or infinity"
    ),
    "max_fun": COUNT,
    "loss": named(("squared_error", "huber"), Loss),
    "class_weight": Rule(
        lambda v: v is None or isinstance(v, dict | list),
        "None, 'balanced', a dict of class: weight, or for several labels a list of dicts",
        ("balanced",),
    ),
    "dropout": number(0, 1, ends="[)"),
    "batch_norm": FLAG,
    "initializer": Rule(
        lambda v: v is None or (callable(v) and not isinstance(v, type)),
        "None, a name of unstuck's initialisers, or a callable",
        tuple(INITIALIZERS),
    ),
    "engine": named(ENGINES),
    "threads": Rule(lambda v: v is None or is_count(v), f"None, or {COUNT.allowed}"),
    "callbacks": Rule(is_callbacks, "None, or a list of callbacks"),
}


def our_name(activation: Any) -> Any:
    """scikit-learn's name for an activation as ours; anything else as it is."""
    known = isinstance(activation, str)
    return ACTIVATION_SYNONYMS.get(activation, activation) if known else activation


def scikit_name(activation: str) -> str:
    """Our name for an activation as scikit-learn's, where it has another."""
    theirs = {ours: name for name, ours in ACTIVATION_SYNONYMS.items()}
    return theirs.get(activation, activation)


def is_full_batch(estimator: Any) -> bool:
    """Tell whether the solver is L-BFGS, which takes all samples at once."""
    return estimator.solver == "lbfgs" or isinstance(estimator.solver, LBFGS)


def check_parameters(owner: str, parameters: Mapping[str, Any]) -> None:
    """Raise InvalidInputError for the first parameter that cannot be used, or that clashes.

    >>> check_parameters("MLPClassifier", {"solver": "adma"})
    Traceback (most recent call last):
    ...
    unstuck.base.errors.InvalidInputError: MLPClassifier: unknown solver 'adma'; allowed: lbfgs, \
sgd, adam, adamw, rmsprop, adagrad. Did you mean 'adam'?
    """
    for name, value in parameters.items():
        if name in RULES:
            RULES[name].judge(owner, name, value)
    solver = parameters.get("solver")
    if parameters.get("dropout") and (solver == "lbfgs" or isinstance(solver, LBFGS)):
        raise InvalidInputError(
            f"{owner}: dropout={parameters['dropout']!r} cannot go with L-BFGS, which needs the "
            "same cost every time it asks. Use solver='adam' or 'sgd', or dropout=0."
        )


def check_partial(owner: str, parameters: Mapping[str, Any]) -> None:
    """Raise InvalidInputError for what only a whole fit can do."""
    if parameters["early_stopping"]:
        raise InvalidInputError(
            f"{owner}: partial_fit does not support early_stopping=True. Judge the parts yourself "
            "(score), or use fit."
        )
    rate = parameters["learning_rate"]
    if rate not in {"constant", *RATES_OF_SGD}:
        raise InvalidInputError(
            f"{owner}: learning_rate={rate!r} plans a whole run, and partial_fit does not know how "
            f"long that will be; allowed: constant, {', '.join(RATES_OF_SGD)}. Or use fit."
        )
