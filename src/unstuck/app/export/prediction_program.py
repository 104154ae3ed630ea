"""A trained network as a program that predicts: its parameters lie beside it in an .npz file."""

from __future__ import annotations

import json

from unstuck.app.export.data_texts import unit_expression
from unstuck.app.export.describe import anatomy
from unstuck.app.export.predict_texts import decided, decision
from unstuck.app.export.text import docstring, enclose, function
from unstuck.app.export.training_program import functions_of, gather, import_block
from unstuck.app.export.walk import is_single, walk
from unstuck.base.arrays import AnyArray
from unstuck.core.layout import lay_out
from unstuck.core.network import Network


def prediction_program(network: Network) -> str:
    """The program's text."""
    walked = walk(network, running="p")
    helpers = gather(walked.needs)
    imports = {"import sys", "from pathlib import Path", "import numpy as np"}
    imports |= {name for helper in helpers.values() for name in helper.imports}
    constants = [h.source.strip() for h in helpers.values() if h.source and "def " not in h.source]
    constants += class_names(network)
    used = ", ".join(saved_arrays(network))
    blocks = [
        function(
            "load_parameters",
            [],
            f"The arrays that were learned, by name: {used}.",
            [
                'with np.load(Path(__file__).with_suffix(".npz")) as file:',
                "    return dict(file)",
            ],
        ),
        *functions_of(helpers),
        function(
            "forward",
            ["X", "p"],
            f"The outputs for samples as they come, X of shape (n, {network.n_features}).",
            [*scaling(network), *walked.predict, f"return {walked.predicted}"],
        ),
        function(
            "predict",
            ["X", "p"],
            f"{decided(network)}.",
            [f"return {decision(network, 'forward(X, p)')}"],
        ),
        READ_SAMPLES,
        main_block(network),
    ]
    head = "\n".join(docstring(opening(network), depth=0))
    top = "\n\n".join([head, import_block(imports), *(["\n".join(constants)] if constants else [])])
    return "\n\n\n".join([top, *blocks]) + "\n"


def opening(network: Network) -> str:
    """The docstring at the top."""
    return (
        f"A trained neural network in plain NumPy: {anatomy(network)}.\n\n"
        "    python THIS_FILE samples.csv\n\n"
        "prints what it says about each sample; samples are rows of numbers, in a .csv or .npy "
        "file. Its parameters are in the .npz file of the same name beside it. n is the number of "
        "samples."
    )


def saved_arrays(network: Network) -> dict[str, AnyArray]:
    """Everything that the program loads: parameters, running statistics, scaling, by name."""
    arrays: dict[str, AnyArray] = {name: network[name] for name in network}
    for entry in lay_out(network.layers, "state_shapes"):
        arrays[entry.name] = network.state[entry.start : entry.stop].reshape(entry.shape)
    scaling = network.scaling
    if scaling is not None and scaling.kind == "standard":
        arrays["shift"], arrays["scale"] = scaling.shift, scaling.scale  # type: ignore[assignment]
    return arrays


def scaling(network: Network) -> list[str]:
    """Lines that turn raw inputs into the network's."""
    how, lines = network.scaling, []
    if how is not None and how.kind == "standard":
        lines.append(f'X = (X - p["shift"]) * p["scale"]  # (n, {network.n_features})')
    elif how is not None and how.kind == "unit":
        expression = unit_expression(how.shift, how.scale).format(x="X")
        lines += [] if expression == "X" else [f"X = {expression}  # from 0 to 1"]
    if is_single(network):
        lines.append("X = X.astype(np.float32)")
    return lines


def class_names(network: Network) -> list[str]:
    """The names of the classes, where there are any."""
    if network.class_names is None:
        return []
    names = [json.dumps(name, ensure_ascii=False) for name in network.class_names]
    return enclose("CLASSES = [", names, "]", depth=0)


READ_SAMPLES = function(
    "read_samples",
    ["path"],
    "Rows of numbers from a .csv or .npy file.",
    [
        'if path.endswith(".npy"):',
        "    X = np.load(path)",
        "    return X.reshape(len(X), -1)",
        'return np.loadtxt(path, delimiter=",", ndmin=2)',
    ],
)


def main_block(network: Network) -> str:
    """What happens when the file is run."""
    shown = "CLASSES[answer]" if network.class_names is not None else "answer"
    return "\n".join(
        [
            'if __name__ == "__main__":',
            "    for answer in predict(read_samples(sys.argv[1]), load_parameters()):",
            f"        print({shown})",
        ]
    )
