"""Diagnoses made by hand, as the doctor would give them: for the tests of everything that shows."""

import difflib

import numpy as np

from unstuck.doctor.diagnosis import (
    Clean,
    Diagnosis,
    Finding,
    Progress,
    Repair,
    Unchecked,
)
from unstuck.record.run_record import SourceSpan

DIGITS = """\
import numpy as np
from sklearn.datasets import load_digits

X, Y = load_digits(return_X_y=True)


def init_param():
    w1 = np.random.rand(10, 64)
    b1 = np.random.rand(10, 1)
    w2 = np.random.rand(10, 10)
    b2 = np.random.rand(10, 1)
    return w1, b1, w2, b2


def dtanh(z):
    return 1 - np.tanh(z) ** 2


def tanh(z):
    return np.tanh(z)


def back_prop(z1, a1, z2, a2, w2, x, y):
    one_hot_y = one_hot(y)
    dz2 = (a2 - one_hot_y) * tanh(z2)
    dw2 = dz2.dot(a1.T)
    db2 = np.sum(dz2, 1, keepdims=True)
    dz1 = w2.T.dot(dz2) * (z1 > 0)
    return dz1.dot(x.T), np.sum(dz1, 1, keepdims=True), dw2, db2


gradient_descent(X, Y, 120, 0.1)
"""
MENDS = (
    ("load_digits(return_X_y=True)\n", "load_digits(return_X_y=True)\nX = X / 16\n"),
    ("np.random.rand(10, 64)", "np.random.randn(10, 64) * np.sqrt(2 / 64)"),
    ("np.random.rand(10, 10)", "np.random.randn(10, 10) * np.sqrt(2 / 10)"),
    ("* tanh(z2)", "* dtanh(z2)"),
)


def span_of(source, text, file="digits.py", *, nth=0):
    """Where a text stands in a source, for the nth time."""
    at = -1
    for _ in range(nth + 1):
        at = source.index(text, at + 1)
    end = at + len(text)
    return SourceSpan(
        file,
        source.count("\n", 0, at) + 1,
        at - (source.rfind("\n", 0, at) + 1),
        source.count("\n", 0, end) + 1,
        end - (source.rfind("\n", 0, end) + 1),
    )


def diff_of(before, after, file="digits.py"):
    """A unified diff as the repair holds it."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        file,
        f"{file} (repaired)",
        n=1,
    )
    return "".join(lines)


def repaired(source=DIGITS):
    """The digits program with all three causes mended."""
    for old, new in MENDS:
        source = source.replace(old, new)
    return source


def three_causes():
    """The digits program: three causes, a fault beside them, a note, and a measured repair."""
    after = repaired()
    return Diagnosis(
        "digits.py",
        "stuck",
        Progress("accuracy", 0.0988, np.float64(0.1013), 0.1002, 120),
        (
            Finding(
                "W302",
                "note",
                "The biases start anywhere between 0 and 1; zero is the usual start.",
                span_of(DIGITS, "np.random.rand(10, 1)"),
            ),
            Finding(
                "G103",
                "cause",
                "The error is multiplied by tanh(z2) itself, but going back through tanh it must "
                "be multiplied by the slope of tanh at z2, which dtanh computes.",
                span_of(DIGITS, "tanh(z2)", nth=0),
                {
                    "cosine with the true gradient": {
                        "w1": 0.213,
                        "b1": 0.0871,
                        "w2": -0.0344,
                        "b2": -0.2,
                    },
                    "step over true gradient": {"w1": 4.1, "b1": 12.25, "w2": 310.0, "b2": 0.001},
                    "windows compared": 4,
                },
                "dtanh(z2)",
                proved=True,
            ),
            Finding(
                "W302",
                "cause",
                "All weights start between 0 and 1, so every unit adds up 64 positive numbers and "
                "all units of the layer say nearly the same.",
                span_of(DIGITS, "np.random.rand(10, 64)"),
                {"mean": 0.4987, "standard_deviation": 0.289, "saturated share of a2": 1.0},
                "np.random.randn(10, 64) * np.sqrt(2 / 64)",
                proved=True,
            ),
            Finding(
                "D401",
                "cause",
                "The pixels go from 0 to 16; inputs should be near 0..1 or have standard "
                "deviation 1.",
                span_of(DIGITS, "X, Y = load_digits(return_X_y=True)"),
                {"lowest": 0.0, "highest": np.float32(16.0), "mean": 4.884, "features": 64},
                "X, Y = load_digits(return_X_y=True)\nX = X / 16",
                proved=True,
            ),
            Finding(
                "O502",
                "fault",
                "tanh gives values from -1 to 1, but the labels are 0 or 1: half of its range is "
                "never wanted.",
                span_of(DIGITS, "np.tanh(z)", nth=1),
                {"range of the output": [-1.0, 1.0], "labels": [0, 1]},
            ),
        ),
        (
            Clean("labels", "one-hot, 10 classes, in the order of the samples"),
            Clean("gradient of b2", "equal to the true gradient once G103 is mended"),
            Clean("learning rate", "0.1 moves the weights by 0.4 % an update"),
        ),
        (
            Unchecked(
                "accuracy as printed",
                "it is computed by sklearn.metrics.accuracy_score, which the doctor does not look "
                "into",
            ),
        ),
        Repair(
            ("G103", "W302", "D401"),
            diff_of(DIGITS, after),
            np.float64(0.1013),
            0.4163,
            (0, 1, 2),
            6,
            verified=True,
            files={"digits.py": after},
        ),
        sources={"digits.py": DIGITS},
        seconds=12.4,
    )


def healthy():
    """A program that learns, in which nothing is wrong."""
    return Diagnosis(
        "xor.py",
        "learns",
        Progress("loss", 0.7312, 0.01234, 0.6931, 5000),
        clean=(
            Clean("gradients", "W1, b1, W2, b2: equal to the true gradient of the cross-entropy"),
            Clean("weights", "mean 0, spread 0.98 of what the width asks for"),
        ),
        unchecked=(Unchecked("order of the samples", "there are only four"),),
        sources={"xor.py": "print(0)\n"},
    )


def learns_with_fault():
    """A program that learns although one of its gradients is wrong."""
    source = "def train():\n\tb2 -= rate * dz2.sum()\n"
    return Diagnosis(
        "bias.py",
        "learns",
        Progress("accuracy", 0.5, 0.962, 0.5, 1),
        (
            Finding(
                "G105",
                "fault",
                "The gradient of b2 is summed over all its units, so they all move together.",
                span_of(source, "dz2.sum()", "bias.py"),
                {"cosine": 0.31},
                "dz2.sum(axis=0)",
            ),
        ),
        sources={"bias.py": source},
    )


def crashed():
    """A program that ends with an exception, after an escape sequence in its own text."""
    source = "keys = {}\nlabel = '\x1b[31m損失'; W = keys['dW1']\n"
    return Diagnosis(
        "keys.py",
        "crashed",
        None,
        (
            Finding(
                "P701",
                "cause",
                "KeyError: 'dW1'. The dictionary holds W1, b1 at this point.",
                span_of(source, "keys['dW1']", "keys.py"),
                {"after": "0 updates", "keys": ["W1", "b1"]},
            ),
        ),
        unchecked=(Unchecked("gradients", "the program ended before its first update"),),
        reason="it ends with KeyError: 'dW1' in line 2, before the first update",
        sources={"keys.py": source},
    )


def unknown():
    """A program in which no training was found."""
    return Diagnosis(
        "hello.py",
        "unknown",
        reason="no training was found: nothing in the program is changed step by step",
        sources={"hello.py": "print('hello')\n"},
    )


def unverified():
    """What is found without re-running: nothing is called a cause, the repair is not measured."""
    full = three_causes()
    findings = tuple(
        Finding(f.code, "fault", f.message, f.span, f.evidence, f.replacement)
        for f in full.findings
        if f.severity != "note"
    )
    return Diagnosis(
        full.program,
        "stuck",
        full.progress,
        findings,
        repair=Repair(
            ("G103", "W302", "D401"), full.repair.diff, 0.1013, float("nan"), (), 0, verified=False
        ),
        sources=full.sources,
    )


ALL = {
    maker.__name__: maker
    for maker in (
        three_causes,
        healthy,
        learns_with_fault,
        crashed,
        unknown,
        unverified,
    )
}
