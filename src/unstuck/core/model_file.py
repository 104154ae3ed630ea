"""A network as one ``.safetensors`` file: its arrays, and what it is as JSON in the header.

Nothing in the file is code. safetensors compares every size in its header with the file before it
hands anything out, and the layers that the JSON describes must need just the numbers that are
there, so a wrong promise is refused before memory is taken for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.base.arrays import AnyArray
from unstuck.base.errors import DataFormatError, InvalidInputError, lookup
from unstuck.base.files import atomic_write
from unstuck.core.activations import ACTIVATIONS, Activation, custom_activation, get_activation
from unstuck.core.initializers import (
    BIAS_INITIALIZERS,
    INITIALIZERS,
    get_bias_initializer,
    get_initializer,
)
from unstuck.core.layers import Activate, BatchNorm, Dense, Dropout, Layer
from unstuck.core.layout import lay_out, total_size
from unstuck.core.losses import LOSSES, get_loss
from unstuck.core.network import DTYPES, Network
from unstuck.core.scaling import InputScaling

FORMAT = "unstuck model 1"
HEADER = "unstuck"  # the one entry of the file's metadata
STORED_DTYPES = {"float32": "F32", "float64": "F64"}  # as safetensors calls them
LONGEST_DESCRIPTION = 4 << 20  # bytes of JSON; ten thousand class names fit


# ------------------------------------------------------------------------------------- writing


def save_network(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network to one file, atomically: all of it, or what was there before stays.

    Raises
    ------
    InvalidInputError
        When the loss is one of the user's own, which no file can hold.
    CheckpointError
        When the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> network = Network.mlp([4, 3, 2], random_state=0)
    >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> save_network(network, path)
    >>> bool((load_network(path).theta == network.theta).all())
    True
    """
    from safetensors.numpy import save

    arrays: dict[str, AnyArray] = {"theta": network.theta, "state": network.state}
    if network.scaling is not None:
        stored = network.scaling.to_dict()
        arrays["scaling.shift"] = np.atleast_1d(stored["shift"])
        arrays["scaling.scale"] = np.atleast_1d(stored["scale"])
    data = save(arrays, {HEADER: json.dumps(describe_network(network))})
    with atomic_write(path) as file:
        file.write(data)


def describe_network(network: Network) -> dict[str, Any]:
    """What a network is, without its numbers, as JSON values."""
    loss = _named(network.loss_function, LOSSES)
    if loss is None:
        raise InvalidInputError(
            f"the loss {network.loss_function!r} is your own, and a file cannot hold a function; "
            f"allowed: {', '.join(LOSSES)}. Keep network.theta with numpy.save instead."
        )
    return {
        "format": FORMAT,
        "layers": [describe_layer(layer) for layer in network.layers],
        "loss": loss,
        "l1": network.l1,
        "l2": network.l2,
        "dtype": str(network.dtype),
        "scaling": None if network.scaling is None else network.scaling.kind,
        "image_shape": None if network.image_shape is None else list(network.image_shape),
        "class_names": None if network.class_names is None else list(network.class_names),
    }


def describe_layer(layer: Layer) -> dict[str, Any]:
    """One layer as JSON values; `build_layer` is the way back."""
    if isinstance(layer, Dense):
        return {
            "kind": layer.kind,
            "fan_in": layer.fan_in,
            "fan_out": layer.fan_out,
            "initializer": _named(layer.initializer, INITIALIZERS),
            "bias_initializer": _named(layer.bias_initializer, BIAS_INITIALIZERS),
        }
    if isinstance(layer, Activate):
        name = layer.activation.name
        own = layer.activation != ACTIVATIONS.get(name)
        return {"kind": layer.kind, "activation": name, "custom": own, "width": layer.fan_out}
    if isinstance(layer, Dropout):
        return {"kind": layer.kind, "rate": layer.rate, "width": layer.fan_out}
    if isinstance(layer, BatchNorm):
        return {
            "kind": layer.kind,
            "width": layer.fan_out,
            "momentum": layer.momentum,
            "epsilon": layer.epsilon,
        }
    raise InvalidInputError(
        f"a layer is {layer!r}, which a file cannot hold; allowed: Dense, Activate, Dropout, "
        "BatchNorm."
    )


def _named(item: Any, table: Mapping[str, Any]) -> dict[str, Any] | None:
    """Name in the table and options; None for a function of the user's own."""
    for name, kind in table.items():
        if type(item) is kind:
            return {"name": name, **asdict(item)}
    return None


# ------------------------------------------------------------------------------------- reading


def load_network(
    path: str | os.PathLike[str], activations: Mapping[str, Any] | None = None
) -> Network:
    """Read a network that `save_network` wrote.

    Parameters
    ----------
    path : path
    activations : mapping of str to callable or Activation, optional
        The user's own activation functions by the names they were saved under.

    Raises
    ------
    InvalidInputError
        When there is no such file, or it needs an activation that was not given.
    DataFormatError
        When the file is damaged or is no model of unstuck.
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise InvalidInputError(f"there is no model at {path}; give a .safetensors file.")
    try:
        with safe_open(path, framework="numpy") as file:
            description = _description(file.metadata(), path)
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            kinds = {name: file.get_slice(name).get_dtype() for name in shapes}
            layers = _layers(description, activations or {}, path)
            _check_arrays(description, layers, shapes, kinds)
            arrays = {name: np.array(file.get_tensor(name)) for name in shapes}
            return _rebuild(description, layers, arrays)
    except (SafetensorError, OSError) as error:
        raise DataFormatError(
            f"{path} is no model of unstuck, or it is damaged: {error}."
        ) from error
    except _NeedsActivationError:
        raise
    except _MISFITS as error:
        raise DataFormatError(
            f"{path} is no model of unstuck, or it is damaged: {_reason(error)}"
        ) from error


class _NeedsActivationError(InvalidInputError):
    """The file is in order, but the caller must hand over a function."""


# What an untrusted description can make the constructors raise.
_MISFITS = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)


def _reason(error: Exception) -> str:
    return f"it lacks {error}." if isinstance(error, KeyError) else str(error)


def _description(metadata: Mapping[str, str] | None, path: object) -> dict[str, Any]:
    text = (metadata or {}).get(HEADER)
    if text is None:
        raise ValueError("it does not say what network its arrays belong to.")
    if len(text) > LONGEST_DESCRIPTION:
        raise ValueError(f"its description is {len(text)} bytes long.")
    description = json.loads(text)
    found = description.get("format")
    if found != FORMAT:
        raise ValueError(f"its format is {found!r}, this release reads {FORMAT!r}.")
    return dict(description)


def _layers(
    description: Mapping[str, Any], activations: Mapping[str, Any], path: object
) -> list[Layer]:
    own = [e["activation"] for e in description["layers"] if e.get("custom")]
    for name in dict.fromkeys(own):
        if name not in activations:
            raise _NeedsActivationError(
                f"the model in {path} uses the activation {name!r}, a function of your own, "
                "which a file cannot hold. Hand it over: "
                f"load(path, activations={{{name!r}: function}})."
            )
    return [build_layer(entry, activations) for entry in description["layers"]]


def build_layer(entry: Mapping[str, Any], activations: Mapping[str, Any]) -> Layer:
    """The layer that `describe_layer` described; its weights are drawn as zeros at first."""
    kind = entry["kind"]
    if kind == Dense.kind:
        return Dense(entry["fan_in"], entry["fan_out"], "zeros", "zeros")
    if kind == Activate.kind:
        return Activate(_activation(entry, activations), entry["width"])
    if kind == Dropout.kind:
        return Dropout(entry["rate"], entry["width"])
    if kind == BatchNorm.kind:
        return BatchNorm(entry["width"], entry["momentum"], entry["epsilon"])
    raise ValueError(f"it has a layer of the unknown kind {kind!r}.")


def _activation(entry: Mapping[str, Any], activations: Mapping[str, Any]) -> Activation:
    name = entry["activation"]
    if not entry.get("custom"):
        return lookup(name, ACTIVATIONS, "activation")
    given = get_activation(activations[name])
    if given.name == name:
        return given
    # A plain function is known under the name it was saved by.
    return custom_activation(activations[name], name=name)


def _check_arrays(
    description: Mapping[str, Any],
    layers: Sequence[Layer],
    shapes: Mapping[str, tuple[int, ...]],
    kinds: Mapping[str, str],
) -> None:
    """The arrays in the file must be those that the layers need, before any is read."""
    dtype = lookup(description["dtype"], STORED_DTYPES, "dtype")
    needed = {
        "theta": total_size(tuple(lay_out(layers, "shapes"))),
        "state": total_size(tuple(lay_out(layers, "state_shapes"))),
    }
    for name, size in needed.items():
        if shapes[name] != (size,) or kinds[name] != dtype:
            raise ValueError(
                f"its layers need {size} numbers ({dtype}) as {name!r}, the file holds shape "
                f"{shapes[name]} ({kinds[name]})."
            )
    features = layers[0].fan_in
    scaled = description["scaling"] is not None
    for name in ("scaling.shift", "scaling.scale"):
        if scaled and (shapes[name] not in ((1,), (features,)) or kinds[name] != "F64"):
            raise ValueError(f"{name!r} has shape {shapes[name]} for {features} features.")
    spare = set(shapes) - set(needed) - ({"scaling.shift", "scaling.scale"} if scaled else set())
    if spare:
        raise ValueError(f"it holds arrays that its layers do not need: {sorted(spare)}.")


def _rebuild(
    description: Mapping[str, Any], layers: list[Layer], arrays: Mapping[str, AnyArray]
) -> Network:
    loss = dict(description["loss"])
    image_shape, class_names = description["image_shape"], description["class_names"]
    network = Network(
        layers,
        get_loss(loss.pop("name"), **loss),
        l1=description["l1"],
        l2=description["l2"],
        dtype=DTYPES[description["dtype"]],
        scaling=_scaling(description["scaling"], arrays),
        image_shape=None if image_shape is None else _image_shape(image_shape, layers[0].fan_in),
        class_names=None if class_names is None else [str(name) for name in class_names],
        random_state=0,
    )
    network.theta[...] = arrays["theta"]
    network.state[...] = arrays["state"]
    for layer, entry in zip(layers, description["layers"], strict=True):
        if isinstance(layer, Dense):  # so that network.initialize() draws as it did before
            default = {"name": "glorot_uniform"}
            layer.initializer = get_initializer(**_spec(entry.get("initializer") or default))
            default = {"name": "zeros"}
            layer.bias_initializer = get_bias_initializer(
                **_spec(entry.get("bias_initializer") or default)
            )
    return network


def _image_shape(stored: Any, n_features: int) -> tuple[int, int]:
    height, width = (int(side) for side in stored)
    if height * width != n_features:
        raise ValueError(f"images of {height} x {width} do not have {n_features} pixels.")
    return height, width


def _spec(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"spec": entry["name"], **{k: v for k, v in entry.items() if k != "name"}}


def _scaling(kind: str | None, arrays: Mapping[str, AnyArray]) -> InputScaling | None:
    if kind is None:
        return None
    shift, scale = arrays["scaling.shift"], arrays["scaling.scale"]
    return InputScaling.from_dict(
        {
            "kind": kind,
            "shift": shift[0] if len(shift) == 1 else shift,
            "scale": scale[0] if len(scale) == 1 else scale,
        }
    )
