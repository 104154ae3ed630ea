"""How the initial weights were chosen: the adviser's pictures of what each candidate would do."""

from __future__ import annotations

from typing import Any

from unstuck.show.report.contents import USUAL, Candidate, Contents, InitialWeights, Section
from unstuck.show.report.numbers import short
from unstuck.show.report.plot import Plot, lines_plot


def section(contents: Contents) -> Section | None:
    """None where the weights were drawn as always."""
    initial = contents.initial
    if initial is None:
        return None
    context = {
        "reason": initial.reason[:1].upper() + initial.reason[1:],
        "plots": plots(initial),
        "rows": [row(candidate) for candidate in initial.candidates],
        "layers": layers(initial),
    }
    return Section("advice", "How its weights began", context)


def plots(initial: InitialWeights) -> list[tuple[str, Plot]]:
    """Spread of z on the way up, size of the gradient on the way down, before any training."""
    known = [c for c in initial.candidates if len(c.signals) > 1]
    if not known:
        return []
    x = list(range(1, len(known[0].signals) + 1))
    ordered = sorted(known, key=lambda c: c.chosen)  # the chosen one lies on top
    up = [(look(c), c.title, c.signals) for c in ordered]
    down = [(look(c), c.title, c.gradients) for c in ordered]
    return [
        (title, lines_plot(f"{title}, by layer", x, lines, x_name="layer"))
        for title, lines in (
            ("Forward: spread of the signal", up),
            ("Backward: size of the gradient", down),
        )
    ]


def look(candidate: Candidate) -> str:
    """The class of a line in the style sheet."""
    if candidate.chosen:
        return "chosen"
    return "usual" if candidate.name == USUAL else "other"


def row(candidate: Candidate) -> dict[str, Any]:
    """First and last layer of a candidate as numbers."""
    ends = {
        "signal_first": candidate.signals[:1],
        "signal_last": candidate.signals[-2:-1] or candidate.signals[-1:],
        "gradient_first": candidate.gradients[:1],
        "gradient_last": candidate.gradients[-1:],
    }
    numbers = {name: short(value[0]) if value else "-" for name, value in ends.items()}
    return {"title": candidate.title, "look": look(candidate), **numbers}


def layers(initial: InitialWeights) -> list[tuple[str, str]]:
    """The initialisers, neighbours that are the same as one line."""
    found: list[tuple[int, int, str]] = []
    pairs = zip(initial.weights, initial.biases or ("",) * len(initial.weights), strict=True)
    for k, (weights, biases) in enumerate(pairs, 1):
        text = f"{weights}, biases {biases}" if biases else weights
        if found and found[-1][2] == text:
            found[-1] = (found[-1][0], k, text)
        else:
            found.append((k, k, text))
    return [(f"layer {a}" if a == b else f"layers {a} to {b}", text) for a, b, text in found]
