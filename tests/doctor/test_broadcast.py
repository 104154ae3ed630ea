"""Errors of n outputs and n labels that are n times n."""

import pytest
from tests.doctor.programs import DATA, NET, mended, net, seen
from tests.trace.programs import line_of

from unstuck.doctor.ask import diagnose
from unstuck.doctor.broadcast import broadcast_errors

BROKEN = {
    "flat labels": net(
        ("d = (o - T) / len(X)", "d = ((o - T[:, 0]) / len(X)).mean(axis=1, keepdims=True)"),
    ),
    "one layer": DATA
    + """T = (X @ [1.0, -2.0, 0.5] > 0).astype(float)
w, b = np.zeros((3, 1)), 0.0
for step in range(100):
    o = 1 / (1 + np.exp(-(X @ w + b)))
    d = (o - T)
    w = w - 0.1 * (X.T @ d).mean(axis=1, keepdims=True)
    b -= 0.1 * d.mean()
""",
}


def found(text):
    here = seen(text)
    return here, broadcast_errors(here.program, here.traced) if here.traced is not None else []


@pytest.mark.parametrize("name", BROKEN)
def test_an_error_for_each_pair(name):
    here, (suspect,) = found(BROKEN[name])
    assert suspect.code == "G105"
    assert suspect.finding.span.line == line_of(BROKEN[name], "d = (")
    assert "(40,)" in suspect.finding.message
    text = mended(here.program, suspect.options[0])
    assert found(text)[1] == []


def test_errors_of_one_shape():
    assert found(NET)[1] == []


def test_the_answer(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(BROKEN["flat labels"].replace("range(60)", "range(400)"))
    diagnosis = diagnose(file)
    assert diagnosis.verdict == "stuck"
    assert [f.code for f in diagnosis.findings if f.severity == "cause"] == ["G105"]
    assert diagnosis.repair.after > 0.9
