"""The checker of derivatives: what the sweep gives against central differences of the value."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tests.trace.build import Made, TapeBuilder

from unstuck.trace.adjoint import adjoints
from unstuck.trace.replay import replay

STEP = 1e-6
TOLERANCE = 2e-6


@dataclass(frozen=True, slots=True)
class Fixed:
    """A number among the arguments that is no value of the program (an order, a shape)."""

    value: Any


@dataclass(frozen=True, slots=True)
class Case:
    """One call. Its float arrays and floats become leaves of a tape, also those in lists."""

    op: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.op}({', '.join(map(described, self.args))}, {self.kwargs})"[:70]


def described(x: Any) -> str:
    """An argument in few characters."""
    if isinstance(x, np.ndarray):
        return f"{x.dtype.kind}{list(x.shape)}"
    if isinstance(x, (list, tuple)) and any(isinstance(item, np.ndarray) for item in x):
        return "[" + ", ".join(map(described, x)) + "]"
    return str(x)


def on_tape(case: Case) -> tuple[TapeBuilder, list[Made], Made]:
    """The call on a tape of its own: the builder, the leaves, the result."""
    builder, leaves = TapeBuilder(), []

    def noted(x: Any) -> Any:
        if isinstance(x, Fixed):
            return x.value
        if isinstance(x, float) or (isinstance(x, np.ndarray) and x.dtype.kind == "f"):
            leaves.append(builder.leaf(x))
            return leaves[-1]
        if isinstance(x, (list, tuple)):
            return type(x)(map(noted, x))
        if isinstance(x, dict):
            return {key: noted(item) for key, item in x.items()}
        return x

    args, kwargs = noted(case.args), noted(case.kwargs)
    return builder, leaves, builder(case.op, *args, **kwargs)


def weights_for(value: Any) -> Any:
    """A seed with no two numbers alike."""
    return np.random.default_rng(7).standard_normal(np.shape(value))


def swept(case: Case) -> tuple[list[Any], list[Any]]:
    """The leaves' values and what the sweep gives them."""
    builder, leaves, result = on_tape(case)
    found = adjoints(builder.tape, {result.index: weights_for(result.value)})
    zeros = [np.zeros(np.shape(leaf.value)) for leaf in leaves]
    return [leaf.value for leaf in leaves], [
        found.get(leaf.index, zero) for leaf, zero in zip(leaves, zeros, strict=True)
    ]


def differenced(case: Case) -> list[Any]:
    """Central differences of the sum of the weighted result, by each number of each leaf."""
    builder, leaves, result = on_tape(case)
    seed, tape = weights_for(result.value), builder.tape

    def total(leaf: Made, value: Any) -> float:
        values = replay(tape, {leaf.index: value}, first=0, last=len(tape))
        return float(np.sum(seed * values.value(result.index)))

    found = []
    for leaf in leaves:
        at = np.array(leaf.value, dtype=float)
        slope = np.zeros(at.shape)
        for place in np.ndindex(at.shape):
            up, down = at.copy(), at.copy()
            up[place] += STEP
            down[place] -= STEP
            if not isinstance(leaf.value, np.ndarray):
                up, down = float(up), float(down)
            slope[place] = (total(leaf, up) - total(leaf, down)) / (2 * STEP)
        found.append(slope)
    return found


def check(case: Case) -> None:
    """Fail where the sweep and the differences disagree, or a shape is not the leaf's."""
    values, gradients = swept(case)
    for value, gradient, slope in zip(values, gradients, differenced(case), strict=True):
        assert np.shape(gradient) == np.shape(value), f"{case}: shape {np.shape(gradient)}"
        assert np.asarray(gradient).dtype == np.float64, f"{case}: {np.asarray(gradient).dtype}"
        scale = max(1.0, float(np.max(np.abs(slope), initial=0.0)))
        np.testing.assert_allclose(
            gradient, slope, rtol=0, atol=TOLERANCE * scale, err_msg=str(case)
        )
