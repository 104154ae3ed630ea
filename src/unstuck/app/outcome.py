"""What a finished training is worth: scores on data, per class, and the numbers of `--json`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.app.plan import Parts, TargetScaling
from unstuck.base.arrays import AnyArray
from unstuck.core.judge import decide
from unstuck.core.network import Network
from unstuck.data.dataset import Dataset
from unstuck.training.evaluate import evaluate
from unstuck.training.history import History


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A network's outputs on one part of the data, beside what is true.

    Attributes
    ----------
    part : ``"test"``, ``"validation"`` or ``"training"``, or the name of a file.
    X, y : the samples as they are, (n, features), and their classes or values.
    outputs : (n, n_outputs).
    score, cost : accuracy or R2; the data term.
    """

    part: str
    X: AnyArray
    y: AnyArray
    outputs: AnyArray
    score: float
    cost: float
    class_names: tuple[str, ...] | None
    image_shape: tuple[int, int] | None

    @property
    def decisions(self) -> AnyArray:
        """Class numbers, (n,)."""
        from unstuck.core.activations import get_activation

        if self.outputs.shape[1] > 1:
            best: AnyArray = self.outputs.argmax(axis=1)
            return best
        return decide(self.outputs, get_activation("sigmoid"), "classification")

    @property
    def confusion(self) -> AnyArray:
        """How many samples of each true class (row) were taken for which (column), (k, k)."""
        k = len(self.class_names or ())
        flat = np.bincount(self.y * k + self.decisions, minlength=k * k)
        square: AnyArray = flat.reshape(k, k)
        return square

    def per_class(self) -> list[dict[str, Any]]:
        """Precision, recall and number of samples of every class; None where undefined."""
        if self.class_names is None:
            return []
        counts = self.confusion
        right, said, true = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
        return [
            {
                "class": name,
                "precision": right[k] / said[k] if said[k] else None,
                "recall": right[k] / true[k] if true[k] else None,
                "samples": int(true[k]),
            }
            for k, name in enumerate(self.class_names)
        ]

    def errors(self) -> dict[str, float]:
        """Root mean square and mean absolute error, in the units of the target."""
        off = self.outputs.astype(np.float64) - self.y.reshape(len(self.y), -1)
        return {"rmse": float(np.sqrt((off**2).mean())), "mae": float(np.abs(off).mean())}


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A trained network, how training went, and how good it is."""

    network: Network
    history: History
    data: Dataset
    judged: Judged
    results: dict[str, Any] = field(default_factory=dict)


def look_at(
    network: Network,
    X: AnyArray,
    y: AnyArray,
    part: str,
    image_shape: tuple[int, int] | None = None,
) -> Judged:
    """Judge a network on some raw data."""
    seen = evaluate(network, X, y, keep_outputs=True)
    if seen.outputs is None:  # asked for one line above
        raise RuntimeError("evaluate kept no outputs")
    return Judged(
        part,
        X,
        y,
        seen.outputs,
        seen.score,
        seen.cost,
        network.class_names,
        image_shape or network.image_shape,
    )


def judge(
    trained: Network,
    final: Network,
    history: History,
    data: Dataset,
    parts: Parts,
    targets: TargetScaling | None,
    seconds: float,
) -> Outcome:
    """Scores of a network as it was trained, and as it is kept (``targets`` folded into it)."""
    kind = "r2" if data.task == "regression" else "accuracy"
    train = evaluate(trained, parts.X, parts.y if targets is None else targets.apply(parts.y))
    seen = {"train": train.score, "validation": None, "test": None}
    judged = None
    if parts.X_validation is not None and parts.y_validation is not None:
        judged = look_at(final, parts.X_validation, parts.y_validation, "validation")
        seen["validation"] = judged.score
    if data.X_test is not None and data.y_test is not None:
        judged = look_at(final, data.X_test, data.y_test, "test")
        seen["test"] = judged.score
    if judged is None:
        judged = look_at(final, parts.X, parts.y, "training")
    results: dict[str, Any] = {
        "task": data.task,
        "judged_on": judged.part,
        **{f"{part}_{kind}": score for part, score in seen.items()},
        "cost": train.cost,
        "penalty": trained.penalty(),
        f"{judged.part}_cost": judged.cost,
        "epochs": len(history),
        "iterations": int(history.iterations[-1]) if len(history) else 0,
        "epoch_seconds": history.seconds.tolist(),
        "train_seconds": seconds,
        "engine": history.engine,
        "threads": history.threads,
        "stopped": history.stopped,
        "best_epoch": history.best_epoch,
        "parameters": int(final.theta.size),
    }
    if data.task == "regression":
        results["targets_standardised"] = targets is not None
        results |= {f"{judged.part}_{name}": value for name, value in judged.errors().items()}
    else:
        results["per_class"] = judged.per_class()
    return Outcome(final, history, data, judged, results)
