"""What the script computes with: the network's weights and the samples, packed for the page.

The page runs the same forward pass as `Network.predict_proba`: dense maps, activations, and batch
normalisation as the scaling it is once training is over. Dropout does nothing then and is left
out. Numbers travel as base64 of little-endian float32: seven digits, a third of the size of text.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.core import activation_formulas as f
from unstuck.core.activations import ACTIVATIONS, Activation
from unstuck.core.layers import Activate, BatchNorm, Dense, Dropout
from unstuck.core.layout import lay_out
from unstuck.core.network import Network
from unstuck.core.scaling import PIXEL_MAXIMA, InputScaling
from unstuck.show.report.contents import Contents, Samples

MOST_WEIGHTS = 2_000_000  # 11 MB of page; a page of more would be slow to open
PARAMETERS: dict[str, dict[str, float]] = {
    "leaky_relu": {"slope": f.LEAKY_SLOPE},
    "elu": {"alpha": 1.0},
    "selu": {"alpha": f.SELU_ALPHA, "scale": f.SELU_SCALE},
}
"""The constants of the activations that have some."""


def network_data(contents: Contents) -> dict[str, Any] | None:
    """The network as the page's forward pass takes it; None where the page cannot run it."""
    network = contents.network
    if network is None or image_shape(contents) is None or why_not(network) is not None:
        return None
    return pack_network(network)


def samples_data(contents: Contents) -> dict[str, Any] | None:
    """The embedded samples; None where there are none, or where they are no pictures."""
    samples, shape = contents.samples, image_shape(contents)
    if samples is None or shape is None or len(samples.X) == 0:
        return None
    return pack_samples(samples, shape, contents.network)


def image_shape(contents: Contents) -> tuple[int, int] | None:
    """Height and width of a sample; None where samples are no pictures."""
    for source in (contents.samples, contents.network):
        if source is not None and source.image_shape is not None:
            return source.image_shape
    return None


def why_not(network: Network) -> str | None:
    """Why the page cannot run this network, as a sentence; None where it can.

    >>> why_not(Network.mlp([4, 3, 2], random_state=0)) is None
    True
    """
    for layer in network.layers:
        if isinstance(layer, Activate) and not is_known(layer.activation):
            return (
                f"The activation {layer.activation.name} is your own Python function, which a web "
                "page cannot run: so there is nothing to draw into here."
            )
        if not isinstance(layer, Dense | Activate | BatchNorm | Dropout):
            return (
                f"The layer {type(layer).__name__} is your own Python class, which a web page "
                "cannot run: so there is nothing to draw into here."
            )
    if network.theta.size > MOST_WEIGHTS:
        return (
            f"The network has {network.theta.size:,} weights. Only up to {MOST_WEIGHTS:,} are put "
            "into a page, which would be slow to open otherwise: so there is nothing to draw into."
        )
    if not np.isfinite(network.theta).all():
        return "Weights of this network are not finite: whatever is drawn, it has no answer."
    return None


def is_known(activation: Activation) -> bool:
    """True for an activation of the library itself, whatever else bears its name."""
    return ACTIVATIONS.get(activation.name) == activation


# ------------------------------------------------------------------------------- the network


def pack_network(network: Network) -> dict[str, Any]:
    """Scaling, layers, and what the outputs mean; arrays as `pack_floats` makes them.

    >>> packed = pack_network(Network.mlp([4, 3, 2], random_state=0))
    >>> [layer["name"] for layer in packed["layers"]], packed["output"]
    (['dense1', 'relu', 'dense2', 'softmax'], 'softmax')
    """
    layers: list[dict[str, Any]] = []
    dense = 0
    running = network.by_layer(network.state, tuple(lay_out(network.layers, "state_shapes")))
    views = network.by_layer(network.theta)
    for layer, p, state in zip(network.layers, views, running, strict=True):
        if isinstance(layer, Dense):
            dense += 1
            layers.append(_dense(f"dense{dense}", p["W"], p["b"]))
        elif isinstance(layer, Activate):
            layers.append(_activation(layer.activation.name))
        elif isinstance(layer, BatchNorm):
            layers.append(_affine(layer, {**p, **state}))
    return {
        "inputs": network.n_features,
        "scaling": _scaling(network.scaling),
        "layers": layers,
        "output": network.output_activation.name,
        "task": network.task,
        "class_names": None if network.class_names is None else list(network.class_names),
    }


def _dense(name: str, W: Array, b: Array) -> dict[str, Any]:
    return {
        "kind": "dense",
        "name": name,
        "n_in": W.shape[0],
        "n_out": W.shape[1],
        "weights": pack_floats(W),
        "bias": pack_floats(b),
    }


def _activation(name: str) -> dict[str, Any]:
    return {"kind": "activation", "name": name, "parameters": PARAMETERS.get(name, {})}


def _affine(layer: BatchNorm, p: dict[str, Array]) -> dict[str, Any]:
    """Batch normalisation with its running statistics: ``y = scale x + shift``."""
    variance = p["running_variance"].astype(np.float64)
    scale = p["gamma"].astype(np.float64) / np.sqrt(variance + layer.epsilon)
    shift = p["beta"].astype(np.float64) - p["running_mean"].astype(np.float64) * scale
    return {"kind": "affine", "scale": pack_floats(scale), "shift": pack_floats(shift)}


def _scaling(scaling: InputScaling | None) -> dict[str, Any]:
    scaling = scaling or InputScaling()
    return {"shift": _constant(scaling.shift), "scale": _constant(scaling.scale)}


def _constant(value: float | Array) -> float | str:
    return pack_floats(value) if isinstance(value, np.ndarray) else float(value)


def pack_floats(values: AnyArray) -> str:
    """Base64 of little-endian float32, row by row.

    >>> pack_floats(np.array([1.0]))
    'AACAPw=='
    """
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode("ascii")


# ------------------------------------------------------------------------------- the samples


def pack_samples(
    samples: Samples, shape: tuple[int, int], network: Network | None = None
) -> dict[str, Any]:
    """Pixels, what each sample is, and what the network says of it."""
    pixels, dtype = _pixels(samples.X)
    minimum, maximum = pixel_range(samples.X, None if network is None else network.scaling)
    return {
        "height": shape[0],
        "width": shape[1],
        "minimum": minimum,
        "maximum": maximum,
        "ink": ink(samples.X, shape, minimum, maximum),
        "pixels": base64.b64encode(zlib.compress(pixels, 9)).decode("ascii"),
        "dtype": dtype,
        "index": samples.index.tolist(),
        "truth": samples.truth.tolist(),
        "guess": None if samples.guess is None else samples.guess.tolist(),
        "probability": probabilities(samples),
        "said": samples.said,
    }


def _pixels(X: AnyArray) -> tuple[bytes, str]:
    """The bytes of ``X`` row by row, as uint8 where that loses nothing, else as float32."""
    if X.dtype.kind in "uib" and X.size and X.min() >= 0 and X.max() <= 255:
        return np.ascontiguousarray(X, dtype=np.uint8).tobytes(), "uint8"
    return np.ascontiguousarray(X, dtype="<f4").tobytes(), "float32"


def pixel_range(X: AnyArray, scaling: InputScaling | None) -> tuple[float, float]:
    """The values of a pixel without ink and of one full of it, or the other way round.

    >>> pixel_range(np.array([[0, 12]], dtype=np.uint8), None)
    (0.0, 15.0)
    """
    if scaling is not None and scaling.kind == "unit":
        low = float(np.min(scaling.shift))
        return low, low + float(1.0 / np.max(scaling.scale))
    low, high = float(X.min()), float(X.max())
    if low >= 0 and X.dtype.kind in "uib":
        return 0.0, float(next((m for m in PIXEL_MAXIMA if high <= m), high))
    return (low, high) if high > low else (low, low + 1.0)


def ink(X: AnyArray, shape: tuple[int, int], minimum: float, maximum: float) -> str:
    """``"bright"`` where large values are ink, as in MNIST; ``"dark"`` where small ones are.

    Told by the margin of the pictures, which is mostly paper.
    """
    pictures = X.reshape(-1, *shape)
    margin = [pictures[:, 0], pictures[:, -1], pictures[:, :, 0], pictures[:, :, -1]]
    paper = float(np.median(np.concatenate([edge.ravel() for edge in margin])))
    return "bright" if paper <= (minimum + maximum) / 2 else "dark"


def probabilities(samples: Samples) -> list[list[float]]:
    """The outputs to four digits; one sigmoid output over two classes as two probabilities."""
    outputs = samples.outputs.astype(np.float64)
    if outputs.shape[1] == 1 and samples.class_names is not None:
        outputs = np.concatenate([1.0 - outputs, outputs], axis=1)
    rounded: list[list[float]] = np.round(outputs, 4).tolist()
    return rounded
