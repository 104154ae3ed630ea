"""The programs that the doctor is judged on are what they claim: healthy ones learn, lines fit."""

import ast
import os
import sys

import pytest
from benchmarks.doctor import subjects
from benchmarks.doctor.codes import KINDS
from benchmarks.doctor.harm import Nursery
from benchmarks.doctor.metrics import METRICS
from benchmarks.doctor.programs import beside, metric_of

HEALTHY = subjects.healthy()
STUCK = [s for s in subjects.seeds() + subjects.cases() if s.verdict == "stuck"]


@pytest.fixture(scope="module")
def nursery():
    if not hasattr(os, "fork"):
        pytest.skip("programs are run in forks")
    nursery = Nursery()
    yield nursery
    nursery.close()


def test_there_are_many_styles():
    assert len(HEALTHY) >= 24
    assert len([s for s in subjects.seeds() if "MNIST" not in s.name]) == 3
    assert len([s for s in subjects.cases() if s.kind == "case"]) == 16
    assert len([s for s in subjects.cases() if s.kind == "healthy"]) == 3


@pytest.mark.parametrize("subject", HEALTHY, ids=lambda s: s.name)
def test_a_healthy_program_learns(subject, nursery, tmp_path):
    metric = METRICS[subject.name]
    path = beside(subject.path, subject.path.read_text("utf-8"), tmp_path)
    run = nursery.run(path, None, 60.0)
    assert run["status"] == "finished", run
    value = metric_of(run["stdout"], metric.label)
    assert metric.progress(value) >= (0.8 if metric.label != "R2" else 0.4), value


@pytest.mark.parametrize("subject", STUCK, ids=lambda s: s.name)
def test_every_known_mistake_stands_on_a_line_with_code(subject):
    lines = subject.path.read_text("utf-8").splitlines()
    assert subject.truths
    assert any(t.primary for t in subject.truths)
    for truth in subject.truths:
        assert truth.codes
        for number in truth.lines:
            assert lines[number - 1].strip(), (truth.what, number)


@pytest.mark.parametrize(
    ("seed", "line", "text"),
    [
        ("000", 28, "np.random.rand(x_dim"),
        ("000", 35, "Exception("),
        ("000", 91, "* 255"),
        ("000", 96, "Lambda=0.1"),
        ("001", 7, "np.random.rand(10, 64)"),
        ("001", 46, "* tanh(z2)"),
        ("001", 87, "digits.data"),
        ("002", 123, "(1/2)*np.dot"),
        ("002", 159, "range(1, L-1)"),
        ("002", 160, 'grads["W"+str(i)]'),
        ("002", 162, 'parameters["A"+str(i)]'),
    ],
)
def test_the_mistakes_of_the_seeds_are_where_they_are_said_to_be(seed, line, text):
    subject = next(s for s in subjects.seeds() if s.name.endswith(seed))
    assert any(line in t.lines for t in subject.truths)
    assert text in subject.path.read_text("utf-8").splitlines()[line - 1]


def test_the_seeds_are_what_the_authors_wrote():
    """The functions of the originals, which the examples repair, are those of the seeds."""
    originals = {
        "000": "per_sample_class.py",
        "001": "summed_gradients.py",
        "002": "two_layer_model.py",
    }
    for name, original in originals.items():
        theirs = definitions(subjects.CASES / "seeds" / name / "program.py")
        ours = definitions(subjects.CASES.parents[1] / "examples" / "originals" / original)
        assert ours
        for key, text in ours.items():
            assert theirs[key] == text, (name, key)


def definitions(path):
    """The functions and methods of a file, by name, as a tree without its lay-out."""
    tree = ast.parse(path.read_text("utf-8"))
    return {
        f"{getattr(node, 'name', '')}@{len(node.args.args)}": ast.dump(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }


def test_every_kind_of_cause_has_its_codes():
    kinds = {c["kind"] for c in causes() if "codes" not in c}
    assert kinds <= set(KINDS)


def causes():
    """Every root cause that is written down."""
    for path in sorted(subjects.CASES.glob("*/*/case.json")):
        yield from subjects.described(path.parent).get("root_causes", [])


def test_nothing_here_is_collected_as_a_test():
    assert not any("cases.healthy" in name for name in sys.modules)
