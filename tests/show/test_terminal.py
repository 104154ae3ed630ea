"""Text for terminals, HTML for notebooks, tables for results: in 80 columns, brackets and all."""

import io

import numpy as np
import pytest
from rich.console import Console

from unstuck.base.display import reach
from unstuck.base.errors import InvalidInputError
from unstuck.core.network import Network
from unstuck.record.run_record import RunRecord
from unstuck.show.tables import facts, per_class_table, score_rows, time_text
from unstuck.show.terminal import html, progress, text


def shown(table):
    out = io.StringIO()
    Console(file=out, width=80, color_system=None).print(table)
    return out.getvalue()


def test_every_text_fits_80_columns(trained, make_history):
    network, history = trained
    for thing in (network, history, history.record, make_history(2000, validation=True)):
        lines = text(thing).splitlines()
        assert len(lines) > 2
        assert max(map(len, lines)) <= 80


def test_a_history_names_its_curves(make_history):
    seen = text(make_history(validation=True))
    assert "Cost   solid: training" in seen
    assert "dotted: validation" in seen
    assert "20 epochs, 200 updates, finished." in seen
    values = text(make_history(accuracy=False, validation=True))
    assert "R2   solid: validation" in values
    assert "Accuracy" not in values


def test_the_kept_epoch_is_named(make_history):
    history = make_history(1)
    history.best_epoch, history.stopped = 1, "early stopping"
    assert text(history).endswith(
        "1 epoch, 10 updates, early stopping; the weights of epoch 1 were kept."
    )


def test_nothing_happened(make_history):
    assert text(make_history(0)) == "No epoch was finished."
    assert text(RunRecord("trainer", (), {"step": np.array([], int)})) == "Nothing was observed."


def test_a_record_says_how_layers_changed(trained):
    seen = text(trained[1].record)
    assert "layer 1 relu" in seen
    assert "→" in seen
    assert "nan" not in seen


def test_html_is_drawn_for_every_type_that_has_a_text(trained):
    network, history = trained
    for thing in (network, history, history.record):
        assert html(thing).startswith("<div")
    assert "W1 (16, 6)" in network._repr_html_()


def test_other_things_have_no_text():
    with pytest.raises(InvalidInputError, match="allowed: Network, History, RunRecord"):
        text(3)


def test_the_hook_gives_a_callback(capfd):
    watch = reach("progress")(stderr=False)
    assert type(watch) is type(progress())
    from unstuck.training.trainer import Trainer

    X = np.eye(4)
    Trainer(Network.mlp([4, 2], random_state=0), epochs=2, callbacks=[watch]).fit(X, [0, 1, 0, 1])
    assert capfd.readouterr().out.count("epoch") == 2


# --------------------------------------------------------------------------------------- tables

RESULTS = {
    "task": "classification",
    "test_accuracy": 0.975,
    "validation_accuracy": None,
    "train_accuracy": 1.0,
    "cost": 0.01234,
    "penalty": 0.5,
    "epochs": 1,
    "iterations": 1234,
    "train_seconds": 61.0,
    "engine": "numpy",
    "threads": 2,
}


def test_scores():
    seen = shown(facts(score_rows(RESULTS)))
    assert "97.50%" in seen
    assert "0.01234 + 0.5 penalty" in seen
    assert "validation" not in seen
    assert "1 min 1 s for 1 epoch, 1,234 updates; numpy engine, 2 threads" in seen


def test_scores_of_values_and_of_nothing():
    values = {
        **RESULTS,
        "task": "regression",
        "test_r2": -0.5,
        "test_rmse": 12345.6,
        "test_mae": 0.1,
    }
    seen = shown(facts(score_rows(values | {"targets_standardised": True})))
    assert "-0.5000" in seen
    assert "12,346 (root mean square), 0.1 (mean absolute)" in seen
    assert "of standardised values" in seen
    assert dict(score_rows(RESULTS | {"cost": None}))["cost"] == "- + 0.5 penalty"


def test_time():
    assert "0 epochs" in time_text(RESULTS | {"epochs": 0})


def test_classes_with_brackets_and_missing_shares():
    rows = [
        {"class": "[red]x[/red]", "precision": None, "recall": 0.0, "samples": 3},
        {"class": "ß" * 100, "precision": 0.951, "recall": 1.0, "samples": 12345},
    ]
    seen = shown(per_class_table(rows, "test"))
    assert "[red]x[/red]" in seen
    assert " - " in seen
    assert "95.1%" in seen
    assert "12,345" in seen
    assert max(map(len, seen.splitlines())) <= 80


def test_of_many_classes_the_weakest():
    rows = [
        {"class": f"c{k}", "precision": k / 100, "recall": 1.0, "samples": 1} for k in range(100)
    ]
    seen = shown(per_class_table(rows, "test"))
    assert "The 40 weakest of 100 classes" in seen
    assert "c39" in seen
    assert "c40" not in seen


def test_paths_are_shown_as_they_are():
    assert "runs/[bold]x" in shown(facts([("run", "runs/[bold]x")]))
