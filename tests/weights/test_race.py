"""The race: the same numbers on any backend, losers and wrecks out, something left when stopped."""

import warnings
from dataclasses import replace

import joblib
import numpy as np
import pytest

from unstuck.weights import advise
from unstuck.weights.race import Standing, affordable, planned, race, results, survivors
from unstuck.weights.recipe import Rule
from unstuck.weights.trial import Run, Track, Trial, parts, run_trial


@pytest.fixture(scope="module")
def track(digits, make, adam):
    net = make(2)
    X, y = digits.X_train, digits.y_train
    batch = net.prepare(X[:200])
    return Track(net, X[:600], y[:600], X[600:800], y[600:800], batch, adam, 32, 5, "numpy", 17)


def numbers(advice):
    return [
        (c.name, r.learning_rate, r.losses, r.scores, r.curve)
        for c in advice.candidates
        for r in c.races
    ]


@pytest.fixture(scope="module")
def reference(digits, make):
    return advise(make(3), digits.X_train, digits.y_train, steps=27, seeds=2, n_jobs=1)


@pytest.mark.parametrize(("backend", "jobs"), [("threading", 2), ("loky", 2), ("threading", 1)])
def test_same_numbers_on_any_backend(digits, make, reference, backend, jobs):
    with joblib.parallel_config(backend=backend, n_jobs=jobs), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        advice = advise(make(3), digits.X_train, digits.y_train, steps=27, seeds=2)
    assert numbers(advice) == numbers(reference)
    assert advice.lines == reference.lines
    assert advice.reason == reference.reason


def test_other_random_state_other_numbers(digits, make, reference):
    advice = advise(
        make(3), digits.X_train, digits.y_train, steps=27, seeds=2, n_jobs=1, random_state=1
    )
    assert numbers(advice) != numbers(reference)


def test_trial_is_its_own_prefix(track):
    """A longer training begins as the shorter one did, so rounds can be run from the start."""
    trial = Trial("he", 0, (Rule("normal", 0.1),) * 3, 1e-3, seed=0)
    short, long = (run_trial(track, trial, segments) for segments in (1, 3))
    assert long.losses[:2] == short.losses


def test_batches_are_paired_and_weights_are_not(track):
    rules = (Rule("normal", 0.1),) * 3
    same = [run_trial(track, Trial("x", 0, rules, 1e-3, 0), 1) for _ in range(2)]
    assert same[0] == same[1]
    other = run_trial(track, Trial("y", 1, rules, 1e-3, 0), 1)
    assert other.losses[0] != same[0].losses[0]
    assert track.network.theta is not None


def test_few_held_out_samples_are_others_at_every_seed(track):
    X, y, X_held, y_held = parts(track, 0)
    assert X is track.X
    assert y_held is track.y_held
    rows = [{x.tobytes() for x in parts(track, seed)[2]} for seed in range(3)]
    assert rows[0] != rows[1] != rows[2]
    other = parts(track, 2)
    assert [len(part) for part in other] == [len(X), len(y), len(X_held), len(y_held)]
    together = sorted(x.tobytes() for x in (*other[0], *other[2]))
    assert together == sorted(x.tobytes() for x in (*X, *X_held))
    assert all((parts(track, 2)[k] == other[k]).all() for k in range(4))


def test_many_held_out_samples_are_the_same_at_every_seed(track):
    many = replace(track, X_held=np.zeros((2000, 64)), y_held=np.zeros(2000, int))
    assert parts(many, 1)[2] is many.X_held


def test_trial_leaves_the_network_alone(track):
    before = track.network.theta.copy()
    run_trial(track, Trial("he", 0, (Rule("normal", 0.1),) * 3, 1e-3, 0), 1)
    np.testing.assert_array_equal(track.network.theta, before)


def test_divergence_loses_and_is_no_error(track):
    run = run_trial(track, Trial("he", 0, (Rule("normal", 1e308),) * 3, 1e-3, 0), 2)
    assert len(run.losses) == 3
    assert run.losses[-1] == np.inf


def test_large_rate_does_not_push_out_a_small_one():
    alive = [(name, rate) for rate in (1e-4, 1e-3) for name in "abcdefgh"]
    standing = Standing()
    for number, (name, rate) in enumerate(alive):
        loss = 5.0 - number / 10  # all of 1e-3 are ahead of all of 1e-4
        standing.put(Trial(name, 0, None, rate, 0), Run((9.0, loss), (0.1, 0.5)))
    left = survivors(standing, alive, 1, 0)
    assert left == [(name, rate) for rate in (1e-4, 1e-3) for name in "fgh"]
    assert planned(8, 2) == 2 * (8 * 1 + 3 * 3 + 2 * 9)


def test_more_seeds_where_the_choice_is_made(track):
    plans = {str(k): (Rule("normal", k / 10),) * 3 for k in range(1, 5)}
    index = {name: int(name) for name in plans}
    seen = []
    standing = race(
        track,
        plans,
        [1e-3],
        1,
        more_seeds=2,
        index=index,
        n_jobs=1,
        progress=lambda *a: seen.append(a),
    )
    found = results(standing, track.segment)
    assert sorted(len(found[name][0].losses) for name in plans) == [1, 1, 3, 3]
    assert planned(4, 1, 1, 2) == seen[-1][0] == seen[-1][1] == 4 * 1 + 3 * 3 + 2 * 9 * 3


def test_seeds_that_were_asked_for_are_not_exceeded(reference):
    assert {len(r.losses) for c in reference.candidates for r in c.races} == {2}


def test_slow_machine_cuts_the_last_round_short():
    assert affordable(left=100.0, spent=10.0, done=100, trials=20) == 9
    assert affordable(left=12.0, spent=10.0, done=100, trials=20) == 6
    assert affordable(left=-5.0, spent=10.0, done=100, trials=20) == 4


def test_interrupted_race_keeps_what_was_done(track):
    def stop(done, total, what):
        if done >= 4:
            raise KeyboardInterrupt

    plans = {"he": (Rule("normal", 0.1),) * 3, "small": (Rule("normal", 0.01),) * 3}
    standing = race(track, plans, [1e-3], 2, index={"he": 0, "small": 1}, n_jobs=1, progress=stop)
    assert standing.interrupted
    found = results(standing, track.segment)
    assert set(found) == {"he", "small"}
    assert all(r.steps == track.segment for r in (found["he"][0], found["small"][0]))


def test_after_an_interruption_only_completed_rounds_count():
    """One entry had got to its end when Ctrl-C came; the other, better so far, had not."""
    standing = Standing(completed=1, interrupted=True)
    standing.put(Trial("he", 0, None, 1e-3, 0), Run((2.0, 1.0, 0.2), (0.1, 0.5, 0.9)))
    standing.put(Trial("lsuv", 1, None, 1e-3, 0), Run((2.0, 0.8), (0.1, 0.6)))
    found = results(standing, 10)
    assert found["he"][0].losses == (1.0,)
    assert found["he"][0].scores == (0.5,)
    assert found["lsuv"][0].steps == found["he"][0].steps == 10


def test_interrupted_advice_is_useful(digits, make):
    def stop(done, total, what):
        if done >= total // 4:
            raise KeyboardInterrupt

    advice = advise(
        make(2), digits.X_train, digits.y_train, steps=27, seeds=2, n_jobs=1, progress=stop
    )
    assert advice.interrupted
    assert advice.lines
    assert advice.best in {c.name for c in advice.candidates if c.race is not None}


def test_progress_goes_to_the_end(digits, make):
    seen = []
    advise(
        make(1),
        digits.X_train,
        digits.y_train,
        steps=9,
        seeds=1,
        n_jobs=1,
        learning_rate=1e-3,
        progress=lambda *args: seen.append(args),
    )
    done = [at for at, _, _ in seen]
    assert done == sorted(done)
    assert done[-1] == seen[-1][1]
