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
from unstuck.record.evidence import (
    ArrayFacts,
    Evidence,
    OutputFacts,
    ParameterFacts,
    TargetFacts,
)
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
        "evidence": None if record.evidence is None else asdict(record.evidence),
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
    evidence = evidence_from(header.get("evidence"))
    return RunRecord(header["producer"], layers, arrays, header["facts"], evidence)


def _layer(entry: dict[str, Any]) -> LayerInfo:
    source = entry.pop("source")
    parameters = tuple(entry.pop("parameters"))
    return LayerInfo(parameters=parameters, source=_span(source), **entry)


def evidence_from(entry: Any) -> Evidence | None:
    """Evidence as JSON holds it, back as records; None where the file has none."""
    if entry is None:
        return None
    entry = _fields(entry)
    targets, outputs = entry.pop("targets"), entry.pop("outputs")
    if targets is not None:
        targets = _fields(targets)
        values, shares = _array(targets.pop("values")), tuple(targets.pop("shares"))
        targets = TargetFacts(values, shares=shares, **targets)
    if outputs is not None:
        outputs = _fields(outputs)
        outputs = OutputFacts(_array(outputs.pop("values")), **outputs)
    inputs, parameters = entry.pop("inputs"), entry.pop("parameters")
    return Evidence(
        inputs=None if inputs is None else _array(inputs),
        targets=targets,
        outputs=outputs,
        parameters=tuple(_parameter(p) for p in parameters),
        learning_rate_source=_span(entry.pop("learning_rate_source")),
        decay_source=_span(entry.pop("decay_source")),
        **entry,
    )


def _fields(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise TypeError(f"it holds {entry!r} where named values are expected")
    return dict(entry)


def _span(entry: Any) -> SourceSpan | None:
    return None if entry is None else SourceSpan(**_fields(entry))


def _array(entry: Any) -> ArrayFacts:
    entry = _fields(entry)
    shape, source = tuple(entry.pop("shape")), _span(entry.pop("source"))
    return ArrayFacts(shape=shape, source=source, **entry)


def _parameter(entry: Any) -> ParameterFacts:
    entry = _fields(entry)
    shape, initial = tuple(entry.pop("shape")), _array(entry.pop("initial"))
    return ParameterFacts(shape=shape, initial=initial, update=_span(entry.pop("update")), **entry)
