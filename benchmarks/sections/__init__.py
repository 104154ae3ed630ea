"""The measurements, one file each; every one has ``measure(options) -> Section``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """How thoroughly to measure: rounds, a small share only, and whom to tell how far it is."""

    rounds: int
    quick: bool
    tell: Callable[[str], None] = lambda _: None
