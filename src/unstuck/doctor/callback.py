"""The doctor while training goes on: looks now and then, waits until it is sure, says it once.

>>> from unstuck import Network, Trainer
>>> from unstuck.doctor.callback import Doctor
>>> Trainer(Network.mlp([2, 2]), callbacks=[Doctor()]).callbacks  # doctest: +ELLIPSIS
(<unstuck.doctor.callback.Doctor object at ...>,)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.judge import judge
from unstuck.doctor.rules import RULES
from unstuck.training.callbacks import Callback

if TYPE_CHECKING:
    from unstuck.training.loop import Loop

LOOKS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)  # epochs at whose end it looks


class Doctor(Callback):
    """Judges the record of a run while it grows.

    Parameters
    ----------
    say : callable, optional
        Gets each finding as one sentence, ``"W303: ..."``, the first time it is sure. Without it
        nothing is said, and ``findings`` has what was found.
    patience : int
        A finding counts once it was made at so many looks in a row.

    Attributes
    ----------
    findings : list of Finding
        What was found, in the order in which it was said.
    """

    def __init__(self, say: Callable[[str], None] | None = None, *, patience: int = 2) -> None:
        self.say = say
        self.patience = patience
        self.findings: list[Finding] = []
        self._streak: dict[str, int] = {}

    def on_start(self, loop: Loop) -> None:
        """Forget an earlier run."""
        self.findings = []
        self._streak = {}

    def on_epoch(self, loop: Loop, row: Mapping[str, float]) -> None:
        """Look, at the end of some epochs: ever fewer, so that it costs next to nothing."""
        if loop.epoch not in LOOKS or loop.builder is None or not loop.builder.rows:
            return
        rules = [rule for rule in RULES.values() if rule.while_training]
        found, _, _ = judge(loop.builder.build(), rules)
        seen = {finding.code: finding for finding in reversed(found) if finding.severity != "note"}
        self._streak = {code: self._streak.get(code, 0) + 1 for code in seen}
        said = {finding.code for finding in self.findings}
        for code, finding in seen.items():
            if self._streak[code] >= self.patience and code not in said:
                self.findings.append(finding)
                if self.say is not None:
                    self.say(f"{code}: {finding.message}")
