"""Advice on initial weights as a page of text: what to write, why, one table, what is there now.

What a tired person needs stands first; the lines to paste stand last, where the cursor is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from unstuck.show.diagnosis.characters import pad, shortened, wrap
from unstuck.show.diagnosis.styled import Line, plain_text
from unstuck.weights.advice import CandidateAdvice, WeightAdvice
from unstuck.weights.candidates import PRESENT
from unstuck.weights.choose import choose

WIDTH = 80
BLANK: Line = ()
YOURS = "yours"  # what the table calls the present weights
FEWEST_FOLDED = 3  # layers that are written alike are shown as one from so many on
LAYER_NUMBER = re.compile(r"(?<=\b[Wb])\d+\b")

# column -> (first line of the heading, second line, its width)
COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("", "candidate", 21),
    ("spread of z", "first→last", 11),
    ("gradient", "first→last", 11),
    ("flat/", "dead", 5),
    ("loss", "start", 5),
)
LOSS_WIDTH, SCORE_WIDTH = 14, 6


def advice_text(advice: WeightAdvice) -> str:
    """The whole page as plain text of `WIDTH` columns; only lines to paste may be wider."""
    return plain_text(advice_lines(advice))


def advice_lines(advice: WeightAdvice, *, width: int = WIDTH) -> list[Line]:
    """The whole page: recommendation, table, the present weights in words, what to paste."""
    lines = [*_recommendation(advice, width), BLANK, *table_lines(advice)]
    lines += [((text, "quiet"),) for said in beside_the_table(advice) for text in wrap(said, width)]
    lines += _listed("Your present weights", advice.findings, width)
    lines += _listed("To know", advice.notes, width)
    if advice.lines:
        lines += [BLANK, (("To paste", "heading"),)]
        lines += [((text, "good"),) for text in folded(advice.lines)]
    return lines


# ----------------------------------------------------------------------------- what to do


def keeps_present(advice: WeightAdvice) -> bool:
    """True where the present weights are the best, or no worse than the best within chance."""
    if advice.best == PRESENT:
        return True
    choice = choose({c.name: c.races for c in advice.candidates if c.races})
    return choice is not None and PRESENT in choice.equals


def headline(advice: WeightAdvice) -> str:
    """What to do, in a sentence."""
    if keeps_present(advice):
        return "Keep your weights."
    chosen = next(c for c in advice.candidates if c.name == advice.best)
    rate = advice.learning_rate
    return f"Begin with {chosen.title}{'' if rate is None else f', learning rate {rate:g}'}."


def _recommendation(advice: WeightAdvice, width: int) -> list[Line]:
    chosen = next(c for c in advice.candidates if c.name == advice.best)
    lines: list[Line] = [((headline(advice), "learns"),)]
    if not keeps_present(advice):
        lines += [((text, "quiet"),) for text in wrap(f"{chosen.name}: {chosen.formula}.", width)]
    if advice.interrupted:
        said = "Interrupted: the numbers are of what had been trained until then."
        lines += [((text, "unknown"),) for text in wrap(said, width)]
    return [*lines, *(((text, ""),) for text in wrap(advice.reason, width))]


# ------------------------------------------------------------------------------ the table


def table_lines(advice: WeightAdvice) -> list[Line]:
    """One line a candidate, the best first; at most 80 columns."""
    columns = table_columns(advice)
    heads: list[Line] = []
    for row in (0, 1):
        cells = [(above, below)[row] for above, below, _ in columns]
        heads.append(((_row(cells, columns), "heading"),))
    return [*heads, *(_candidate(c, advice, columns) for c in shown_candidates(advice))]


def was_raced(advice: WeightAdvice) -> bool:
    """True where short trainings decided."""
    return any(c.race is not None for c in advice.candidates)


def table_columns(advice: WeightAdvice) -> list[tuple[str, str, int]]:
    """The columns of the table: two lines of heading, and the width as text."""
    return [*COLUMNS, *_race_columns(advice)] if was_raced(advice) else list(COLUMNS)


def shown_candidates(advice: WeightAdvice) -> list[CandidateAdvice]:
    """The rows in order: a race ranks them all; without one yours stand beside the best."""
    rows = list(advice.candidates)
    if not was_raced(advice):
        rows.sort(key=lambda c: (c.name != advice.best, c.name != PRESENT))
    return rows


def _race_columns(advice: WeightAdvice) -> list[tuple[str, str, int]]:
    errors = any(c.race is not None and c.race.score < 0.0 for c in advice.candidates)
    longest = max(c.race.steps for c in advice.candidates if c.race is not None)
    score = "error" if errors else "right"
    return [
        (f"loss after {longest:,}", "± over seeds", LOSS_WIDTH),
        ("", score, SCORE_WIDTH),
    ]


def _candidate(
    candidate: CandidateAdvice, advice: WeightAdvice, columns: Sequence[tuple[str, str, int]]
) -> Line:
    best, present = candidate.name == advice.best, candidate.name == PRESENT
    name, *numbers = candidate_cells(candidate, advice)
    cells = [shortened(f"{'>' if best else ' '} {name}", columns[0][2]), *numbers]
    style = "learns" if best else "name" if present else ""
    lost = candidate.race is None or candidate.race.stopped_early
    if not style and lost and len(columns) > len(COLUMNS):
        style = "quiet"
    return ((_row(cells, columns), style),)


def candidate_cells(candidate: CandidateAdvice, advice: WeightAdvice) -> list[str]:
    """What stands in a candidate's row, under `table_columns`."""
    seen = candidate.measurement
    first, last = seen.layers[0], seen.layers[-1]
    top = seen.layers[-2] if len(seen.layers) > 1 else last
    cells = [
        YOURS if candidate.name == PRESENT else candidate.name,
        f"{short(first.z_std)}→{short(top.z_std)}",
        f"{short(first.gradient_std)}→{short(last.gradient_std)}",
        _share(candidate),
        short(seen.loss, 3),
    ]
    if was_raced(advice):
        cells += race_cells(candidate, max(c.race.steps for c in advice.candidates if c.race))
    return cells


def race_cells(candidate: CandidateAdvice, longest: int) -> list[str]:
    """Loss with its spread, and score; where it lost a round, the loss it had when it did.

    The score of another length would only mislead, and is left away.
    """
    race = candidate.race
    if race is None:
        return ["not raced", ""]
    if not math.isfinite(race.mean):
        return ["diverged", ""]
    if race.steps < longest:
        return [f"{race.mean:.3g} at {race.steps:,}", ""]
    spread = "" if math.isnan(race.std) else f" ±{short(race.std)}"
    score = f"{abs(race.score):.3g}" if race.score < 0.0 else f"{race.score:.1%}"
    return [f"{race.mean:.3g}{spread}", score]


def _share(candidate: CandidateAdvice) -> str:
    """The largest share of flat entries or dead units in any layer."""
    shares = [
        share
        for layer in candidate.measurement.layers
        for share in (layer.saturated, layer.dead)
        if share is not None
    ]
    return f"{max(shares):.0%}" if shares else "-"


def _row(cells: Sequence[str], columns: Sequence[tuple[str, str, int]]) -> str:
    """Cells under their headings: the first to the left, numbers to the right."""
    pairs = list(zip(cells, (width for *_, width in columns), strict=True))
    parts = [pad(*pairs[0]), *(pad(cell, width, right=True) for cell, width in pairs[1:])]
    return " ".join(parts).rstrip()


def short(value: float, digits: int = 2) -> str:
    """A number in at most six characters.

    >>> short(0.2529), short(23.4), short(4.3e-5), short(1.1e9), short(0.0), short(float("nan"))
    ('0.25', '23', '4e-05', '1e+09', '0', '-')
    """
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "inf"
    size = abs(value)
    if size and not 0.001 <= size < 9_999.5:
        return f"{value:.0e}"
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e" in text else text


def beside_the_table(advice: WeightAdvice) -> list[str]:
    """What the columns mean, and why some did not race."""
    chance = advice.present.chance_loss
    guess = f"guessing costs {chance:.3g}; " if math.isfinite(chance) and chance > 0.0 else ""
    said = (
        f"{guess}z is what an activation takes, first and last hidden layer; gradient: dL/dz, "
        "first and last layer"
    )
    reasons: dict[str, list[str]] = {}
    for candidate in advice.candidates:
        if candidate.note:
            name = YOURS if candidate.name == PRESENT else candidate.name
            reasons.setdefault(candidate.note, []).append(name)
    return [said, *(f"not raced: {', '.join(names)} ({why})" for why, names in reasons.items())]


# ------------------------------------------------------------------------------- the rest


def _listed(heading: str, sentences: Sequence[str], width: int) -> list[Line]:
    if not sentences:
        return []
    lines: list[Line] = [BLANK, ((heading, "heading"),)]
    for sentence in sentences:
        first, *rest = wrap(sentence, width - 2)
        lines += [((f"- {first}", ""),), *(((f"  {text}", ""),) for text in rest)]
    return lines


def folded(lines: Sequence[str]) -> list[str]:
    """Lines to paste, those of layers that are written alike shown once.

    >>> folded([f"W{k} = rng.normal(0.0, 0.1, (64, 64))" for k in range(1, 5)])
    ['W1 = rng.normal(0.0, 0.1, (64, 64))', '# ... and so on to W4']
    """
    layers: list[list[str]] = []
    opening: list[str] = []
    for line in lines:
        if re.match(r"W\d+ = ", line):
            layers.append([line])
        elif layers:
            layers[-1].append(line)
        else:
            opening.append(line)
    shown, k = opening, 0
    patterns = [LAYER_NUMBER.sub("#", "\n".join(layer)) for layer in layers]
    while k < len(layers):
        end = k
        while end + 1 < len(layers) and patterns[end + 1] == patterns[k]:
            end += 1
        alike = end - k + 1
        count = 1 if alike >= FEWEST_FOLDED else alike
        for layer in layers[k : k + count]:
            shown += layer
        if count < alike:
            shown.append(f"# ... and so on to W{end + 1}")
        k = end + 1
    return shown
