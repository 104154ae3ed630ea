"""An optimiser is one function on flat arrays: parameters, gradient, and a few buffers of its own.

A network keeps all its parameters in one vector, so a step is a handful of NumPy calls however
many layers there are. The calls run block by block, so that the dozen passes of an Adam step over
a large network find their arrays in the cache.

An optimiser object holds hyperparameters and nothing else. Its state is the dictionary that
``start`` returns, which a checkpoint can hold as it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from unstuck.base.arrays import AnyArray, Array, FloatDType
from unstuck.base.construct import check_number

# Parameters per block. Five million float32 parameters, Adam: 7.9 ms a step in one block, 5.7 ms
# in blocks of 65 536 (four arrays fill an L2 cache of 1 MB), 6.7 ms in blocks of 32 768.
BLOCK = 65_536
FLUSH_EVERY = 32  # steps, see _flush_denormals


class Optimizer(ABC):
    """Base of all optimisers: a frozen dataclass of hyperparameters, ``learning_rate`` first.

    >>> import numpy as np
    >>> from unstuck.core.optimizers import SGD
    >>> sgd = SGD(learning_rate=0.5)
    >>> theta, state = np.array([1.0, 2.0]), sgd.start(2)
    >>> sgd.step(theta, np.array([1.0, -1.0]), state, t=1)
    >>> theta
    array([0.5, 2.5])
    """

    learning_rate: float

    def __post_init__(self) -> None:
        check_number(self, "learning_rate", low=0.0)

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the state buffers, each as long as the parameters."""
        return ()

    @property
    def decaying(self) -> tuple[str, ...]:
        """Those buffers that shrink by a factor each step where the gradient is 0."""
        return self.slots

    def start(self, n_parameters: int, dtype: FloatDType = np.float64) -> dict[str, Array]:
        """The state before the first step: zeros, (n_parameters,) each."""
        return {name: np.zeros(n_parameters, dtype=dtype) for name in self.slots}

    def step(
        self,
        theta: Array,
        gradient: Array,
        buffers: dict[str, Array],
        t: int,
        learning_rate: float | None = None,
        decay_mask: AnyArray | None = None,
    ) -> None:
        """Update ``theta`` and ``buffers`` in place; ``gradient`` is used up as scratch space.

        ``t`` counts the steps from 1. ``learning_rate`` is the scheduled one, the optimiser's own
        when None. ``decay_mask`` (booleans) tells weights from biases: decoupled weight decay
        touches the weights alone, or everything when None. All arrays have shape (P,).
        """
        rate = self.learning_rate if learning_rate is None else float(learning_rate)
        state = [buffers[name] for name in self.slots]
        # A diverging run overflows here first. The trainer watches the cost and says so in better
        # words than a RuntimeWarning.
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            for start in range(0, len(theta), BLOCK):
                block = slice(start, start + BLOCK)
                part = theta[block]
                self._decay(part, rate, None if decay_mask is None else decay_mask[block])
                self._update(part, gradient[block], [s[block] for s in state], t, rate)
            if t % FLUSH_EVERY == 0:
                for name in self.decaying:
                    _flush_denormals(buffers[name])

    @abstractmethod
    def _update(self, theta: Array, g: Array, state: list[Array], t: int, rate: float) -> None:
        """One step on one block, in place."""

    def _decay(self, theta: Array, rate: float, mask: AnyArray | None) -> None:  # noqa: B027
        """Decoupled weight decay on one block, in place; most optimisers have none."""


def _flush_denormals(buffer: Array) -> None:
    """Round what has decayed to almost nothing to a multiple of a small normal number, in place.

    A momentum under a pixel that is always 0 decays by a factor each step, and within some hundred
    steps it is a denormal number, with which a processor computes up to a hundred times slower; it
    stays one for ever, since 0.9 times the smallest denormal rounds back to it. Adding and
    subtracting a constant c rounds every entry to a multiple of eps c, in two fast passes without
    a comparison: to 0, or to a number that is still normal at the next flush 32 steps later if the
    factor is at least 0.5 (with a smaller one, denormals vanish by themselves). c = 1e-20
    (float32) is far below any number that matters.
    """
    constant = 1e-20 if buffer.dtype == np.float32 else 1e-200
    buffer += constant
    buffer -= constant
