"""Each layer as a person writes it: forward in training, forward in prediction, and back again.

A layer reads the variable ``x`` and makes the variable ``y``; on the way back it finds ``dy`` and
makes ``dx``. The names are those of a blackboard: ``z1 = X W1 + b1``, ``a1 = phi(z1)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from unstuck.app.export.activation_texts import activation_text
from unstuck.app.export.text import line, number
from unstuck.base.errors import lookup
from unstuck.core.layers import Activate, BatchNorm, Dense, Dropout, Layer

LETTERS = {"dense": "z", "activate": "a", "batch_norm": "u", "dropout": "h"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the network a layer stands, and what is asked of it there."""

    x: str  # the variable it reads
    y: str  # the variable it makes
    parameters: dict[str, str]  # local name -> name in the network: {"W": "W1"}
    first: bool  # nothing before it learns, so no dx
    penalty: str = ""  # what the gradient of a weight has added: " + L2 * {W}"
    float32: bool = False
    running: dict[str, str] = field(default_factory=dict)  # local name of a state -> where it is


@dataclass(frozen=True, slots=True)
class LayerText:
    """The lines of one layer, and the variables that its backward lines read."""

    forward: list[str]
    backward: list[str]
    keeps: list[str]
    predict: list[str] | None = None  # where prediction differs from training
    renamed: str = ""  # prediction's name for y, where there is no line for it
    needs: tuple[str, ...] = ()
    back_needs: tuple[str, ...] = ()
    uses: frozenset[str] = field(default_factory=frozenset)  # "rng", "running"


def dense_text(layer: Dense, place: Place) -> LayerText:
    """``z = x W + b``."""
    W, b, x, dz = place.parameters["W"], place.parameters["b"], place.x, f"d{place.y}"
    i, o = layer.fan_in, layer.fan_out
    penalty = place.penalty.replace("{W}", f'p["{W}"]')
    backward = [
        line(f"d{W} = {x}.T @ {dz}{penalty}", f"({i}, {o})"),
        line(f"d{b} = {dz}.sum(axis=0)", f"({o},)"),
    ]
    if not place.first:
        backward.append(line(f'd{x} = {dz} @ p["{W}"].T', f"(n, {i})"))
    forward = [line(f'{place.y} = {x} @ p["{W}"] + p["{b}"]', f"(n, {o})")]
    return LayerText(forward, backward, [x])


def activate_text(layer: Activate, place: Place) -> LayerText:
    """``a = phi(z)``."""
    text = activation_text(layer.activation)
    names = {"z": place.x, "a": place.y, "da": f"d{place.y}"}
    shape = f"(n, {layer.fan_out})"
    return LayerText(
        [line(f"{place.y} = {text.value.format(**names)}", shape)],
        [] if place.first else [line(f"d{place.x} = {text.back.format(**names)}", shape)],
        [names[key] for key in ("z", "a") if f"{{{key}}}" in text.back],
        needs=text.needs,
        back_needs=text.back_needs,
    )


def dropout_text(layer: Dropout, place: Place) -> LayerText:
    """``h = x * mask``; prediction keeps everything."""
    mask, rate = f"mask{place.y[1:]}", number(layer.rate)
    drawn = f"rng.random({place.x}.shape) >= {rate}"
    drawn = f"np.float32({drawn})" if place.float32 else f"({drawn})"
    shape, kept = f"(n, {layer.fan_out})", number(round(1 - layer.rate, 12))
    return LayerText(
        [
            line(f"{mask} = {drawn} / {kept}", f"{shape}: 0, or 1 / {kept}"),
            line(f"{place.y} = {place.x} * {mask}", shape),
        ],
        [] if place.first else [line(f"d{place.x} = d{place.y} * {mask}", shape)],
        [mask],
        predict=[],
        renamed=place.x,
        uses=frozenset({"rng"}),
    )


def batch_norm_text(layer: BatchNorm, place: Place) -> LayerText:
    """``u = gamma (x - mean) / std + beta``; prediction uses what ran along in training."""
    gamma, beta, suffix = place.parameters["gamma"], place.parameters["beta"], place.y[1:]
    x, y, s, std, shape = place.x, place.y, f"s{suffix}", f"std{suffix}", f"(n, {layer.fan_out})"
    mean, variance = f"mean{suffix}", f"variance{suffix}"
    run_mean, run_variance = place.running["running_mean"], place.running["running_variance"]
    share = number(round(1 - layer.momentum, 12))
    vector = f"({layer.fan_out},)"

    def standardise(of: str, mean: str, variance: str) -> list[str]:
        return [
            line(f"{std} = np.sqrt({variance} + {number(layer.epsilon)})", vector),
            line(f"{s} = ({of} - {mean}) / {std}", shape),
        ]

    scale = line(f'{y} = p["{gamma}"] * {s} + p["{beta}"]', shape)
    back = [
        line(f"d{gamma} = (d{y} * {s}).sum(axis=0)", vector),
        line(f"d{beta} = d{y}.sum(axis=0)", vector),
    ]
    if not place.first:
        back += [
            f"# Every sample moves {mean} and {std} too: hence the two terms that are taken off.",
            line(f'd{x} = p["{gamma}"] / {std} * (d{y} - (d{beta} + {s} * d{gamma}) / n)', shape),
        ]
    return LayerText(
        [
            line(f"{mean}, {variance} = {x}.mean(axis=0), {x}.var(axis=0)", f"{vector}, {vector}"),
            f"{run_mean} += {share} * ({mean} - {run_mean})",
            f"{run_variance} += {share} * ({variance} - {run_variance})",
            *standardise(x, mean, variance),
            scale,
        ],
        back,
        [s] if place.first else [s, std],
        predict=[*standardise(x, run_mean, run_variance), scale],
        uses=frozenset({"running"}),
    )


LAYER_TEXTS: dict[str, Callable[[Any, Place], LayerText]] = {
    "dense": dense_text,
    "activate": activate_text,
    "dropout": dropout_text,
    "batch_norm": batch_norm_text,
}
"""Every kind of layer."""


def layer_text(layer: Layer, place: Place) -> LayerText:
    """The text of one layer."""
    return lookup(layer.kind, LAYER_TEXTS, "layer that can be written out")(layer, place)
