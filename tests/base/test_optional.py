import sys

import pytest

from unstuck.base.errors import MissingDependencyError
from unstuck.base.optional import available, require


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A folder on the path, in which a test puts packages of its own."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_the_module_itself_comes_back():
    assert require("os.path") is sys.modules["os.path"]


def test_a_missing_package_says_what_needs_it_and_what_to_install():
    with pytest.raises(MissingDependencyError) as caught:
        require("absent_package.part", "unstuck[extra]", purpose="drawing")
    assert str(caught.value) == (
        "drawing needs the package 'absent_package', which is not installed. "
        "Install it with: pip install unstuck[extra]"
    )


def test_the_package_name_is_the_default_to_install():
    with pytest.raises(MissingDependencyError, match=r"pip install absent_package$"):
        require("absent_package.part")


def test_a_package_that_lacks_its_own_dependency_is_not_called_missing(packages):
    (packages / "halfway.py").write_text("import absent_package\n")
    with pytest.raises(MissingDependencyError, match=r"cannot be imported .*absent_package"):
        require("halfway")


def test_a_broken_package_is_not_called_missing(packages):
    (packages / "broken.py").write_text("raise ImportError('wrong version')\n")
    with pytest.raises(MissingDependencyError, match=r"cannot be imported \(wrong version\)"):
        require("broken")


def test_a_fault_within_the_package_is_not_hidden(packages):
    (packages / "faulty.py").write_text("1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        require("faulty")


def test_asking_whether_it_is_there_does_not_import_it(packages):
    (packages / "quiet.py").write_text("raise RuntimeError('imported')\n")
    assert available("quiet")
    assert not available("absent_package")
    assert "quiet" not in sys.modules
