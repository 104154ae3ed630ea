"""What goes wrong is said in a line or two, with exit code 2 and what to do; nothing is lost."""

import os
import re

import pytest

from unstuck.app.cli import COMMANDS
from unstuck.base.errors import DivergenceError, InvalidInputError

CASES = {
    "--hiden 3": "--hidden",
    "--activation rleu": "allowed: identity, sigmoid.*Did you mean 'relu'",
    "--output tahn": "Did you mean 'tanh'",
    "--loss crossentropy": "allowed: cross_entropy.*Did you mean 'cross_entropy'",
    "--init henormal": "Did you mean 'he_normal'",
    "--optimizer adm": "allowed: sgd.*lbfgs.*Did you mean 'adam'",
    "--schedule cosin": "Did you mean 'cosine'",
    "--engine numba": "allowed: auto, numpy, compiled",
    "--dtype float16": "allowed: float",
    "--scale minmax": "allowed: auto, none, unit, standard",
    "--recipe acurate": "Did you mean 'accurate'",
    "--task clasification": "Did you mean 'classification'",
    "--hidden 3,x": "whole numbers of at least 1",
    "--hidden 0,3": "whole numbers of at least 1",
    "--batch-size 0": "at least 1, or all",
    "--batch-size some": "at least 1, or all",
    "--epochs 0": "a whole number of at least 1",
    "--epochs 1.5": "a whole number of at least 1",
    "--seed -1": "a whole number of at least 0",
    "--learning-rate 0": "a number above 0",
    "--learning-rate nan": "a number above 0",
    "--l2 -1": "at least 0",
    "--l2 inf": "at least 0",
    "--dropout 1": "a share from 0",
    "--momentum 0.5": "momentum.*allowed: learning_rate",
    "--test 1.5": "between 0 and 1",
    "--test nosuch.csv": "no such file",
    "--loss cross_entropy --output tanh": "--output softmax.*--loss squared_error",
    "--loss squared_error --label-smoothing 0.1": "no options",
    "--optimizer lbfgs --schedule cosine": "--schedule does not go with --optimizer lbfgs",
    "--optimizer lbfgs --batch-size 3": "--batch-size all",
    "-q --engine compiled --dropout 0.1": "dropout.*Use --engine numpy or 'auto'",
    "digitz": "Did you mean 'digits'",
    "nosuch.csv": "no such file",
    "mnist --data-dir .": "holds no mnist",
    "--resume nowhere": "does not exist",
    "--resume nowhere --epochs 3": "leave out epochs",
    "--hidden 100000000,100000000": "not enough memory",
}


@pytest.mark.parametrize("words", CASES)
def test_bad_options_are_two_lines_and_leave_nothing(unstuck, tmp_path, words):
    answer = unstuck("train", *words.split())
    assert answer.code == 2
    assert answer.out == ""
    assert 1 <= len(answer.err.splitlines()) <= 2, answer.err
    assert answer.err.startswith("unstuck: ")
    assert re.search(CASES[words], answer.err), answer.err
    assert not list(tmp_path.glob("runs/*"))


def test_unknown_commands_are_answered(unstuck):
    answer = unstuck("trian")
    assert answer.code == 2
    known = "train, show, report, evaluate, predict, export, doctor, weights, explain"
    assert f"allowed: {known}" in answer.err
    assert "Did you mean 'train'?" in answer.err


@pytest.mark.parametrize("command", ["show", "evaluate", "predict", "export"])
def test_missing_arguments(unstuck, command):
    answer = unstuck(command)
    assert answer.code == 2
    assert f"See: unstuck {command} --help" in answer.err


@pytest.mark.parametrize(
    "words", ["show none", "evaluate none digits", "predict none x.csv", "export none --to numpy"]
)
def test_no_such_run(unstuck, words):
    answer = unstuck(*words.split())
    assert answer.code == 2
    assert "none does not exist" in answer.err


def test_text_for_a_number_names_the_line(unstuck, tmp_path):
    (tmp_path / "d.csv").write_text("a,y\n1,0\ntwo,1\n3,0\n")
    answer = unstuck("train", "d.csv")
    assert answer.code == 2
    assert "line 3" in answer.err
    assert "'two'" in answer.err


def test_classes_that_are_none(unstuck, tmp_path):
    (tmp_path / "d.csv").write_text("a,y\n" + "1.5,yes\n" * 20)
    answer = unstuck("train", "d.csv")
    assert answer.code == 2
    assert "one class only" in answer.err


def test_a_loss_for_classes_is_refused_for_values(unstuck, houses):
    answer = unstuck("train", houses, "--loss", "cross_entropy")
    assert answer.code == 2
    assert "squared_error or huber" in answer.err


def test_augmentation_needs_images(unstuck, flowers):
    answer = unstuck("train", flowers, "--recipe", "augmented")
    assert answer.code == 2
    assert "allowed: fast, accurate" in answer.err


@pytest.mark.skipif(os.name != "posix", reason="paths of POSIX")
@pytest.mark.parametrize("out", ["file/run", "file"])
def test_an_unwritable_folder_is_refused_before_anything_is_read(unstuck, tmp_path, out):
    (tmp_path / "file").write_text("in the way")
    answer = unstuck("train", "nosuch.csv", "--out", out)
    assert answer.code == 2
    assert "cannot write to the folder" in answer.err


def test_a_run_is_not_written_over(unstuck):
    assert (
        unstuck("train", "--hidden", "4", "--epochs", "1", "--no-pictures", "--out", "r").code == 0
    )
    answer = unstuck("train", "--out", "r")
    assert answer.code == 2
    assert "already holds a run" in answer.err


def test_divergence_names_the_step_and_keeps_the_record(unstuck, tmp_path):
    answer = unstuck("train", "--optimizer", "sgd", "--learning-rate", "1e30", "--out", "r", "-q")
    assert answer.code == 2
    assert "became NaN or infinite at step" in answer.err
    assert "kept in r" in answer.err
    assert {p.name for p in (tmp_path / "r").iterdir()} == {"run.json", "record.npz", "history.csv"}
    shown = unstuck("show", "r")
    assert shown.code == 2
    assert "diverged" in shown.err
    again = unstuck("train", "--hidden", "4", "--epochs", "1", "--no-pictures", "--out", "r", "-q")
    assert again.code == 0  # nothing was lost there


def test_resuming_without_a_checkpoint(unstuck):
    unstuck("train", "--hidden", "4", "--epochs", "1", "--no-pictures", "--out", "r", "-q")
    answer = unstuck("train", "--resume", "r")
    assert answer.code == 2
    assert "--checkpoint-every" in answer.err


def test_resuming_with_other_data(unstuck, flowers):
    words = ["--epochs", "2", "--checkpoint-every", "1", "--no-pictures", "--out", "r", "-q"]
    assert unstuck("train", flowers, *words).code == 0
    flowers.write_text(flowers.read_text().replace("0.1", "0.2"))
    answer = unstuck("train", "--resume", "r")
    assert answer.code == 2
    assert "SHA-256 differs" in answer.err


def test_resuming_what_another_release_wrote(unstuck, tmp_path):
    words = ["--epochs", "1", "--checkpoint-every", "1", "--no-pictures", "--out", "r", "-q"]
    assert unstuck("train", *words).code == 0
    path = tmp_path / "r" / "run.json"
    path.write_text(path.read_text().replace('"dropout"', '"drop_out"'))
    answer = unstuck("train", "--resume", "r")
    assert answer.code == 2
    assert "lacks 'dropout'" in answer.err


def test_a_fault_of_ours_is_one_line_and_admitted(unstuck, monkeypatch):
    def broken(*_, **__):
        raise AttributeError("oops")

    monkeypatch.setattr("unstuck.app.session.build_network", broken)
    answer = unstuck("train")
    assert answer.code == 1
    assert "a fault of unstuck" in answer.err
    assert "oops" in answer.err
    assert "Traceback" not in answer.err
    monkeypatch.setenv("UNSTUCK_DEBUG", "1")
    with pytest.raises(AttributeError):
        unstuck("train")


@pytest.mark.parametrize("error", [InvalidInputError("so"), DivergenceError("so")])
def test_every_error_of_ours_is_code_2(unstuck, monkeypatch, error):
    def broken(*_, **__):
        raise error

    monkeypatch.setattr("unstuck.app.session.load", broken)
    answer = unstuck("train")
    assert (answer.code, answer.err) == (2, "unstuck: so\n")


def test_ctrl_c_before_training(unstuck, monkeypatch, tmp_path):
    def pressed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("unstuck.app.session.load", pressed)
    answer = unstuck("train", "--out", "r")
    assert (answer.code, answer.err.strip()) == (130, "unstuck: interrupted.")
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_the_terminal(unstuck, command):
    answer = unstuck(*command.split(), "--help")
    assert answer.code == 0
    assert answer.out.startswith("Usage: unstuck")
    assert max(map(len, answer.out.splitlines())) <= 80


def test_no_command_shows_the_help(unstuck):
    assert unstuck().out == unstuck("--help").out


def test_version(unstuck):
    import unstuck as package

    assert unstuck("--version").out == f"unstuck {package.__version__}\n"
