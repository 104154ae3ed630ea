"""Weight matrices with a structure: orthogonal ones, and mirrored pairs of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from unstuck.base.arrays import Array
from unstuck.base.construct import check_number
from unstuck.core.initializer_base import Initializer


@dataclass(frozen=True)
class Orthogonal(Initializer):
    """A random orthogonal matrix times ``gain``: its singular values are all ``gain``.

    Where fan_in and fan_out differ, the shorter of rows and columns are orthonormal. Saxe,
    McClelland and Ganguli (2014), Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks, arXiv:1312.6120.
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "gain", low=0.0, open_low=True)

    def _draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        tall = rng.standard_normal((max(fan_in, fan_out), min(fan_in, fan_out)))
        q, r = np.linalg.qr(tall)
        q *= np.where(np.diag(r) < 0, -self.gain, self.gain)  # without it not uniform: Mezzadri
        return q if fan_in >= fan_out else np.ascontiguousarray(q.T)


@dataclass(frozen=True)
class Mirrored(Initializer):
    """Weights in mirrored pairs ("looks linear"): at the start the network is a linear map.

    A hidden layer is ``[[M, -M], [-M, M]]``, the first ``[M, -M]``, the last ``[[M], [-M]]``, with
    M orthogonal times ``gain``. Each pair of units holds ``phi(u)`` and ``phi(-u)``, and the next
    layer takes their difference, which is linear in u for relu, leaky_relu, softplus, gelu and
    silu. However deep, gradients neither shatter nor vanish at the start. Biases must begin at 0.

    An odd width leaves one unit over: it looks at everything and is not yet listened to (its
    outgoing weights are 0), so the map stays linear and the unit can learn.

    Balduzzi, Frean, Leary, Lewis, Ma and McWilliams (2017), The shattered gradients problem,
    arXiv:1702.08591.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> draw = Mirrored()
    >>> W1 = draw.for_position(first=True, last=False)(rng, 5, 8)
    >>> W2 = draw.for_position(first=False, last=True)(rng, 8, 3)
    >>> x = rng.normal(size=(1, 5))
    >>> f = lambda x: np.maximum(x @ W1, 0) @ W2
    >>> bool(np.allclose(f(-x), -f(x)) and np.allclose(f(3 * x), 3 * f(x)))
    True
    """

    gain: float = 1.0
    first: bool = False
    last: bool = False

    def __post_init__(self) -> None:
        check_number(self, "gain", low=0.0, open_low=True)

    def for_position(self, *, first: bool, last: bool) -> Mirrored:
        """The mirrored initialiser of the first, a hidden or the last layer."""
        return replace(self, first=first, last=last)

    def _draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        W = np.zeros((fan_in, fan_out))
        rows = fan_in if self.first else fan_in // 2  # inputs, or pairs of inputs
        columns = fan_out if self.last else fan_out // 2
        heard = rows if self.first else 2 * rows  # inputs that are listened to
        if rows and columns:
            M = Orthogonal(self.gain)(rng, rows, columns)
            W[:rows, :columns] = M
            if not self.first:
                W[rows:heard, :columns] = -M
            if not self.last:
                W[:heard, columns : 2 * columns] = -W[:heard, :columns]
        if heard and fan_out % 2 and not self.last:
            W[:heard, -1] = rng.normal(0.0, self.gain / math.sqrt(heard), heard)
        return W
