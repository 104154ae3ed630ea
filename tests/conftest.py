"""What holds for every test: one BLAS thread, no window, the same examples each time.

The environment is set before NumPy is imported, so that a sum is split the same way everywhere.
"""

import os
import signal

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ["MPLBACKEND"] = "Agg"

from pathlib import Path

import hypothesis
import pytest

# A job in the background is started with Ctrl-C ignored, and so would be every program that the
# tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Derandomised: a property that fails here fails everywhere, and a suite that passes passes again.
hypothesis.settings.register_profile(
    "house", deadline=None, derandomize=True, database=None, max_examples=50
)
hypothesis.settings.load_profile("house")


def pytest_runtest_setup(item):
    if item.get_closest_marker("mnist") and not os.environ.get("UNSTUCK_DATA"):
        pytest.skip("set UNSTUCK_DATA to the folder that holds the real MNIST")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent
