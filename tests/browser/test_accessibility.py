"""axe-core finds nothing serious, in light and in dark: contrast, names, roles, what the keyboard
cannot reach. axe itself is shown a page with faults, or its silence would mean nothing.
"""

import importlib.util
import json
from pathlib import Path

import pytest
from tests.browser.finding import give_up
from tests.browser.pages import curves_data, falling, layers_data, matrix_data, page_with

SERIOUS = {"serious", "critical"}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def axe():
    """The script of axe-core, as it comes with axe-playwright-python."""
    package = importlib.util.find_spec("axe_playwright_python")
    if package is None:
        give_up("axe-playwright-python is not installed")
    return (Path(package.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def faults(page, axe):
    """Serious and critical faults: the rule, and the elements in which it is broken."""
    page.evaluate(axe)  # by the debugger, which no policy binds
    options = json.dumps(
        {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    )
    found = page.evaluate(f"async () => (await axe.run(document, {options})).violations")
    return {
        one["id"]: [node["html"][:160] for node in one["nodes"]]
        for one in found
        if one["impact"] in SERIOUS
    }


def opened(page):
    """The page with all that can be unfolded unfolded; of the tables of numbers the first, since
    they are alike and axe takes seconds for a thousand cells.
    """
    for summary in page.locator(":not(.chart-numbers) > summary").all():
        if summary.is_visible():
            summary.click()
    for summary in page.locator(".chart-numbers > summary").all()[:1]:
        summary.click()
    if page.locator(".matrix").count():
        page.locator(".matrix-wrong, .matrix-right").first.click()
        page.locator(".matrix-panel h3").wait_for()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_real_pages_have_no_serious_fault(made, scheme, page_of, axe):
    page = opened(page_of(made, color_scheme=scheme))
    assert faults(page, axe) == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nor_on_a_narrow_screen(made, scheme, page_of, axe):
    page = opened(page_of(made, color_scheme=scheme, viewport={"width": 360, "height": 740}))
    assert faults(page, axe) == {}


@pytest.mark.parametrize("depth", [3, 50])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_have_none_while_they_are_read(scheme, depth, page_of, axe):
    data = {"curves": curves_data(falling(40)), "layers": layers_data(depth, 20), **matrix_data()}
    page = opened(page_of(page_with(**data), color_scheme=scheme))
    page.locator("#layers .chart-svg").first.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Log scale").first.click()
    assert faults(page, axe) == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_matrix_of_every_shade_can_be_read(scheme, page_of, axe):
    data = matrix_data()
    data["confusion"]["counts"] = [[(i * 10 + j) ** 2 for j in range(10)] for i in range(10)]
    assert faults(page_of(page_with(**data), color_scheme=scheme), axe) == {}


def test_a_chart_says_what_it_shows(page_of):
    lines = {"training": [2.3, 0.5, 0.1], "validation": [2.4, None, 0.4]}
    page = page_of(page_with(curves=curves_data(lines)))
    said = page.locator(".chart-svg").get_attribute("aria-label")
    assert said.startswith("Cost by epoch. Line chart: training from 2.3 to 0.1; ")
    assert "validation from 2.4 to 0.4" in said
    picture = page.get_by_role("img", name="Cost by epoch")
    assert picture.count() == 1


# ------------------------------------------------------------------------- the tester is tested

BROKEN = {
    "color-contrast": '<p style="color: #bbb; background: #fff">hard to read</p>',
    "button-name": '<button type="button"></button>',
    "image-alt": '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">',
    "svg-img-alt": '<svg role="img" width="20" height="20"></svg>',
    "aria-required-attr": '<div role="slider" tabindex="0" aria-label="x"></div>',
    "nested-interactive": '<button type="button">a<a href="#main">b</a></button>',
}


@pytest.mark.parametrize("rule", BROKEN)
def test_axe_finds_a_planted_fault(rule, page_of, axe):
    page = page_of(page_with(extra=BROKEN[rule], curves=curves_data(falling(9))))
    assert rule in faults(page, axe)
