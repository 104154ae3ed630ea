"""The network that a person names: a run folder, or a model file."""

from __future__ import annotations

from pathlib import Path

from unstuck.core.model_file import load_network
from unstuck.core.network import Network
from unstuck.training.runs import MODEL, Run, run_folder


def load_model(path: str) -> Network:
    """The network in a ``.safetensors`` file, or the one of a run.

    Raises InvalidInputError when there is none, DataFormatError when it is damaged.
    """
    if Path(path).suffix == Path(MODEL).suffix:
        return load_network(path)
    folder = run_folder(path)
    if not (folder / MODEL).is_file():
        Run.load(folder)  # says why there is none
    return load_network(folder / MODEL)
