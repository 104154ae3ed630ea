"""A number is changed where it is written down, however far from where it is read."""

import pytest

from unstuck.doctor.fixes.patch import apply
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.fixes.rewrites.numbers import change_number
from unstuck.trace.program import Program


def changed(text, read, factor=0.1):
    """The program with the number behind an expression changed; it is read in its last place."""
    program = Program({"a.py": text}, "a.py")
    start = text.rindex(f"{read} * g")
    span = Source(text).between("a.py", start, start + len(read))
    option = change_number(program, span, "a.py", factor=factor)
    return apply(program, option.edits).files["a.py"], option.label


STEP = "    def step(w):\n        w -= rate * g\n    return step\n"  # in a function around it
INIT = "class Net:\n    def __init__(self, rate):\n        self.rate = rate\n"
METHOD = "    def step(self):\n        w -= self.rate * g\n"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("w -= 0.5 * g\n", "0.5"),
        ("rate = 0.5\nw -= rate * g\n", "rate"),
        ("rate: float = 0.5\nw -= rate * g\n", "rate"),
        ("rate, n = 0.5, 7\nw -= rate * g\n", "rate"),
        ("rate = 0.5\nm = 40\nlr = rate / m\nw -= lr * g\n", "lr"),
        ("def step(w, g, rate=0.5):\n    w -= rate * g\n", "rate"),
        ("def step(w, g, rate=9.0):\n    w -= rate * g\nstep(w, g, rate=0.5)\n", "rate"),
        ("def step(w, rate):\n    w -= rate * g\nstep(w, 0.5)\n", "rate"),
        ("def step(w, *, rate=0.5):\n    w -= rate * g\n", "rate"),
        (f"class Net:\n    rate = 0.5\n{METHOD}", "self.rate"),
        (f"{INIT}{METHOD}net = Net(0.5)\n", "self.rate"),
        (f"def make(rate):\n{STEP}make(0.5)\n", "rate"),
        (f"def make():\n    rate = 0.5\n{STEP}", "rate"),
        (f"rate = 9.0\ndef make(rate=0.5):\n{STEP}", "rate"),
        ("options = {'rate': 0.5, 'n': 9}\nw -= options['rate'] * g\n", "options['rate']"),
        ("o = {'rate': 0.5}\ndef step(w, o):\n    w -= o['rate'] * g\n", "o['rate']"),
        ("def f(rate):\n    o = {'r': rate}\n    w -= o['r'] * g\nf(0.5)\n", "o['r']"),
    ],
)
def test_where_the_number_is_written_down(text, read):
    after, label = changed(text, read)
    assert after == text.replace("0.5", "0.05")
    assert label == "0.5 -> 0.05"


@pytest.mark.parametrize(
    ("text", "read", "after"),
    [
        ("w -= f(k) * g\n", "f(k)", "w -= f(k) * 0.1 * g\n"),
        ("w -= rates[k] * g\n", "rates[k]", "w -= rates[k] * 0.1 * g\n"),
        ("m = {'a': 1.5}\nw -= m['b'] * g\n", "m['b']", "m = {'a': 1.5}\nw -= m['b'] * 0.1 * g\n"),
    ],
)
def test_where_no_number_is_found_the_expression_is_multiplied(text, read, after):
    assert changed(text, read)[0] == after


def test_a_whole_number_stays_one():
    text = "n = 10\nw -= n * g\n"
    assert changed(text, "n", 3)[0] == "n = 30\nw -= n * g\n"
