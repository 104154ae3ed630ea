"""Every rule says all that it must, and its two programs show its fault and nothing else."""

import contextlib
import difflib
import io
import math
import warnings

import numpy as np
import pytest

from unstuck.doctor.rules import FAMILIES, RULES

BETTER = {"accuracy": 1, "loss": -1, "error": -1}  # more of it, or less
CLEARLY = 0.03  # of accuracy


def result(program):
    """(what the last line calls it, the number); NaN where the program does not come so far."""
    seen = io.StringIO()
    state = np.random.get_state()  # noqa: NPY002 - programs seed the global generator
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(seen):
        warnings.simplefilter("ignore")
        try:
            exec(compile(program, "example.py", "exec"), {"__name__": "__main__"})  # noqa: S102
        except Exception:  # noqa: BLE001 - to crash can be the fault
            return "", math.nan
        finally:
            np.random.set_state(state)  # noqa: NPY002
    label, number = seen.getvalue().splitlines()[-1].split()
    return label, float(number)


@pytest.fixture(scope="module")
def healthy():
    """The result of every healthy program, each run once."""
    return {program: result(program) for program in {rule.HEALTHY for rule in RULES.values()}}


@pytest.mark.parametrize("code", RULES)
def test_words(code):
    rule = RULES[code]
    assert rule.code == code
    assert code[0] in FAMILIES
    assert all(text.endswith((".", ".)")) for text in (rule.claim, rule.why, rule.fix))
    assert not rule.clean.endswith(".")
    assert rule.clean[0].islower()
    assert rule.found_in in {"record", "tape", "source"}
    assert all(any(c.startswith(start) for c in RULES) for start in rule.explained_by)


@pytest.mark.parametrize("code", RULES)
def test_a_sentence_can_be_said_of_anything(code):
    rule = RULES[code]()
    bare = rule.message()
    assert bare.endswith(".")
    assert "nan" not in bare
    assert rule.message(parameters=[], layer=None, cosine=math.nan, no_such_evidence=3)


@pytest.mark.parametrize("code", RULES)
def test_the_two_programs_differ_in_a_few_lines(code):
    wrong, right = RULES[code].BROKEN.splitlines(), RULES[code].HEALTHY.splitlines()
    changed = [line for line in difflib.ndiff(wrong, right) if line[0] in "-+"]
    assert 0 < len(changed) <= 12


@pytest.mark.parametrize("code", RULES)
def test_the_right_program_learns_and_the_wrong_one_less(code, healthy):
    rule = RULES[code]
    label, right = healthy[rule.HEALTHY]
    assert (right > 0.9) if BETTER[label] > 0 else (right < 0.1)
    if not rule.ends:
        return
    _, wrong = result(rule.BROKEN)
    ahead = BETTER[label] * (right - wrong)
    if rule.harms:
        assert math.isnan(wrong) or ahead > (CLEARLY if BETTER[label] > 0 else right)
    else:
        assert ahead <= CLEARLY
