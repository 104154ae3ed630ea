"""`unstuck train` learns, keeps everything, and says what it did."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from unstuck.training.runs import Run

QUICK = ("--hidden", "16", "--epochs", "3", "--no-pictures")
PICTURES = {"confusion.png", "curves.png", "layers.png", "mistakes.png", "weights.png"}


def test_without_arguments_it_reads_digits(unstuck):
    answer = unstuck("train", "--json")
    assert answer.code == 0, answer.err
    result = json.loads(answer.out)
    assert result["test_accuracy"] >= 0.97
    assert result["train_accuracy"] > 0.99
    assert len(result["epoch_seconds"]) == result["epochs"] == 40
    assert result["iterations"] == 40 * 43  # 1348 samples in batches of 32
    assert result["cost"] < 0.1
    assert result["penalty"] == 0.0
    assert result["train_seconds"] >= sum(result["epoch_seconds"])
    assert result["engine"] in ("numpy", "compiled")
    assert result["threads"] >= 1
    run = Run.load(result["run"])
    assert run.results["test_accuracy"] == result["test_accuracy"]
    assert {path.name for path in run.folder.glob("*.png")} == PICTURES
    assert run.folder.parent.name == "runs"


def test_json_is_one_object_whatever_else_is_said(unstuck):
    answer = unstuck("train", *QUICK, "--json")
    assert len(answer.out.splitlines()) == 1
    assert "epoch 3/3" in answer.err
    quiet = unstuck("train", *QUICK, "--json", "--quiet")
    assert json.loads(quiet.out)["run"]
    assert quiet.err == ""


def test_the_table_at_the_end(unstuck):
    answer = unstuck("train", *QUICK, "--out", "here")
    assert answer.code == 0
    for word in ("test accuracy", "cost", "precision", "recall", "time", "here"):
        assert word in answer.out
    assert all(len(line.rstrip()) <= 80 for line in (answer.out + answer.err).splitlines())
    assert not unstuck("train", *QUICK, "--quiet").out


def test_run_json_says_what_was_done(unstuck):
    unstuck("train", *QUICK, "--l2", "0.01", "--seed", "7", "--out", "r")
    run = Run.load("r")
    assert run.options["l2"] == 0.01 == run.network.l2
    assert run.options["seed"] == 7
    assert run.options["optimizer"] == "adam"
    assert len(run.data["digest"]) == 64
    assert run.data["train_samples"] == 1348
    assert run.description["preprocessing"]["inputs"]["kind"] == "unit"
    assert run.description["status"] == "finished"
    assert run.results["penalty"] == pytest.approx(run.network.penalty())


def test_every_option_reaches_the_network_and_the_trainer(unstuck):
    words = [
        "--hidden",
        "8,4",
        "--activation",
        "tanh",
        "--output",
        "sigmoid",
        "--loss",
        "binary_cross_entropy",
        "--init",
        "glorot_normal",
        "--optimizer",
        "sgd",
        "--learning-rate",
        "0.2",
        "--momentum",
        "0.8",
        "--batch-size",
        "all",
        "--iterations",
        "7",
        "--l1",
        "1e-4",
        "--l2",
        "1e-3",
        "--dropout",
        "0.1",
        "--input-dropout",
        "0.05",
        "--schedule",
        "cosine",
        "--validation-fraction",
        "0.2",
        "--clip-norm",
        "1",
        "--dtype",
        "float64",
        "--threads",
        "1",
        "--engine",
        "numpy",
        "--scale",
        "standard",
        "--batch-norm",
        "--no-pictures",
        "--out",
        "r",
    ]
    answer = unstuck("train", *words)
    assert answer.code == 0, answer.err
    run = Run.load("r")
    net = run.network
    assert [la.fan_out for la in net.layers if la.kind == "dense"] == [8, 4, 10]
    kinds = {la.kind for la in net.layers}
    assert kinds == {"dense", "activate", "dropout", "batch_norm"}
    assert (net.layers[0].rate, net.layers[0].fan_in) == (0.05, 64)
    assert net.layers[3].activation.name == "tanh"
    assert net.output_activation.name == "sigmoid"
    assert net.loss_function.name == "binary_cross_entropy"
    assert (net.l1, net.l2, net.dtype.name, net.scaling.kind) == (
        1e-4, 1e-3, "float64", "standard",
    )  # fmt: skip
    facts = run.record.facts
    assert facts["optimizer"] == "SGD(learning_rate=0.2, momentum=0.8, nesterov=False)"
    assert facts["schedule"].startswith("Cosine")
    assert facts["batch_size"] == facts["samples"] == 1078
    assert run.results["iterations"] == 7
    assert np.isfinite(run.history.validation_cost).all()


def test_the_loss_follows_from_the_output_and_the_other_way_round(unstuck):
    for words, loss, output in [
        (["--output", "tanh"], "squared_error", "tanh"),
        (["--output", "sigmoid"], "binary_cross_entropy", "sigmoid"),
        (["--loss", "binary-cross-entropy"], "binary_cross_entropy", "sigmoid"),
        (["--loss", "squared_error"], "squared_error", "identity"),
    ]:
        unstuck("train", *QUICK, "--epochs", "10", "--dropout", "0", *words, "--out", words[1])
        run = Run.load(words[1])
        assert run.network.loss_function.name == loss
        assert run.network.output_activation.name == output
        assert run.results["test_accuracy"] > 0.6


def test_same_seed_same_weights_other_seed_others(unstuck, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        unstuck("train", *QUICK, "--seed", seed, "--out", name)
    model = "model.safetensors"
    a, b, c = ((tmp_path / name / model).read_bytes() for name in "abc")
    assert a == b != c


def test_one_sample_at_a_time(unstuck, flowers):
    answer = unstuck("train", flowers, "--batch-size", "1", "--epochs", "5", "--json", "--out", "r")
    assert json.loads(answer.out)["iterations"] == 5 * 90


def test_a_file_of_classes(unstuck, flowers):
    answer = unstuck("train", flowers, "--epochs", "20", "--out", "r")
    assert answer.code == 0, answer.err
    assert "25% of its samples are held out" in answer.err
    run = Run.load("r")
    assert run.results["test_accuracy"] > 0.95
    assert run.network.class_names == ("setosa", "versicolor", "virginica")
    assert [row["class"] for row in run.results["per_class"]] == list(run.network.class_names)
    assert sum(row["samples"] for row in run.results["per_class"]) == 30
    assert "versicolor" in answer.out


def test_values_are_learned_in_their_own_units(unstuck, houses):
    answer = unstuck("train", houses, "--target", "price", "--epochs", "60", "--json", "--out", "r")
    assert answer.code == 0, answer.err
    result = json.loads(answer.out)
    assert result["test_r2"] > 0.9
    assert result["cost"] < 1.0  # of standardised values
    assert 1000 < result["test_rmse"] < 30_000  # in units of the target
    assert result["targets_standardised"]
    run = Run.load("r")
    assert 100_000 < run.network.predict(np.zeros((1, 3)))[0] < 300_000
    assert {p.name for p in run.folder.glob("*.png")} == {
        "curves.png", "layers.png", "predictions.png",
    }  # fmt: skip
    assert "classes" not in answer.err


def test_no_test_part_when_none_is_wanted(unstuck, flowers):
    result = json.loads(unstuck("train", flowers, "--test", "0", *QUICK, "--json").out)
    assert result["test_accuracy"] is None
    assert result["judged_on"] == "training"
    assert result["train_accuracy"] is not None


def test_a_test_file(unstuck, flowers, tmp_path):
    header, *rows = flowers.read_text().splitlines()
    (tmp_path / "more.csv").write_text("\n".join([header, *rows[:12]]) + "\n")
    result = json.loads(unstuck("train", flowers, "--test", "more.csv", *QUICK, "--json").out)
    assert sum(row["samples"] for row in result["per_class"]) == 12


def test_patience_stops_and_keeps_the_best(unstuck):
    words = ["--hidden", "32", "--epochs", "200", "--patience", "3", "--no-pictures", "--json"]
    result = json.loads(unstuck("train", *words, "--learning-rate", "0.05", "--out", "r").out)
    assert result["stopped"] == "early stopping"
    assert result["epochs"] < 200
    assert result["best_epoch"] == result["epochs"] - 3
    run = Run.load("r")
    assert run.options["validation_fraction"] == 0.1
    best = np.nanargmin(run.history.validation_cost) + 1
    assert result["best_epoch"] == best


def test_lbfgs(unstuck, flowers):
    result = json.loads(unstuck("train", flowers, "--optimizer", "lbfgs", "--json").out)
    assert result["test_accuracy"] > 0.9
    assert result["engine"] == "scipy"


def test_history_csv_is_a_table(unstuck):
    unstuck("train", *QUICK, "--out", "r")
    with Path("r/history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert float(rows[-1]["cost"]) < float(rows[0]["cost"])


def test_recipes_by_name(unstuck):
    unstuck("train", "--recipe", "augmented", "--epochs", "2", "--no-pictures", "--out", "r")
    run = Run.load("r")
    assert run.options["augment"]["rotation"] == 10.0
    assert [la.fan_out for la in run.network.layers if la.kind == "dense"] == [256, 10]


def test_pictures_that_fail_do_not_lose_the_run(unstuck, monkeypatch):
    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("unstuck.app.pictures.draw_pictures", broken)
    answer = unstuck("train", "--hidden", "4", "--epochs", "1", "--out", "r")
    assert answer.code == 0
    assert "pictures could not be drawn" in answer.err
    assert Run.load("r").results["epochs"] == 1
