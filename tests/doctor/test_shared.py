"""Arrays with two names, of which one is written: found in the source, spoken of if it matters."""

import pytest
from tests.doctor.programs import HEALTHY, LISTS, assert_computes, exchanged, mended

from unstuck.doctor.shared import shared_state
from unstuck.trace.program import Program

OWN = "V = [np.zeros_like(p) for p in P]"


def found(text):
    program = Program({"program.py": text}, "program.py")
    return program, shared_state(program)


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_shared_that_changes(name):
    assert found(HEALTHY[name])[1] == []


@pytest.mark.parametrize("wrong", ["V = [p for p in P]", "V = list(P)", "V = tuple(P)", "V = P"])
def test_momentum_in_the_arrays_of_the_parameters(wrong):
    text = exchanged(LISTS, (OWN, wrong))
    program, (suspect,) = found(text)
    assert suspect.code == "U203"
    assert suspect.speculative
    changed = mended(program, suspect.options[0])
    if wrong != "V = P":  # a list of arrays: no one array can stand for it
        assert_computes(changed, LISTS, *"PV"[:0], "h", "o")


CHANGES = "\nfor k in range(3):\n    m[k] += 1.0\n    v[k] += 1.0\n"


@pytest.mark.parametrize(
    ("made", "own"),
    [
        ("m = v = np.zeros(3)", "m = np.zeros(3); v = np.zeros(3)"),
        ("m = [np.zeros(2)] * 3", "m = [np.zeros(2) for _ in range(3)]"),
        ("m = [[0.0] * 2] * 3", "m = [[0.0] * 2 for _ in range(3)]"),
        (
            "m = {k: x for k, x in p.items()}",
            "m = {k: np.zeros_like(x) for k, x in p.items()}",
        ),
        ("m = dict(p)", "m = {k: np.zeros_like(x) for k, x in p.items()}"),
        ("m = list(p.values())", "m = [np.zeros_like(x) for x in p.values()]"),
        ("m = v = {}", "m = {}; v = {}"),
        ("m = v = [0.0] * 3", "m = [0.0] * 3; v = [0.0] * 3"),
        ("m, v = [np.zeros(3)] * 2", "m, v = [np.zeros(3) for _ in range(2)]"),
        ("m = dict.fromkeys(names, np.zeros(3))", "m = {k: np.zeros(3) for k in names}"),
        ("z = np.zeros(3)\nm = [z, z]", "z = np.zeros(3)\nm = [z, np.zeros_like(z)]"),
        ("z = np.zeros(3)\nm, v = z, z", "z = np.zeros(3)\nm, v = z, np.zeros_like(z)"),
        ("m = np.zeros(3)\nv = m", "m = np.zeros(3)\nv = np.zeros_like(m)"),
        ("m = {}\nv = m", "m = {}\nv = {}"),
        ("m = [0.0] * 3\nv = m", "m = [0.0] * 3\nv = [0.0] * 3"),
        (
            "m = {k: np.zeros(2) for k in 'ab'}\nv = m",
            "m = {k: np.zeros(2) for k in 'ab'}\nv = {k: np.zeros_like(x) for k, x in m.items()}",
        ),
        (
            "for k in p:\n    m[k] = v[k] = np.zeros(2)",
            "for k in p:\n    m[k] = np.zeros(2); v[k] = np.zeros(2)",
        ),
        (
            "def f(a, d={}):\n    m = d",
            "def f(a, d=None):\n    d = {} if d is None else d\n    m = d",
        ),
    ],
)
def test_arrays_of_their_own(made, own):
    program, (suspect,) = found(f"import numpy as np\n{made}{CHANGES}")
    assert mended(program, suspect.options[0]) == f"import numpy as np\n{own}{CHANGES}"


@pytest.mark.parametrize(
    "made",
    [
        "m = np.zeros(3)", "m = [0.0] * 3", "m = [rate] * 3", "m = [a / b] * 3",
        "m = list(range(3))", "m = [k for k in range(3)]", "m = dict(zip(names, arrays))",
        "m = list(map(f, arrays))", "m = v = float('inf')", "m = v = len(X)",
        "m = [np.zeros(2) for _ in range(3)]", "m = v = 0.0", "m = [p.copy() for p in params]",
        "m = dict.fromkeys(names, 0.0)", "m, v = [0.0] * 2", "rate = 0.1\nm = [rate] * 4",
        "rate = 0.1\nm, v = rate, rate", "def f(a, d=0.5):\n    m = d",
    ],
)  # fmt: skip
def test_what_shares_nothing(made):
    assert found(f"import numpy as np\n{made}{CHANGES}")[1] == []


def test_what_is_never_written_may_be_shared():
    assert found("import numpy as np\nm = v = np.zeros(3)\nprint(m + v)\n")[1] == []


def test_what_every_step_makes_anew_is_no_state():
    text = "import numpy as np\nfor k in range(3):\n    m = v = np.zeros(3)\n    m[k] += 1.0\n"
    program = Program({"program.py": text}, "program.py")
    assert shared_state(program, [("program.py", 2, 4)]) == []
    assert len(shared_state(program)) == 1
