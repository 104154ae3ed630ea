"""Creating: arrays made from a shape or drawn. Nothing goes back, except to what fills them."""

from __future__ import annotations

from typing import Any

import numpy as np

from unstuck.trace.operations.rule import (
    Args,
    Kwargs,
    NoRule,
    Operation,
    Position,
    no_gradient,
    operation,
    unbroadcast,
)


def _full_value(g: Any, y: Any, shape: Any, fill_value: Any, *args: Any, **kwargs: Any) -> Any:
    return unbroadcast(g, fill_value)


def _fill(base: Any, value: Any) -> Any:
    return np.full_like(base, value)


def _linspace(g: Any, y: Any, args: Args, kwargs: Kwargs, position: Position) -> Any:
    """Each number is a mean of the two ends."""
    given = dict(zip(("start", "stop", "num", "endpoint"), args, strict=False))
    given.update(kwargs)
    if np.ndim(given["start"]) or np.ndim(given["stop"]):
        raise NoRule("linspace between arrays")
    share = np.linspace(0.0, 1.0, len(y), endpoint=given.get("endpoint", True))
    return np.sum(g * (share if position in {1, "stop"} else 1.0 - share))


def _undrawn(*args: Any, **kwargs: Any) -> Any:
    """A draw cannot be made again."""
    raise ValueError("a random draw cannot be made again")


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
    Operation("linspace", lambda args, kwargs: np.linspace(*args, **kwargs), _linspace, "create"),
    no_gradient("zeros", "create", np.zeros),
    no_gradient("zeros_like", "create", np.zeros_like),
    no_gradient("ones", "create", np.ones),
    no_gradient("ones_like", "create", np.ones_like),
    no_gradient("eye", "create", np.eye),
    no_gradient("identity", "create", np.identity),
    no_gradient("tri", "create", np.tri),
    no_gradient("indices", "create", np.indices),
    no_gradient("tril_indices", "create", np.tril_indices),
    no_gradient("triu_indices", "create", np.triu_indices),
    no_gradient("diag_indices", "create", np.diag_indices),
    no_gradient("empty", "create", np.zeros),
    no_gradient("empty_like", "create", np.zeros_like),
    no_gradient("arange", "create", np.arange),
    no_gradient("meshgrid", "create", np.meshgrid),
    no_gradient("round", "none", np.round),
    no_gradient("int", "none", int),
    no_gradient("bool", "none", bool),
    *(no_gradient(f"random.{name}", "random", _undrawn) for name in DRAWN),
    no_gradient("shuffle", "random", _undrawn),
)
