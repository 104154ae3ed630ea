"""What reading a file comes to in a program: lines, the arrays they make, and their encoding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unstuck.core.network import Network

PAIR: tuple[str, ...] = ("X", "y")
FOUR: tuple[str, ...] = ("X_train", "X_test", "y_train", "y_test")


@dataclass(frozen=True, slots=True)
class Reading:
    """Lines that make the arrays ``names``, and what they need."""

    doc: str
    lines: tuple[str, ...]
    names: tuple[str, ...]
    imports: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()


def labels_are_numbers(network: Network) -> bool:
    """Whether the class names are 0 .. K-1, so that labels can be used as they are."""
    names = network.class_names
    return names is not None and all(name == str(k) for k, name in enumerate(names))


def encoded(network: Network, names: Sequence[str]) -> list[str]:
    """Lines that turn labels into class numbers; values stay as they are."""
    train, test = names[-2:] if len(names) == len(FOUR) else (names[-1], None)
    if network.class_names is None:
        return []
    if labels_are_numbers(network):
        return [f"{y} = {y}.astype(int)" for y in (train, test) if y]
    lines = [f"classes, {train} = np.unique({train}, return_inverse=True)"]
    return lines + ([f"{test} = np.searchsorted(classes, {test})"] if test else [])


def quoted(path: Path) -> str:
    """The path as a string in double quotes."""
    return json.dumps(str(path), ensure_ascii=False)
