"""Expressions and the program's own functions, evaluated on given values and without running it."""

import ast

import numpy as np
import pytest

from unstuck.doctor.fixes.interpret import CannotEvaluate, Interpreter, place
from unstuck.doctor.fixes.places import expression
from unstuck.trace.program import Program

NETWORK = """\
import numpy as np
from numpy import tanh as th
import math
from helpers import relu, scale as stretch
import helpers as h
RATE = 0.5
SIZES = [2, 3]

def sigmoid(x, deriv=False):
    if deriv:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))

double = lambda x: 2 * x

def outer(x):
    def inner(y):
        return x + y + RATE
    return inner(1)

class Base:
    def act(self, z):
        return np.maximum(z, 0)

class Net(Base):
    def __init__(self):
        self.rate = 0.1
        self.f = sigmoid

    @staticmethod
    def half(x):
        return x / 2

    @classmethod
    def third(cls, x):
        return x / 3

    def forward(self, x):
        return self.act(np.dot(x, self.W)) + self.b

    def train(self):
        pass
"""
HELPERS = """\
import numpy as np
def relu(x):
    return np.where(x > 0, x, 0.0)
def scale(x, by=3):
    return x * by
"""
X = np.array([[-1.0, 2.0], [0.5, -3.0]])


@pytest.fixture
def interpreter():
    return Interpreter(Program({"a.py": NETWORK, "helpers.py": HELPERS}, "a.py"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x @ x.T", X @ X.T),
        ("np.dot(x, x) / len(x)", X @ X / 2),
        ("-x ** 2 + 1", -(X**2) + 1),
        ("x[0, ::-1]", X[0, ::-1]),
        ("x[:, np.newaxis].shape", (2, 1, 2)),
        ("np.sum(x, axis=0, keepdims=True)", X.sum(axis=0, keepdims=True)),
        ("x.mean(0).reshape(-1, 1)", X.mean(0).reshape(-1, 1)),
        ("(x > 0) & (x < 1)", (X > 0) & (X < 1)),
        ("np.c_[x, np.ones(2)]", np.c_[X, np.ones(2)]),
        ("sum(v * v for v in x[0] if v > 0)", 4.0),
        ("[a * b for a, b in zip(x[0], x[1])]", [-0.5, -6.0]),
        ("[i + j for i in range(2) for j in range(2)]", [0, 1, 1, 2]),
        ("{'a': x}['a']", X),
        ("1 if x[0, 0] > 0 else 2", 2),
        ("0 < RATE < 1 and not False", True),
        ("RATE or x", 0.5),
        ("list(map(lambda v: v + RATE, SIZES))", [2.5, 3.5]),
        ("max(*x[0])", 2.0),
        ("np.linalg.norm(x)", np.linalg.norm(X)),
        ("math.exp(1) + math.pi", np.e + np.pi),
        ("th(x)", np.tanh(X)),
        ("x.T.shape[1] + x.size + x.ndim", 8),
        ("(x * 1j).imag", X),
        ("np.add(*[1, 2], **{'dtype': float})", 3.0),
    ],
)
def test_numpy_and_python(interpreter, text, value):
    np.testing.assert_allclose(interpreter.evaluate(text, {"x": X}), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sigmoid(x)", 1 / (1 + np.exp(-X))),
        ("sigmoid(x, True)", X * (1 - X)),
        ("sigmoid(x, deriv=True)", X * (1 - X)),
        ("double(x)", 2 * X),
        ("outer(x)", X + 1.5),
        ("relu(x)", np.maximum(X, 0)),
        ("stretch(x)", 3 * X),
        ("h.scale(x, by=2)", 2 * X),
        ("np.vectorize(sigmoid)(x)", 1 / (1 + np.exp(-X))),
    ],
)
def test_own_functions(interpreter, text, value):
    np.testing.assert_allclose(interpreter.evaluate(text, {"x": X}), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("self.act(x)", np.maximum(X, 0)),
        ("self.half(x)", X / 2),
        ("Net.half(x)", X / 2),
        ("self.third(x)", X / 3),
        ("self.f(x)", 1 / (1 + np.exp(-X))),
        ("self.forward(x)", np.maximum(X @ X, 0) + 1),
        ("self.W + self.layers[0]", X + 5),
    ],
)
def test_methods_and_attributes(interpreter, text, value):
    names = {"x": X, "self.W": X, "self.b": 1.0, "self.layers[0]": 5.0}
    np.testing.assert_allclose(interpreter.evaluate(text, names, function="Net.train"), value)


def test_attributes_of_another_object(interpreter):
    names = {"net.W": X, "net.b": 1.0, "x": X, "cache['z']": 2.0}
    got = interpreter.evaluate('net.W * net.b + cache["z"]', names)
    np.testing.assert_array_equal(got, X + 2)


def test_names_stand_before_module_names_and_both_before_constants(interpreter):
    assert interpreter.evaluate("RATE", {"RATE": 1.0}, module={"RATE": 2.0}) == 1.0
    assert interpreter.evaluate("RATE", {}, module={"RATE": 2.0}) == 2.0
    assert interpreter.evaluate("RATE", {}) == 0.5
    np.testing.assert_array_equal(
        interpreter.evaluate("outer(x)", {"x": X}, module={"RATE": 7.0}), X + 8
    )


@pytest.mark.parametrize(
    "text",
    [
        "unknown",
        "unknown(x)",
        "open('f')",
        "print(x)",
        "exec('1')",
        "eval('1')",
        "__import__('os')",
        "np.save('f', x)",
        "np.random.rand(2)",
        "x.tofile('f')",
        "x.__class__",
        "x.dtype.type",
        "np.add(x, x, out=x)",
        "x.dot(x, out=x)",
        "np.zeros((100000, 100000))",
        "np.outer(np.zeros(100000), np.zeros(100000))",
        "10 ** 10 ** 8",
        "1 << 10 ** 9",
        "[0] * 10 ** 9",
        "'a' * 10 ** 9",
        "np.arange(10 ** 12)",
        "np.eye(10 ** 6)",
        "np.tile(x, 10 ** 9)",
        "np.repeat(x, 10 ** 9)",
        "sum(i for i in range(10 ** 7))",
        "1 / 0",
        "x[9]",
        "x @ np.ones(3)",
        "-(x > 0)",
        "self",
        "np",
        "sigmoid",
        "[y := 1]",
        "f'{x}'",
        "sigmoid()",
        "sigmoid(x, 1, 2)",
        "sigmoid(x, wrong=1)",
        "(lambda v: v(v))(lambda v: v(v))",
    ],
)
def test_what_is_unknown_unsafe_or_too_large_is_refused(interpreter, text):
    with pytest.raises(CannotEvaluate):
        interpreter.evaluate(text, {"x": X})


def test_what_it_was_given_is_never_changed(interpreter):
    program = Program({"a.py": "def f(a):\n    a[0] = 9\n    a += 1\n    return a\n"}, "a.py")
    x = X.copy()
    np.testing.assert_array_equal(Interpreter(program).evaluate("f(a)", {"a": x})[0], [10, 10])
    np.testing.assert_array_equal(x, X)


def test_trees_that_are_kept_are_evaluated_once(interpreter):
    env = interpreter.environment({"x": X})
    tree, other = expression("np.dot(x, x)"), expression("x + x")
    env.memo, env.keep = {}, {id(tree)}
    first = interpreter.evaluate_in(tree, env)
    assert interpreter.evaluate_in(tree, env) is first
    assert interpreter.evaluate_in(other, env) is not interpreter.evaluate_in(other, env)
    np.testing.assert_array_equal(
        interpreter.evaluate_in(ast.BinOp(tree, ast.Add(), expression("1")), env), first + 1
    )
    assert set(env.memo) == {id(tree)}


def test_a_failure_is_remembered_too(interpreter):
    env = interpreter.environment({"x": X})
    tree = expression("nowhere(x)")
    env.memo, env.keep = {}, {id(tree)}
    for _ in range(2):
        with pytest.raises(CannotEvaluate, match="what nowhere calls is not known"):
            interpreter.evaluate_in(tree, env)


def test_helpers_by_how_they_are_called(interpreter):
    found = interpreter.helpers("a.py", "Net.train")
    for text in ("sigmoid", "double", "relu", "stretch", "self.forward", "Net.half", "h.relu"):
        assert text in found
    assert "inner" not in found
    assert "inner" in interpreter.helpers("a.py", "outer.<locals>.inner")
    assert "self.forward" not in interpreter.helpers("a.py", "outer")


def test_the_function_that_a_text_names(interpreter):
    assert interpreter.function("sigmoid", "a.py").positional == ["x", "deriv"]
    assert interpreter.function("sigmoid", "a.py").required == 1
    assert interpreter.function("self.forward", "a.py", "Net.train").positional == ["x"]
    assert interpreter.function("stretch", "a.py").file == "helpers.py"
    assert interpreter.function("np.dot", "a.py") is None
    assert interpreter.function("nowhere", "a.py") is None


def test_files_that_do_not_parse_define_nothing():
    program = Program({"a.py": "from b import f\n", "b.py": "def f(:\n"}, "a.py")
    with pytest.raises(CannotEvaluate):
        Interpreter(program).evaluate("f(1)", {})


@pytest.mark.parametrize(
    ("text", "found"),
    [("a", "a"), ("a.b[0]", "a.b[0]"), ('a["k"]', "a['k']"), ("f(a).b", None), ("a + b", None)],
)
def test_texts_that_name_a_place(text, found):
    assert place(expression(text)) == found
