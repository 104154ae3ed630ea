"""Healthy programs that ``unstuck export --training`` writes: more styles to tune on."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.doctor.programs import finish
from benchmarks.doctor.store import ROOT, SCRATCH, digest, fingerprint
from benchmarks.doctor.subjects import Subject

EXPORT = ROOT / "src" / "unstuck" / "app" / "export"
RECIPES: dict[str, str] = {
    "exported_sgd_sigmoid": "--hidden 32 --activation sigmoid --optimizer sgd --lr 0.5 "
    "--batch-size 20 --epochs 15 --schedule constant --dropout 0",
    "exported_momentum_tanh_two": "--hidden 32,16 --activation tanh --optimizer sgd --momentum 0.9 "
    "--lr 0.05 --batch-size 32 --epochs 8 --schedule constant --dropout 0",
    "exported_adam_relu": "--hidden 48 --activation relu --optimizer adam --lr 0.003 "
    "--epochs 8 --schedule constant --dropout 0",
    "exported_rmsprop_leaky": "--hidden 32 --activation leaky_relu --optimizer rmsprop --lr 0.003 "
    "--epochs 8 --schedule constant --dropout 0",
    "exported_batch_norm": "--hidden 32 --activation relu --batch-norm --optimizer sgd --lr 0.1 "
    "--epochs 6 --schedule constant --dropout 0",
    "exported_l2_squared_error": "--hidden 24 --activation tanh --output identity --loss "
    "squared_error --l2 0.0001 --optimizer sgd --lr 0.02 --batch-size 16 --epochs 12 "
    "--schedule constant --dropout 0",
    "exported_no_hidden": "--hidden none --optimizer sgd --lr 0.3 --batch-size 16 --epochs 8 "
    "--schedule constant",
    "exported_dropout_adagrad": "--hidden 40 --activation relu --dropout 0.2 --optimizer adagrad "
    "--lr 0.05 --epochs 8 --schedule constant",
}


def exported() -> list[Subject]:
    """The programs, written once for each state of the exporter."""
    folder = SCRATCH / "exported" / digest(fingerprint(EXPORT), *RECIPES.values())
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for name, recipe in RECIPES.items():
        path = folder / f"{name}.py"
        if not path.exists():
            write(folder, name, recipe.split())
        found.append(Subject(name, "healthy", path, "learns"))
    return found


def write(folder: Path, name: str, recipe: list[str]) -> None:
    """Train, then export the training program."""
    run = folder / f"run-{name}"
    for command in (
        ["train", "digits", *recipe, "--out", str(run)],
        ["export", str(run), "--to", "numpy", "--training", "-o", str(folder / f"{name}.py")],
    ):
        done = finish([sys.executable, "-m", "unstuck", *command], 300, folder)
        if done.status != "finished":
            raise RuntimeError(f"{name}: {done.stderr[-500:]}")
