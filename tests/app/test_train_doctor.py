"""`unstuck train --doctor` and `unstuck doctor RUN`: the same rules, in the same words."""

import json

import pytest

TOO_FAST = "--optimizer sgd --lr 50 --activation relu --epochs 5 --no-pictures --out fast".split()


def test_a_run_that_is_stuck_says_why(unstuck):
    answer = unstuck("train", *TOO_FAST, "--doctor")
    assert answer.code == 0
    assert "\ndoes not learn: accuracy " in answer.out
    assert "fault T602: learning rate too large" in answer.out
    assert answer.err.count("T602: ") == 1  # said once while training went on
    again = unstuck("doctor", "fast")
    assert again.code == 1
    assert again.out.startswith("does not learn: accuracy ")
    assert "fault T602: learning rate too large" in again.out
    assert again.out.splitlines()[0] in answer.out


def test_a_run_that_learns_is_left_in_peace(unstuck):
    answer = unstuck("train", "--doctor", "--no-pictures", "--out", "run")
    assert "\nlearns: accuracy " in answer.out
    assert "No mistake found." in answer.out
    again = unstuck("doctor", "run", "--strict", "--format", "json")
    assert again.code == 0
    assert json.loads(again.out)["program"] == "run"


def test_json_has_the_diagnosis_in_its_object(unstuck):
    answer = unstuck("train", *TOO_FAST, "--doctor", "--json", "-q")
    seen = json.loads(answer.out)
    assert seen["diagnosis"]["verdict"] == "stuck"
    assert [f["code"] for f in seen["diagnosis"]["findings"] if f["severity"] == "fault"] == [
        "T602"
    ]
    assert answer.err == ""


def test_nothing_is_said_unasked(unstuck):
    answer = unstuck("train", *TOO_FAST)
    assert "T602" not in answer.out + answer.err


def test_a_run_that_broke_is_diagnosed(unstuck):
    words = "--optimizer sgd --lr 1e9 --loss squared_error --activation relu --hidden 8".split()
    answer = unstuck("train", *words, "--output", "identity", "--out", "broken", "--doctor")
    assert answer.code == 2
    assert "does not learn" in answer.out
    again = unstuck("doctor", "broken")
    assert again.code == 1
    assert again.out == answer.out.lstrip("\n") or "fault" in again.out


@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_every_form_takes_a_run(unstuck, form):
    unstuck("train", *TOO_FAST)
    answer = unstuck("doctor", "fast", "--format", form)
    assert answer.code == 1
    assert "T602" in answer.out
