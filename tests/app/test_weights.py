"""`unstuck weights` says what to write, keeps pictures, and is useful when it is interrupted."""

import json

import numpy as np
import pytest

from unstuck.core.network import Network
from unstuck.show.progress import Counting
from unstuck.weights import race as race_module

RACE = ("--hidden", "16", "--steps", "18", "--seeds", "2", "--jobs", "1")


def test_quick_fits_the_terminal_and_ends_with_numpy_to_paste(unstuck):
    answer = unstuck("weights", "--depth", "20", "--activation", "sigmoid", "--quick")
    assert answer.code == 0, answer.err
    page = answer.out.splitlines()
    assert page[0].startswith("Begin with critical orthogonal, centred")
    assert "> centred" in answer.out
    assert "yours" in answer.out
    assert "fades" in answer.out  # the default weights, in words
    table = [line for line in page if not line.startswith(("    ", "def "))]
    assert max(map(len, table)) <= 80
    assert "W21 = " in page[-2]
    assert page[-1].startswith("b21 = ")


def test_what_it_says_to_paste_runs(unstuck):
    unstuck("weights", "--hidden", "12,8", "--activation", "tanh", "--quick", "--out", "w")
    with open("w/weights.py") as file:  # noqa: PTH123
        space = {"X": np.random.default_rng(0).normal(size=(300, 64)), "activation": np.tanh}
        exec(file.read(), space)  # noqa: S102
    assert [space[f"W{k}"].shape for k in (1, 2, 3)] == [(64, 12), (12, 8), (8, 10)]
    assert [space[f"b{k}"].shape for k in (1, 2, 3)] == [(12,), (8,), (10,)]


def test_the_race_in_json_and_in_pictures(unstuck, tmp_path):
    answer = unstuck("weights", *RACE, "--json", "--out", "w")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert found["steps"] == 18
    assert found["candidates"][0]["candidate"] == found["best"]
    assert {"present", "he"} <= {row["candidate"] for row in found["candidates"]}
    names = {path.name for path in (tmp_path / "w").iterdir()}
    pictures = {"signals.png", "activations.png", "race.png"}
    assert names == pictures | {"weights.py", "weights.json"}
    assert "race: round 1 of 3" in answer.err
    assert json.loads((tmp_path / "w" / "weights.json").read_text()) == found


def test_same_seed_and_steps_same_numbers(unstuck):
    one, two = (unstuck("weights", *RACE, "--json", "--quiet").out for _ in range(2))
    assert one == two
    assert unstuck("weights", *RACE, "--json", "--quiet", "--seed", "1").out != one


def test_values_of_a_file(unstuck, houses):
    answer = unstuck("weights", houses, "--target", "price", *RACE)
    assert answer.code == 0, answer.err
    assert "error" in answer.out
    assert all(len(line) <= 80 for line in answer.out.splitlines() if line[:1] not in ("W", " "))


def test_the_weights_that_are_judged_are_the_ones_named(unstuck):
    answer = unstuck("weights", "--hidden", "16", "--init", "zeros", "--quick")
    assert "All weights of layer 1 and layer 2 are 0" in " ".join(answer.out.split())
    assert "your weights: zeros; adam" in answer.err


def test_no_hidden_layer(unstuck):
    answer = unstuck("weights", "--depth", "0", "--quick", "--out", "w")
    assert answer.code == 0, answer.err
    assert "activations.png" not in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--hidden 16 --depth 3", "--depth and --width"),
        ("--width 3", "--depth"),
        ("--depth 3 --width 0", "at least 1"),
        ("--learning-rate 0.1,x", "a number above 0"),
        ("--depth 1000 --width 100000", "GB of memory"),
        ("--init he_normla", "he_normal"),
        ("--optimizer lbfgs", "adam"),
        ("nothing.csv", "nothing.csv"),
    ],
)
def test_what_cannot_be_used_is_said(unstuck, words, said):
    answer = unstuck("weights", *words.split())
    assert answer.code == 2
    assert said in answer.err
    assert not answer.out


def test_interrupted_it_says_what_it_knows(unstuck, monkeypatch):
    seen = []

    def trial(*arguments):
        seen.append(arguments)
        if len(seen) > 40:  # in the first round at the earliest
            raise KeyboardInterrupt
        return run_trial(*arguments)

    run_trial = race_module.run_trial
    monkeypatch.setattr(race_module, "run_trial", trial)
    answer = unstuck("weights", *RACE)
    assert answer.code == 130
    assert "Interrupted" in answer.out
    assert "W2 = " in answer.out


def test_a_bar_moves_in_a_terminal():
    import io

    from rich.console import Console

    stream = io.StringIO()
    with Counting(Console(file=stream, force_terminal=True, width=80)) as count:
        count(1, 4, "round 1 of 3")
        count(4, 4, "round 3 of 3")
    assert "round 1 of 3" in stream.getvalue()
    with Counting(None) as count:
        count(1, 4, "round 1 of 3")


def test_the_network_is_the_one_that_train_would_build(unstuck, monkeypatch):
    built = []
    mlp = Network.mlp.__func__

    def remember(cls, *arguments, **options):
        built.append((arguments, options))
        return mlp(cls, *arguments, **options)

    monkeypatch.setattr(Network, "mlp", classmethod(remember))
    unstuck("weights", "--quick", "--hidden", "8", "--loss", "squared_error")
    ((sizes,), options) = built[0]
    assert list(sizes) == [64, 8, 10]
    assert options["output_activation"] == "identity"
    assert options["dropout"] == 0.0
