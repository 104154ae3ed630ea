"""Creating: arrays made from a shape or drawn. Nothing goes back, except to what fills them."""

from __future__ import annotations

from typing import Any

import numpy as np

from unstuck.trace.operations.rule import Operation, no_gradient, operation, unbroadcast


def _full_value(g: Any, y: Any, shape: Any, fill_value: Any, *args: Any, **kwargs: Any) -> Any:
    return unbroadcast(g, fill_value)


def _fill(base: Any, value: Any) -> Any:
    return np.full_like(base, value)


def _along(
    g: Any,
    y: Any,
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: Any = True,
    *rest: Any,
    **kwargs: Any,
) -> Any:
    return _share_of_stop(g, num, endpoint, from_start=True)


def _along_stop(
    g: Any,
    y: Any,
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: Any = True,
    *rest: Any,
    **kwargs: Any,
) -> Any:
    return _share_of_stop(g, num, endpoint, from_start=False)


def _share_of_stop(g: Any, num: Any, endpoint: Any, *, from_start: bool) -> Any:
    share = np.linspace(0.0, 1.0, num, endpoint=endpoint)
    return np.sum(g * (1.0 - share if from_start else share))


def _none(*args: Any, **kwargs: Any) -> Any:
    raise Undrawn


class Undrawn(Exception):  # noqa: N818 - no error: a draw cannot be made again
    """A draw was asked for again."""


DRAWN = (
    "beta",
    "binomial",
    "bytes",
    "chisquare",
    "choice",
    "dirichlet",
    "exponential",
    "f",
    "gamma",
    "geometric",
    "gumbel",
    "hypergeometric",
    "integers",
    "laplace",
    "logistic",
    "lognormal",
    "logseries",
    "multinomial",
    "multivariate_normal",
    "negative_binomial",
    "noncentral_chisquare",
    "noncentral_f",
    "normal",
    "pareto",
    "permutation",
    "permuted",
    "poisson",
    "power",
    "rand",
    "randint",
    "randn",
    "random",
    "random_integers",
    "random_sample",
    "ranf",
    "rayleigh",
    "sample",
    "shuffle",
    "standard_cauchy",
    "standard_exponential",
    "standard_gamma",
    "standard_normal",
    "standard_t",
    "triangular",
    "uniform",
    "vonmises",
    "wald",
    "weibull",
    "zipf",
)

CREATING: tuple[Operation, ...] = (
    operation("full", "create", np.full, None, _full_value),
    operation("full_like", "create", np.full_like, None, _full_value),
    operation("fill", "create", _fill, None, lambda g, y, base, value: unbroadcast(g, value)),
    operation("linspace", "create", np.linspace, _along, _along_stop),
    *(
        no_gradient(function.__name__, "create", function)
        for function in (
            np.zeros,
            np.zeros_like,
            np.ones,
            np.ones_like,
            np.eye,
            np.identity,
            np.tri,
            np.indices,
            np.tril_indices,
            np.triu_indices,
            np.diag_indices,
        )
    ),
    no_gradient("empty", "create", np.zeros),
    no_gradient("empty_like", "create", np.zeros_like),
    no_gradient("arange", "create", np.arange),
    no_gradient("round", "none", np.round),
    no_gradient("int", "none", int),
    no_gradient("bool", "none", bool),
    *(Operation(f"random.{name}", lambda args, kwargs: _none(), None, "random") for name in DRAWN),
)
