"""One `unstuck train` from its options to its folder: load, build, train, judge, keep, show.

What was learned is written as soon as training ends; scores, pictures and the table come after.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from unstuck.app.outcome import Outcome, judge
from unstuck.app.plan import (
    OPTION_NAMES,
    TargetScaling,
    begin,
    build_network,
    build_trainer,
    divide,
    resolve,
)
from unstuck.app.screen import Screen
from unstuck.app.train_doctor import Doctor
from unstuck.app.train_report import write_report
from unstuck.app.words import closing, describe_data, describe_preprocessing, opening
from unstuck.base.errors import DivergenceError, InvalidInputError, UnstuckError
from unstuck.core.network import Network
from unstuck.data.dataset import Dataset, hold_out
from unstuck.data.load import NAMED, load
from unstuck.show.progress import Watch
from unstuck.training.runs import (
    CHECKPOINT,
    DESCRIPTION,
    default_folder,
    new_folder,
    read_description,
    run_folder,
    save_run,
    write_description,
)
from unstuck.weights.auto import note

TEST_FRACTION = 0.25  # of a file that brings no test part
INTERRUPTED = 130
# What may be typed beside --resume: nothing that would make it another run.
BESIDE_RESUME = {"resume", "as_json", "quiet", "pictures", "data_dir", "doctor", "report"}


def train_session(options: Mapping[str, Any], typed: AbstractSet[str]) -> int:
    """A new run; returns the exit code."""
    screen = Screen(quiet=options["quiet"], as_json=options["as_json"])
    spec = options["dataset"] or "digits"
    source = {
        "spec": spec,
        "data_dir": options["data_dir"],
        "target": options["target"],
        "test": held_back(options["test"]),
        "task": options["task"],
    }
    folder = new_folder(options["out"]) if options["out"] else default_folder(spec)
    try:
        data = read_data(source, screen)
        if spec not in NAMED:
            source["spec"] = str(Path(spec).resolve())  # to resume from anywhere
        resolved = resolve({name: options[name] for name in typed}, data)
        network = build_network(resolved, data)
        description = {
            "status": "running",
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": sys.argv[1:],
            "data": source | describe_data(data),
            "options": resolved,
        }
        return run_training(data, network, folder, description, screen, options, resume=False)
    except BaseException:
        _forget(folder)
        raise


def resume_session(options: Mapping[str, Any], typed: AbstractSet[str]) -> int:
    """Go on with a run from its checkpoint; returns the exit code."""
    spare = sorted(typed - BESIDE_RESUME)
    if spare:
        raise InvalidInputError(
            f"--resume goes on with the run as it was started; leave out {', '.join(spare)}."
        )
    screen = Screen(quiet=options["quiet"], as_json=options["as_json"])
    folder = run_folder(options["resume"])
    description = read_description(folder)
    try:
        known, resolved = dict(description["data"]), dict(description["options"])
        source = {k: known[k] for k in ("spec", "data_dir", "target", "test", "task")}
        resolved["hidden"] = tuple(resolved["hidden"])
        digest = known["digest"]
        for name in OPTION_NAMES:
            resolved[name]  # each is needed, and an older release may not have known it
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(
            f"{folder / DESCRIPTION} lacks {error}; was it written by another release?"
        ) from None
    if options["data_dir"]:
        source["data_dir"] = options["data_dir"]
    if not (folder / CHECKPOINT).is_file():
        raise InvalidInputError(
            f"{folder} has no {CHECKPOINT}: the run was started without --checkpoint-every, so "
            "there is no state to go on from. Train again."
        )
    data = read_data(source, screen)
    if data.digest != digest:
        raise InvalidInputError(
            f"the data in {source['spec']} are not those that the run in {folder} was trained on "
            "(their SHA-256 differs). Put the old file back, or start a new run."
        )
    network = build_network(resolved, data)
    return run_training(data, network, folder, description, screen, options, resume=True)


def read_data(source: dict[str, Any], screen: Screen) -> Dataset:
    """The data set, with a test part: its own, the one asked for, or one held out."""
    test = source["test"]
    wants_none = test == 0
    data = load(
        source["spec"],
        data_dir=source["data_dir"],
        target=source["target"],
        test=None if wants_none else test,
        task=source["task"],
        notify=screen.note,
    )
    if data.X_test is None and not wants_none:
        data = hold_out(data, TEST_FRACTION)
        source["test"] = TEST_FRACTION
        screen.note(
            f"{data.name} has no test part: {TEST_FRACTION:.0%} of its samples are held out "
            "for testing (--test says otherwise)."
        )
    return data


def run_training(
    data: Dataset,
    network: Network,
    folder: Path,
    description: Mapping[str, Any],
    screen: Screen,
    shown: Mapping[str, Any],
    *,
    resume: bool,
) -> int:
    """Train, judge, keep and show; returns the exit code."""
    options = description["options"]
    parts = divide(options, data)
    targets = TargetScaling.fit(parts.y, network)
    validation = parts.validation
    y = parts.y
    if targets is not None:
        y = targets.apply(y)
        validation = validation and (validation[0], targets.apply(validation[1]))
    start = begin(network, parts.X, y, options)
    watch, doctor = screen.watch(), Doctor(screen, folder, asked=shown["doctor"])
    checkpoint = folder / CHECKPOINT
    trainer = build_trainer(
        options,
        network,
        validation=validation,
        callbacks=[watch, *doctor.callbacks()],
        checkpoint=checkpoint if options["checkpoint_every"] else None,
    )
    description = {**description, "preprocessing": describe_preprocessing(network, targets)}
    if start is not None:
        description["initial_weights"] = start.facts()
    write_description(folder, description)
    opening(screen, network, data, options)
    if start is not None:
        screen.note(f"initial weights: {start.reason}")
    started = time.perf_counter()
    try:
        history = trainer.fit(parts.X, y, resume=checkpoint if resume else None)
    except DivergenceError as error:
        _keep_diverged(folder, {**description, "error": str(error)}, watch)
        page = write_report(folder, {}, None, screen) if shown["report"] else None
        if page is not None:
            screen.note(f"The page about it: {page}")
        doctor.speak(watch.history.record if watch.history is not None else None)
        raise DivergenceError(f"{error} What was seen is kept in {folder}.") from None
    finally:
        watch.close()
    seconds = time.perf_counter() - started
    note(history, start)
    description = {**description, "status": history.stopped}
    final = network if targets is None else targets.folded(network)
    save_run(folder, final, history, description)
    outcome = judge(network, final, history, data, parts, targets, seconds)
    description = {**description, "results": outcome.results}
    write_description(folder, description)
    pictures = draw(folder, outcome, screen) if shown["pictures"] else []
    page = write_report(folder, description, outcome, screen) if shown["report"] else None
    closing(screen, outcome, folder, pictures, doctor.as_json(history.record), page)
    doctor.speak(history.record)
    if history.stopped == "interrupted":
        screen.note(
            f"Interrupted in epoch {len(history)}; what was learned so far is saved in {folder}."
        )
        return INTERRUPTED
    return 0


def held_back(given: str | None) -> str | float | None:
    """A test file by its whole path, so that a run can be resumed from anywhere; or a share."""
    if given is None or Path(given).exists():
        return None if given is None else str(Path(given).resolve())
    try:
        return float(given)
    except ValueError:
        return given  # a file that is missing: `load` says so


def _keep_diverged(folder: Path, description: Mapping[str, Any], watch: Watch) -> None:
    """What a run that broke leaves: its record and history, to find out why."""
    if watch.history is not None:
        save_run(folder, None, watch.history, {**description, "status": "diverged"})


def _forget(folder: Path) -> None:
    """Remove a folder in which nothing was learned."""
    left = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if left <= {DESCRIPTION}:
        (folder / DESCRIPTION).unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()


def draw(folder: Path, outcome: Outcome, screen: Screen) -> list[Path]:
    """The pictures; a run without them is still a run, so their failure is only said."""
    try:
        from unstuck.app.pictures import draw_pictures

        return draw_pictures(outcome, folder)
    except (ImportError, OSError, UnstuckError) as error:
        screen.warn(f"The run is saved, but its pictures could not be drawn: {error}")
        return []
