"""Is a gradient right? Compare it with finite differences, and say so per parameter.

A random direction ``v`` within one parameter array turns the whole array into one number:
``g . v`` against the slope of the cost along ``v``. A few directions therefore certify an
array of any size; only where they disagree is it searched entry by entry.

Three verdicts, never two. *passed*: agrees within a relative tolerance. *failed*: disagrees by
far more than the difference quotient is uncertain. *unchecked*: the slope could not be measured
well enough (a kink at this very point, a gradient too small to see), so nothing is claimed; a
small absolute error may excuse a parameter from failing, but never makes it pass. And the
tester is tested: for each array a wrong entry is planted in the gradient, and a check that
does not catch it passes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.rng import generator
from unstuck.core.judge import check_lengths
from unstuck.core.network import Network

STEPS = (1e-4, 1e-5, 1e-6)  # tried in turn; relative to a direction of unit root mean square
N_DIRECTIONS = 3
MAX_ENTRIES = 400  # entries of one array that are searched one by one


@dataclass(frozen=True, slots=True)
class Slope:
    """A measured directional derivative, and how far it can be trusted."""

    value: float
    uncertainty: float
    kink: tuple[float, float] | None = None  # slopes to the left and right, where they differ


@dataclass(frozen=True, slots=True)
class ParameterVerdict:
    """What the check says about one parameter array."""

    name: str
    status: str  # "passed", "failed" or "unchecked"
    relative_error: float  # worst over the directions; NaN where nothing could be measured
    reason: str = ""
    entries: tuple[tuple[tuple[int, ...], float, float], ...] = ()  # (index, given, measured)


@dataclass(frozen=True, slots=True)
class GradientCheck:
    """Verdicts per parameter. ``passed`` is True only if every one of them passed."""

    verdicts: tuple[ParameterVerdict, ...]

    @property
    def passed(self) -> bool:
        """True if every parameter passed; unchecked is not passed."""
        return all(v.status == "passed" for v in self.verdicts)

    @property
    def failed(self) -> bool:
        """True if any parameter failed."""
        return any(v.status == "failed" for v in self.verdicts)

    def __getitem__(self, name: str) -> ParameterVerdict:
        return {v.name: v for v in self.verdicts}[name]

    def __str__(self) -> str:
        """One line a parameter; the worst entries of what failed."""
        lines = []
        for v in self.verdicts:
            lines.append(f"{v.name:<8}{v.status:<10} {v.relative_error:9.1e}  {v.reason}".rstrip())
            lines += [
                f"          {v.name}{list(index)}: gradient says {given:+.6g}, "
                f"the cost changes by {measured:+.6g}"
                for index, given, measured in v.entries[:3]
            ]
        return "\n".join(lines)


def check_gradients(
    network: Network,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    gradient: Mapping[str, Array] | None = None,
    tolerance: float = 1e-6,
    absolute_tolerance: float = 1e-9,
    random_state: Any = 0,
) -> GradientCheck:
    """Compare a gradient of the cost with finite differences, parameter by parameter.

    Parameters
    ----------
    network : Network
        Checked in float64 whatever its dtype, at its present parameters, with dropout off
        and batch statistics on. It is not changed.
    X, y, sample_weight
        A small batch of raw data, as `Network.loss` takes it.
    gradient : mapping of name to array, optional
        The gradient to judge, for example one that you computed by hand; default: the
        network's own.
    tolerance : float
        Relative error up to which a parameter passes.
    absolute_tolerance : float
        A directional derivative smaller than this is *unchecked*, neither passed nor failed.

    Returns
    -------
    GradientCheck
        ``print`` it, or ask ``.passed``.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> net = Network.mlp([4, 5, 3], hidden_activation="tanh", random_state=0)
    >>> X, y = rng.normal(size=(8, 4)), rng.integers(0, 3, 8)
    >>> check_gradients(net, X, y).passed
    True
    """
    twin = in_float64(network)
    x = twin.prepare(X)
    targets = twin.encode(y)
    check_lengths(x, targets)
    if sample_weight is not None:
        sample_weight = np.asarray(sample_weight, np.float64)
    rng = generator(random_state)

    def cost() -> float:
        forward = twin.propagate(x, training=True)
        data = twin.loss_function.value(forward.values[-2], forward.output, targets, sample_weight)
        return float(data) + twin.penalty()

    if gradient is None:
        forward = twin.propagate(x, training=True)
        own = twin.backpropagate(forward, targets, sample_weight)
        gradient = twin.named(own)
    judge = _Judge(cost, tolerance, absolute_tolerance, rng)
    return GradientCheck(
        tuple(
            judge.verdict(name, twin[name], np.asarray(gradient[name], np.float64)) for name in twin
        )
    )


def in_float64(network: Network) -> Network:
    """A float64 copy of a network, with its own buffers."""
    twin = Network(
        network.layers,
        network.loss_function,
        l1=network.l1,
        l2=network.l2,
        dtype="float64",
        random_state=0,
        scaling=network.scaling,
    )
    twin.theta[...] = network.theta
    twin.state[...] = network.state
    return twin


class _Judge:
    """Measures slopes of a cost along directions and compares a gradient with them."""

    def __init__(
        self,
        cost: Callable[[], float],
        tolerance: float,
        absolute_tolerance: float,
        rng: np.random.Generator,
    ) -> None:
        self.cost = cost
        self.tolerance = tolerance
        self.absolute_tolerance = absolute_tolerance
        self.rng = rng

    def verdict(self, name: str, parameter: Array, gradient: Array) -> ParameterVerdict:
        """Random directions first; entry by entry only where one of them fails."""
        directions: list[Array] = [
            self.rng.standard_normal(parameter.shape) for _ in range(N_DIRECTIONS)
        ]
        slopes = [self.slope(parameter, v) for v in directions]
        given = [float(np.sum(gradient * v)) for v in directions]
        outcomes = [self.compare(g, s) for g, s in zip(given, slopes, strict=True)]
        statuses = {status for status, _, _ in outcomes}
        error = float(np.max([e for _, e, _ in outcomes]))
        if "failed" in statuses:
            entries, searched = self.search(parameter, gradient)
            reason = f"{len(entries)} of {searched} entries searched are wrong"
            if not entries:
                reason = "wrong along random directions, in no entry searched"
            return ParameterVerdict(name, "failed", error, reason, entries)
        if "unchecked" in statuses:
            reason = next(r for status, _, r in outcomes if status == "unchecked")
            return ParameterVerdict(name, "unchecked", error, reason)
        if not self.catches_plant(gradient, directions, slopes):
            reason = "a wrong entry planted in this gradient was not caught"
            return ParameterVerdict(name, "unchecked", error, reason)
        return ParameterVerdict(name, "passed", error)

    def compare(self, given: float, slope: Slope) -> tuple[str, float, str]:
        """(status, relative error, reason) of one directional derivative."""
        size = max(abs(given), abs(slope.value))
        difference = abs(given - slope.value)
        error = difference / size if size > 0.0 else 0.0
        if size <= self.absolute_tolerance:
            return "unchecked", error, "its gradient is too small to measure here"
        if error <= self.tolerance:
            return "passed", error, ""
        if slope.kink is not None and difference <= 10.0 * abs(slope.kink[1] - slope.kink[0]):
            return "unchecked", error, "the cost has a kink at this very point"
        if difference > 10.0 * slope.uncertainty and difference > self.absolute_tolerance:
            return "failed", error, ""
        return "unchecked", error, "the difference quotient is too uncertain here"

    def slope(self, parameter: Array, direction: Array) -> Slope:
        """The central difference along ``direction``, at the step that is most certain."""
        saved = parameter.copy()
        here = self.cost()

        def moved(step: float) -> float:
            np.multiply(direction, step, out=parameter)
            np.add(parameter, saved, out=parameter)
            return self.cost()

        best = Slope(math.nan, math.inf, (math.nan, math.nan))
        try:
            for h in STEPS:
                ahead, behind = moved(h), moved(-h)
                ahead_2, behind_2 = moved(h / 2), moved(-h / 2)
                wide, narrow = (ahead - behind) / (2 * h), (ahead_2 - behind_2) / h
                rounding = 4 * np.finfo(np.float64).eps * max(abs(here), 1e-300) / h
                value = (4 * narrow - wide) / 3  # Richardson: error O(h**4) where smooth
                sides = ((here - behind_2) / (h / 2), (ahead_2 - here) / (h / 2))
                jump, jump_wide = sides[1] - sides[0], (ahead - 2 * here + behind) / h
                # where smooth, the two sides differ by h f'': half as much at half the step
                kinked = abs(jump) > 20 * rounding and abs(jump) > 0.75 * abs(jump_wide)
                kink = sides if kinked else None
                found = Slope(value, abs(wide - narrow) + rounding, kink)
                if (kink is None, -found.uncertainty) > (best.kink is None, -best.uncertainty):
                    best = found
        finally:
            parameter[...] = saved
        return best

    def search(
        self, parameter: Array, gradient: Array
    ) -> tuple[tuple[tuple[tuple[int, ...], float, float], ...], int]:
        """Entries (at most `MAX_ENTRIES`, drawn at random from larger arrays) that fail alone."""
        order = self.rng.permutation(parameter.size)[:MAX_ENTRIES]
        wrong = []
        for flat in order:
            index = tuple(int(i) for i in np.unravel_index(flat, parameter.shape))
            direction = np.zeros(parameter.shape)
            direction[index] = 1.0
            slope = self.slope(parameter, direction)
            if self.compare(float(gradient[index]), slope)[0] == "failed":
                wrong.append((index, float(gradient[index]), slope.value))
        wrong.sort(key=lambda entry: -abs(entry[1] - entry[2]))
        return tuple(wrong), len(order)

    def catches_plant(self, gradient: Array, directions: list[Array], slopes: list[Slope]) -> bool:
        """True if one entry off by the gradient's root mean square would have been noticed."""
        planted = gradient.copy()
        index = np.unravel_index(int(self.rng.integers(gradient.size)), gradient.shape)
        planted[index] += np.sqrt(np.mean(gradient**2))
        return any(
            self.compare(float(np.sum(planted * v)), s)[0] == "failed"
            for v, s in zip(directions, slopes, strict=True)
        )
