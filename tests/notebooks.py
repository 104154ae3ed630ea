"""Notebooks made from programs: their text cut into cells between statements."""

import ast
import json
from itertools import pairwise

import numpy as np

MAGICS = (
    "%matplotlib inline",
    "!pip install numpy",
    "np.dot?",
    "%load_ext autoreload\n%autoreload 2",
    "files = !ls",
    "",
    "# what follows is one step",
)

# Learns but for a derivative: cell 5, line 8 should end in (1 - H**2).
RINGS = [
    "%matplotlib inline\nimport numpy as np",
    """rng = np.random.default_rng(0)
X = rng.normal(size=(200, 2))
T = (X[:, :1] * X[:, 1:] > 0).astype(float)
X.shape, T.mean()""",
    "",
    """W1, b1 = rng.normal(size=(2, 16)), np.zeros((1, 16))
W2, b2 = 0.5 * rng.normal(size=(16, 1)), np.zeros((1, 1))
W1.shape""",
    """%%time
def fit(steps):
    global W1, b1, W2, b2
    for step in range(steps):
        H = np.tanh(X @ W1 + b1)
        O = 1 / (1 + np.exp(-(H @ W2 + b2)))
        d2 = (O - T) / len(X)
        d1 = d2 @ W2.T * H
        W2 = W2 - 2.0 * H.T @ d2
        b2 = b2 - 2.0 * d2.sum(axis=0, keepdims=True)
        W1 = W1 - 2.0 * X.T @ d1
        b1 = b1 - 2.0 * d1.sum(axis=0, keepdims=True)
    return O
""",
    "%time O = fit(1500)",
    "display(np.mean((O > 0.5) == T))\nprint('accuracy', np.mean((O > 0.5) == T))",
]


def cut(text, seed=0, share=0.5):
    """The text of a program as cells, cut before some of its statements; no line is lost."""
    rng = np.random.default_rng(seed)
    lines = text.rstrip("\n").split("\n")
    starts = [
        min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        for node in ast.parse(text).body
    ]
    cuts = [line - 1 for line in starts if line > 1 and rng.random() < share]
    edges = sorted({0, *cuts, len(lines)})
    return ["\n".join(lines[a:b]) for a, b in pairwise(edges)]


def dressed(cells, seed=0):
    """The same with lines of IPython's own on top; and how many lines each cell got."""
    rng = np.random.default_rng(seed)
    tops = [MAGICS[rng.integers(len(MAGICS))] if rng.random() < 0.6 else None for _ in cells]
    if cells and "__future__" in cells[0]:
        tops[0] = None
    added = [0 if top is None else top.count("\n") + 1 for top in tops]
    both = zip(cells, tops, strict=True)
    return [cell if top is None else f"{top}\n{cell}" for cell, top in both], added


def places(cells, added):
    """Where every line of the program (from 1) went: number of its cell, and line in it."""
    found = {}
    line = 0
    for number, (cell, extra) in enumerate(zip(cells, added, strict=True), 1):
        for k in range(cell.count("\n") + 1):
            line += 1
            found[line] = (number, k + 1 + extra)
    return found


def code_cell(source, k=0, **metadata):
    """A cell as nbformat 4.5 keeps it, with outputs."""
    return {
        "cell_type": "code",
        "execution_count": k + 3,
        "id": f"cell-{k}",
        "metadata": metadata,
        "outputs": [{"name": "stdout", "output_type": "stream", "text": ["0.1\n", "größer\n"]}],
        "source": source.splitlines(keepends=True),
    }


def as_notebook(cells, language="python", **metadata):
    """The text of a notebook's file, as Jupyter writes it: with remarks between the code cells."""
    found = [{"cell_type": "markdown", "id": "top", "metadata": {}, "source": ["# A *network*"]}]
    for k, cell in enumerate(cells):
        found.append(code_cell(cell, k))
        if k % 3 == 1:
            found.append({"cell_type": "raw", "id": f"r{k}", "metadata": {}, "source": ["%%x"]})
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": language, "name": "python3"},
        "language_info": {"name": language, "version": "3.11.2"},
        **metadata,
    }
    notebook = {"cells": found, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
