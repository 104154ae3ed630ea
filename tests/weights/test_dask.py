"""The race on a Dask cluster of two worker processes: the same numbers as on this machine alone."""

import pytest
from tests.clusters import two_workers

from unstuck.weights import advise

pytestmark = pytest.mark.filterwarnings("ignore")  # a cluster's own, in its own threads


def numbers(advice):
    return [(c.name, r.learning_rate, r.losses) for c in advice.candidates for r in c.races]


def options(digits):
    return {"X": digits.X_train[:400], "y": digits.y_train[:400], "steps": 9, "seeds": 2}


def test_cluster_gives_the_same_numbers(digits, make):
    alone = advise(make(2, 16), **options(digits), n_jobs=1)
    with two_workers():
        spread = advise(make(2, 16), **options(digits))
    assert numbers(spread) == numbers(alone)
    assert spread.reason == alone.reason


def test_lost_worker_changes_no_number(digits, make):
    """One of two workers is restarted in mid-race; its trials are run again."""
    alone = advise(make(2, 16), **options(digits), n_jobs=1)
    with two_workers() as client:
        killed = []

        def kill_one(done, total, what):
            if not killed and done > total // 10:
                address = next(iter(client.scheduler_info()["workers"]))
                killed.append(address)
                client.restart_workers([address], raise_for_error=False)

        spread = advise(make(2, 16), **options(digits), progress=kill_one)
    assert killed
    assert numbers(spread) == numbers(alone)
