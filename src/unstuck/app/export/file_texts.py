"""A file of the user's own, read by the text for its kind.

The files are looked at when the program is written, so that it says just what these files need.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unstuck.app.export.array_texts import array_text, npz_text
from unstuck.app.export.reading import Reading
from unstuck.app.export.table_texts import csv_text
from unstuck.base.errors import InvalidInputError
from unstuck.core.network import Network


def read_file_text(path: Path, target: Any, test: Any, network: Network) -> Reading:
    """The reading of a file of the user's own, and of its test file where ``test`` is one."""
    if not path.exists():
        raise InvalidInputError(
            f"the data file {path} is gone, so a program that reads it cannot be written. Put it "
            "back, or export the trained network without its training."
        )
    test_file = None if test is None or not Path(str(test)).is_file() else Path(str(test))
    name = path.name.lower()
    if name.endswith((".csv", ".tsv")):
        return csv_text(path, target, test_file, network)
    if name.endswith(".npz"):
        return npz_text(path, target, test_file, network)
    if test_file is not None:
        raise InvalidInputError(
            f"a program for {path.name} with a test file of its own cannot be written out; "
            "allowed for CSV and NPZ files. Name the files alike (X_train.npy, X_test.npy), or "
            "export the trained network without its training."
        )
    return array_text(path, target, network)
