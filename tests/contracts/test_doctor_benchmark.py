"""The judge of the doctor is itself judged: what it plants, runs, and counts as right."""

import ast
import json
from collections import Counter

import pytest
from benchmarks.doctor import pool, subjects, table
from benchmarks.doctor.codes import EQUIVALENT, KINDS, right_codes
from benchmarks.doctor.harm import Harm
from benchmarks.doctor.metrics import METRICS, Metric
from benchmarks.doctor.mutations import Mutant, drawn, mutants, pair
from benchmarks.doctor.plant.fault import Fault
from benchmarks.doctor.programs import Answer, metric_of, plain
from benchmarks.doctor.roles import Roles
from benchmarks.doctor.score import score_healthy, score_seed, score_stuck, way
from benchmarks.doctor.source import Edit, Source, changed_lines, splice
from benchmarks.doctor.store import Store
from benchmarks.doctor.subjects import Subject, Truth

PROGRAM = """\
import numpy as np

np.random.seed(0)
X = np.random.uniform(-1, 1, (60, 2)) / 2
y = (X[:, :1] * X[:, 1:] > 0) * 1.0
W1 = np.random.randn(2, 8)
b1 = np.zeros(8)
W2 = np.random.randn(8, 1)
b2 = np.zeros(1)
lr = 0.5
m = len(X)
for epoch in range(400):
    a1 = np.tanh(X @ W1 + b1)
    a2 = 1 / (1 + np.exp(-(a1 @ W2 + b2)))
    dz2 = (a2 - y) / m
    dW2 = a1.T @ dz2
    db2 = dz2.sum(axis=0)
    dz1 = (dz2 @ W2.T) * (1 - a1 ** 2)
    dW1 = X.T @ dz1
    db1 = dz1.sum(axis=0)
    W1 -= lr * dW1
    b1 -= lr * db1
    W2 -= lr * dW2
    b2 -= lr * db2
print("accuracy:", np.mean((a2 > 0.5) == y))
"""


def planted(text, code):
    return [m for m in mutants("p", text) if m.code == code]


def changed(mutant):
    """The lines that differ, as they are in the mutant."""
    old, new = mutant.text.splitlines(), mutant.source.splitlines()
    return [line.strip() for line in new if line not in old]


# -------------------------------------------------------------------------------------- planting


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("G101", "W1 += lr * dW1"),
        ("G101", "dz2 = (y - a2) / m"),
        ("G102", "dz1 = (dz2 @ W2.T)"),
        ("G103", "dz1 = (dz2 @ W2.T) * (1 - a1)"),
        ("G104", "dW2 = X.T @ dz2"),
        ("G105", "db1 = dz1.sum(axis=1)"),
        ("G106", "dz1 = (dz2) * (1 - a1 ** 2)"),
        ("G107", "dz2 = ((a2 - y) * a2) / m"),
        ("G111", "dz2 = (a2 - y)"),
        ("G111", "W2 -= 100 * lr * dW2"),
        ("U202", "W1 = -lr * dW1"),
        ("U202", "new_b1 = b1 - lr * db1"),
        ("U204", "W2 = np.random.randn(8, 1)"),
        ("U205", "for epoch in range(4):"),
        ("W301", "W1 = np.zeros((2, 8))"),
        ("W302", "W1 = np.random.rand(2, 8)"),
        ("W303", "W2 = np.random.randn(8, 1) * 0.001"),
        ("W304", "W2 = np.random.randn(8, 1) * 50"),
        ("D401", "X = np.random.uniform(-1, 1, (60, 2)) * 255"),
        ("D402", "y = y * 5 + 3"),
        ("D405", "X[3] = np.nan"),
        ("O503", "a1 = X @ W1 + b1"),
        ("O507", "a1 = np.tanh(X @ W1)"),
        ("T601", "lr = 0.0005"),
        ("T602", "lr = 50"),
    ],
)
def test_a_fault_is_planted_and_nothing_else_changes(code, line):
    found = [m for m in planted(PROGRAM, code) if len(m.faults[0].edits) == 1]
    rows = {m: m.source.splitlines() for m in found}
    fitting = [m for m in found if any(rows[m][n - 1].strip() == line for n in m.lines[0])]
    assert fitting, [changed(m) for m in found]
    for mutant in fitting:
        assert len(changed(mutant)) <= 1
        assert abs(len(rows[mutant]) - len(PROGRAM.splitlines())) <= 1


def test_a_removed_update_is_placed_where_it_was():
    gone = next(m for m in planted(PROGRAM, "U201") if "W2" in m.faults[0].what)
    assert "W2 -= lr * dW2" not in gone.source
    assert gone.lines == ((23,),)


def test_updates_before_the_backward_pass_uses_the_weights():
    text = PROGRAM.replace("    W1 -= lr", "    W2 -= lr * dW2\n    W1 -= lr", 1)
    (mutant,) = [m for m in planted(text, "G108") if "W2" in m.faults[0].what][:1]
    rows = [r.strip() for r in mutant.source.splitlines()]
    assert rows.index("W2 -= lr * dW2") < rows.index("dz1 = (dz2 @ W2.T) * (1 - a1 ** 2)")


def test_every_mutant_parses_and_differs_and_has_codes():
    found = mutants("p", PROGRAM)
    assert len({m.source for m in found}) == len(found) > 50
    for mutant in found:
        ast.parse(mutant.source)
        assert mutant.source != PROGRAM
        assert mutant.code in right_codes(mutant.code)


PLAIN = {"autograd_circles", "factors_in_turns", "rbf_logistic"}  # few lines to spoil


def test_every_healthy_program_gets_mutants_of_many_codes():
    codes = Counter()
    for subject in subjects.healthy() + subjects.twins():
        found = {m.code for m in mutants(subject.name, subject.path.read_text("utf-8"))}
        assert len(found) >= (1 if subject.name in PLAIN else 9), subject.name
        codes.update(found)
    assert set(EQUIVALENT) <= set(codes)


def test_the_same_draw_each_time():
    every = mutants("p", PROGRAM)
    first = drawn(every, 20, 2)
    assert first == drawn(every, 20, 2)
    assert max(Counter(m.code for m in first).values()) <= 2
    assert len(first) == 20


def test_two_faults_in_one_program():
    sign, rate = planted(PROGRAM, "G101")[0], planted(PROGRAM, "T602")[0]
    both = pair(sign, rate)
    assert both is not None
    assert both.code == "G101+T602"
    assert "lr = 50" in both.source
    assert [len(lines) for lines in both.lines] == [1, 1]
    assert pair(sign, sign) is None


def test_lines_count_in_the_edited_text():
    edits = [Edit(0, 0, "new\n"), Edit(2, 3, "B")]
    assert splice("a\nb\n", edits) == "new\na\nB\n"
    assert changed_lines("a\nb\n", edits, edits[1:]) == (3,)
    with pytest.raises(ValueError, match="overlap"):
        splice("abc", [Edit(0, 2, "x"), Edit(1, 3, "y")])


def test_columns_count_characters():
    source = Source("é = 'ü' ; x = y - 1\n")
    node = next(n for n in source.nodes if isinstance(n, ast.BinOp))
    assert source.code(node) == "y - 1"


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("def f(w, rate=0.3):\n    for i in range(9):\n        w -= rate * dw\n", 0.3),
        ("def f(w, a):\n    for i in range(9):\n        w -= a * dw\nf(w, 0.25)\n", 0.25),
        ("for i in range(9):\n    w = w - 0.1 * grad\n", 0.1),
    ],
)
def test_the_learning_rate_is_found_where_it_is_written(text, rate):
    assert [c.value for c in Roles(Source(text)).rates] == [rate]


# --------------------------------------------------------------------------------------- running


def test_harm_is_measured_over_three_draws(tmp_path):
    path = tmp_path / "p.py"
    path.write_text(PROGRAM)
    harm = Harm(Store(tmp_path / "harm.jsonl"))
    metric = Metric("accuracy", 0.5)
    try:
        wrong = next(m for m in planted(PROGRAM, "G101") if len(m.lines[0]) > 1)
        assert harm.of(wrong, path, metric)["status"] == "harmful"
        same = Mutant("p", PROGRAM, (Fault("G101", (Edit(0, 0, "# note\n"),), "nothing"),))
        assert harm.of(same, path, metric) == {
            "status": "harmless",
            "share": 1.0,
            "values": harm.of(same, path, metric)["values"],
        }
        crash = Mutant("p", PROGRAM, (Fault("G101", (Edit(0, 0, "1 / 0\n"),), "stops"),))
        assert harm.of(crash, path, metric)["status"] == "crashes"
    finally:
        harm.nursery.close()
    kept = Harm(Store(tmp_path / "harm.jsonl"))
    assert kept.of(wrong, path, metric)["status"] == "harmful"
    assert kept.nursery.process is None  # nothing was run again


def test_another_draw_replaces_only_the_programs_own_seeds(tmp_path):
    path = tmp_path / "p.py"
    path.write_text(
        "import numpy as np, random\nnp.random.seed(3)\nrandom.seed(3)\n"
        "print('x', np.random.rand(), random.random(),"
        " np.random.default_rng(3).random(), np.random.RandomState(3).rand())\n"
    )
    own = plain(path).stdout
    assert plain(path).stdout == own
    other = plain(path, 1).stdout
    assert other == plain(path, 1).stdout
    pairs = zip(own.split()[1:], other.split()[1:], strict=True)
    assert all(a != b for a, b in pairs)


def test_a_program_that_does_not_end_is_ended(tmp_path):
    path = tmp_path / "p.py"
    path.write_text("while True: pass\n")
    assert plain(path, timeout=0.5).status == "timeout"


@pytest.mark.parametrize(
    ("text", "label", "value"),
    [
        ("a\nb accuracy: 0.5\n", "", 0.5),
        ("1 / 2\nrmse: 1e-05 after 3\n", "rmse", 1e-05),
        ("accuracy %: 9.9\n", "accuracy %", 9.9),
        ("np.float64(0.25)\n", "", 0.25),
        ("0.1\r0.2\r\ndone", "", 0.2),
    ],
)
def test_the_metric_is_the_first_number_of_its_line(text, label, value):
    assert metric_of(text, label) == value


def test_progress_is_nothing_without_a_number():
    assert Metric("mse", 1.0, 0.0).progress(float("nan")) == 0.0
    assert all(m.chance != m.best for m in METRICS.values())


# --------------------------------------------------------------------------------------- scoring

TRUTH = Truth("wrong", frozenset({"G103"}), (10,))
SUBJECT = Subject("s", "case", subjects.CASES, "stuck", (TRUTH,))


def answer(*findings, verdict="stuck", fixed="x", repair=(), clean=()):
    keys = ("code", "severity", "line", "end_line")
    found = [dict(zip(keys, (*f, f[2]), strict=True)) for f in findings]
    diagnosis = {
        "verdict": verdict,
        "findings": found,
        "clean": [{"check": c, "what": ""} for c in clean],
        "repair": {"findings": list(repair)},
    }
    return Answer(diagnosis, fixed, 1.0)


@pytest.mark.parametrize(
    ("finding", "named", "placed"),
    [
        (("G103", "cause", 12), True, True),
        (("G103", "fault", 14), True, False),
        (("G103", "note", 10), False, False),
        (("G101", "cause", 10), False, False),
    ],
)
def test_a_finding_counts_by_code_line_and_severity(finding, named, placed):
    row = score_stuck(SUBJECT, answer(finding), 0.1, 0.9, 0.9)
    assert (row.named, row.placed, row.repaired) == (named, placed, True)


def test_a_repair_counts_from_nine_tenths_of_the_way():
    assert score_stuck(SUBJECT, answer(), 0.1, 0.83, 0.9).repaired
    assert not score_stuck(SUBJECT, answer(), 0.1, 0.8, 0.9).repaired
    assert not score_stuck(SUBJECT, answer(fixed=None), 0.1, 0.9, 0.9).repaired
    assert way(0.7, 0.1, 0.1) == 1.0  # a smaller number may be the better one


def test_a_cause_is_right_if_it_is_the_fault_or_part_of_a_working_repair():
    both = [("G103", "cause", 10), ("T602", "cause", 40)]
    works = score_stuck(SUBJECT, answer(*both, repair=["G103", "T602"]), 0.1, 0.9, 0.9)
    fails = score_stuck(SUBJECT, answer(*both, repair=["G103", "T602"]), 0.1, 0.2, 0.9)
    assert (works.right_causes, fails.right_causes) == (2, 1)
    assert table.precision([works, fails]) == 0.75


def test_of_a_pair_both_faults_must_be_named():
    other = Truth("too fast", frozenset({"T602"}), (3,))
    subject = Subject("s", "pair", subjects.CASES, "stuck", (TRUTH, other))
    one = score_stuck(subject, answer(("G103", "cause", 10)), 0.1, 0.9, 0.9)
    two = score_stuck(subject, answer(("G103", "cause", 10), ("T602", "fault", 3)), 0.1, 0.9, 0.9)
    assert (one.both, two.both) == (False, True)


def test_a_seed_asks_for_every_mistake_the_clean_list_and_the_bar():
    hidden = Truth("fails next", frozenset({"P701"}), (12,), after=10)
    subject = Subject(
        "s", "seed", subjects.CASES, "stuck", (TRUTH, hidden), bar=0.7, clean=("gradient",)
    )
    found = [("G103", "cause", 10)]
    nan = float("nan")
    good = score_seed(subject, answer(*found, clean=["Gradients"]), 0.1, 0.6, 0.75)
    assert good.good, good.missed
    bad = score_seed(subject, answer(*found), 0.1, 0.6, nan)
    assert len(bad.missed) == 2
    assert not bad.repaired


def test_a_false_alarm_on_a_healthy_program_is_missed_in_words():
    subject = Subject("s", "healthy", subjects.CASES, "learns")
    assert score_healthy(subject, answer(verdict="learns")).good
    row = score_healthy(subject, answer(("W302", "fault", 4), verdict="learns"))
    assert row.missed == ["false alarm: W302:4"]
    assert "W302:4" in table.line(row)


def test_no_answer_is_a_failure_and_not_an_error():
    row = score_stuck(SUBJECT, Answer({}, None, 3.0, "no JSON: Killed"), 0.1, float("nan"), 0.9)
    assert not row.good
    assert "no JSON: Killed" in table.line(row)
    assert table.bars("mutants", [row])


# ------------------------------------------------------------------------------------- the choice


def test_no_code_and_no_program_prevails():
    many = [
        (Mutant(f"p{i % 12}", PROGRAM, (Fault(f"C{i % 13}", (Edit(i, i, "x"),), ""),)), i)
        for i in range(900)
    ]
    found = pool.chosen([(m, {"status": "harmful"}) for m, _ in many], "harmful", 120)
    assert len(found) > 100
    assert max(Counter(m.code for m in found).values()) <= 12
    assert max(Counter(m.program for m in found).values()) <= 12


def test_a_mutant_survives_being_stored(tmp_path):
    path = tmp_path / "p.py"
    path.write_text(PROGRAM)
    source = Subject("p", "healthy", path, "learns")
    mutant = planted(PROGRAM, "W302")[0]
    back = pool.from_json(json.loads(json.dumps(pool.as_json(mutant))), source)
    assert back == mutant
    path.write_text(PROGRAM + "\n")
    with pytest.raises(ValueError, match="has changed"):
        pool.from_json(pool.as_json(mutant), source)


def test_the_stored_choice_keeps_its_promise():
    if not pool.CHOICE.exists():
        pytest.skip("no mutants have been chosen yet")
    choice = json.loads(pool.CHOICE.read_text("utf-8"))
    report = choice["report"]
    number = len(report["harmful"])
    assert number >= 300
    for of in ("program", "code"):
        counts = Counter(
            m["program"] if of == "program" else m["faults"][0]["code"] for m in report["harmful"]
        )
        assert max(counts.values()) <= 0.1 * number + 1
    own = {s.name for s in subjects.healthy()}
    assert not own & {m["program"] for m in report["harmful"]}
    assert len(report["pairs"]) == 200


def test_the_tables_name_known_codes():
    codes = {c for group in (*EQUIVALENT.values(), *KINDS.values()) for c in group}
    codes |= set(EQUIVALENT)
    assert all(len(c) == 4 and c[0] in "GUWDOTP" and c[1:].isdigit() for c in codes)
