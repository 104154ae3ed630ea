"""What run.json says of a run beside its scores: how its weights began, and how to do it again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unstuck.app.report_facts import entries
from unstuck.show.report.contents import USUAL, Candidate, InitialWeights, Provenance
from unstuck.training.runs import versions
from unstuck.weights.auto import FITTED, FIXED, THEORY

TITLES = {
    THEORY: "theory for this activation",
    FITTED: "theory, first layer fitted to the data",
    FIXED: "the usual formula for this activation",
}
LEFT_OUT = {"--out": 1, "--resume": 1, "--json": 0, "--quiet": 0, "-q": 0, "--report": 0}
LEFT_OUT |= {"--pictures": 0, "--no-pictures": 0, "--doctor": 0}
"""Options that belong to one call, not to its numbers, and how many words follow each."""


def initial_weights(description: Mapping[str, Any]) -> InitialWeights | None:
    """What run.json says of the adviser's choice; None where there was none."""
    stored = description.get("initial_weights")
    if not isinstance(stored, dict):
        return None
    return InitialWeights(
        str(stored.get("name", "")),
        str(stored.get("reason", "")),
        tuple(map(str, stored.get("weights") or ())),
        tuple(map(str, stored.get("biases") or ())),
        tuple(
            candidate(one, chosen=one.get("name") == stored.get("name"))
            for one in stored.get("candidates") or ()
            if isinstance(one, dict)
        ),
    )


def candidate(stored: Mapping[str, Any], *, chosen: bool) -> Candidate:
    """One way to begin, as `Start.facts` wrote it."""
    name = str(stored.get("name", ""))
    return Candidate(
        USUAL if name == FIXED else name,
        TITLES.get(name, name),
        tuple(_number(v) for v in stored.get("signals") or ()),
        tuple(_number(v) for v in stored.get("gradients") or ()),
        chosen=chosen,
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def provenance(description: Mapping[str, Any]) -> Provenance:
    """Where the run's numbers come from."""
    options, data = entries(description, "options"), entries(description, "data")
    stored = entries(description, "versions") or versions()
    seed = options.get("seed")
    return Provenance(
        command=again(typed(description), data, options),
        seed=seed if isinstance(seed, int) else None,
        options=options,
        data=data,
        versions={str(k): str(v) for k, v in stored.items()},
        started=str(description.get("started") or ""),
    )


def typed(description: Mapping[str, Any]) -> list[str]:
    """What was typed, word by word, without ``unstuck``."""
    words = description.get("command")
    return [str(word) for word in words] if isinstance(words, list) else []


def again(
    command: list[str], data: Mapping[str, Any], options: Mapping[str, Any]
) -> tuple[str, ...]:
    """The words that train this again: as typed, files by their whole paths, the seed stated.

    >>> again(["train", "a.csv", "--out", "runs/x"], {"spec": "/data/a.csv"}, {"seed": 0})
    ('train', '/data/a.csv', '--seed', '0')
    """
    if not command or command[0] != "train":
        return ()
    whole = [str(data[k]) for k in ("spec", "test", "data_dir") if data.get(k)]
    words, skip = [], 0
    for word in command:
        name, _, value = word.partition("=")
        if skip:
            skip -= 1
        elif name in LEFT_OUT:
            skip = 0 if value else LEFT_OUT[name]
        else:
            words.append(next((w for w in whole if Path(w).name == Path(word).name), word))
    if not any(word.partition("=")[0] == "--seed" for word in words):
        words += ["--seed", str(options.get("seed", 0))]
    return tuple(words)
