"""What initial weights do: one forward and one backward pass, looked at layer by layer.

Weights are good when the signal keeps its size on the way up, the gradient keeps its size on the
way down, and the first answer is no confident guess. All of it can be read off before any training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from unstuck.base.arrays import Array
from unstuck.core.activations import Activation, get_activation
from unstuck.core.judge import decide
from unstuck.core.layers import Activate
from unstuck.core.network import ForwardPass, Network
from unstuck.core.optimizers import Optimizer
from unstuck.record import statistics as st
from unstuck.training.evidence import chance_of
from unstuck.training.observe import dense_places

SAMPLE_ROWS = 256
FAR = np.array([-45.0, -36.0, -29.0, -23.0, 23.0, 29.0, 36.0, 45.0])  # flat there: saturates
GRID = np.linspace(-6.0, 6.0, 241)  # 0 is on it


@dataclass(frozen=True, slots=True)
class LayerMeasure:
    """One layer with weights. z is what its activation takes, a what it gives.

    ``saturated`` is the share of entries whose slope is under 1 % of the activation's largest
    (None unless the activation is flat at both ends), ``dead`` the share of units that let no
    gradient through for any sample (None for the output layer). ``gradient_std`` is the root mean
    square of dL/dz, L the loss of one sample. ``update_ratio`` is the norm of the first update
    over the norm of the weights: about 0.001 is usual, 0.1 tears the weights down. ``signal`` is
    the share of z (root mean square) that differs from sample to sample: near 0, all samples look
    alike to the layers above.
    """

    name: str
    fan_in: int
    fan_out: int
    z_mean: float
    z_std: float
    a_mean: float
    a_std: float
    saturated: float | None
    dead: float | None
    gradient_std: float
    update_ratio: float
    signal: float = math.nan


@dataclass(frozen=True, slots=True)
class Measurement:
    """What some weights do to some data before any training.

    ``chance_loss`` is the loss of the best constant answer (ln K for K classes of equal size),
    ``largest_class_share`` the share of samples that get the most frequent answer (None without
    classes). ``finite`` is False where anything overflowed.
    """

    layers: tuple[LayerMeasure, ...]
    loss: float
    chance_loss: float
    largest_class_share: float | None
    finite: bool


def measure(network: Network, x: Array, targets: Array, optimizer: Optimizer) -> Measurement:
    """Look at the weights that ``network`` holds; nothing is changed.

    ``x`` (n, n_features) is scaled (`Network.prepare`), ``targets`` (n, n_outputs) encoded, and
    ``optimizer`` gives the size of the first update. Costs one forward and one backward pass.

    Examples
    --------
    >>> from unstuck.core.optimizers import get_optimizer
    >>> net = Network.mlp([64, 100, 10], initializer="he_normal", random_state=0)
    >>> x = np.random.default_rng(0).normal(size=(200, 64))
    >>> seen = measure(net, x, net.encode(np.arange(200) % 10), get_optimizer("adam"))
    >>> round(seen.layers[0].z_std, 1), round(seen.chance_loss, 3)  # He: z has variance 2
    (1.4, 2.303)
    """
    loss = network.loss_function
    deltas = [np.empty((len(x), layer.fan_out), network.dtype) for layer in network.layers]
    with np.errstate(all="ignore"):
        forward = network.propagate(x, training=True)
        cost = float(loss.value(forward.values[-2], forward.output, targets))
        gradient = network.backpropagate(forward, targets, out=deltas)
        ratios = update_ratios(network, gradient, optimizer)
        layers = tuple(
            _look(network, k, dense, activate, forward, deltas, ratios[k])
            for k, (dense, activate) in enumerate(dense_places(network))
        )
    numbers = [cost, *(v for la in layers for v in (la.z_mean, la.z_std, la.a_std))]
    numbers += [la.gradient_std for la in layers]
    return Measurement(
        layers,
        cost,
        chance_of(network, targets)[0],
        largest_share(network, forward.output),
        bool(np.isfinite(numbers).all()),
    )


def overflow(network: Network) -> Measurement:
    """The measurement of weights that could not even be looked at."""
    layers = tuple(
        LayerMeasure(
            f"layer {k + 1}",
            W.shape[0],
            W.shape[1],
            math.nan,
            math.nan,
            math.nan,
            math.nan,
            saturated=None,
            dead=None,
            gradient_std=math.nan,
            update_ratio=math.nan,
        )
        for k, W in enumerate(network.weights())
    )
    return Measurement(layers, math.inf, math.nan, None, finite=False)


def _look(
    network: Network,
    k: int,
    dense: int,
    activate: int | None,
    forward: ForwardPass,
    deltas: list[Array],
    ratio: float,
) -> LayerMeasure:
    """The numbers of dense layer ``k``."""
    layers, is_last = network.layers, k == len(network.weights()) - 1
    z_at = dense if activate is None else activate - 1
    z, a = forward.values[z_at + 1], forward.values[(z_at if activate is None else activate) + 1]
    fused_output = network.fused and activate == len(layers) - 1
    delta = deltas[activate if fused_output and activate is not None else z_at]
    activation = activation_after(network, activate)
    saturated = dead = None
    if activation.elementwise and not is_last:
        slope = activation.slope(z, a)
        dead = st.dead_share(slope)
        largest = largest_slope(activation)
        if largest is not None:
            saturated = st.saturated_share(slope, largest)
    return LayerMeasure(
        f"layer {k + 1}",
        layers[dense].fan_in,
        layers[dense].fan_out,
        *st.mean_and_std(z),
        *st.mean_and_std(a),
        saturated,
        dead,
        len(delta) * st.root_mean_square(delta),
        ratio,
        signal_share(z),
    )


def signal_share(z: Array) -> float:
    """Root mean square of z about each unit's own mean, over the root mean square of z.

    >>> signal_share(np.array([[3.0, -3.0], [3.0, -3.0]]))
    0.0
    """
    size = st.root_mean_square(z)
    return st.root_mean_square(z - z.mean(axis=0)) / size if size > 0.0 else 0.0


def activation_after(network: Network, activate: int | None) -> Activation:
    """The activation at that place, identity where there is none."""
    layer = None if activate is None else network.layers[activate]
    return layer.activation if isinstance(layer, Activate) else get_activation("identity")


def largest_slope(activation: Activation) -> float | None:
    """The largest slope of an activation that is flat at both ends; None for any other.

    >>> largest_slope(get_activation("tanh")), largest_slope(get_activation("relu"))
    (1.0, None)
    """
    slope = np.abs(activation.slope(GRID, activation.value(GRID.copy())))
    far = np.abs(activation.slope(FAR, activation.value(FAR.copy())))
    largest = float(slope.max())
    return largest if far.max() < st.SATURATED_SLOPE * largest else None


def update_ratios(network: Network, gradient: Array, optimizer: Optimizer) -> list[float]:
    """How far the first update moves each weight matrix, relative to its norm; NaN for zeros."""
    moved = network.theta.copy()
    buffers = optimizer.start(moved.size, moved.dtype)
    mask = network.decay_mask
    optimizer.step(moved, gradient.copy(), buffers, 1, None, mask)
    moved -= network.theta
    pairs = zip(network.weights(moved), network.weights(), strict=True)
    sizes = [(st.norm(dW), st.norm(W)) for dW, W in pairs]
    return [step / size if size > 0.0 else math.nan for step, size in sizes]


def largest_share(network: Network, output: Array) -> float | None:
    """The share of samples that get the most frequent answer."""
    if network.task != "classification" or not np.isfinite(output).all():
        return None
    answers = decide(output, network.output_activation, network.task)
    return float(np.bincount(answers).max() / len(answers))
