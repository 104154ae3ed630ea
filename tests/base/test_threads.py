"""The limit holds inside the block, for libraries loaded late too, and ends with it."""

import subprocess
import sys

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from unstuck.base import threads
from unstuck.base.threads import _container_share, available_cores, limit_blas_threads


def blas_threads():
    return [lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"]


def test_the_limit_holds_inside_and_ends_with_the_block():
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        with limit_blas_threads(1):
            assert set(blas_threads()) == {1}
        assert blas_threads() == before
        with pytest.raises(RuntimeError), limit_blas_threads(1):
            raise RuntimeError
        assert blas_threads() == before


def test_the_libraries_are_looked_for_once():
    with limit_blas_threads(1):
        first = threads._controller.cache_info().misses
    with limit_blas_threads(1):
        assert threads._controller.cache_info().misses == first


LATE = """
from threadpoolctl import threadpool_info, threadpool_limits
import numpy
from unstuck.base.threads import limit_blas_threads
count = lambda: [l["num_threads"] for l in threadpool_info() if l["user_api"] == "blas"]
with limit_blas_threads(1):
    early = len(count())
import scipy.linalg
with threadpool_limits(2, "blas"), limit_blas_threads(1):
    assert set(count()) == {1}, count()
print(early, len(count()))
"""


def test_a_library_that_is_loaded_later_is_limited_too():
    done = subprocess.run(
        [sys.executable, "-c", LATE], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    early, late = map(int, done.stdout.split())
    assert late >= early


def test_cores_are_those_that_the_surroundings_leave(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    everything = available_cores()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert available_cores() == 1
    for asked in ("1000", "0,1", ""):  # more than there are, or no number
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
        assert available_cores() == everything


def test_a_container_may_have_less_than_it_sees(tmp_path):
    share = tmp_path / "cpu.max"
    for text, cores in (("150000 100000", 1), ("400000 100000", 4), ("max 100000", 8), ("", 8)):
        share.write_text(text)
        assert _container_share(share, 8) == cores
    assert _container_share(tmp_path / "missing", 8) == 8
