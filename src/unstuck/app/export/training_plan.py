"""How a network is to be trained, checked and with every default filled in.

A plan says what a training program writes out. It is made of the options that the trainer takes,
under the trainer's names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unstuck.app.export.data_texts import DataText, data_text
from unstuck.base.errors import InvalidInputError, unknown
from unstuck.core.network import Network
from unstuck.core.optimizers import Optimizer, get_optimizer
from unstuck.core.schedules import Schedule, get_schedule
from unstuck.training.trainer import DEFAULT_EPOCHS, check_batch_size, check_count

OPTIONS = (
    "optimizer",
    "learning_rate",
    "schedule",
    "batch_size",
    "epochs",
    "iterations",
    "shuffle",
    "clip_norm",
    "random_state",
    "data",
    "scale_targets",
    "left_out",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the training part of a program depends on, besides the network."""

    optimizer: Optimizer
    schedule: Schedule
    batch_size: int | None  # None: all samples at once
    epochs: int | None
    iterations: int | None
    shuffle: bool
    clip_norm: float | None
    seed: int
    data: DataText
    scale_targets: bool  # values to learn are standardised first
    left_out: tuple[str, ...]  # what the run did and the program does not

    @property
    def full_batch(self) -> bool:
        """Whether every update sees all samples."""
        return self.batch_size is None


def make_plan(network: Network, training: Mapping[str, Any]) -> Plan:
    """The plan that the options say.

    Raises InvalidInputError for an option that is unknown or cannot be written out.
    """
    for name in training:
        if name not in OPTIONS:
            raise InvalidInputError(unknown(name, OPTIONS, "training option"))
    if training.get("optimizer") == "lbfgs":
        raise InvalidInputError(
            "training by L-BFGS is SciPy's loop, so there is no update to write out; allowed: sgd, "
            "rmsprop, adagrad, adam, adamw. Export the trained network without its training."
        )
    optimizer = get_optimizer(training.get("optimizer", "adam"))
    if training.get("learning_rate") is not None:
        optimizer = get_optimizer(optimizer, learning_rate=float(training["learning_rate"]))
    batch_size = check_batch_size(training.get("batch_size", 32))
    epochs = check_count(training.get("epochs"), "epochs")
    iterations = check_count(training.get("iterations"), "iterations")
    if epochs is None and iterations is None:
        epochs = DEFAULT_EPOCHS
    clip_norm = training.get("clip_norm")
    seed = training.get("random_state")
    return Plan(
        optimizer,
        get_schedule(training.get("schedule", "constant")),
        None if batch_size == "all" else int(batch_size),
        epochs,
        iterations,
        bool(training.get("shuffle", True)),
        None if clip_norm is None else float(clip_norm),
        seed if isinstance(seed, int) else 0,
        data_text(network, training.get("data", {"spec": "digits"})),
        bool(training.get("scale_targets", False)),
        tuple(training.get("left_out", ())),
    )
