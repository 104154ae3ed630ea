"""A run as a folder: the model, what it was made of, how it went.

    model.safetensors   the trained network
    run.json            data, options, preprocessing, versions, results
    record.npz          the run, layer by layer and over time
    history.csv         one line an epoch
    checkpoint.npz      the state to go on from (with --checkpoint-every)
    *.png               pictures, drawn by those above

Every file appears whole or not at all, and the folder is made, and found to be writable, before
training starts.
"""

from __future__ import annotations

import csv
import json
import math
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from unstuck.base.errors import CheckpointError, DataFormatError, InvalidInputError
from unstuck.base.files import writable_folder, write_json
from unstuck.core.model_file import load_network, save_network
from unstuck.core.network import Network
from unstuck.record.run_record import RunRecord
from unstuck.record.store import load_record, save_record
from unstuck.training.history import COLUMNS, History

FORMAT = "unstuck run 1"
MODEL, DESCRIPTION, RECORD = "model.safetensors", "run.json", "record.npz"
HISTORY, CHECKPOINT = "history.csv", "checkpoint.npz"
PACKAGES = ("numpy", "scipy", "scikit-learn", "numba", "matplotlib", "safetensors")
LARGEST_DESCRIPTION = 16 << 20  # bytes of run.json that are read


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A run that was written to a folder.

    Attributes
    ----------
    folder : Path
    description : mapping
        What ``run.json`` holds: ``"data"``, ``"options"``, ``"versions"``, ``"results"`` ...
    network : Network
    history : History
    record : RunRecord or None

    Examples
    --------
    >>> import tempfile
    >>> folder = new_folder(Path(tempfile.mkdtemp()) / "first")
    >>> network, history = Network.mlp([4, 3, 2], random_state=0), History()
    >>> save_run(folder, network, history, {"options": {"seed": 0}})
    >>> run = Run.load(folder)
    >>> run.options["seed"], run.network
    (0, <Network 4 - 3 - 2, cross_entropy, 23 parameters>)
    """

    folder: Path
    description: Mapping[str, Any]
    network: Network
    history: History
    record: RunRecord | None

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], activations: Mapping[str, Any] | None = None
    ) -> Run:
        """Read a run folder; ``activations`` are the user's own, by name.

        Raises
        ------
        InvalidInputError
            When the folder holds no run, or one that never finished.
        DataFormatError
            When a file in it is damaged.
        """
        folder = run_folder(path)
        description = read_description(folder)
        if not (folder / MODEL).is_file():
            raise InvalidInputError(
                f"the run in {folder} has no {MODEL}: {_why_unfinished(folder, description)}"
            )
        network = load_network(folder / MODEL, activations)
        record = load_record(folder / RECORD) if (folder / RECORD).is_file() else None
        history = read_history(folder / HISTORY)
        results = description.get("results") or {}
        history.record = record
        history.stopped = str(description.get("status", ""))
        history.engine = str(results.get("engine", ""))
        history.threads = int(results.get("threads") or 1)
        history.best_epoch = results.get("best_epoch")
        return cls(folder, description, network, history, record)

    @property
    def options(self) -> dict[str, Any]:
        """Every option of the training, whether given or from the recipe."""
        return dict(self.description.get("options") or {})

    @property
    def data(self) -> dict[str, Any]:
        """Which data set: name, source, digest, how it was split."""
        return dict(self.description.get("data") or {})

    @property
    def results(self) -> dict[str, Any]:
        """Scores, times, engine."""
        return dict(self.description.get("results") or {})

    def __repr__(self) -> str:
        return f"<Run {self.folder}: {self.network!r}, {len(self.history)} epochs>"


# ------------------------------------------------------------------------------------- writing


def new_folder(path: str | os.PathLike[str]) -> Path:
    """``path`` as a folder for a new run, made and found to be writable.

    Raises InvalidInputError when it cannot be written, or holds a run already.
    """
    folder = Path(path)
    for name in (MODEL, CHECKPOINT):
        if (folder / name).exists():
            raise InvalidInputError(
                f"{folder} already holds a run ({name}), which would be lost. Choose another "
                "folder with --out, or delete it first."
            )
    return writable_folder(folder)


def default_folder(name: str, parent: str | os.PathLike[str] = "runs") -> Path:
    """A new, empty folder ``parent/name-date-time``, writable, nobody else's."""
    parent = writable_folder(parent)
    stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in Path(name).stem) or "run"
    stem = f"{stem}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    for attempt in range(1, 1000):
        folder = parent / (stem if attempt == 1 else f"{stem}-{attempt}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise InvalidInputError(
                f"cannot make the folder {folder}: {error.strerror or error}. Choose another one "
                "with --out."
            ) from error
        return folder
    raise InvalidInputError(f"{parent} holds too many runs named {stem}; give one with --out.")


def save_run(
    folder: str | os.PathLike[str],
    network: Network | None,
    history: History,
    description: Mapping[str, Any],
) -> None:
    """Write a run's files, each atomically; the description last, so that it tells the truth.

    ``network`` is None where training diverged: then its record and history stay, to learn from.
    """
    folder = Path(folder)
    if network is not None:
        save_network(network, folder / MODEL)
    history.to_csv(folder / HISTORY)
    if history.record is not None:
        save_record(history.record, folder / RECORD)
    write_description(folder, description)


def write_description(folder: Path, description: Mapping[str, Any]) -> None:
    """Write run.json, with the format and the versions of what ran."""
    write_json(
        folder / DESCRIPTION,
        {"format": FORMAT, **finite(dict(description)), "versions": versions()},
    )


def versions() -> dict[str, str]:
    """Releases of Python, unstuck and the packages that the numbers depend on; the platform."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in ("unstuck", *PACKAGES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def finite(value: Any) -> Any:
    """``value`` as JSON can hold it: NaN and infinities, which JSON has not, become null.

    >>> finite({"a": [1.0, math.nan]})
    {'a': [1.0, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


# ------------------------------------------------------------------------------------- reading


def run_folder(path: str | os.PathLike[str]) -> Path:
    """``path`` if it is a run folder, or a file in one."""
    folder = Path(path)
    if folder.is_file():
        folder = folder.parent
    if not (folder / DESCRIPTION).is_file():
        what = "holds no run" if folder.is_dir() else "does not exist"
        raise InvalidInputError(
            f"{path} {what} (a folder with {DESCRIPTION} and {MODEL}). `unstuck train` writes one "
            "and names it at its end."
        )
    return folder


def read_description(folder: Path) -> dict[str, Any]:
    """What run.json holds."""
    path = folder / DESCRIPTION
    try:
        return _parsed(path)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise DataFormatError(f"{path} does not describe a run of unstuck: {error}.") from error


def _parsed(path: Path) -> dict[str, Any]:
    if path.stat().st_size > LARGEST_DESCRIPTION:
        raise ValueError("it is too large")
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"its format is not {FORMAT!r}")
    return found


def read_history(path: str | os.PathLike[str]) -> History:
    """The history that `History.to_csv` wrote."""
    history = History()
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                history.append({name: float(row[name] or "nan") for name in COLUMNS})
    except FileNotFoundError:
        raise InvalidInputError(f"there is no {path}.") from None
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise DataFormatError(f"{path} is not the history of a run: {error!r}.") from error
    return history


def _why_unfinished(folder: Path, description: Mapping[str, Any]) -> str:
    status = description.get("status", "unknown")
    if (folder / CHECKPOINT).is_file():
        return f"it was cut short ({status}). Go on with: unstuck train --resume {folder}"
    return f"it did not finish ({status}). Train again."
