"""A run frozen between two epochs, in one file, so that it can go on as if nothing had happened.

The file holds plain arrays and a JSON header (no pickle) and is written atomically: a run that
is killed while writing keeps its last good checkpoint.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.base.errors import CheckpointError, DataFormatError, InvalidInputError
from unstuck.base.files import atomic_write
from unstuck.base.rng import from_state, state_of
from unstuck.record.store import record_arrays, record_from
from unstuck.training.history import COLUMNS
from unstuck.training.loop import Loop

FORMAT = "unstuck checkpoint 1"


def save_checkpoint(loop: Loop, path: str | os.PathLike[str]) -> None:
    """Write everything that the rest of the run depends on."""
    header: dict[str, Any] = {
        "format": FORMAT,
        "identity": identity(loop),
        "engine": loop.engine.name,
        "threads": loop.engine.threads,
        "epoch": loop.epoch,
        "step": loop.step,
        "stopped": loop.stopped,
        "plateau": loop.plateau.to_dict(),
        "streams": {
            "order": state_of(loop.streams.order),
            "masks": state_of(loop.streams.masks),
            "augment": state_of(loop.streams.augment),
        },
    }
    arrays: dict[str, Any] = {"theta": loop.network.theta, "state": loop.network.state}
    arrays |= {f"buffer:{name}": buffer for name, buffer in loop.buffers.items()}
    arrays |= {f"history:{name}": loop.history[name] for name in COLUMNS}
    if loop.builder is not None:
        record = record_arrays(loop.builder.build())
        arrays |= {f"record:{name}": array for name, array in record.items()}
    best = loop.best
    if best is not None and best.theta is not None:
        header["best"] = {"value": best.best, "epoch": best.epoch, "waited": best.waited}
        arrays |= {"best:theta": best.theta, "best:state": best.state}
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with atomic_write(path) as file:
        np.savez(file, **arrays)


def read_checkpoint(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(header, arrays) of a checkpoint file.

    Raises
    ------
    CheckpointError
        When there is no such file.
    DataFormatError
        When it is not a checkpoint, or was cut short.
    """
    if not Path(path).is_file():
        raise CheckpointError(
            f"there is no checkpoint at {path}. A run writes one when it is started with "
            "--checkpoint-every."
        )
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored.items())
        header = json.loads(arrays.pop("header").tobytes())
        check_format(header["format"])
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise DataFormatError(f"{path} is not a checkpoint of unstuck: {error}") from error
    return header, arrays


def check_format(found: str) -> None:
    """Raise unless the file says that it is of this format."""
    if found != FORMAT:
        raise ValueError(f"its format is {found!r}, expected {FORMAT!r}")


def restore_checkpoint(loop: Loop, header: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Put a freshly built loop into the state that `save_checkpoint` wrote down.

    Raises
    ------
    InvalidInputError
        When the checkpoint is of another network, optimiser or training set.
    """
    ours = identity(loop)
    for name, theirs in header["identity"].items():
        if ours[name] != theirs:
            raise InvalidInputError(
                f"this checkpoint cannot be resumed: its {name} is {theirs!r}, now it is "
                f"{ours[name]!r}. Resume with the options and the data it was started with."
            )
    loop.network.theta[...] = arrays["theta"]
    loop.network.state[...] = arrays["state"]
    for name, buffer in loop.buffers.items():
        buffer[...] = arrays[f"buffer:{name}"]
    loop.history.columns = {name: arrays[f"history:{name}"].tolist() for name in COLUMNS}
    if loop.builder is not None:
        prefix = "record:"
        record = {k[len(prefix) :]: v for k, v in arrays.items() if k.startswith(prefix)}
        loop.builder.restore(record_from(record))
    if loop.best is not None and "best" in header:
        kept = header["best"]
        loop.best.best, loop.best.epoch = kept["value"], kept["epoch"]
        loop.best.waited = kept["waited"]
        loop.best.theta, loop.best.state = arrays["best:theta"], arrays["best:state"]
    loop.epoch, loop.step = header["epoch"], header["step"]
    if header["stopped"] == "early stopping":  # of all reasons the one that would come again
        loop.stopped = header["stopped"]
    loop.plateau = type(loop.plateau).from_dict(header["plateau"])
    streams = header["streams"]
    loop.streams.order = from_state(streams["order"])
    loop.streams.augment = from_state(streams["augment"])
    # The engine holds the mask stream itself: it is moved, not replaced.
    loop.streams.masks.bit_generator.state = from_state(streams["masks"]).bit_generator.state


def identity(loop: Loop) -> dict[str, Any]:
    """What must be the same for a run to go on: by these a wrong checkpoint is told."""
    targets = np.ascontiguousarray(loop.samples.targets)
    return {
        "layers": [f"{la.kind} {la.fan_in} {la.fan_out}" for la in loop.network.layers],
        "dtype": loop.network.dtype.name,
        "loss": repr(loop.network.loss_function),
        "optimizer": repr(loop.optimizer),
        "schedule": repr(loop.schedule),
        "learning rate": loop.learning_rate,
        "batch size": loop.batch_size,
        "number of samples": len(loop.samples),
        "checksum of the targets": zlib.crc32(targets.tobytes()),
        "total updates": loop.total_steps,
    }
