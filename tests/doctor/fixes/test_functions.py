"""What a file's text tells of its functions, imports and constants."""

import pytest

from unstuck.doctor.fixes.functions import names_of, path
from unstuck.trace.program import Program

TEXT = """\
import numpy
import numpy as np, math as m
import numpy.linalg
import package.tools as tools
import pandas as pd
from numpy import exp, dot as d
from numpy import linalg as la
from package import other
from package.other import f as g
from .other import h
from math import *
from unknown import thing

RATE = 0.1
TWICE = 1
TWICE = 2
COUNT = 0
COUNT += 1
for LOOP in range(3):
    pass
SHARED = 1

def change():
    global SHARED
    SHARED = 2

square = lambda x, p=2: x ** p

class A(B, m.C):
    @staticmethod
    def s(x, y=1): pass
    @classmethod
    def c(cls, x): pass
    def m(self, x, /, y, *, z): self.hook = square
    class Inner:
        def deep(self): pass

if True:
    def inside_if(x):
        def nested(): pass
"""


@pytest.fixture
def names():
    files = {
        "a.py": TEXT,
        "package/__init__.py": "",
        "package/other.py": "",
        "package/tools.py": "",
    }
    return names_of(Program(files, "a.py"))["a.py"]


def test_imports(names):
    assert names.modules == {"numpy": "numpy", "np": "numpy", "m": "math", "la": "numpy.linalg"}
    assert names.members == {"exp": ("numpy", "exp"), "d": ("numpy", "dot")}
    assert names.own_modules == {"tools": "package/tools.py", "other": "package/other.py"} or (
        names.own_modules == {"tools": "package/tools.py"}
        and names.own["other"] == ("package/__init__.py", "other")
    )
    assert names.own["g"] == ("package/other.py", "f")
    assert names.own["h"] == ("package/other.py", "h")
    assert names.star == ["math"]
    assert names.alias("numpy") in {"numpy", "np"}
    assert names.alias("cmath") is None


def test_only_what_is_assigned_once_is_a_constant(names):
    assert set(names.constants) == {"RATE"}


def test_functions_with_where_they_stand(names):
    (static,) = names.functions["s"]
    assert (static.owner, static.static, static.positional, static.required) == (
        "A", True, ["x", "y"], 1,
    )  # fmt: skip
    (on_class,) = names.functions["c"]
    assert on_class.classmethod
    assert on_class.positional == ["x"]
    (method,) = names.functions["m"]
    assert method.positional == ["x", "y"]
    assert method.required == 2
    (deep,) = names.functions["deep"]
    assert (deep.owner, deep.outer) == ("Inner", "A.Inner")
    (nested,) = names.functions["nested"]
    assert (nested.owner, nested.outer) == ("", "inside_if")
    (square,) = names.functions["square"]
    assert square.positional == ["x", "p"]
    assert square.required == 1


def test_classes_and_what_is_put_in_attributes(names):
    assert names.classes == {"A": ["B", "m.C"], "Inner": []}
    assert [value.id for value in names.attributes["hook"]] == ["square"]


def test_names_in_a_path_without_markers():
    assert path("A.f.<locals>.g") == ["A", "f", "g"]
    assert path("") == []
