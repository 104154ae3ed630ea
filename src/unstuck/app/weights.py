"""`unstuck weights DATA`: which initial weights a network should have on these data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unstuck.app.options import SectionedCommand, typed_options
from unstuck.app.screen import Screen
from unstuck.app.train_options import parameters
from unstuck.app.weights_options import (
    BATCH_SIZE,
    BUDGET,
    OPTIMIZER,
    SECTIONS,
    WIDTH,
)
from unstuck.base.errors import InvalidInputError, UnstuckError

if TYPE_CHECKING:
    from unstuck.base.arrays import AnyArray
    from unstuck.core.network import Network
    from unstuck.data.dataset import Dataset
    from unstuck.weights.advice import WeightAdvice

INTERRUPTED = 130
LINES, NUMBERS = "weights.py", "weights.json"
HEADER = """# Written by `unstuck weights`. X are your inputs, (samples, features), as the network
# sees them, and activation is the function between its layers, where they are used.
import numpy as np

"""
HELP = """Say which initial weights a network should have on some data.

Theory gives gains, one forward and one backward pass show what each candidate does to these data,
and a race of short trainings decides. The recommendation comes as NumPy to paste, a line a layer.
Without arguments it looks at the digits. DATA is whatever `unstuck train` takes. With --script
network, data and weights are read off a NumPy program, and each line to change is named.

Exit code: 0 done, 2 something that was typed or given cannot be used, 130 Ctrl-C (what is known
until then is shown).

\b
Examples:
  unstuck weights digits --hidden 64,64 --activation sigmoid
  unstuck weights mnist --depth 20 --width 64 --activation tanh --out weights
  unstuck weights houses.csv --target price --quick
  unstuck weights --script my_network.py
"""


def run_weights(**options: Any) -> int:
    """Run the command; returns the exit code."""
    typed = typed_options(click.get_current_context())
    screen = Screen(quiet=options["quiet"], as_json=options["as_json"])
    if options["script"]:
        from unstuck.app.weights_script import run_script

        return run_script(options, typed, screen)
    network, X, y = described(options, typed, screen)
    advice = asked(options, network, X, y, screen)
    screen.json(as_json(advice))
    show(screen, advice)
    if options["out"]:
        keep(Path(options["out"]), advice, network, screen)
    return INTERRUPTED if advice.interrupted else 0


def described(
    options: Mapping[str, Any], typed: frozenset[str], screen: Screen
) -> tuple[Network, AnyArray, AnyArray]:
    """The network that is to be trained, and its training data."""
    from unstuck.app.plan import TargetScaling, build_network, resolve
    from unstuck.data.load import load
    from unstuck.weights.memory import check_memory

    data = load(
        options["dataset"] or "digits",
        data_dir=options["data_dir"],
        target=options["target"],
        task=options["task"],
        notify=screen.note,
    )
    given = {name: options[name] for name in typed if name not in ("depth", "width")}
    given |= {
        "dropout": 0.0,
        "label_smoothing": 0.0,
        "optimizer": options["optimizer"] or OPTIMIZER,
    }
    widths = hidden_widths(options)
    if widths is not None:
        given["hidden"] = widths
    resolved = resolve(given, data) | {"input_dropout": 0.0, "batch_norm": False, "l2": 0.0}
    sizes = [data.n_features, *resolved["hidden"], data.n_outputs]
    check_memory(sizes, dtype_bytes=4 if resolved["dtype"] == "float32" else 8)
    network = build_network(resolved, data)
    opening(screen, network, data, resolved)
    targets = TargetScaling.fit(data.y_train, network)
    return network, data.X_train, data.y_train if targets is None else targets.apply(data.y_train)


def hidden_widths(options: Mapping[str, Any]) -> tuple[int, ...] | None:
    """What --depth and --width stand for; None where neither was typed."""
    depth, width = options["depth"], options["width"]
    if depth is None and width is None:
        return None
    if options["hidden"] is not None:
        raise InvalidInputError(
            "--hidden says all widths; --depth and --width say so many layers of one width. Give "
            "one or the other."
        )
    if depth is None:
        raise InvalidInputError(f"--width {width} needs --depth, the number of hidden layers.")
    return (int(width or WIDTH),) * int(depth)


def opening(screen: Screen, network: Network, data: Dataset, options: Mapping[str, Any]) -> None:
    """What is looked at, in three lines."""
    screen.note(
        f"{data.name}: {len(data.X_train):,} samples, {data.n_features} features, "
        f"{data.n_outputs} {'classes' if data.class_names else 'values'}"
    )
    hidden = list(options["hidden"])
    middle = [str(width) for width in hidden]
    if len(hidden) > MANY and len(set(hidden)) == 1:
        middle = [f"{len(hidden)} x {hidden[0]}"]
    widths = " - ".join([str(data.n_features), *middle, str(data.n_outputs)])
    screen.note(
        f"network {widths} ({options['activation']}, {options['output']}), "
        f"{network.theta.size:,} parameters"
    )
    screen.note(f"your weights: {yours(options)}; {options['optimizer']}")


MANY = 4  # hidden layers of one width are counted from so many on


def yours(options: Mapping[str, Any]) -> str:
    """The name of the weights that are judged."""
    from unstuck.core.mlp import DEFAULT_INITIALIZERS, OTHERWISE

    name = options["init"] or DEFAULT_INITIALIZERS.get(options["activation"], OTHERWISE)
    return name if options["init"] else f"{name}, the default"


def asked(
    options: Mapping[str, Any], network: Network, X: AnyArray, y: AnyArray, screen: Screen
) -> WeightAdvice:
    """The advice, with a bar while it races."""
    from unstuck.show.progress import Counting
    from unstuck.weights.advise import advise

    with Counting(None if screen.quiet else screen.err) as count:
        return advise(
            network,
            X,
            y,
            learning_rate=options["learning_rate"],
            optimizer=options["optimizer"] or OPTIMIZER,
            batch_size=options["batch_size"] or BATCH_SIZE,
            budget_seconds=options["budget"] or BUDGET,
            seeds=options["seeds"],
            steps=options["steps"],
            quick=options["quick"],
            n_jobs=options["jobs"],
            random_state=options["seed"] or 0,
            progress=count,
        )


# --------------------------------------------------------------------- what is shown and kept


def show(screen: Screen, advice: WeightAdvice) -> None:
    """The page in the terminal."""
    from unstuck.show.weights import advice_lines

    screen.page(lambda width: advice_lines(advice, width=min(width, 80)))


def as_json(advice: WeightAdvice) -> dict[str, Any]:
    """The advice as plain values."""
    return {
        "best": advice.best,
        "reason": advice.reason,
        "learning_rate": advice.learning_rate,
        "steps": advice.steps,
        "interrupted": advice.interrupted,
        "candidates": advice.records,
        "findings": list(advice.findings),
        "notes": list(advice.notes),
        "lines": list(advice.lines),
    }


def keep(folder: Path, advice: WeightAdvice, network: Network, screen: Screen) -> None:
    """Write pictures, lines and numbers, each file whole or not at all."""
    from unstuck.base.files import atomic_write
    from unstuck.training.runs import finite

    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        LINES: HEADER + "\n".join(advice.lines) + "\n",
        NUMBERS: json.dumps(finite(as_json(advice)), indent=2) + "\n",
    }
    for name, text in texts.items():
        with atomic_write(folder / name) as file:
            file.write(text.encode())
    try:
        drawn = draw(folder, advice, network)
    except (ImportError, OSError, UnstuckError) as error:
        screen.warn(f"The pictures could not be drawn: {error}")
        drawn = []
    screen.note(f"Wrote {', '.join((*texts, *drawn))} in {folder}.")


def draw(folder: Path, advice: WeightAdvice, network: Network) -> list[str]:
    """The pictures that apply; returns the names of their files."""
    from unstuck.show.style import save_figure
    from unstuck.show.weights_plots import advice_figure, raced

    names = ["signals"]
    names += ["activations"] if len(network.weights()) > 1 else []
    names += ["race"] if raced(advice) else []
    for name in names:
        save_figure(advice_figure(advice, picture=name, network=network), folder / f"{name}.png")
    return [f"{name}.png" for name in names]


weights = SectionedCommand("weights", params=parameters(SECTIONS), callback=run_weights, help=HELP)
