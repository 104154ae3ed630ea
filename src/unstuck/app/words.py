"""What a run says of itself: on the screen before and after, and in run.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unstuck.app.outcome import Outcome
from unstuck.app.plan import TargetScaling
from unstuck.app.screen import Screen
from unstuck.core.network import Network
from unstuck.data.dataset import Dataset
from unstuck.show.tables import facts, per_class_table, score_rows


def opening(screen: Screen, network: Network, data: Dataset, options: Mapping[str, Any]) -> None:
    """What is about to happen, in two lines."""
    n, test = len(data.X_train), len(data.X_test) if data.X_test is not None else 0
    screen.note(
        f"{data.name}: {n:,} samples to learn from, {test:,} to test on; {data.n_features} "
        f"features, {data.n_outputs} {'classes' if data.class_names else 'values'}"
    )
    widths = " - ".join(str(w) for w in (data.n_features, *options["hidden"], data.n_outputs))
    rate = options["learning_rate"]
    screen.note(
        f"network {widths} ({options['activation']}, {options['output']}), "
        f"{network.theta.size:,} parameters; {options['optimizer']}"
        + (f" {rate:g}" if rate else "")
        + f", batch {options['batch_size']}"
    )


def closing(
    screen: Screen,
    outcome: Outcome,
    folder: Path,
    pictures: Sequence[Path],
    more: Mapping[str, Any],
    page: Path | None = None,
) -> None:
    """The table at the end, or the JSON object, with ``more`` in it."""
    results = outcome.results
    report = {} if page is None else {"report": str(page.resolve())}
    screen.json({**results, "run": str(folder.resolve()), **report, **more})
    if results.get("per_class"):
        screen.show(per_class_table(results["per_class"], outcome.judged.part), "")
    rows = score_rows(results)
    rows.append(("run", str(folder)))
    if pictures:
        rows.append(("pictures", ", ".join(path.name for path in pictures)))
    if page is not None:
        rows.append(("page", str(page)))
    rows.append(("next", f"unstuck show {folder}"))
    screen.show(facts(rows))


def describe_data(data: Dataset) -> dict[str, Any]:
    """What run.json says about the data."""
    return {
        "name": data.name,
        "source": data.source,
        "digest": data.digest,
        "task": data.task,
        "train_samples": len(data.X_train),
        "test_samples": 0 if data.X_test is None else len(data.X_test),
        "features": data.n_features,
        "feature_names": data.feature_names,
        "class_names": data.class_names,
        "image_shape": data.image_shape,
        "dtype": str(data.X_train.dtype),
    }


def describe_preprocessing(network: Network, targets: TargetScaling | None) -> dict[str, Any]:
    """What run.json says about how raw inputs and targets become the network's."""
    found: dict[str, Any] = {"inputs": None, "targets": None}
    if network.scaling is not None:
        stored = network.scaling.to_dict()
        found["inputs"] = {
            "kind": stored["kind"],
            "shift": stored["shift"].tolist(),
            "scale": stored["scale"].tolist(),
        }
    if targets is not None:
        found["targets"] = {"mean": targets.mean.tolist(), "scale": targets.scale.tolist()}
    return found
