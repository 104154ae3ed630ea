"""Every public name can be imported, says what it is, shows how it is used, and is documented."""

import ast
import importlib.util
import inspect
import re

import pytest

import unstuck

NAMES = [name for name in unstuck.__all__ if not name.startswith("_")]


def is_error(thing):
    return inspect.isclass(thing) and issubclass(thing, Exception)


@pytest.mark.parametrize("name", NAMES)
def test_name_is_explained_with_an_example(name):
    thing = getattr(unstuck, name)
    text = inspect.getdoc(thing)
    assert text, f"unstuck.{name} has no docstring"
    if not is_error(thing):  # an error is explained by its message
        assert ">>>" in text, f"the docstring of unstuck.{name} has no example"


@pytest.mark.parametrize("name", NAMES)
def test_name_lives_where_the_table_says(name):
    module = importlib.import_module(unstuck._HOME[name])
    assert getattr(module, name) is getattr(unstuck, name)
    assert getattr(unstuck, name).__module__ == module.__name__, "re-exported: name its home"


def test_reference_lists_every_name(repository):
    pages = (repository / "docs" / "reference").glob("**/*.md")
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    missing = [name for name in NAMES if not re.search(rf"\b{name}\b", text)]
    assert not missing, f"not in docs/reference: {missing}"


def test_reference_is_what_the_docstrings_say(repository):
    folder = repository / "docs" / "reference"
    spec = importlib.util.spec_from_file_location("generate", folder / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    written = (folder / "public-names.md").read_text(encoding="utf-8")
    assert written == generate.page(), "the page is behind the source: make docs-reference"


def test_lists_agree():
    assert sorted(unstuck._HOME) == sorted(NAMES)
    assert dir(unstuck) == sorted(unstuck.__all__)
    assert len(set(unstuck.__all__)) == len(unstuck.__all__)


def test_type_checkers_see_the_same_names():
    tree = ast.parse(inspect.getsource(unstuck))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == unstuck._HOME


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Netwrok"):
        unstuck.Netwrok  # noqa: B018 - the look-up is the test


def test_star_import_gives_every_name():
    space = {}
    exec("from unstuck import *", space)  # noqa: S102 - a star import needs a module's scope
    assert set(NAMES) <= set(space)
