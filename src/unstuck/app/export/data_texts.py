"""Where the samples come from, as a person writes it: the function ``load_data`` of a program.

It returns ``X_train, X_test, y_train, y_test`` (the two of the training part alone where nothing is
held out), the inputs scaled as the network's were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unstuck.app.export.array_texts import opener, read_idx
from unstuck.app.export.file_texts import read_file_text
from unstuck.app.export.reading import FOUR, Reading
from unstuck.app.export.text import WIDTH, function, line, number
from unstuck.app.export.walk import is_single
from unstuck.base.errors import lookup
from unstuck.core.network import Network
from unstuck.data.load import DIGITS
from unstuck.data.mnist import COLLECTIONS, local_folder

FRACTION = 0.25  # held out where a file has no test part, as `unstuck train` does
SPLIT = "from sklearn.model_selection import train_test_split"


@dataclass(frozen=True, slots=True)
class DataText:
    """The data part of a program."""

    title: str
    load: str
    imports: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    has_test: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """What was asked for: the arguments of `unstuck.data.load.load`, checked."""

    spec: str = DIGITS
    data_dir: str | None = None
    target: Any = None
    test: Any = None
    task: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Source:
        """The source that a mapping names; entries that mean nothing here are left alone."""
        names = ("spec", "data_dir", "target", "test", "task")
        return cls(**{name: given[name] for name in names if given.get(name) is not None})

    @property
    def fraction(self) -> float | None:
        """The share to hold out, if ``test`` is one; 0 is no test part at all."""
        try:
            return None if self.test is None or Path(str(self.test)).exists() else float(self.test)
        except ValueError:
            return None


def data_text(network: Network, given: Mapping[str, Any]) -> DataText:
    """The data part for a network.

    Raises InvalidInputError when a file is missing or its kind cannot be written out.
    """
    source = Source.of(given)
    if source.spec == DIGITS:
        reading, title = digits(), "scikit-learn's digits, pictures of 8 x 8 pixels"
    elif source.spec in COLLECTIONS:
        reading, title = idx_collection(source), COLLECTIONS[source.spec].title.split(" (")[0]
    else:
        reading = read_file_text(Path(source.spec), source.target, source.test, network)
        title = Path(source.spec).name
    reading = split(reading, source, stratify=network.class_names is not None)
    has_test = "X_test" in reading.names
    body = [*reading.lines, *retyped(network, reading.names), *scaled(network, has_test=has_test)]
    doc = reading.doc
    return DataText(
        title,
        function("load_data", [], doc, body),
        reading.imports,
        reading.constants,
        reading.functions,
        has_test,
    )


def digits() -> Reading:
    """Scikit-learn's own copy."""
    return Reading(
        "Scikit-learn's digits: 1797 pictures, each 64 pixels from 0 to 16.",
        ("X, y = load_digits(return_X_y=True)  # (1797, 64), (1797,)",),
        ("X", "y"),
        ("from sklearn.datasets import load_digits",),
    )


def idx_collection(source: Source) -> Reading:
    """Four IDX files in a folder."""
    collection = lookup(source.spec, COLLECTIONS, "data set")
    folder = local_folder(source.spec, source.data_dir)
    names = [local_name(folder, name) for name in collection.files]
    opened = opener(names)
    paths = [f'f"{{FOLDER}}/{name}"' for name in names]
    lines = (
        line(f"X_train = read_idx({paths[0]}).reshape(-1, 784)", "(60000, 784)"),
        line(f"y_train = read_idx({paths[1]})", "(60000,)"),
        line(f"X_test = read_idx({paths[2]}).reshape(-1, 784)", "(10000, 784)"),
        line(f"y_test = read_idx({paths[3]})", "(10000,)"),
    )
    where = collection.mirrors[-1]
    constant = f'FOLDER = "{source.spec if folder is None else folder}"'
    note = f"  # its four files are at {where}" if folder is None else ""
    if len(constant + note) > WIDTH:
        constants: tuple[str, ...] = (note.strip(), constant)
    else:
        constants = (constant + note,)
    return Reading(
        "Pictures of 28 x 28 pixels, from 0 to 255, and the class that each one shows.",
        lines,
        FOUR,
        ("import gzip",) if "gzip" in opened else (),
        constants,
        (read_idx(opened),),
    )


def local_name(folder: Path | None, name: str) -> str:
    """The name under which a published file lies in ``folder``, perhaps unzipped."""
    plain = name.removesuffix(".gz")
    return plain if folder is not None and (folder / plain).is_file() else name


def split(reading: Reading, source: Source, *, stratify: bool) -> Reading:
    """Hold a part out for testing, where there is none yet and one is wanted."""
    fraction = source.fraction
    if fraction is None:
        if "X_test" in reading.names or source.test is not None:
            return reading
        fraction = FRACTION
    if fraction == 0:
        names = ("X_train", "y_train")
        first = tuple(text for text in reading.lines if not text.startswith(("X_test", "y_test")))
        if "X_test" not in reading.names:
            first = (*first, "X_train, y_train = X, y")
        return replace(reading, lines=first, names=names)
    joined: tuple[str, ...] = ()
    if "X_test" in reading.names:
        joined = ("X = np.concatenate([X_train, X_test])", "y = np.concatenate([y_train, y_test])")
    return replace(
        reading,
        lines=(
            *reading.lines,
            *joined,
            "X_train, X_test, y_train, y_test = train_test_split(",
            f"    X, y, test_size={number(fraction)}, {'stratify=y, ' * stratify}random_state=0",
            ")",
        ),
        names=FOUR,
        imports=(*reading.imports, SPLIT),
    )


def retyped(network: Network, names: tuple[str, ...]) -> list[str]:
    """Inputs in single precision, where the network computes in it."""
    if not is_single(network):
        return []
    parts = [name for name in names if name.startswith("X")]
    return [f"{part} = {part}.astype(np.float32)" for part in parts]


def scaled(network: Network, *, has_test: bool) -> list[str]:
    """The last lines: scaling, and what the function returns."""
    names = list(FOUR) if has_test else ["X_train", "y_train"]
    scaling = network.scaling
    if scaling is None or scaling.kind == "none":
        return [f"return {', '.join(names)}"]
    if scaling.kind == "standard":
        values = [f"({name} - mean) / spread" if name.startswith("X") else name for name in names]
        return [
            "mean, spread = X_train.mean(axis=0), X_train.std(axis=0)  # a number a column each",
            "spread[spread == 0] = 1  # of a column that never changes",
            f"return {', '.join(values)}",
        ]
    expression = unit_expression(scaling.shift, scaling.scale)
    values = [expression.format(x=name) if name.startswith("X") else name for name in names]
    comment = "" if expression == "{x}" else "  # from 0 to 1"
    return [f"return {', '.join(values)}{comment}"]


def unit_expression(shift: Any, scale: Any) -> str:
    """``X / 255``, or ``(X - low) / span``, as a format of ``{x}``."""
    span = 1 / float(scale)
    span = round(span) if abs(span - round(span)) < 1e-9 * span else span
    value = "{x}" if not shift else f"({{x}} - {number(float(shift))})"
    return value if span == 1 else f"{value} / {number(span)}"
