"""The two ways to a program: its text for a network, and its files for a run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.app.export.prediction_program import prediction_program, saved_arrays
from unstuck.app.export.training_plan import make_plan
from unstuck.app.export.training_program import training_program
from unstuck.base.errors import InvalidInputError
from unstuck.base.files import atomic_write
from unstuck.core.network import Network
from unstuck.training.runs import Run


def write_program(network: Network, *, training: Mapping[str, Any] | None = None) -> str:
    """The text of a NumPy program for a network; it runs without unstuck.

    Parameters
    ----------
    network : Network
    training : mapping, optional
        Options of the trainer by their names (``optimizer``, ``learning_rate``, ``schedule``,
        ``batch_size``, ``epochs``, ``iterations``, ``shuffle``, ``clip_norm``,
        ``random_state``), and ``data``, the arguments of `unstuck.data.load.load` by theirs
        (default: ``{"spec": "digits"}``). Given, even if empty, the program trains the network
        from new initial weights; not given, it predicts with those in an ``.npz`` file of its own
        name, which `export` writes.

    Raises
    ------
    InvalidInputError
        For functions of the user's own, L-BFGS, unknown options, or data that are gone.

    Examples
    --------
    >>> network = Network.mlp([64, 20, 10], random_state=0)
    >>> program = write_program(network, training={"optimizer": "sgd", "batch_size": "all"})
    >>> [line.strip() for line in program.splitlines() if "dz1 =" in line]
    ['dz1 = da1 * (a1 > 0)  # (n, 20)']
    """
    if training is None:
        return prediction_program(network)
    return training_program(network, make_plan(network, training))


def export(
    run: Network | Run | str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    training: bool | Mapping[str, Any] = False,
) -> list[Path]:
    """Write a program to ``path`` and, where it predicts, its weights beside it.

    Parameters
    ----------
    run : Network, Run, or the folder of a run
    path : path
        The program, ``NAME.py``; the weights become ``NAME.npz``.
    training : bool or mapping
        Write the training program, with the options of the run or with these (see
        `write_program`).

    Returns
    -------
    list of Path
        The files that were written, the program first.
    """
    path = Path(path)
    if path.suffix != ".py":
        raise InvalidInputError(f"the program is to be {str(path)!r}; give a name ending in .py.")
    if isinstance(run, str | os.PathLike):
        run = Run.load(run)
    network = run if isinstance(run, Network) else run.network
    if training is True:
        training = {} if isinstance(run, Network) else run_options(run)
    if training is not False:
        _write(path, write_program(network, training=training))
        return [path]
    program, weights = write_program(network), path.with_suffix(".npz")
    arrays: dict[str, Any] = dict(saved_arrays(network))
    with atomic_write(weights) as file:
        np.savez(file, **arrays)
    _write(path, program)
    return [path, weights]


def _write(path: Path, program: str) -> None:
    with atomic_write(path) as file:
        file.write(program.encode())


LEFT_OUT = {
    "validation_fraction": "the validation part",
    "patience": "early stopping",
    "augment": "augmentation of the pictures",
}


def run_options(run: Run) -> dict[str, Any]:
    """What a run was trained with, as `write_program` takes it."""
    options = run.options
    optimizer: Any = options.get("optimizer", "adam")
    if options.get("momentum"):
        from unstuck.core.optimizers import get_optimizer

        optimizer = get_optimizer(optimizer, momentum=options["momentum"])
    same = ("learning_rate", "schedule", "batch_size", "epochs", "iterations", "clip_norm")
    preprocessing = run.description.get("preprocessing") or {}
    return {
        "optimizer": optimizer,
        **{name: options[name] for name in same if options.get(name) is not None},
        "random_state": options.get("seed"),
        "data": run.data,
        "scale_targets": bool(preprocessing.get("targets")),
        "left_out": [text for name, text in LEFT_OUT.items() if options.get(name)],
    }
