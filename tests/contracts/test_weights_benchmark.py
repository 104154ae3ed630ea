"""The benchmark of initial weights: its cells, its seeds, and what counts as good."""

import itertools
import json
from collections import Counter

import numpy as np
import pytest
from benchmarks.weights import deep, table
from benchmarks.weights.__main__ import before, parsed
from benchmarks.weights.cells import Cell, grid
from benchmarks.weights.judge import ASKED, SEEDS, Judge
from benchmarks.weights.score import ADVISER, Row, bars, figures, half_width, hopeless
from benchmarks.weights.trainings import entered, network, parts, some, train

SMALL = Cell("digits", 1, 8, "relu", "standard", "adam", 1e-3, "tune")


def row(best, **scores):
    return Row("cell", best, 1.0, {name: tuple(found) for name, found in scores.items()})


# ------------------------------------------------------------------------------------- the cells


def test_sixty_different_cells_that_meet_every_value_evenly():
    cells = grid()
    assert len(set(cells)) == 60
    for pair in itertools.combinations(("depth", "width", "activation", "inputs", "data"), 2):
        counts = Counter(tuple(getattr(cell, name) for name in pair) for cell in cells)
        assert max(counts.values()) <= 2 * min(counts.values()), (pair, counts)
    assert {cell.optimizer for cell in cells} == {"adam", "momentum"}


@pytest.mark.parametrize("n", [12, 24, 36])
def test_the_first_cells_are_stratified(n):
    counts = Counter((cell.depth, cell.data) for cell in grid()[:n])
    assert set(counts.values()) == {n // 12}
    for name in ("activation", "width", "inputs"):
        counts = Counter(getattr(cell, name) for cell in grid()[:n])
        assert max(counts.values()) - min(counts.values()) <= 4, counts


def test_what_is_tuned_on_is_not_what_is_reported():
    report, tune = grid(), grid("tune")
    assert len(set(tune)) == 25
    assert not {cell.width for cell in report} & {cell.width for cell in tune}
    assert not set(SEEDS["report"]) & set(SEEDS["tune"])
    assert ASKED["report"] != ASKED["tune"]
    whole, part = parts("digits", "report"), parts("digits", "tune")
    assert len(part.X) + len(part.X_test) == len(whole.X)  # no row of the test part
    rows = {image.tobytes() for image in whole.X_test}
    shared = [image for image in (*part.X, *part.X_test) if image.tobytes() in rows]
    assert len(shared) <= sum(image.tobytes() in rows for image in whole.X)


def test_steps_are_those_of_the_trainer():
    for part in ("report", "tune"):
        cell = Cell("digits", 1, 16, "relu", "standard", "adam", 1e-3, part)
        assert cell.steps == 10 * -(-len(parts("digits", part).X) // 32)


# -------------------------------------------------------------------------------------- training


@pytest.mark.parametrize(
    ("inputs", "low", "high"), [("standard", -40, 40), ("unit", 0, 1), ("byte", 0, 255)]
)
def test_inputs_are_scaled_as_the_cell_says(inputs, low, high):
    x = some(Cell("digits", 1, 8, "relu", inputs, "adam", 1e-3), 1)
    assert low <= x.min() < x.max() <= high
    assert x.max() > 0.9 * min(high, 5)


def test_every_candidate_trains_and_the_same_seed_gives_the_same():
    assert {"he", "glorot", "pytorch", "scikit-learn", "present"} <= set(entered(SMALL, 3))
    assert train(SMALL, "he", 3) == train(SMALL, "he", 3) > 0.5
    assert train(SMALL, "rand", 3) != train(SMALL, "he", 3)


def test_a_training_that_diverges_scores_nothing(monkeypatch):
    from unstuck.base.errors import DivergenceError
    from unstuck.training.trainer import Trainer

    def diverge(*_):
        raise DivergenceError("the cost is nan")

    monkeypatch.setattr(Trainer, "fit", diverge)
    assert train(SMALL, "he", 3) == 0.0


def test_kept_trainings_are_not_run_again_and_are_kept_apart(tmp_path, monkeypatch):
    from benchmarks.doctor.store import Store

    calls = []

    def counted(starts, _):
        calls.extend(starts)
        return [(start, 0.9) for start in starts]

    monkeypatch.setattr("benchmarks.weights.judge.trained", counted)

    def judge(trainer, *, resume=False):
        return Judge(1, resume, Store(tmp_path / "r"), Store(tmp_path / "a"), trainer, "x")

    rules = {"he": None, "lecun": None}
    assert judge("one").scores(SMALL, rules, rules, (1, 2)) == {
        "he": (0.9, 0.9),
        "lecun": (0.9, 0.9),
    }
    judge("one").scores(SMALL, rules, rules, (1, 2, 3))
    judge("two", resume=True).scores(SMALL, rules, rules, (1, 2, 3))
    assert len(calls) == 6
    judge("two").scores(SMALL, rules, rules, (1,))
    assert len(calls) == 8


def test_a_cell_is_known_when_its_answer_and_all_trainings_are(tmp_path, monkeypatch):
    from benchmarks.doctor.store import Store

    scores = {"he": 0.9, "glorot": 0.88, "rand": 0.2}
    monkeypatch.setattr("benchmarks.weights.judge.entered", lambda *_: dict.fromkeys(scores))
    monkeypatch.setattr(
        "benchmarks.weights.judge.trained",
        lambda starts, _: [(start, scores[start[1]]) for start in starts],
    )
    judge = Judge(1, False, Store(tmp_path / "r"), Store(tmp_path / "a"), "t", "x")
    kept = {"of": "x", "best": "glorot", "seconds": 3.0}
    monkeypatch.setattr(Judge, "kept", lambda *_: None)
    assert not judge.knows(SMALL)
    monkeypatch.setattr(Judge, "kept", lambda *_: kept)
    assert not judge.knows(SMALL)
    found = judge.row(SMALL)
    assert judge.knows(SMALL)
    assert (found.best, found.top) == ("glorot", "he")
    assert {name: len(of) for name, of in found.scores.items()} == {"he": 5, "glorot": 5, "rand": 2}


# --------------------------------------------------------------------------------------- scoring


def test_the_interval_is_that_of_student():
    scores = [0.93, 0.95, 0.94, 0.96, 0.92]
    stats = pytest.importorskip("scipy.stats")
    low, high = stats.t.interval(0.95, 4, np.mean(scores), stats.sem(scores))
    assert half_width(scores) == pytest.approx((high - low) / 2, rel=1e-3)


def test_a_point_or_the_interval_is_allowed():
    tight, wide = (0.95,) * 5, (0.90, 1.0, 0.95, 0.92, 0.98)
    assert row("he", he=(0.94,) * 5, lsuv=tight).good(ADVISER)
    assert not row("he", he=(0.93,) * 5, lsuv=tight).good(ADVISER)
    assert row("he", he=(0.93,) * 5, lsuv=wide).good(ADVISER)


def test_the_best_candidate_is_one_that_was_trained_at_all_seeds():
    one = row("he", he=(0.9,) * 5, rand=(0.95, 0.95))
    assert one.top == "he"
    assert one.regret(ADVISER) == 0.0


def test_who_alone_does_not_learn_is_counted():
    rows = [
        row("he", he=(0.1,) * 5, glorot=(0.9,) * 5),
        row("he", he=(0.1,) * 5, glorot=(0.11,) * 5),
        row("glorot", he=(0.1,) * 5, glorot=(0.9,) * 5),
    ]
    assert [figures(rows, name)["failures"] for name in (ADVISER, "he", "glorot")] == [1, 2, 0]
    assert [bar.met for bar in bars(rows)] == [False, False]
    assert [bar.met for bar in bars(rows[1:])] == [True, True]
    assert figures(rows, ADVISER)["worst"] == pytest.approx(0.8)


def test_the_hopeless_are_trained_no_more():
    scores = {"a": (0.9, 0.9), "b": (0.85, 0.82), "c": (0.7, 0.8)}
    assert hopeless(scores, 0.1) == {"c"}


def test_tables_show_misses():
    scores = dict.fromkeys(("glorot", "pytorch", "scikit-learn"), (0.9,) * 5)
    rows = [row("he", he=(0.8,) * 5, **scores), row("glorot", he=(0.8,) * 5, **scores)]
    assert "✗" in table.line(rows[0])
    assert "✗" not in table.line(rows[1])
    assert "**0.100**" in table.markdown(rows)
    assert "the adviser | 50% (1 of 2)" in table.summary(rows)
    assert json.loads(json.dumps(rows[0].as_json()))["regret"] == 0.1


# --------------------------------------------------------------------------- deep, and the command


def test_deep_networks_are_built_from_plain_functions_too():
    assert [one.name for one in deep.DEEP if not isinstance(one.activation, str)] == [
        "50 sine",
        "50 softsign",
    ]
    for one in deep.DEEP[3:7:3]:
        net = one.network(0)
        assert net.n_features == 64
        assert net.predict(parts("digits", "report").X[:2]).shape == (2,)
    what = {"best": "he", "learning_rate": 1e-3, "scores": [0.9, 0.96, 0.97]}
    assert deep.bar(deep.DEEP[0], what).met
    assert "| met |" in deep.markdown([(deep.DEEP[0], what)])


def test_sections_that_were_not_measured_are_kept(tmp_path):
    path = tmp_path / "weights.json"
    assert before(path) == {}
    path.write_text(json.dumps({"machine": {}, "deep": [1]}))
    assert before(path) == {"deep": [1]}
    assert parsed([]).names == ["grid", "deep"]
    with pytest.raises(SystemExit):
        parsed(["width"])


def test_the_network_is_the_cells_own():
    net = network(Cell("digits", 3, 24, "tanh", "unit", "adam", 1e-3), 0)
    assert [W.shape for W in net.weights()] == [(64, 24), (24, 24), (24, 24), (24, 10)]
