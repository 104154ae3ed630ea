"""Changes for what depends on the data: far smaller rates, biases that begin at zero."""

import pytest
from tests.doctor.programs import NET, exchanged, sandbox

from unstuck.doctor.examine import examine
from unstuck.trace.program import Program

RELU = exchanged(NET, ("np.tanh(X @ W1 + b1)", "np.maximum(X @ W1 + b1, 0)"), ("1 - h**2", "h > 0"))
RELU = exchanged(RELU, ("range(60)", "range(300)"))


def diagnosed(text):
    return examine(Program({"program.py": text}, "program.py"), sandbox=sandbox())


@pytest.mark.parametrize("made", ["-20 * np.ones(8)", "np.full(8, -20.0)", "np.array([-20.0] * 8)"])
def test_units_that_are_dead_from_the_start_get_biases_of_zero(made):
    diagnosis = diagnosed(exchanged(RELU, ("np.zeros(8)", made)))
    causes = [f for f in diagnosis.findings if f.severity == "cause"]
    assert [f.code for f in causes] == ["T603"]
    assert "zeros" in causes[0].replacement
    assert diagnosis.repair.verified


def test_a_rate_that_is_far_too_large():
    diagnosis = diagnosed(RELU.replace("0.5 *", "5000.0 *"))
    causes = {f.code for f in diagnosis.findings if f.severity == "cause"}
    assert causes == {"T602"}
