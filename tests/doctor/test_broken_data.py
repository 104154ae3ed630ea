"""NaN that comes from the data is said of the data, whatever follows from it."""

import numpy as np
from tests.doctor.programs import NET, exchanged, mended, net, seen
from tests.trace.programs import line_of

from unstuck.doctor.rules import RULES
from unstuck.doctor.soft import broken_data, soft_suspects
from unstuck.trace.facts import build_record

BROKEN = net(("W1, b1 =", "X[3] = np.nan\nX = (X - X.mean(axis=0)) / X.std(axis=0)\nW1, b1 ="))
GROWING = exchanged(NET, ("np.tanh(X @ W1 + b1)", "np.exp(300 + X @ W1 + b1)"))
SYMPTOMS = [RULES[code]().finding("fault", None) for code in ("O504", "T606")]


def test_the_first_of_them_is_set_to_0_where_it_comes_in():
    here = seen(BROKEN)
    (finding,) = broken_data(here.traced, SYMPTOMS)
    assert finding.code == "D405"
    t = here.traced
    record = build_record(t.tape, t.steps, t.anatomy, t.judgement, t.layers, None)
    (suspect,) = soft_suspects(here.program, t, [finding], record, stuck=False)
    assert suspect.finding.span.line == line_of(BROKEN, "X[3] =")
    assert "X[3] = np.nan\nX = np.nan_to_num(X" in mended(here.program, suspect.options[0])


def test_what_grows_by_itself_is_left_to_others():
    with np.errstate(all="ignore"):  # as the doctor does
        assert broken_data(seen(GROWING).traced, SYMPTOMS) == SYMPTOMS
