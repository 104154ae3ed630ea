"""Statements of own functions, followed one by one."""

import numpy as np
import pytest

from unstuck.doctor.fixes.interpret import CannotEvaluate, Interpreter
from unstuck.trace.program import Program


def called(body, argument="f(x)", **names):
    text = "import numpy as np\nG = 1\ndef f(x, *more, k=2, **rest):\n"
    text += "".join(f"    {line}\n" for line in body.splitlines())
    return Interpreter(Program({"a.py": text}, "a.py")).evaluate(argument, {"x": 3.0, **names})


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("y = z = x\nreturn y + z", 6.0),
        ("(a, b), c = (1, 2), x\nreturn a + b + c", 6.0),
        ("y: float = x\nreturn y", 3.0),
        ("y: float\nreturn x", 3.0),
        ("if x > 2:\n    return 1\nelse:\n    return 2", 1),
        ("if x > 5:\n    y = 1\nelif x > 2:\n    y = 2\nreturn y", 2),
        (
            (
                "t = 0\nfor i in range(5):\n    if i == 1:\n        continue\n"
                "    if i == 3:\n        break\n    t += i\nelse:\n    t = 99\nreturn t"
            ),
            2,
        ),
        ("t = 0\nfor i in range(3):\n    t += i\nelse:\n    t = 99\nreturn t", 99),
        ("i = 0\nwhile i < 9:\n    i += 1\n    if i == 4: break\nelse:\n    i = 99\nreturn i", 4),
        ("i = 0\nwhile i < 3:\n    i += 1\n    continue\nelse:\n    i = 99\nreturn i", 99),
        ("items = []\nitems.append(x)\nitems.extend([1, 2])\nreturn items", [3.0, 1, 2]),
        ("d = {}\nd['a'] = x\nd['a'] -= 1\nreturn d['a']", 2.0),
        ("y = np.zeros(3)\ny[1] = x\ny[1] *= 2\nreturn y", [0, 6, 0]),
        ("y = np.zeros(3)\nz = y\ny[0] = 1\nreturn y", [1, 0, 0]),
        ("assert x == 3\nreturn x", 3.0),
        ("with np.errstate(all='ignore'):\n    return x", 3.0),
        ("def g(y):\n    return y + x\nreturn g(1)", 4.0),
        ("'''What it does.'''\nprint(x)\nreturn x", 3.0),
        ("import math\nfrom math import pi\nreturn x", 3.0),
        ("pass", None),
        ("return", None),
        ("y = x\ny **= 2\ny //= 2\nreturn y", 4.0),
        ("a, b = b, a = (1, 2)\nreturn a", 2),
    ],
)  # fmt: skip
def test_statements(body, value):
    got = called(body)
    assert got is value if value is None else np.array_equal(got, value)


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("f(1)", (1, (), 2, {})),
        ("f(1, 2, 3)", (1, (2, 3), 2, {})),
        ("f(x=1, k=5)", (1, (), 5, {})),
        ("f(1, z=4)", (1, (), 2, {"z": 4})),
        ("f(*[1, 2], **{'k': 3})", (1, (2,), 3, {})),
    ],
)
def test_arguments(call, value):
    assert called("return x, more, k, rest", call) == value


@pytest.mark.parametrize(
    "body",
    [
        "global G\nG = 2\nreturn G",
        "del x\nreturn 1",
        "raise ValueError",
        "try:\n    return 1\nexcept ValueError:\n    return 2",
        "x.attribute = 1\nreturn x",
        "np.random.seed(0)\nreturn x",
        "with open('f') as g:\n    return 1",
        "assert x == 4\nreturn x",
        "y, z = 1, 2, 3\nreturn y",
        "G[0] = 1\nreturn G",
        "x[0] = 1\nreturn x",
        "while True:\n    pass",
        "return f(x)",
        "for i in 3:\n    pass",
        "yield x",
        "more.append(1)\nreturn more",
        "self.w = 1\nreturn 1",
        "y.z += 1\nreturn y",
    ],
)
def test_what_has_effects_or_no_end_is_refused(body):
    with pytest.raises(CannotEvaluate):
        called(body)


def test_what_a_comprehension_binds_stays_inside():
    assert called("i = 7\ny = [i for i in range(3)]\nreturn i") == 7
