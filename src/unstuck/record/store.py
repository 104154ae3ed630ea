"""A `RunRecord` as one ``.npz`` file: plain arrays and a JSON header, no pickle."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.base.errors import DataFormatError
from unstuck.base.files import atomic_write
from unstuck.record.run_record import LayerInfo, RunRecord, SourceSpan

FORMAT = "unstuck run record 1"


def save_record(record: RunRecord, path: str | os.PathLike[str]) -> None:
    """Write a record, atomically."""
    with atomic_write(path) as file:
        np.savez_compressed(file, **record_arrays(record))


def record_arrays(record: RunRecord) -> dict[str, Any]:
    """The record as plain arrays; its layers and facts as JSON bytes."""
    header = {
        "format": FORMAT,
        "producer": record.producer,
        "layers": [asdict(layer) for layer in record.layers],
        "facts": dict(record.facts),
    }
    text = json.dumps(header).encode()
    return {"header": np.frombuffer(text, np.uint8), **record.series}


def load_record(path: str | os.PathLike[str]) -> RunRecord:
    """Read a record that `save_record` wrote.

    Raises
    ------
    DataFormatError
        When the file is no such record, or was cut short.
    """
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return record_from(dict(arrays.items()))
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile, EOFError) as error:
        raise DataFormatError(f"{path} is not a run record of unstuck: {error}") from error


def record_from(arrays: dict[str, Any]) -> RunRecord:
    """The inverse of `record_arrays`."""
    header = json.loads(arrays.pop("header").tobytes())
    if header["format"] != FORMAT:
        raise ValueError(f"its format is {header['format']!r}, expected {FORMAT!r}")
    layers = tuple(_layer(entry) for entry in header["layers"])
    return RunRecord(header["producer"], layers, arrays, header["facts"])


def _layer(entry: dict[str, Any]) -> LayerInfo:
    source = entry.pop("source")
    parameters = tuple(entry.pop("parameters"))
    span = None if source is None else SourceSpan(**source)
    return LayerInfo(parameters=parameters, source=span, **entry)
