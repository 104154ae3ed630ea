"""`import unstuck` and `unstuck --help` load nothing heavy. Modules are counted, not seconds."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "joblib",
    "llvmlite",
    "matplotlib",
    "numba",
    "pandas",
    "pooch",
    "requests",
    "rich",
    "safetensors",
    "scipy",
    "sklearn",
    "threadpoolctl",
}

REPORT = "import json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"

HELP = """
import sys
from unstuck.app.cli import main
sys.argv = ["unstuck", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def loaded_by(program):
    """Top-level names in sys.modules after a program ran in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{program}\n{REPORT}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_count_sees_what_is_loaded():
    assert "scipy" in loaded_by("import scipy")


@pytest.mark.parametrize(
    "program",
    [
        "import unstuck",
        "import unstuck; unstuck.Network",
        "import unstuck; unstuck.Network.mlp([4, 3, 2], random_state=0).predict([[0, 1, 2, 3]])",
    ],
)
def test_import_is_light(program):
    assert not loaded_by(program) & HEAVY


def test_help_is_light():
    # rich may be there: it is how the command line is shown
    assert not loaded_by(HELP) & (HEAVY - {"rich"})
