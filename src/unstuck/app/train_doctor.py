"""`unstuck train --doctor`: what the doctor says while training goes on, and at its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unstuck.app.screen import Screen
from unstuck.record.run_record import RunRecord
from unstuck.training.callbacks import Callback


class Doctor:
    """The doctor of one training; silent where it was not ``asked``."""

    def __init__(self, screen: Screen, folder: Path, *, asked: bool) -> None:
        self.screen = screen
        self.folder = folder
        self.asked = asked

    def callbacks(self) -> list[Callback]:
        """What speaks while training goes on."""
        if not self.asked:
            return []
        from unstuck.doctor.callback import Doctor as Live

        return [Live(say=self.screen.note)]

    def speak(self, record: RunRecord | None) -> None:
        """Print the diagnosis of what was recorded."""
        if not self.asked or record is None:
            return
        from unstuck.doctor.ask import diagnose_record
        from unstuck.show.diagnosis.page import diagnosis_lines

        diagnosis = diagnose_record(record, str(self.folder))
        self.screen.text("")
        self.screen.page(lambda width: diagnosis_lines(diagnosis, width=width))

    def as_json(self, record: RunRecord | None) -> dict[str, Any]:
        """The same for --json, as one more entry of its object."""
        if not self.asked or record is None or not self.screen.as_json:
            return {}
        from unstuck.doctor.ask import diagnose_record
        from unstuck.doctor.schema import as_json

        return {"diagnosis": as_json(diagnose_record(record, str(self.folder)))}
