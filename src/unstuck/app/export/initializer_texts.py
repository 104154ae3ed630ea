"""Each initialiser as a person writes it: lines that draw ``W1`` and ``b1`` from ``rng``.

They draw the same numbers in the same order as the library does, so one seed begins with the same
network in both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from unstuck.app.export.text import Helper, line, number
from unstuck.base.errors import InvalidInputError
from unstuck.core import initializers as init
from unstuck.core.bias_initializers import (
    BiasConstant,
    BiasInitializer,
    BiasUniform,
    BiasZeros,
    CenteringBias,
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Lines that make one array, and the helpers that they call."""

    lines: tuple[str, ...]
    needs: tuple[str, ...] = ()


HELPERS: dict[str, Helper] = {
    "orthogonal": Helper(
        '''
def orthogonal(rng, rows, columns):
    """A random matrix whose columns (or rows, if fewer) are orthonormal."""
    tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q *= np.where(np.diag(r) < 0, -1, 1)  # without it not all are equally likely
    return q if rows >= columns else q.T
'''
    ),
    "truncated_normal": Helper(
        '''
def truncated_normal(rng, shape):
    """Normal numbers of spread 1, drawn again where they fall more than 2.27 from 0."""
    w = rng.standard_normal(shape)
    while (far := np.abs(w) > 2).any():
        w[far] = rng.standard_normal(far.sum())
    return w / 0.8796256610342398  # the spread that the cut leaves
'''
    ),
}


def _fixed(name: str, value: str) -> Drawn:
    return Drawn((f"{name} = {value}",))


def _scaled(value: float, text: str) -> str:
    """``text`` times a factor that is left out where it is 1."""
    return text if value == 1 else f"{number(value)} * {text}"


def _glorot_normal(d: init.GlorotNormal, name: str, i: int, o: int) -> Drawn:
    std = _scaled(d.gain, f"np.sqrt(2 / ({i} + {o}))")
    return Drawn((line(f"{name} = rng.normal(0, {std}, ({i}, {o}))", "Glorot"),))


def _glorot_uniform(d: init.GlorotUniform, name: str, i: int, o: int) -> Drawn:
    bound = _scaled(d.gain, f"np.sqrt(6 / ({i} + {o}))")
    return Drawn(
        (f"c = {bound}  # Glorot's bound", f"{name} = rng.uniform(-c, c, ({i}, {o}))"),
    )


def _he(d: init.HeNormal | init.HeUniform, numerator: int, i: int) -> str:
    if not d.negative_slope:
        return f"np.sqrt({numerator} / {i})"
    return f"np.sqrt({numerator} / ((1 + {number(d.negative_slope)}**2) * {i}))"


def _he_uniform(d: init.HeUniform, name: str, i: int, o: int) -> Drawn:
    return Drawn(
        (f"c = {_he(d, 6, i)}  # He's bound", f"{name} = rng.uniform(-c, c, ({i}, {o}))"),
    )


def _lecun_normal(d: object, name: str, i: int, o: int) -> Drawn:
    text = f"{name} = rng.normal(0, np.sqrt(1 / {i}), ({i}, {o}))"
    return Drawn((line(text, "LeCun: 1 / fan_in"),))


def _lecun_uniform(d: init.LecunUniform, name: str, i: int, o: int) -> Drawn:
    return Drawn(
        (f"c = np.sqrt(3 / {i})  # LeCun's bound", f"{name} = rng.uniform(-c, c, ({i}, {o}))"),
    )


def _truncated_normal(d: init.TruncatedNormal, name: str, i: int, o: int) -> Drawn:
    value = f"{number(d.std)} * truncated_normal(rng, ({i}, {o}))"
    return Drawn(
        (f"{name} = {f'{number(d.mean)} + ' if d.mean else ''}{value}",), ("truncated_normal",)
    )


def _orthogonal(d: init.Orthogonal, name: str, i: int, o: int) -> Drawn:
    return Drawn((f"{name} = {_scaled(d.gain, f'orthogonal(rng, {i}, {o})')}",), ("orthogonal",))


def _mirrored(d: init.Mirrored, name: str, i: int, o: int) -> Drawn:
    """Pairs of opposite units; a unit without a partner listens to all and is not listened to."""
    rows = i if d.first else i // 2
    columns = o if d.last else o // 2
    heard = rows if d.first else 2 * rows
    if not rows or not columns:
        raise InvalidInputError(
            f"mirrored weights of shape ({i}, {o}) have no pairs and cannot be written out; "
            "choose wider layers or another initializer."
        )
    lines = [f"M = {_scaled(d.gain, f'orthogonal(rng, {rows}, {columns})')}"]
    across, down = "M" if d.last else "M, -M", "" if d.first else "-M" if d.last else "-M, M"
    if not down:
        block = f"np.hstack([{across}])" if not d.last else "M"
    else:
        block = f"np.block([[{across}], [{down}]])"
    lines.append(line(f"{name} = {block}", "mirrored pairs: the network begins linear"))
    if o % 2 and not d.last:
        single = f"rng.normal(0, {number(d.gain)} / np.sqrt({heard}), {heard})"
        lines += [f"single = {single}", f"{name} = np.column_stack([{name}, single])"]
    if i % 2 and not d.first:
        lines.append(f"{name} = np.vstack([{name}, np.zeros((1, {o}))])")
    return Drawn(tuple(lines), ("orthogonal",))


WEIGHT_TEXTS: dict[type[Any], Callable[[Any, str, int, int], Drawn]] = {
    init.Zeros: lambda d, name, i, o: _fixed(name, f"np.zeros(({i}, {o}))"),
    init.Constant: lambda d, name, i, o: _fixed(name, f"np.full(({i}, {o}), {float(d.value)!r})"),
    init.Uniform: lambda d, name, i, o: _fixed(
        name, f"rng.uniform({number(d.low)}, {number(d.high)}, ({i}, {o}))"
    ),
    init.Normal: lambda d, name, i, o: _fixed(
        name, f"rng.normal({number(d.mean)}, {number(d.std)}, ({i}, {o}))"
    ),
    init.TruncatedNormal: _truncated_normal,
    init.GlorotNormal: _glorot_normal,
    init.GlorotUniform: _glorot_uniform,
    init.HeNormal: lambda d, name, i, o: Drawn(
        (line(f"{name} = rng.normal(0, {_he(d, 2, i)}, ({i}, {o}))", "He: variance 2 / fan_in"),)
    ),
    init.HeUniform: _he_uniform,
    init.LecunNormal: _lecun_normal,
    init.Auto: _lecun_normal,  # what it draws where no network chose for it
    init.LecunUniform: _lecun_uniform,
    init.Orthogonal: _orthogonal,
    init.Mirrored: _mirrored,
}
"""Every weight initialiser."""


def bias_text(draw: BiasInitializer, name: str, W: str, fan_in: int, fan_out: int) -> str:
    """The line that makes the biases of the layer whose weights are ``W``."""
    if isinstance(draw, BiasZeros):
        return f"{name} = np.zeros({fan_out})"
    if isinstance(draw, BiasConstant):
        return f"{name} = np.full({fan_out}, {float(draw.value)!r})"
    if isinstance(draw, CenteringBias):
        code = f"{name} = {number(-draw.c)} * {W}.sum(axis=0)"
        return line(code, f"an input of {number(draw.c)} everywhere gives 0")
    if isinstance(draw, BiasUniform):
        if draw.bound is None:
            return f"{name} = rng.uniform(-1, 1, {fan_out}) / np.sqrt({fan_in})"
        return f"{name} = rng.uniform(-{number(draw.bound)}, {number(draw.bound)}, {fan_out})"
    raise _own(draw)


def weight_text(draw: Any, name: str, fan_in: int, fan_out: int) -> Drawn:
    """The lines that draw a weight matrix.

    Raises InvalidInputError for an initialiser of the user's own.
    """
    if type(draw) not in WEIGHT_TEXTS:
        raise _own(draw)
    return WEIGHT_TEXTS[type(draw)](draw, name, fan_in, fan_out)


def _own(draw: object) -> InvalidInputError:
    return InvalidInputError(
        f"the initializer {draw!r} is a function of your own, which cannot be written out; "
        f"allowed: {', '.join(init.INITIALIZERS)}, and for biases "
        f"{', '.join(init.BIAS_INITIALIZERS)}."
    )
