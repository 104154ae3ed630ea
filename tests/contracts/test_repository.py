"""What is in the repository can be cloned and used by anyone.

No path of one machine, no address of a package registry, no large file, no pickle. The patterns
are put together from parts, so that this file does not hold what it looks for.
"""

import os
import re
import shutil
import subprocess

import pytest

PICTURES = {".png", ".gif", ".jpg", ".svg", ".webp"}
LIMIT = 1_000_000  # bytes

REGISTRIES = ["pypi" + ".org", "python" + "hosted.org", "download.py" + "torch.org"]
REGISTRIES += ["conda" + ".anaconda.org", "--index" + "-url", "--find" + "-links"]

FOREIGN = {
    "a path of one machine": r"(?<![\w.}])/(work|root|home|Users)/\w",
    "a folder beside the clone": r"\.\./" + r"shared\b",
    "a package registry": "|".join(map(re.escape, REGISTRIES)),
}

# The one guarded, optional look beside the clone: the real MNIST for the checks.
ALLOWED = {(".ci/run", "a folder beside the clone")}


def tracked(repository):
    """Files under version control, or all files where this is no checkout."""
    if shutil.which("git") and (repository / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=repository, capture_output=True, check=False
        )
        if listed.returncode == 0:
            names = listed.stdout.decode().split("\0")
            return [repository / n for n in names if n and (repository / n).is_file()]
    pytest.skip("not a git checkout: nothing says which files belong to it")
    return []


def faults(text):
    return {what for what, pattern in FOREIGN.items() if re.search(pattern, text)}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("data = '/" + "root/mnist'", "a path of one machine"),
        ("cd ../" + "shared/data", "a folder beside the clone"),
        ("https://files.python" + "hosted.org/x", "a package registry"),
    ],
)
def test_the_check_sees_what_it_should(text, fault):
    assert faults(text) == {fault}


def test_the_check_passes_what_it_should():
    assert not faults("./work/x and /usr/bin and https://example.org/homework/1")


def test_no_file_names_this_machine_or_a_registry(repository):
    found = set()
    for path in tracked(repository):
        name = path.relative_to(repository).as_posix()
        if path.suffix in PICTURES or path.suffix in {".npz", ".gz"}:
            continue
        text = path.read_text(encoding="utf-8")
        found |= {(name, fault) for fault in faults(text)}
    assert not found - ALLOWED


def test_no_file_is_large(repository):
    large = {
        path.name: path.stat().st_size
        for path in tracked(repository)
        if path.suffix not in PICTURES and path.stat().st_size > LIMIT
    }
    assert not large


def test_no_file_is_a_pickle(repository):
    assert not [p.name for p in tracked(repository) if p.suffix in {".pkl", ".pickle", ".joblib"}]


def test_the_checks_run_as_a_program(repository):
    assert os.access(repository / ".ci" / "run", os.X_OK)
    assert (repository / ".ci" / "run").read_text().startswith("#!/usr/bin/env bash")
