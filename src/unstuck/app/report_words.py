"""The outcome of a run in one sentence, what to do next, and the numbers below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from unstuck.app.cli import as_typed
from unstuck.app.outcome import Judged
from unstuck.app.report_facts import entries, facts, number_of, score_on
from unstuck.base.arrays import AnyArray
from unstuck.show.report.contents import Statement, Tone
from unstuck.show.report.numbers import percent
from unstuck.show.values import amount
from unstuck.training.history import History

GOOD, SOME = 0.8, 0.08  # of the way from the best constant answer to perfection
BY_HEART = 0.05  # more accuracy on training data than on others
STILL_FALLING = 0.03  # of the cost, in the last tenth of the epochs
NEARLY_ALL = 0.995  # accuracy beyond which more epochs are not advised


def statement(
    description: Mapping[str, Any], history: History | None, judged: Judged | None
) -> Statement:
    """What a page says first of a run, whatever became of it."""
    status = str(description.get("status", ""))
    results = entries(description, "results")
    if status == "diverged":
        return diverged(description, history)
    if not results:
        return unfinished(status, history)
    part = str(results.get("judged_on", "test"))
    n = number_judged(part, description, judged)
    if results.get("task") == "regression":
        sentence, tone = of_values(results, part, n)
    else:
        sentence, tone = of_classes(results, part, n, judged)
    tips = list(advice(results, history, tone))
    if status == "interrupted":
        epoch = results.get("epochs", 0)
        tips.insert(0, f"Training was interrupted in epoch {epoch}; this is what it had learned.")
    return Statement(sentence, tone, tuple(tips), facts(description, results, history))


def diverged(description: Mapping[str, Any], history: History | None) -> Statement:
    """Training that broke: where, and what to try."""
    error = as_typed(str(description.get("error", "")))
    what, _, tries = error.partition(" Try ")
    step = last_step(history)
    when = f" after {step:,} updates" if step else ""
    tips = [f"{what[:1].upper()}{what[1:]}" if what else ""]
    tips.append(f"Try {tries}" if tries else "Try a learning rate ten times smaller.")
    return Statement(
        f"Training broke down{when}: the cost became NaN or infinite.",
        "bad",
        tuple(tip for tip in tips if tip),
        facts(description, {}, history),
    )


def unfinished(status: str, history: History | None) -> Statement:
    """A run that has no results: it still goes on, or it was killed."""
    n = 0 if history is None else len(history)
    sentence = "This run is not finished: it still goes on, or it was stopped from outside."
    if status not in ("running", ""):
        sentence = "This network was trained, but how good it is was not written down."
    return Statement(
        sentence,
        "plain",
        ("What it has written so far is on this page.",) if n else (),
    )


def of_classes(
    results: Mapping[str, Any], part: str, n: int | None, judged: Judged | None
) -> tuple[str, Tone]:
    """How many are right, beside what the most frequent class alone would give."""
    accuracy = score_on(part, results, "accuracy")
    of = f"{n:,} {part} samples are" if n else f"the {part} samples are"
    if accuracy is None:
        return "Nobody can say how good it is: there is no score.", "plain"
    chance = most_frequent(results) if judged is None else share_of_largest(judged.y)
    if chance is None:
        return f"{percent(accuracy)} of {of} right.", tone_of(accuracy, 0.1)
    tone = tone_of(accuracy, chance)
    if tone == "bad":
        return (
            f"It did not learn: {percent(accuracy)} of {of} right, and always giving the same "
            f"answer would give {percent(chance)}."
        ), tone
    said = {"good": "It learned", "fair": "It learned something"}[tone]
    return f"{said}: {percent(accuracy)} of {of} right.", tone


def of_values(results: Mapping[str, Any], part: str, n: int | None) -> tuple[str, Tone]:
    """How much of the variance is explained, and how far off a value is."""
    score = score_on(part, results, "r2")
    if score is None:
        return "Nobody can say how good it is: there is no score.", "plain"
    tone = tone_of(score, 0.0)
    off = number_of(results, f"{part}_rmse")
    far = "" if off is None else f", typically off by {amount(off)}"
    of = f"{n:,} {part} samples" if n else f"the {part} samples"
    if tone == "bad":
        return (
            f"It did not learn: R² {score:.3f} on {of}{far}; always saying the mean gives 0."
        ), tone
    said = {"good": "It learned", "fair": "It learned something"}[tone]
    return f"{said}: R² {score:.3f} on {of}{far}.", tone


def tone_of(score: float, chance: float) -> Tone:
    """Good, fair or bad, by the way from ``chance`` to 1.

    >>> tone_of(0.97, 0.1), tone_of(0.4, 0.1), tone_of(0.12, 0.1)
    ('good', 'fair', 'bad')
    """
    share = (score - chance) / (1.0 - chance) if chance < 1.0 else float(score >= 1.0)
    if not share >= SOME:
        return "bad"
    return "good" if share >= GOOD else "fair"


def share_of_largest(y: AnyArray) -> float:
    """The share of the most frequent class."""
    return float(np.bincount(y).max() / len(y)) if len(y) else 0.0


def most_frequent(results: Mapping[str, Any]) -> float | None:
    """The same as far as the scores of the classes say it; None where they do not."""
    try:
        counts = [int(row["samples"]) for row in results.get("per_class") or ()]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return max(counts) / sum(counts) if sum(counts) > 0 else None


def number_judged(part: str, description: Mapping[str, Any], judged: Judged | None) -> int | None:
    """How many samples the score is of."""
    if judged is not None:
        return len(judged.y)
    known = entries(description, "data")
    n = number_of(known, "test_samples") if part == "test" else None
    return int(n) if n else None


def advice(results: Mapping[str, Any], history: History | None, tone: Tone) -> list[str]:
    """What to do next, where the numbers say so."""
    said = []
    train, test = (score_on(part, results, "accuracy") for part in ("training", "test"))
    if train is not None and test is not None and train - test > BY_HEART:
        said.append(
            f"It knows the training data better than others: {percent(train)} right there, "
            f"{percent(test)} on test data. More data, --dropout or --l2 may narrow that."
        )
    done = train is not None and train >= NEARLY_ALL
    if history is not None and still_falling(history) and not done and tone != "bad":
        said.append("The cost was still falling when training ended: more --epochs may help.")
    if tone == "bad":
        said.append("Layer by layer, below, shows where the signal stops.")
    return said


def still_falling(history: History) -> bool:
    """True if the last tenth of the epochs lowered the cost noticeably."""
    cost = history.cost
    back = max(1, len(cost) // 10)
    if len(cost) <= back or not np.isfinite(cost[[-1, -1 - back]]).all() or cost[-1 - back] <= 0:
        return False
    return bool(cost[-1] < (1.0 - STILL_FALLING) * cost[-1 - back])


def last_step(history: History | None) -> int:
    """The last update that anything is known of."""
    if history is None:
        return 0
    steps = [0]
    if len(history):
        steps.append(int(np.nan_to_num(history.iterations[-1])))
    if history.record is not None and len(history.record):
        steps.append(int(history.record["step"][-1]))
    return max(steps)
