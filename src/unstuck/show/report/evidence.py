"""Which picture shows which finding: steps for gradients, values for weights and data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.exhibits import Exhibits, Steps, Values
from unstuck.show.diagnosis.characters import harmless
from unstuck.show.report.drawings import Drawing, steps_drawing, values_drawing

MOST = 4  # pictures at one finding
INPUTS = "inputs"
OF_INPUTS = {"D401", "D405", "D406"}
OF_LAYERS = {"W301", "W302", "W303", "W304", "D401", "O503", "T603", "T604", "T605"}


@dataclass(frozen=True, slots=True)
class Pictures:
    """Every picture of a diagnosis with what it shows, each drawn once."""

    steps: tuple[tuple[Steps, Drawing], ...] = ()
    values: tuple[tuple[Values, Drawing], ...] = ()

    @classmethod
    def of(cls, exhibits: Exhibits) -> Pictures:
        """Draw what there is."""
        names = titles([one.parameter for one in exhibits.steps])
        layers = titles([one.name for one in exhibits.values])
        steps = [
            (one, steps_drawing(one, name)) for one, name in zip(exhibits.steps, names, strict=True)
        ]
        values = [
            (one, values_drawing(one, " · ".join(filter(None, (name, harmless(one.activation))))))
            for one, name in zip(exhibits.values, layers, strict=True)
        ]
        return cls(
            tuple((one, drawn) for one, drawn in steps if drawn is not None),
            tuple((one, drawn) for one, drawn in values if drawn is not None),
        )

    def gallery(self) -> tuple[list[Drawing], list[Drawing]]:
        """All steps, the wrong ones first; all values, from the inputs up."""
        steps = sorted((drawn for _, drawn in self.steps), key=lambda drawn: not drawn.alarm)
        return steps, [drawn for _, drawn in self.values]

    def of_finding(self, finding: Finding) -> list[Drawing]:
        """Those that show one finding; none where there is nothing to see."""
        said = names_in(finding)
        if finding.code[:1] in "GU":
            own = [drawn for one, drawn in self.steps if one.parameter in said]
            return sorted(own, key=lambda drawn: not drawn.alarm)[:MOST]
        inputs = [d for one, d in self.values if one.name == INPUTS and finding.code in OF_INPUTS]
        layers = [(one, d) for one, d in self.values if one.name != INPUTS]
        if finding.code not in OF_LAYERS:
            return inputs
        named = [d for one, d in layers if one.name in said]
        return [*inputs, *(named or [d for _, d in layers])][:MOST]


def titles(names: Sequence[str]) -> list[str]:
    """Names as titles; of those that a program uses for several arrays, numbered.

    >>> titles(["w", "b", "w"])
    ['w (1st)', 'b', 'w (2nd)']
    """
    count, seen = Counter(names), Counter[str]()
    found = []
    for name in names:
        seen[name] += 1
        more = f" ({ordinal(seen[name])})" if count[name] > 1 else ""
        found.append(harmless(name) + more)
    return found


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th ..."""
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if 10 <= number % 100 <= 20 else ends.get(number % 10, 'th')}"


def names_in(finding: Finding) -> set[str]:
    """Every name that the evidence gives."""
    found: set[str] = set()
    for value in finding.evidence.values():
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, list | tuple):
            found.update(v for v in value if isinstance(v, str))
    return found
