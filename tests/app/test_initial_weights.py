"""`unstuck train` looks at how its network begins, and says so where it chose."""

import json

from unstuck.training.runs import Run


def test_auto_is_said_and_kept(unstuck):
    words = "train --hidden 16,16 --epochs 2 --no-pictures --init auto --out r".split()
    answer = unstuck(*words)
    assert answer.code == 0, answer.err
    assert "initial weights: as theory has it" in answer.err
    run = Run.load("r")
    kept = run.description["initial_weights"]
    assert kept["name"] == "fitted theory"
    assert len(kept["weights"]) == 3
    assert run.record.facts["initial_weights"] == kept
    assert repr(run.network.layers[0].initializer) == kept["weights"][0]


def test_the_default_is_left_alone_where_it_works(unstuck):
    answer = unstuck(*"train --hidden 16 --epochs 2 --no-pictures --out r".split())
    assert "initial weights" not in answer.err
    assert "initial_weights" not in Run.load("r").description


def test_deep_sigmoids_learn(unstuck):
    deep = ",".join(["32"] * 8)
    words = f"train --hidden {deep} --activation sigmoid --epochs 15 --no-pictures --json".split()
    found = json.loads(unstuck(*words, "--dropout", "0").out)
    assert found["test_accuracy"] > 0.9
    stuck = json.loads(unstuck(*words, "--dropout", "0", "--init", "glorot_uniform").out)
    assert stuck["test_accuracy"] < 0.3


def test_a_resumed_run_begins_alike(unstuck):
    words = "--hidden 8,8 --no-pictures --init auto --quiet".split()
    unstuck("train", *words, "--epochs", "2", "--checkpoint-every", "1", "--out", "r")
    before = Run.load("r").network
    assert unstuck("train", "--resume", "r", "--quiet", "--no-pictures").code == 0
    after = Run.load("r").network
    assert repr(after.layers[0].initializer) == repr(before.layers[0].initializer)


def test_the_exported_program_draws_the_same_weights(unstuck):
    unstuck(*"train --hidden 8 --epochs 1 --no-pictures --init auto --quiet --out r".split())
    answer = unstuck("export", "r", "--training", "--out", "p.py")
    assert answer.code == 0, answer.err
    with open("p.py") as file:  # noqa: PTH123
        text = file.read()
    assert f"{Run.load('r').network.layers[0].bias_initializer.c:g}" in text
