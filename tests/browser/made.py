"""Pages as a person gets them, from the command line: a good run, one that fails, a deep one, and a
program that the doctor diagnosed.
"""

import os
import subprocess
import sys

DEEP = ",".join(["16"] * 50)
RUNS = {
    "a good run": ["--hidden", "24", "--epochs", "12"],
    "a run that fails": [
        *("--hidden", "16", "--epochs", "8", "--optimizer", "sgd", "--schedule", "constant"),
        *("--learning-rate", "40"),
    ],
    "fifty layers": [
        *("--hidden", DEEP, "--epochs", "2", "--activation", "sigmoid", "--init", "normal"),
        *("--optimizer", "sgd", "--learning-rate", "0.1"),
    ],
}
PROGRAM = "examples/originals/two_layer_model.py"
PAGES = (*RUNS, "a diagnosis")


def make_page(name, folder, repository):
    """The file of one of the `PAGES`."""
    if name in RUNS:
        run = folder / name.replace(" ", "-")
        unstuck(["train", *RUNS[name], "--out", str(run), "--report"], folder)
        return run / "report.html"
    page = folder / "diagnosis.html"
    unstuck(["report", str(repository / PROGRAM), "--budget", "20", "--out", str(page)], folder)
    return page


def unstuck(words, folder):
    """Run the command as a person would."""
    done = subprocess.run(
        [sys.executable, "-m", "unstuck", *words],
        cwd=folder,
        env=os.environ | {"COLUMNS": "88"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
