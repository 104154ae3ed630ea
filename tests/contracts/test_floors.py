"""The floors hold, and the check that says so catches what it should.

The contracts stand in pyproject.toml; they are run as `lint-imports` runs them. A second run
judges a copy of the package into which forbidden imports were planted.
"""

import ast
import os
import shutil
import subprocess
import sys

import pytest

# Where a module may be imported by its name at run time, past the eyes of import-linter.
MAY_IMPORT_BY_NAME = {
    "__init__.py",
    "base/display.py",
    "base/optional.py",
    "doctor/__init__.py",  # its public names, when they are asked for
    "doctor/fixes/pure.py",  # NumPy, SciPy and the like, from a table
    "trace/nurse.py",  # runs in the child: the libraries of the program that it is for
    "trace/probe/copies.py",  # in the child, too: where the values of a notebook come from
}

PLANTED = {
    "core/planted.py": "from unstuck.training import engines",
    "base/planted.py": "def late():\n    from unstuck.show import anything",
    "training/planted.py": "import matplotlib.pyplot",
    "record/planted.py": "import sklearn",
    "data/planted.py": "import torch",
    "cellar/__init__.py": "",
}


LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint(folder, package_parent):
    """Judge the package under `package_parent` by the contracts in `folder`/pyproject.toml."""
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", "--config", str(folder / "pyproject.toml")],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(package_parent), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def planted(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    shutil.copy(repository / "pyproject.toml", folder)
    shutil.copytree(
        repository / "src" / "unstuck",
        folder / "src" / "unstuck",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name, text in PLANTED.items():
        path = folder / "src" / "unstuck" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n")
    return lint(folder, folder / "src")


def test_imports_only_go_down(repository):
    verdict = lint(repository, repository / "src")
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


def test_planted_violations_are_refused(planted):
    assert planted.returncode != 0
    assert "0 kept, 4 broken" in planted.stdout, planted.stdout + planted.stderr


@pytest.mark.parametrize(
    "named",
    [
        "unstuck.core.planted -> unstuck.training",
        "unstuck.base.planted -> unstuck.show",
        "unstuck.training.planted -> matplotlib",
        "unstuck.record.planted -> sklearn",
        "unstuck.data.planted -> torch",
        "cellar",
    ],
)
def test_each_planted_violation_is_named(planted, named):
    assert named in planted.stdout, planted.stdout


def imports_by_name(tree):
    """Line numbers of import_module(...) and __import__(...)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            if name in {"import_module", "__import__"}:
                yield node.lineno


def test_only_the_listed_modules_import_by_name(repository):
    package = repository / "src" / "unstuck"
    found = {
        f"{path.relative_to(package).as_posix()}:{line}"
        for path in package.rglob("*.py")
        if path.relative_to(package).as_posix() not in MAY_IMPORT_BY_NAME
        for line in imports_by_name(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert not found


def test_the_hook_imports_by_name_and_is_seen(repository):
    text = (repository / "src" / "unstuck" / "base" / "display.py").read_text(encoding="utf-8")
    assert list(imports_by_name(ast.parse(text)))
