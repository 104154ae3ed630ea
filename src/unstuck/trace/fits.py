"""Steps fitted by gradients: how large a step is, how much it decays, how much of it is repeated.

A `Row` is one point: its window, the step, the true gradient, the parameter before, and its signs
where they matter. Rows of one window differ only in the parameters, so in their differences drops
out what an optimiser remembers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

Array = Any
Row: TypeAlias = tuple[Any, ...]
TINY = 1e-300


@dataclass(slots=True)
class Fit:
    """``steps = -ratio * gradient - decay * parameter - l1 * sign(parameter)``, in differences.

    ``residual`` says how well it holds.
    """

    ratio: float
    decay: float
    residual: float
    cosine: float
    l1: float = 0.0


def windows_of(rows: list[Row]) -> dict[int, list[Row]]:
    """The rows of each window, in order."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def best_fit(rows: list[Row], exact: float) -> Fit:
    """Fit steps by gradients, with decay only where it is needed."""
    differences = contrasts(rows)
    step, gradient = (np.concatenate([d[i] for d in differences]) for i in (1, 2))
    if float(np.linalg.norm(gradient)) <= 1e-12 * sum(float(np.linalg.norm(r[2])) for r in rows):
        differences = rows
        step, gradient = (np.concatenate([d[i] for d in rows]) for i in (1, 2))
    cosine = float(step @ gradient / max(np.linalg.norm(step) * np.linalg.norm(gradient), TINY))
    plain = per_window(differences, [2])
    if plain is not None and plain[1] <= exact:
        return Fit(plain[0][0], 0.0, plain[1], -cosine)
    decayed = per_window(differences, [2, 3])
    if decayed is not None and decayed[1] <= exact:
        return Fit(decayed[0][0], decayed[0][1], decayed[1], -cosine)
    partly = partly_decayed(differences, exact) or partly_decayed(rows, exact)
    if partly is not None:
        return Fit(partly[0], partly[1], partly[2], -cosine)
    signed = contrasts([(*row, np.sign(row[3])) for row in rows])
    for columns in ([2, 4], [2, 3, 4]):  # lasso, elastic net
        sparse = per_window(signed, columns)
        if sparse is not None and sparse[1] <= exact:
            (ratio, *decays, l1), residual = sparse
            return Fit(ratio, sum(decays), residual, -cosine, l1)
    norm = float(gradient @ gradient)
    ratio = -float(step @ gradient) / norm if norm else float("nan")
    return Fit(ratio, 0.0, plain[1] if plain else float("nan"), -cosine)


def partly_decayed(rows: list[Row], exact: float) -> tuple[float, float, float] | None:
    """Ratio, decay and residual where some entries decay and others (a bias in the array) do not.

    Each entry's own decay drops out of two rows, ``step1 before2 - step2 before1``, which leaves
    the ratio; then every entry tells its decay, which must be none or the common one.
    """
    by_window = windows_of(rows)
    crossed = [
        (w, a[1] * b[3] - b[1] * a[3], a[2] * b[3] - b[2] * a[3], a[3])
        for w, own in by_window.items()
        for a, b in pairwise(own)
    ]
    fitted = per_window(crossed, [2]) if crossed else None
    if fitted is None or fitted[1] > exact:
        return None
    ratio = fitted[0][0]
    _, step, gradient, before = max(rows, key=lambda r: float(np.linalg.norm(r[3])))
    known = np.abs(before) > 1e-3 * float(np.max(np.abs(before), initial=0.0))
    decays = -(step + ratio * gradient)[known] / before[known]
    decay = float(decays[np.argmax(np.abs(decays))])
    slack = 1e-4 * abs(decay)
    if not np.all((np.abs(decays) <= slack) | (np.abs(decays - decay) <= slack)):
        return None
    return ratio, decay, fitted[1]


def momentum_of(recorded: list[Row], fit: Fit) -> float:
    """How much of the step before each step repeats; 0 where it repeats in no fixed share."""
    shares, sizes = [], []
    for earlier, later in pairwise(recorded):
        if not all(np.all(np.isfinite(v)) for v in (*earlier[1:], *later[1:])):
            return 0.0
        rest = later[1] + fit.ratio * later[2] + fit.decay * later[3]
        size = float(earlier[1] @ earlier[1])
        if not size or np.linalg.norm(rest) <= 1e-6 * np.linalg.norm(later[1]):
            return 0.0
        share = float(rest @ earlier[1]) / size
        sizes.append(float(np.linalg.norm(rest - share * earlier[1])) / float(np.linalg.norm(rest)))
        shares.append(share)
    if not shares or max(sizes) > 1e-3:
        return 0.0
    return float(np.median(shares))


def left_over(rows: list[Row], fit: Fit) -> float:
    """The share of the steps that gradient and decay leave over; differences do not show it.

    A constant in the gradient (a label that is missing) drops out of the differences, as what an
    optimiser remembers does. An entry may decay or not.
    """
    shares = []
    columns = [2, *([3] if fit.decay else []), *([4] if fit.l1 else [])]
    for own in windows_of(rows).values():
        found = per_window([(*row, np.sign(row[3])) for row in own], columns)
        ratio = fit.ratio if found is None else found[0][0]
        for _, step, gradient, before in own:
            plain = step + ratio * gradient + fit.l1 * np.sign(before)
            rest = np.minimum(np.abs(plain), np.abs(plain + fit.decay * before))
            shares.append(float(np.linalg.norm(rest)) / max(float(np.linalg.norm(step)), TINY))
    return max(shares, default=0.0)


def cosine_of(rows: list[Row]) -> float:
    """The mean cosine between steps and gradients."""
    cosines = [
        float(r[1] @ r[2]) / max(float(np.linalg.norm(r[1]) * np.linalg.norm(r[2])), TINY)
        for r in rows
    ]
    return float(np.mean(cosines)) if cosines else float("nan")


def contrasts(rows: list[Row]) -> list[Row]:
    """Differences from the last point of the same window; the rows themselves where it is alone."""
    by_window = windows_of(rows)
    found = []
    for w, own in by_window.items():
        if len(own) == 1:
            continue
        base = own[-1]
        found += [(w, *(a - b for a, b in zip(r[1:], base[1:], strict=True))) for r in own[:-1]]
    return found or rows


def per_window(rows: list[Row], columns: list[int]) -> tuple[list[float], float] | None:
    """Least squares in each window (a learning rate may change); medians and the worst residual."""
    by_window = windows_of(rows)
    coefficients: list[Array] = []
    residuals: list[float] = []
    for own in by_window.values():
        target = np.concatenate([r[1] / norm_of(r) for r in own])
        matrix = np.stack(
            [np.concatenate([r[c] / norm_of(r) for r in own]) for c in columns], axis=1
        )
        if len(target) <= matrix.shape[1]:
            continue
        scale = np.linalg.norm(matrix, axis=0)
        scale[scale == 0] = 1.0
        solution, *_ = np.linalg.lstsq(matrix / scale, target, rcond=None)
        left = float(np.linalg.norm(matrix / scale @ solution - target))
        residuals.append(left / max(float(np.linalg.norm(target)), TINY))
        coefficients.append(-solution / scale)
    if not coefficients:
        return None
    return [float(v) for v in np.median(coefficients, axis=0)], max(residuals)


def norm_of(row: Row) -> float:
    """The size of a step, so that every point weighs the same."""
    return max(float(np.linalg.norm(row[1])), TINY)


def in_span(value: Array, gradient: Array, before: Array) -> bool:
    """False if a value is clearly no combination of a gradient and the parameter itself."""
    g, b = gradient / max(float(np.linalg.norm(gradient)), TINY), before
    b = b - (b @ g) * g
    b = b / max(float(np.linalg.norm(b)), TINY)
    left = value - (value @ g) * g
    left = left - (left @ b) * b
    return float(np.linalg.norm(left)) <= 0.1 * float(np.linalg.norm(value))
