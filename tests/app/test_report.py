"""`unstuck report RUN` and `unstuck train --report`: a page of every run, whatever became of it."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unstuck.app.report_provenance import again, provenance
from unstuck.app.report_run import folder_contents
from unstuck.app.report_words import statement, still_falling, tone_of
from unstuck.app.screen import Screen
from unstuck.core.activations import custom_activation
from unstuck.core.network import Network
from unstuck.training.history import History
from unstuck.training.runs import new_folder, save_run
from unstuck.training.trainer import Trainer

SMALL = "--hidden 16 --epochs 3 --no-pictures --quiet".split()
MNIST = os.environ.get("UNSTUCK_DATA", "")
BREAKS = "--optimizer sgd --lr 1e9 --loss squared_error --output identity --hidden 8".split()


def page(path="run/report.html"):
    return Path(path).read_text(encoding="utf-8")


def data_of(text):
    found = text.split('<script type="application/json" id="unstuck-data">')[1]
    return json.loads(found.split("</script>")[0])


def change(folder, **entries):
    path = Path(folder) / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


def test_a_run_of_digits_from_its_folder(unstuck):
    unstuck("train", *SMALL, "--out", "run")
    answer = unstuck("report", "run")
    assert answer.code == 0, answer.err
    assert answer.out.startswith("run/report.html (0.")
    assert "of 449 test samples are right." in answer.out
    text, data = page(), data_of(page())
    for name in ("curves", "layers", "weights", "confusion", "mistakes", "draw", "provenance"):
        assert f'<section id="{name}"' in text
    assert sum(map(sum, data["confusion"]["counts"])) == 449
    assert len(data["mistakes"]["order"]) == sum(
        a != b for a, b in zip(data["samples"]["truth"], data["samples"]["guess"], strict=True)
    )
    assert "unstuck train" not in answer.err


def test_in_passing_is_the_same_page_as_afterwards(unstuck):
    answer = unstuck("train", *SMALL[:-1], "--report", "--out", "run")
    assert "run/report.html" in answer.out
    in_passing = data_of(page())
    unstuck("report", "run")
    assert data_of(page()) == in_passing


def test_json_names_the_page(unstuck):
    answer = unstuck("train", *SMALL, "--report", "--json", "--out", "run")
    assert Path(json.loads(answer.out)["report"]).samefile("run/report.html")


def test_without_asking_there_is_no_page(unstuck):
    unstuck("train", *SMALL, "--out", "run")
    assert not Path("run/report.html").exists()


def test_a_run_that_broke_has_a_page_in_passing(unstuck):
    answer = unstuck("train", *BREAKS, "--report", "--no-pictures", "--out", "run")
    assert answer.code == 2
    assert "The page about it: run/report.html" in answer.err
    text = page()
    assert "Training broke down" in text
    assert "--clip-norm 1" in text
    assert "the run kept no network, for its training broke down" in text
    assert '<section id="layers"' in text
    assert '<section id="weights"' not in text
    first = data_of(text)
    assert unstuck("report", "run").code == 0
    assert data_of(page()) == first


def test_a_regression_shows_predictions(unstuck, houses):
    unstuck("train", houses, "--target", "price", *SMALL, "--report", "--out", "run")
    text = page()
    assert '<section id="predictions"' in text
    assert '<section id="confusion"' not in text
    assert "typically off by" in text
    assert text.count("<circle") >= 75


def test_a_table_shows_mistakes_as_rows(unstuck, flowers):
    unstuck("train", flowers, *SMALL, "--report", "--out", "run")
    text = page()
    assert '<section id="mistakes"' in text
    assert '<section id="draw"' not in text
    assert "samples" not in data_of(text)


def test_data_that_are_gone_or_changed_are_said(unstuck, flowers):
    unstuck("train", flowers, *SMALL, "--out", "run")
    flowers.write_text(flowers.read_text() + "7.0,7.0,setosa\n")
    assert unstuck("report", "run").code == 0
    assert "are not those that the run was trained on" in page()
    assert '<section id="mistakes"' not in page()
    flowers.unlink()
    assert unstuck("report", "run").code == 0
    assert "which need the data" in page()
    assert "of 30 test samples are right" in page()


def test_a_run_that_was_killed(unstuck):
    unstuck("train", *SMALL, "--out", "run")
    for name in ("model.safetensors", "history.csv", "record.npz"):
        Path("run", name).unlink()
    change("run", status="running", results=None)
    assert unstuck("report", "run").code == 0
    assert "This run is not finished" in page()


def test_damaged_files_are_said_and_the_rest_is_shown(unstuck):
    unstuck("train", *SMALL, "--out", "run")
    Path("run/record.npz").write_bytes(b"nonsense")
    Path("run/history.csv").write_text("a,b\n1,2\n")
    assert unstuck("report", "run").code == 0
    assert "Layer by layer: run/record.npz" in page()
    assert "Curves: run/history.csv" in page()
    assert '<section id="confusion"' in page()


@pytest.mark.parametrize("odd", [None, 7, "text", [1], {"x": [1]}])
def test_a_description_of_any_kind(unstuck, odd):
    unstuck("train", *SMALL, "--out", "run")
    names = ("data", "options", "results", "versions", "command", "initial_weights", "status")
    change("run", **dict.fromkeys(names, odd))
    assert unstuck("report", "run").code == 0


def test_an_activation_of_ones_own(unstuck):
    own = custom_activation(np.sin, np.cos, name="mine")
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 64)), np.arange(60) % 3
    network = Network.mlp([64, 8, 3], hidden_activation=own, random_state=0)
    history = Trainer(network, epochs=2, random_state=0).fit(X, y)
    save_run(new_folder("run"), network, history, {"status": "finished"})
    assert unstuck("report", "run").code == 0
    assert "mine" in page()
    assert '<section id="layers"' in page()


def test_another_persons_file_is_not_overwritten(unstuck):
    unstuck("train", *SMALL, "--out", "run")
    Path("mine.html").write_text("<html>mine</html>")
    answer = unstuck("report", "run", "--out", "mine.html")
    assert answer.code == 2
    assert "is no page that unstuck wrote" in answer.err
    assert page("mine.html") == "<html>mine</html>"
    assert unstuck("report", "run", "--out", "mine.html", "--force").code == 0
    assert unstuck("report", "run", "--out", "mine.html").code == 0  # now it is ours


def test_a_page_of_somebody_else_stays_and_training_is_kept(unstuck):
    Path("run").mkdir()
    Path("run/report.html").write_text("mine")
    answer = unstuck("train", *SMALL, "--report", "--out", "run")
    assert answer.code == 0
    assert "its page could not be written" in answer.err
    assert page() == "mine"


@pytest.mark.parametrize(
    ("out", "said"), [("folder", "is a folder"), ("nowhere/x.html", "there is no folder nowhere")]
)
def test_where_a_page_cannot_go(unstuck, out, said):
    Path("folder").mkdir()
    unstuck("train", *SMALL, "--out", "run")
    answer = unstuck("report", "run", "--out", out)
    assert answer.code == 2
    assert said in answer.err


def test_what_is_no_run(unstuck):
    answer = unstuck("report", "nothing")
    assert answer.code == 2
    assert "does not exist" in answer.err


def test_it_is_shown_when_asked(unstuck, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    unstuck("train", *SMALL, "--out", "run")
    unstuck("report", "run", "--open")
    assert opened == [Path("run/report.html").resolve().as_uri()]


def test_the_advisers_choice_is_kept_and_drawn(unstuck):
    deep = ",".join(["16"] * 8)
    words = f"--hidden {deep} --activation sigmoid --epochs 1 --no-pictures -q".split()
    unstuck("train", *words, "--report", "--out", "run")
    stored = json.loads(Path("run/run.json").read_text())["initial_weights"]
    assert len(stored["candidates"]) == 2
    assert all(len(one["signals"]) == len(one["gradients"]) == 9 for one in stored["candidates"])
    assert stored["name"] in {one["name"] for one in stored["candidates"]}
    text = page()
    assert '<section id="advice"' in text
    assert text.count('<polyline class="chosen"') == 2
    assert text.count('<polyline class="usual"') == 2


def test_a_run_that_did_not_learn_says_so_and_why(unstuck):
    words = "--optimizer sgd --lr 1e-9 --epochs 2 --hidden 8 --no-pictures -q".split()
    unstuck("train", *words, "--report", "--out", "run")
    text = page()
    assert "It did not learn: " in text
    assert "always giving the same answer" in text
    assert '<section id="diagnosis"' in text
    assert "Nothing moves." in text


def test_a_resumed_run_can_write_its_page(unstuck):
    unstuck("train", *SMALL, "--checkpoint-every", "1", "--out", "run")
    assert unstuck("train", "--resume", "run", "--report", "--quiet", "--no-pictures").code == 0
    assert "It learned" in page()


def test_images_of_a_file_and_text_of_any_kind(unstuck, tmp_path):
    rng = np.random.default_rng(0)
    names = np.array(["<script>alert(1)</script>", '"><img src=x>'])
    y = np.arange(80) % 2
    X = (rng.integers(0, 100, (80, 81)) + 100 * y[:, None]).astype(np.uint8)
    np.savez(tmp_path / "a&b.npz", X=X, y=names[y])
    unstuck("train", "a&b.npz", *SMALL, "--report", "--out", "run")
    text = page()
    assert "<script>alert" not in text
    assert "<img src=x>" not in text
    assert data_of(text)["confusion"]["names"] == sorted(names)


# ------------------------------------------------------------------------------- the words


def test_the_command_that_gives_the_same_again(unstuck):
    command = "train d.csv --out runs/x --lr=0.1 --report --seed 3 -q --target t".split()
    found = again(command, {"spec": "/data/d.csv"}, {"seed": 3})
    assert found == tuple("train /data/d.csv --lr=0.1 --seed 3 --target t".split())
    assert again(["-m", "pytest"], {}, {}) == ()
    assert again(["train"], {}, {"seed": 7}) == ("train", "--seed", "7")


def test_tones():
    assert tone_of(0.1, 0.1) == "bad"
    assert tone_of(float("nan"), 0.1) == "bad"
    assert tone_of(1.0, 1.0) == "good"


def test_a_gap_between_training_and_test_is_said():
    results = {"task": "classification", "judged_on": "test", "test_accuracy": 0.8}
    said = statement({"results": results | {"train_accuracy": 0.99}}, None, None).advice
    assert "knows the training data better" in said[0]
    assert statement({"results": results | {"train_accuracy": 0.82}}, None, None).advice == ()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3),
    max_leaves=4,
)
KEYS = (
    "task judged_on test_accuracy train_accuracy test_r2 test_rmse cost parameters train_seconds "
    "epochs iterations per_class optimizer learning_rate batch_size activation test_samples"
).split()


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING), st.sampled_from(["finished", "diverged"]))
def test_words_for_any_results(odd, status):
    whole = {"results": odd, "options": odd, "data": odd, "status": status, "versions": odd}
    assert statement(whole, None, None).sentence
    provenance(whole)


def test_a_cost_that_still_falls():
    history = History()
    for k in range(20):
        history.append({"epoch": k + 1, "cost": 0.8**k})
    assert still_falling(history)
    for k in range(20):
        history.append({"epoch": 21 + k, "cost": 0.01})
    assert not still_falling(history)
    assert not still_falling(History())


def test_a_copied_run_says_its_own_name(unstuck):
    unstuck("train", *SMALL, "--out", "run")
    shutil.copytree("run", "other")
    assert folder_contents("other", Screen(quiet=True)).title == "digits: other"


@pytest.mark.mnist
def test_mnist_stays_under_three_megabytes(unstuck, monkeypatch):
    monkeypatch.setenv("UNSTUCK_DATA", MNIST)
    for epochs, lr in ((1, "0.001"), (1, "1e-9")):  # a good network, and one that is always wrong
        words = f"mnist --hidden 128,128 --epochs {epochs} --lr {lr} --optimizer sgd".split()
        unstuck("train", *words, "--no-pictures", "-q", "--report", "--out", f"run{lr}")
        assert Path(f"run{lr}/report.html").stat().st_size < 3_000_000
