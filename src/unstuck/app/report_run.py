"""From a run, in its folder or just trained, to what its page shows.

The network is judged again on the data it was trained for, as `unstuck train` did; where those are
not there any more, or are others, the page says so and goes without samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unstuck.app.outcome import Judged, Outcome, look_at
from unstuck.app.plan import divide
from unstuck.app.report_facts import entries
from unstuck.app.report_provenance import initial_weights, provenance
from unstuck.app.report_words import statement
from unstuck.app.screen import Screen
from unstuck.base.errors import InvalidInputError, UnstuckError
from unstuck.core.model_file import load_network
from unstuck.core.network import Network
from unstuck.data.dataset import Dataset
from unstuck.doctor.ask import diagnose_record
from unstuck.doctor.diagnosis import Diagnosis
from unstuck.record.store import load_record
from unstuck.show.report.contents import (
    Contents,
    Samples,
)
from unstuck.show.report.samples import judged_samples
from unstuck.training.history import History
from unstuck.training.runs import (
    HISTORY,
    MODEL,
    RECORD,
    read_description,
    read_history,
    run_folder,
)

SOURCE = ("spec", "data_dir", "target", "test", "task")
NEEDS_SAMPLES = ("confusion", "predictions", "mistakes")


def folder_contents(path: str, screen: Screen, data_dir: str | None = None) -> Contents:
    """What the page of a run folder shows.

    Raises InvalidInputError when there is no run, DataFormatError when its description is damaged.
    """
    folder = run_folder(path)
    description = read_description(folder)
    missing: dict[str, str] = {}
    network = read_network(folder, description, missing)
    history = read_past(folder, description, missing)
    judged = None
    if network is not None:
        judged = judge_again(network, description, screen, data_dir, missing)
    return run_contents(folder, description, network, history, judged, missing)


def outcome_contents(folder: Path, description: Mapping[str, Any], outcome: Outcome) -> Contents:
    """The same of a training that has just ended."""
    return run_contents(folder, description, outcome.network, outcome.history, outcome.judged, {})


def run_contents(
    folder: Path,
    description: Mapping[str, Any],
    network: Network | None,
    history: History | None,
    judged: Judged | None,
    missing: dict[str, str],
) -> Contents:
    """Everything about a run, whatever there is of it."""
    data = entries(description, "data")
    record = None if history is None else history.record
    outcome = statement(description, history, judged)
    if record is None:
        missing.setdefault("layers", "Layer by layer: the run kept no record.")
    if history is None or not len(history):
        missing.setdefault("curves", "Curves: no epoch was finished.")
    return Contents(
        title=f"{data.get('name') or 'a run'}: {folder.resolve().name}",
        outcome=outcome,
        dataset=str(data.get("name") or ""),
        regression=data.get("task") == "regression",
        history=history,
        record=record,
        network=network,
        samples=None if judged is None else taken(judged),
        diagnosis=what_is_wrong(record, folder) if outcome.tone in ("bad", "fair") else None,
        initial=initial_weights(description),
        provenance=provenance(description),
        missing=missing,
    )


def taken(judged: Judged) -> Samples:
    """What the page takes of the judged samples."""
    return judged_samples(
        judged.part,
        judged.X,
        judged.y,
        judged.outputs,
        None if judged.class_names is None else judged.decisions,
        judged.class_names,
        judged.image_shape,
    )


def what_is_wrong(record: Any, folder: Path) -> Diagnosis | None:
    """What the doctor's rules say about the record of a run that is not well; None if nothing."""
    if record is None:
        return None
    diagnosis = diagnose_record(record, folder.name)
    return diagnosis if diagnosis.findings else None


# -------------------------------------------------------------------------- what is in the folder


def read_network(
    folder: Path, description: Mapping[str, Any], missing: dict[str, str]
) -> Network | None:
    """The trained network; None, and why, where there is none."""
    if not (folder / MODEL).is_file():
        for name in ("weights", *NEEDS_SAMPLES):
            missing[name] = ""
        missing["weights"] = (
            "Weights, confusions, mistakes and a place to draw: the run kept no network, for "
            + (
                "its training broke down."
                if description.get("status") == "diverged"
                else "it did not come to its end."
            )
        )
        return None
    try:
        return load_network(folder / MODEL)
    except UnstuckError as error:
        missing["weights"] = f"The network and what hangs on it: {error}"
        return None


def read_past(
    folder: Path, description: Mapping[str, Any], missing: dict[str, str]
) -> History | None:
    """History and record; what is damaged is left out, and said."""
    history = None
    try:
        history = read_history(folder / HISTORY)
    except InvalidInputError as error:
        if (folder / HISTORY).exists():
            missing["curves"] = f"Curves: {error}"
    if (folder / RECORD).is_file():
        try:
            record = load_record(folder / RECORD)
        except UnstuckError as error:
            missing["layers"] = f"Layer by layer: {error}"
        else:
            history = history or History()
            history.record = record
    if history is not None:
        history.best_epoch = entries(description, "results").get("best_epoch")
    return history


def judge_again(
    network: Network,
    description: Mapping[str, Any],
    screen: Screen,
    data_dir: str | None,
    missing: dict[str, str],
) -> Judged | None:
    """Judge the network on the part of the data that its results are about; None, and why."""
    try:
        data = same_data(description, screen, data_dir)
        return judge_part(network, data, description)
    except (UnstuckError, OSError, KeyError, TypeError) as error:
        if isinstance(error, KeyError | TypeError):
            error = InvalidInputError(f"run.json lacks {error}; another release wrote it.")
        missing["mistakes"] = f"Confusions, mistakes and samples, which need the data: {error}"
        return None


def same_data(description: Mapping[str, Any], screen: Screen, data_dir: str | None) -> Dataset:
    """The data set of the run, as `--resume` finds it, or InvalidInputError if it is another."""
    from unstuck.app.session import read_data

    known = entries(description, "data")
    source = {name: known[name] for name in SOURCE}
    if data_dir:
        source["data_dir"] = data_dir
    data = read_data(source, screen)
    if data.digest != known["digest"]:
        raise InvalidInputError(
            f"the data in {source['spec']} are not those that the run was trained on (their "
            "SHA-256 differs)."
        )
    return data


def judge_part(network: Network, data: Dataset, description: Mapping[str, Any]) -> Judged:
    """The part that `app.outcome.judge` took: test, else validation, else training data."""
    if data.X_test is not None and data.y_test is not None:
        return look_at(network, data.X_test, data.y_test, "test")
    parts = divide(entries(description, "options"), data)
    if parts.X_validation is not None and parts.y_validation is not None:
        return look_at(network, parts.X_validation, parts.y_validation, "validation")
    return look_at(network, parts.X, parts.y, "training")
