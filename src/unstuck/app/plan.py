"""From what was typed, the recipe and the data to ONE dict of options, and from it to the objects.

The dict goes into run.json, so a resumed run is built from exactly what the first one was.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from unstuck.app.recipes import Recipe, recipe_for
from unstuck.base.arrays import AnyArray
from unstuck.base.errors import InvalidInputError
from unstuck.core.layers import Dense
from unstuck.core.losses import get_loss
from unstuck.core.network import Network
from unstuck.core.optimizers import get_optimizer
from unstuck.core.scaling import InputScaling
from unstuck.data.dataset import Dataset
from unstuck.data.split import split
from unstuck.training.trainer import Trainer
from unstuck.weights.auto import Start, begin_auto, check_default

LBFGS = "lbfgs"
LBFGS_EPOCHS = 200
PATIENCE_FRACTION = 0.1  # held out for --patience when no fraction is given
NOT_FOR_LBFGS = ("checkpoint_every", "patience", "schedule", "momentum", "clip_norm", "iterations")
REACHES = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}

# Options that the recipe may not set, with the value they have when nothing is said.
PLAIN: dict[str, Any] = {
    "activation": "relu",
    "output": None,
    "loss": None,
    "init": None,
    "iterations": None,
    "l1": 0.0,
    "clip_norm": None,
    "validation_fraction": 0.0,
    "patience": None,
    "seed": 0,
    "threads": None,
    "engine": "auto",
    "scale": "auto",
    "recipe": "fast",
    "checkpoint_every": None,
}

OPTION_NAMES = frozenset(PLAIN) | {field.name for field in fields(Recipe)}
"""Every key of the dict that `resolve` makes."""


def resolve(typed: Mapping[str, Any], data: Dataset) -> dict[str, Any]:
    """Every option of the training: what was typed, else the recipe's, else the plain value."""
    name = typed.get("recipe", "fast")
    recipe = recipe_for(data.name, len(data.X_train), name).options()
    known = PLAIN | recipe
    options = known | {k: v for k, v in typed.items() if k in known}
    if "optimizer" in typed:  # another optimiser, other step sizes
        for field in ("learning_rate", "momentum"):
            options[field] = typed.get(field)
    if "iterations" in typed and "epochs" not in typed:
        options["epochs"] = None
    if options["patience"] is not None and not options["validation_fraction"]:
        options["validation_fraction"] = PATIENCE_FRACTION
    if data.image_shape is None and options["augment"]:
        raise InvalidInputError(f"the recipe {name!r} moves and turns images, which these are not.")
    _resolve_loss(options, data)
    if options["loss"] != "cross_entropy" and "label_smoothing" not in typed:
        options["label_smoothing"] = 0.0  # the recipe's
    if options["optimizer"] == LBFGS:
        _resolve_lbfgs(options, typed)
    return options


def _resolve_loss(options: dict[str, Any], data: Dataset) -> None:
    """Loss and output activation each follow from the other, or from the task."""
    loss, output = options["loss"], options["output"]
    if loss is None and output is None:
        loss = "cross_entropy" if data.task == "classification" else "squared_error"
    elif loss is None:
        loss = REACHES.get(output, "squared_error")
        if data.task == "regression":
            loss = "squared_error"
    if output is None:
        output = get_loss(loss).fused_activation or "identity"
    if data.task == "regression" and get_loss(loss).fused_activation is not None:
        raise InvalidInputError(
            f"{loss} is for classes, but the target holds values. Use squared_error or huber, or "
            "say --task classification."
        )
    options["loss"], options["output"] = loss, output


def _resolve_lbfgs(options: dict[str, Any], typed: Mapping[str, Any]) -> None:
    """L-BFGS takes full batches and finds its own step sizes."""
    for name in (*NOT_FOR_LBFGS, "learning_rate"):
        if name in typed:
            raise InvalidInputError(
                f"--{name.replace('_', '-')} does not go with --optimizer lbfgs, which takes the "
                "full batch and searches for its own step size. Leave it out, or use adam."
            )
    if typed.get("batch_size", "all") != "all":
        raise InvalidInputError("--optimizer lbfgs takes the full batch: --batch-size all.")
    options |= {"batch_size": "all", "schedule": "constant", "learning_rate": None}
    options["epochs"] = typed.get("epochs", LBFGS_EPOCHS)


def build_network(options: Mapping[str, Any], data: Dataset) -> Network:
    """The network, its inputs' scaling fitted to the training data."""
    smoothing = options["label_smoothing"]
    loss_options = {"label_smoothing": smoothing} if smoothing else {}
    return Network.mlp(
        [data.n_features, *options["hidden"], data.n_outputs],
        hidden_activation=options["activation"],
        output_activation=options["output"],
        loss=get_loss(options["loss"], **loss_options),
        initializer=options["init"],
        dropout=options["dropout"],
        input_dropout=options["input_dropout"],
        batch_norm=bool(options["batch_norm"]),
        l1=options["l1"],
        l2=options["l2"],
        dtype=options["dtype"],
        random_state=options["seed"],
        scaling=InputScaling.fit(data.X_train, options["scale"]),
        image_shape=data.image_shape,
        class_names=data.class_names,
    )


def begin(network: Network, X: AnyArray, y: AnyArray, options: Mapping[str, Any]) -> Start | None:
    """Weights by measurement, with --init auto, or where the default could not do its work."""
    if options["init"] not in (None, "auto"):
        return None
    choose = check_default if options["init"] is None else begin_auto
    return choose(network, X, network.encode(y), seed=int(options["seed"]))


def build_trainer(options: Mapping[str, Any], network: Network, **others: Any) -> Trainer:
    """The trainer; ``others`` are what is not an option: validation data, callbacks, paths."""
    optimizer: Any = options["optimizer"]
    if optimizer != LBFGS:
        own = {"learning_rate": options["learning_rate"], "momentum": options["momentum"]}
        optimizer = get_optimizer(optimizer, **{k: v for k, v in own.items() if v is not None})
    augment = None
    if options["augment"] and network.image_shape is not None:
        from unstuck.training.augment import ImageAugmentation

        augment = ImageAugmentation(network.image_shape, **options["augment"])
    return Trainer(
        network,
        optimizer,
        schedule=options["schedule"],
        batch_size=options["batch_size"],
        epochs=options["epochs"],
        iterations=options["iterations"],
        patience=options["patience"],
        clip_norm=options["clip_norm"],
        random_state=options["seed"],
        engine=options["engine"],
        threads=options["threads"],
        checkpoint_every=options["checkpoint_every"] or 1,
        augment=augment,
        **others,
    )


@dataclass(slots=True)
class Parts:
    """The training data as they are used: what is learned from, what is watched."""

    X: AnyArray
    y: AnyArray
    X_validation: AnyArray | None = None
    y_validation: AnyArray | None = None

    @property
    def validation(self) -> tuple[AnyArray, AnyArray] | None:
        """(X, y) of the validation part, if there is one."""
        if self.X_validation is None or self.y_validation is None:
            return None
        return self.X_validation, self.y_validation


def divide(options: Mapping[str, Any], data: Dataset) -> Parts:
    """Hold the validation part out of the training data."""
    if not options["validation_fraction"]:
        return Parts(data.X_train, data.y_train)
    return Parts(
        *split(
            data.X_train,
            data.y_train,
            options["validation_fraction"],
            options["seed"],
            stratify=data.class_names is not None,
        )
    )


@dataclass(frozen=True, slots=True, eq=False)
class TargetScaling:
    """Values to learn, standardised while training: ``(y - mean) / scale``, each output its own.

    A squared error over prices of 200,000 has gradients of that size; no step size suits both
    them and the hidden layers. Afterwards `folded` writes mean and scale into the last layer, so
    that the network itself speaks in the units of the data.
    """

    mean: AnyArray  # (n_outputs,)
    scale: AnyArray  # (n_outputs,)

    @classmethod
    def fit(cls, y: AnyArray, network: Network) -> TargetScaling | None:
        """For values behind an identity output; None where targets stay as they are."""
        if network.task != "regression" or network.output_activation.name != "identity":
            return None
        columns = np.asarray(y, np.float64).reshape(len(y), -1)
        scale = columns.std(axis=0)
        return cls(columns.mean(axis=0), np.where(scale > 0.0, scale, 1.0))

    def apply(self, y: AnyArray) -> AnyArray:
        """Standardised targets, (n, n_outputs)."""
        columns = np.asarray(y, np.float64).reshape(len(y), -1)
        scaled: AnyArray = (columns - self.mean) / self.scale
        return scaled

    def folded(self, network: Network) -> Network:
        """A copy of the network whose last dense layer gives values in the units of the data."""
        final = copy.deepcopy(network)
        dense = [i for i, layer in enumerate(final.layers) if isinstance(layer, Dense)][-1]
        p = final.by_layer(final.theta)[dense]
        p["W"][...] = p["W"] * self.scale
        p["b"][...] = p["b"] * self.scale + self.mean
        return final
