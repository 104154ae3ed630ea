"""Where a wrong gradient goes wrong, and what should stand there: faults planted in whole programs.

A replacement is good if the mended program computes the weights that the right one computes.
"""

import time
from functools import cache

import numpy as np
import pytest
from tests.trace.programs import FAULTS, STYLES, changed, names_of, traced, traced_text

from unstuck.doctor.fixes.locate import (
    Located,
    Search,
    common_factor,
    pair_up,
    ranked,
    source_is_larger,
    wrong_parameters,
)
from unstuck.doctor.fixes.patch import apply
from unstuck.doctor.gradient import candidates_for, edits_for, judge_gradients_of
from unstuck.trace.verdict import Judgement, ParameterVerdict

PATIENCE = 60.0  # seconds; a search takes a tenth of one


@cache
def search(name):
    """The program with a fault, what was found, and the places of the fault."""
    fault = FAULTS[name]
    program, found = traced(fault.style, fault.change)
    judgement = found.judgement
    places = Search(found.tape, found.steps, found.anatomy, judgement, judgement.loss).run(
        wrong_parameters(judgement.verdicts), time.monotonic() + PATIENCE
    )
    return program, found, places


def weights(text):
    """Every array and number of floats that a program leaves behind."""
    names = {"__name__": "__main__"}
    exec(compile(text, "program.py", "exec"), names)  # noqa: S102 - a program of ours
    found = {}
    for name in ("W", "b", "V", "c", "W1", "b1", "W2", "b2", "w", "v", "p", "P", "net"):
        value = names.get(name)
        if name == "net":
            value = {} if value is None else vars(value)
        many = value.values() if isinstance(value, dict) else [value]
        for k, one in enumerate(many):
            if isinstance(one, list) and one and isinstance(one[0], np.ndarray):
                found |= {f"{name} {k} {i}": part for i, part in enumerate(one)}
            elif one is not None:
                found[f"{name} {k}"] = np.asarray(one, dtype=float)
    assert found
    return found


def assert_mended(text, style):
    right, mended = weights(STYLES[style].text), weights(text)
    assert right.keys() == mended.keys()
    for name in right:
        np.testing.assert_allclose(mended[name], right[name], rtol=1e-6, atol=1e-9)


def mended(program, found, place):
    """The program with the best replacement at a place; None where there is none."""
    candidates = candidates_for(program, found, place)
    if not candidates:
        return None
    first = candidates[0]
    assert first.proof
    span = found.tape.sites[place.site].span
    edits = edits_for(program, place, span, first)
    return apply(program, edits).files["program.py"]


def line_of(found, place):
    return found.tape.sites[place.site].line


@pytest.mark.parametrize("name", FAULTS)
def test_the_first_place_is_that_of_the_fault(name):
    program, found, places = search(name)
    assert line_of(found, places[0]) == FAULTS[name].line
    text = mended(program, found, places[0])
    assert text is not None
    assert_mended(text, FAULTS[name].style)


@pytest.mark.parametrize("name", FAULTS)
def test_the_place_of_the_fault_is_among_them_and_can_be_mended(name):
    fault = FAULTS[name]
    program, found, places = search(name)
    wrong = {names_of(found).index(key) for key in fault.verdicts}
    own = [p for p in places if line_of(found, p) == fault.line and p.repaired == wrong]
    texts = [text for place in own if (text := mended(program, found, place)) is not None]
    assert texts
    assert_mended(texts[0], fault.style)


@pytest.mark.parametrize("name", FAULTS)
def test_no_place_repairs_what_was_right(name):
    _, found, places = search(name)
    wrong = set(wrong_parameters(found.judgement.verdicts))
    assert places
    for place in places:
        assert place.repaired
        assert place.repaired <= wrong
        assert place.loss is found.judgement.loss
        assert len(place.wanted) == len(found.judgement.points)


@pytest.mark.parametrize("name", ["sign of one bias", "sign of the hidden error"])
def test_a_place_breaks_nothing_that_was_right(name):
    """What stands there is right for W2; the other sign would be wrong for it."""
    program, found, places = search(name)
    text = mended(program, found, places[0])
    verdicts = {v.verdict for v in traced_text(text)[1].judgement.verdicts}
    assert verdicts == {"ok"}


def test_true_values_put_in_their_place_are_those_of_the_right_program():
    """d1 of the right program, from the tape of the wrong one, at the recorded weights."""
    _, _, places = search("error without its derivative in the hidden layer")
    first = places[0]
    instance = first.instances[0][0]
    values = first.wanted[0][instance]
    _, right = traced("rows")
    d1 = next(b.node for b in right.tape.bindings if b.text == "d1")
    np.testing.assert_allclose(values, right.tape[d1].value, rtol=1e-9)
    assert first.factor == pytest.approx(1.0)


def test_nothing_is_searched_for_after_the_deadline():
    fault = FAULTS["half of the derivative"]
    _, found = traced(fault.style, fault.change)
    judgement = found.judgement
    searched = Search(found.tape, found.steps, found.anatomy, judgement, judgement.loss)
    assert searched.run(wrong_parameters(judgement.verdicts), time.monotonic() - 1.0) == []


def test_a_right_program_has_no_suspects():
    for style in STYLES:
        program, found = traced(style)
        seen = judge_gradients_of(program, found, PATIENCE)
        assert seen.suspects == [], style
        assert len([c for c in seen.clean if c.check == "gradient"]) == len(STYLES[style].shapes)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("error without its derivative in the hidden layer", "G102"),
        ("half of the derivative", "G103"),
        ("derivative of tanh at the sum instead of the output", "G103"),
        ("weights not transposed, square", "G104"),
        ("derivative in a class", "G103"),
        ("derivative missing in pure Python", "G102"),
        ("derivative with Adam", "G102"),
        ("sign of one bias", "G101"),
        ("mean missing for one parameter", "G111"),
    ],
)
def test_the_code_of_a_fault(name, code):
    fault = FAULTS[name]
    program, found = traced(fault.style, fault.change)
    suspects = judge_gradients_of(program, found, PATIENCE).suspects
    assert [s.code for s in suspects] == [code]
    assert suspects[0].parameters == {names_of(found).index(key) for key in fault.verdicts}


def test_everything_uphill_is_one_mistake_at_two_places():
    program, found = traced_text(changed("rows", ("d2 = (a2 - T)", "d2 = (T - a2)")))
    suspect, other = judge_gradients_of(program, found, PATIENCE).suspects
    assert suspect.code == other.code == "G101"
    assert not other.options
    assert suspect.finding.evidence["parameters"] == ["W1", "b1", "W2", "b2"]
    texts = {apply(program, o.edits).files["program.py"] for o in suspect.options}
    assert len(texts) == 2
    for text in texts:
        assert_mended(text, "rows")


# --------------------------------------------------------------------------------- by hand


def values(pairs):
    return [(index, float(value)) for index, value in pairs]


@pytest.mark.parametrize(
    ("offset", "stack", "expected"),
    [
        (0, True, [(10, 3), (11, 2), (12, 1)]),  # layers in reverse
        (0, False, [(10, 1), (11, 2), (12, 3)]),
        (1, True, [(10, 2), (11, 1)]),
        (1, False, [(10, 2), (11, 3)]),
        (3, True, []),
    ],
)
def test_forward_values_are_matched_within_an_update(offset, stack, expected):
    found = list(pair_up([10, 11, 12], values([(1, 1), (2, 2), (3, 3)]), offset, stack))
    assert found == expected


def test_each_turn_has_its_own_values():
    """Sample by sample: forward at 1 and 2, backward at 3 and 4; then the next sample."""
    pool = values([(1, 10), (2, 20), (6, 30), (7, 40)])
    found = list(pair_up([3, 4, 8, 9], pool, 0, stack=True))
    assert found == [(3, 20), (4, 10), (8, 40), (9, 30)]


def test_a_place_without_values():
    assert list(pair_up([3, 4], [], 0, stack=True)) == []
    assert list(pair_up([], values([(1, 1)]), 0, stack=True)) == []


@pytest.mark.parametrize(
    ("shape", "true", "expected"),
    [
        ((1, 3), (5, 3), True),
        ((3,), (5, 3), True),
        ((), (5, 3), True),
        ((5, 3), (5, 3), False),
        ((5, 3), (1, 3), False),
        ((2, 3), (5, 3), False),
        ((5,), (5, 3), False),
    ],
)
def test_a_smaller_value_in_place_of_a_larger(shape, true, expected):
    assert source_is_larger(shape, true) is expected


def judged(*ratios, common=float("nan")):
    verdicts = [ParameterVerdict(k, "ok", ratio) for k, ratio in enumerate(ratios)]
    return Judgement(None, verdicts, [], common)


@pytest.mark.parametrize(
    ("ratios", "trusted", "expected"),
    [
        ({1: 0.1}, 0.1, (1.0, {1})),
        ({1: -0.1}, 0.1, (-1.0, {1})),
        ({1: 0.3, 2: 0.3, 3: 0.1}, 0.1, (3.0, {1, 2})),
        ({1: -0.1, 2: 0.1}, 0.1, (1.0, {2})),  # a tie: the one that needs no other sign
    ],
)
def test_the_common_factor_of_what_is_repaired(ratios, trusted, expected):
    """Parameter 0 was right all along: what is repaired is measured by it."""
    factor, repaired = common_factor(ratios, judged(trusted, 9, 9, 9, common=trusted), [1, 2, 3])
    assert factor == pytest.approx(expected[0])
    assert repaired == frozenset(expected[1])


def test_where_nothing_was_right_only_the_sign_is_known():
    assert common_factor({0: -0.2}, judged(9.0), [0]) == (-1.0, frozenset({0}))


def place(repaired, factor=1.0, first=5, kind="node"):
    return Located(
        0, "add", (kind, 0, "add", 0), False, factor, frozenset(repaired), {0: (first,)}, (), None
    )  # fmt: skip


def test_the_order_of_places():
    best = place({1, 2})
    downstream = place({1, 2}, first=9)
    other_way = place({1, 2}, factor=-1.0)
    scaled = place({1, 2}, factor=3.0, first=1)
    partial = place({1}, first=1)
    read = place({1, 2}, kind="read")
    assert ranked([partial, scaled, other_way, downstream, read, best]) == [
        best, other_way, read, downstream, scaled, partial,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "searched"),
    [
        ("wrong", True), ("zero", True), ("scale", True), ("sign", True),
        ("ok", False), ("unchecked", False), ("nonfinite", False), ("unreset", False),
        ("overwritten", False),
    ],
)  # fmt: skip
def test_what_is_searched_for(kind, searched):
    assert wrong_parameters([ParameterVerdict(4, kind)]) == ([4] if searched else [])
