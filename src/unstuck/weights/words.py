"""What the present weights do, in words: each sentence says what is so, with its number, and why.

Judged from the values and the measurement alone, so a program, a loaded model and a fresh network
are judged alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from unstuck.base.arrays import Array
from unstuck.core.network import Network
from unstuck.record.facts import has_twins
from unstuck.weights.flow_words import flow_words, start_words, which
from unstuck.weights.measure import LayerMeasure, Measurement
from unstuck.weights.setting import Setting

SHIFTED = 1.0  # mean * sqrt(fan_in) over std: the sum's mean outweighs its spread
SAME_PREFIX = 64  # entries compared, when two matrices may come from one seed
UNSCALED, UNSCALED_INPUTS = 1.2, 9.0  # randn as it comes: spread 1 +- 20 %; larger inputs matter
FACTOR = 3.0  # by which the product over all layers may miss the critical gain

FORMULAS: dict[str, Callable[[int, int], float]] = {
    "He's (variance 2 / fan_in)": lambda m, n: math.sqrt(2 / m),
    "Glorot's (variance 2 / (fan_in + fan_out))": lambda m, n: math.sqrt(2 / (m + n)),
    "LeCun's (variance 1 / fan_in)": lambda m, n: math.sqrt(1 / m),
    "PyTorch's default (variance 1 / (3 fan_in))": lambda m, n: math.sqrt(1 / (3 * m)),
}
CLOSE = 0.06  # relative: how well a spread must fit a formula


def findings(network: Network, seen: Measurement, setting: Setting) -> tuple[str, ...]:
    """Everything that is to be said of the weights that ``network`` holds.

    Examples
    --------
    >>> from unstuck.core.optimizers import get_optimizer
    >>> from unstuck.weights.setting import look_around
    >>> from unstuck.weights.measure import measure
    >>> net = Network.mlp([64, 20, 10], initializer="zeros", random_state=0)
    >>> x = np.random.default_rng(0).normal(size=(100, 64))
    >>> seen = measure(net, x, net.encode(np.arange(100) % 10), get_optimizer("adam"))
    >>> print(findings(net, seen, look_around(net, x))[0])
    All weights of layer 1 and layer 2 are 0: every unit of such a layer computes the same, gets \
the same gradient, and stays like its neighbours.
    """
    matrices = network.weights()
    biases = [network[p.name] for p in network.parameters if p.local == "b"]
    said = [
        *_alike(matrices),
        *_one_seed(matrices),
        *_means(matrices),
        *_spreads(matrices, seen, setting),
        *_biases(biases, seen),
        *flow_words(seen),
        *start_words(seen),
    ]
    if not said:
        sound = (
            "The present weights are sound: signal and gradient keep their size through all "
            f"layers, and the loss starts at {seen.loss:.3g} where guessing costs "
            f"{seen.chance_loss:.3g}."
        )
        return (sound,)
    return tuple(said)


def _alike(matrices: list[Array]) -> Iterator[str]:
    zeros = [k for k, W in enumerate(matrices) if not W.any()]
    twins = [k for k, W in enumerate(matrices) if k not in zeros and has_twins(W)]
    if zeros:
        yield (
            f"All weights of {which(zeros)} are 0: every unit of such a layer computes the "
            "same, gets the same gradient, and stays like its neighbours."
        )
    if twins:
        yield (
            f"In {which(twins)} all units start with the same weights: they get the same "
            "gradient, stay alike for ever, and count as one unit."
        )


def _one_seed(matrices: list[Array]) -> Iterator[str]:
    """Matrices that begin with the same numbers, up to a factor: one seed, set for each layer."""
    heads = []
    for W in matrices:
        flat = W.ravel()[: min(SAME_PREFIX, W.size)].astype(np.float64)
        heads.append(flat / (np.abs(flat[0]) or 1.0) if flat.size and flat[0] else flat)
    same = [
        k
        for k in range(1, len(heads))
        for n in [min(len(heads[0]), len(heads[k]))]
        if n > 3 and np.ptp(heads[0][:n]) > 0.0
        if np.allclose(heads[0][:n], heads[k][:n], rtol=1e-4, atol=1e-6)
    ]
    if same:
        yield (
            f"The weights of {which([0, *same])} begin with the same random numbers: one seed "
            "was set before each of them. Make one generator, rng = np.random.default_rng(0), and "
            "draw every layer from it."
        )


def _means(matrices: list[Array]) -> Iterator[str]:
    shifted = [k for k, W in enumerate(matrices) if _is_shifted(W)]
    if not shifted:
        return
    W = matrices[shifted[0]]
    mean, fan_in = float(W.mean()), W.shape[0]
    positive = bool((W >= 0.0).all()) or bool((W <= 0.0).all())
    source = (
        " (all of one sign, as np.random.rand draws them)" if positive and W.std() > 0.0 else ""
    )
    yield (
        f"The weights of {which(shifted)} have mean {mean:.2g}{source}, where it should be 0: "
        f"over {fan_in} inputs that adds up, all units of the layer are pushed the same way, and "
        "the samples hardly differ any more. Draw them around 0, with rng.normal(0.0, ...)."
    )


def _is_shifted(W: Array) -> bool:
    """True if the mean matters in a sum over all inputs, and is none by chance."""
    mean, spread = abs(float(W.mean())), float(W.std())
    matters = mean * math.sqrt(W.shape[0]) > SHIFTED * max(spread, 1e-300)
    return W.size > 3 and matters and mean * math.sqrt(W.size) > 6 * spread


def _spreads(matrices: list[Array], seen: Measurement, setting: Setting) -> Iterator[str]:
    """The spread of the weights against what the activation between the layers needs."""
    yield from _first_spread(matrices[0], seen.layers[0], setting)
    missed: list[float] = []
    for W, c in zip(matrices[1:-1], setting.theory, strict=False):
        if c is not None and W.std() > 0.0:
            missed.append(float(W.std()) * math.sqrt(W.shape[0]) / c.centered_gain)
    if not missed:
        return
    product = math.exp(sum(math.log(ratio) for ratio in missed))
    typical = product ** (1 / len(missed))
    if 1 / FACTOR < product < FACTOR:
        return
    W, c = matrices[1], setting.theory[0]
    name = setting.activations[0].name
    wanted = c.centered_gain / math.sqrt(W.shape[0]) if c is not None else math.nan
    formula = _formula(W)
    over = f"over {len(missed)} layers that makes" if len(missed) > 1 else "that is"
    yield (
        f"Between the hidden layers the weights have spread {float(W.std()):.3g}"
        f"{formula}; {name} needs about {wanted:.3g} there to keep signals at their size. "
        f"Each layer multiplies them by about {typical:.3g}, {over} a factor of {product:.2g}: "
        f"{'they fade' if product < 1 else 'they grow until the units are shut'}."
    )


def _first_spread(W: Array, layer: LayerMeasure, setting: Setting) -> Iterator[str]:
    """Randn as it comes, or times 0.01: the first layer's z says it."""
    std = float(W.std())
    right = 1 / math.sqrt(layer.fan_in * setting.input_square)
    plain = 1 / UNSCALED < std < UNSCALED and setting.input_square < UNSCALED_INPUTS
    if layer.z_std > 5.0 and not _is_shifted(W):
        shut = layer.saturated or 0.0
        yield (
            f"The first layer's weights have spread {std:.3g}: summed over {layer.fan_in} inputs, "
            f"z has a spread of {layer.z_std:.3g}, where about 1 is right"
            + (f", and {shut:.0%} of its outputs sit where the activation is flat." * (shut > 0.05))
            + ("." * (shut <= 0.05))
            + (
                f" Divide them by the square root of the number of inputs, np.sqrt({layer.fan_in})."
                if plain
                else f" For inputs of this size a spread of about {right:.2g} is right."
            )
        )
    elif 0.0 < layer.z_std < 0.2:
        yield (
            f"The first layer's weights have spread {std:.3g}, so z has a spread of only "
            f"{layer.z_std:.2g}, where about 1 is right: the signal starts out weak. About "
            f"{right:.2g} is right for {layer.fan_in} inputs of this size."
        )


def _formula(W: Array) -> str:
    """`` (Glorot's ...)`` where the spread fits a known formula."""
    for name, spread in FORMULAS.items():
        if abs(float(W.std()) / spread(W.shape[0], W.shape[1]) - 1.0) < CLOSE:
            return f", {name}"
    return ""


def _biases(biases: list[Array], seen: Measurement) -> Iterator[str]:
    random = [
        k
        for k, (b, layer) in enumerate(zip(biases, seen.layers, strict=False))
        if len(b) > 1 and b.std() > 0.3 * layer.z_std * max(layer.signal, 1e-12) and layer.z_std > 0
    ]
    if random:
        b, layer = biases[random[0]], seen.layers[random[0]]
        yield (
            f"The biases of {which(random)} are not 0 at the start: in {layer.name} they spread "
            f"by {float(b.std()):.2g}, and what differs from sample to sample by "
            f"{layer.z_std * layer.signal:.2g}. Random biases are the same for every sample and "
            "help no unit to differ; zeros are enough."
        )
