"""Each page is found in two clicks, each link leads somewhere, what is generated is current."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s#]*)(#[^)\s]*)?\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
PICTURES = ROOT / "docs" / "pictures"
WORDS = "four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"


def prose(page):
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page):
    """(file, anchor) of every link and picture of a page that stays in the repository."""
    for target, anchor in LINK.findall(prose(page)):
        yield (page.parent / target).resolve() if target else page, anchor.lstrip("#")


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    found = set()
    for heading in HEADING.findall(prose(page)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", text).replace(" ", "-"))
    return found


def name(page):
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    for target, anchor in links(page):
        assert target.exists(), f"{name(page)} links to {target}, which does not exist"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{name(page)}: no heading #{anchor} in {target.name}"


def test_every_page_is_two_clicks_from_the_readme():
    near = {README}
    for _ in range(2):
        pages = [page for page in near if page.suffix == ".md" and page.exists()]
        near |= {target for page in pages for target, _ in links(page)}
    far = [name(page) for page in PAGES if page not in near]
    assert not far, f"not within two clicks of README.md: {far}"


def test_every_picture_is_shown_and_says_what_it_shows():
    shown = set()
    for page in PAGES:
        for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)]*)\)", prose(page)):
            assert len(alt) > 20, (
                f"{name(page)}: {target} needs a description for who cannot see it"
            )
            shown.add((page.parent / target).resolve())
    assert set(PICTURES.glob("*")) <= shown


@pytest.fixture
def loaded(monkeypatch):
    """A function that loads a generator of docs/reference by its name."""
    folder = ROOT / "docs" / "reference"
    monkeypatch.syspath_prepend(folder)

    def load(generator):
        spec = importlib.util.spec_from_file_location(generator, folder / f"{generator}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.mark.parametrize(
    "generator",
    ["generate_names", "generate_commands", "generate_record", "generate_criticality"],
)
def test_generated_page_is_current(generator, loaded):
    module = loaded(generator)
    written = module.PAGE.read_text(encoding="utf-8")
    # Word by word: where a help page breaks its lines is up to the release of click.
    assert written.split() == module.page().split(), "the page is behind: make docs-reference"


RULE_PAGES = sorted((ROOT / "docs" / "reference" / "rules").glob("*.md"))


@pytest.mark.parametrize("page", RULE_PAGES, ids=name)
def test_page_of_a_rule_is_current(page, loaded):
    pages = loaded("generate_rules").pages()
    assert page in pages, "there is no such rule any more: make docs-reference"
    assert page.read_text(encoding="utf-8") == pages[page], "behind: make docs-reference"


def test_every_rule_has_its_page(loaded):
    assert set(loaded("generate_rules").pages()) == set(RULE_PAGES), "make docs-reference"


def test_numbers_in_the_readme_are_those_of_the_tables():
    from unstuck.core.activations import ACTIVATIONS
    from unstuck.core.initializers import INITIALIZERS
    from unstuck.core.losses import LOSSES
    from unstuck.core.optimizers import OPTIMIZERS
    from unstuck.core.schedules import SCHEDULES

    words = dict(zip(range(4, 16), WORDS.split(), strict=True))
    counted = {
        "activations": len(ACTIVATIONS),
        "losses": len(LOSSES),
        "initialisers": len(INITIALIZERS),
        "optimisers": len(OPTIMIZERS) + 1,  # and L-BFGS
        "schedules": len(SCHEDULES),
    }
    text = " ".join(README.read_text(encoding="utf-8").split())
    for noun, count in counted.items():
        assert f" {words[count]} {noun}" in text
    guides = len(list((ROOT / "docs" / "how-to").glob("*.md")))
    assert f"and [{words[guides - 2]} more]" in text
