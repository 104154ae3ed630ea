"""Faults of the numbers of training: rate and decay."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.doctor.plant.fault import Fault
from benchmarks.doctor.roles import DECAY, Roles
from benchmarks.doctor.source import last_name


def text_of(value: float) -> str:
    """A number as a person writes it."""
    return f"{value:.10g}"


def rate(roles: Roles) -> Iterator[Fault]:
    """A thousandth of the learning rate, and a hundred times as much."""
    for code, factor in (("T601", 1e-3), ("T602", 100)):
        edits = tuple(
            roles.source.replace(number, text_of(number.value * factor)) for number in roles.rates
        )
        if edits:
            yield Fault(code, edits, f"the learning rate is {edits[0].text}")


def decay(roles: Roles) -> Iterator[Fault]:
    """A thousand times the weight decay."""
    seen = set()
    for node in roles.source.nodes:
        if not DECAY.match(last_name(node)):
            continue
        for number in roles.constants(node):
            place = roles.source.span(number)
            if place not in seen and number.value:
                seen.add(place)
                new = text_of(number.value * 1000)
                edit = roles.source.replace(number, new)
                yield Fault("T607", (edit,), f"the weight decay is {new}")
