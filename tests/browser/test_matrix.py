"""The confusion matrix and the surest mistakes: every cell a button, the samples behind it, and
what a click on a sample tells the rest of the page.
"""

import pytest
from tests.browser.pages import NAMES, matrix_data, page_with

CATCH = """
window.told = [];
document.addEventListener("unstuck:sample", (event) => window.told.push(event.detail));
"""
PAPER = '<section id="draw"><canvas></canvas></section>'  # stands for the drawing part


def cell(page, i, j):
    return page.locator(".matrix tbody tr").nth(i).locator("button").nth(j)


def focused(page):
    return page.evaluate("document.activeElement.getAttribute('aria-label')")


@pytest.fixture
def page(page_of):
    page = page_of(page_with(extra=PAPER, **matrix_data()))
    page.evaluate(CATCH)
    return page


def test_the_table_has_the_counts_and_says_what_is_what(page):
    counts = matrix_data()["confusion"]["counts"]
    rows = page.locator(".matrix tbody tr").all()
    assert [[int(t) for t in r.locator("td").all_inner_texts()] for r in rows] == counts
    assert [row.locator("th[scope=row]").inner_text() for row in rows] == NAMES
    assert page.locator(".matrix thead th[scope=col]").all_inner_texts()[1:] == NAMES
    assert cell(page, 7, 1).get_attribute("aria-label") == "2 times 7 read as 1"
    assert cell(page, 4, 4).get_attribute("aria-label") == "40 times 4 read as 4, right"


def test_the_worst_confusion_is_the_darkest(page):
    def shade(i, j):
        return float(cell(page, i, j).get_attribute("style").removeprefix("--share: "))

    assert shade(9, 4) == 1.0 > shade(7, 1) > shade(3, 5) > shade(1, 2) == 0.0


def test_a_click_opens_the_samples_and_a_second_closes_them(page):
    panel = page.locator(".matrix-panel")
    assert panel.is_hidden()

    cell(page, 7, 1).click()

    assert panel.locator("h3").inner_text() == "7 read as 1"
    assert panel.locator("canvas").count() == 2
    assert "All 2 samples." in panel.inner_text()
    captions = panel.locator(".sample-caption").all_inner_texts()
    assert captions == ["read as 1 (0.84), is 7", "read as 1 (0.50), is 7"]  # the surest first
    assert cell(page, 7, 1).get_attribute("aria-expanded") == "true"
    cell(page, 7, 1).click()
    assert panel.is_hidden()
    assert cell(page, 7, 1).get_attribute("aria-expanded") == "false"


@pytest.mark.parametrize(
    ("where", "pictures", "said"),
    [
        ((0, 0), 10, "10 of 40 samples are embedded in this page."),
        ((3, 5), 1, "One sample, and here it is."),
        ((9, 4), 0, "3 samples, none of which is embedded in this page."),
        ((1, 2), 0, "No sample: this never happened."),
    ],
)
def test_it_says_how_many_of_a_cell_are_embedded(page, where, pictures, said):
    cell(page, *where).click()
    page.locator(".matrix-panel [role=status]").wait_for()
    assert page.locator(".matrix-panel [role=status]").inner_text() == said
    assert page.locator(".matrix-panel canvas").count() == pictures


def test_one_cell_is_open_at_a_time(page):
    cell(page, 7, 1).click()
    cell(page, 3, 5).click()
    page.get_by_role("heading", name="3 read as 5").wait_for()
    assert page.locator(".matrix [aria-expanded=true]").count() == 1


def test_the_table_is_used_by_keyboard(page):
    page.locator(".matrix button").first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "End", "Home", "ArrowUp", "ArrowRight"):
        page.keyboard.press(key)
    assert focused(page) == "0 times 1 read as 1, right".replace("0 times", "40 times")
    for _ in range(12):
        page.keyboard.press("ArrowDown")  # and no further than the last row
    assert focused(page) == "0 times 9 read as 1"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="7 read as 1").wait_for()

    page.keyboard.press("Escape")

    assert page.locator(".matrix-panel").is_hidden()
    assert focused(page) == "2 times 7 read as 1"


def test_escape_in_the_panel_closes_it_and_goes_back_to_the_cell(page):
    cell(page, 7, 1).click()
    page.locator(".matrix-panel .sample").first.focus()
    page.keyboard.press("Escape")
    assert page.locator(".matrix-panel").is_hidden()
    assert focused(page) == "2 times 7 read as 1"


def test_tab_stops_once_at_the_table(page):
    page.locator(".matrix button").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.matrix')") is None
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "0 times 0 read as 1"


def test_a_click_on_a_sample_tells_its_position(page):
    cell(page, 7, 1).click()
    page.locator(".matrix-panel .sample").first.click()
    page.locator("#mistakes .sample").last.click()
    assert page.evaluate("window.told") == [11, 12]  # positions, the surest of the two sevens first


def test_mistakes_are_listed_surest_first_with_their_captions(page):
    captions = page.locator("#mistakes .sample-caption").all_inner_texts()
    assert captions == [
        "read as 1 (0.84), is 7",
        "read as 1 (0.50), is 7",
        "read as 5 (0.70), is 3",
    ]


@pytest.mark.parametrize("ink", ["bright", "dark"])
def test_the_picture_has_the_sample_s_pixels(ink, page_of):
    data = matrix_data()
    data["samples"]["ink"] = ink
    page = page_of(page_with(extra=PAPER, **data))
    seen = page.evaluate(
        """() => {
          const canvas = document.querySelector("#mistakes canvas");
          const all = canvas.getContext("2d").getImageData(0, 0, 8, 8).data;
          return Array.from(all).filter((_, i) => i % 4 === 0);
        }"""
    )
    ours = [(11 * 37 + k * 5) % 17 for k in range(64)]
    shares = [v / 16 if ink == "dark" else 1 - v / 16 for v in ours]  # ink is always drawn dark
    assert seen == pytest.approx([255 * share for share in shares], abs=1)


def test_without_a_canvas_to_load_into_samples_are_no_buttons(page_of):
    page = page_of(page_with(**matrix_data()))
    assert page.locator("#mistakes .sample").count() == 3
    assert page.locator("#mistakes button.sample").count() == 0


def test_a_table_without_pictures_says_so(page_of):
    page = page_of(page_with(confusion=matrix_data()["confusion"]))
    cell(page, 7, 1).click()
    said = "2 samples. No pictures of them are embedded in this page."
    assert page.locator(".matrix-panel [role=status]").inner_text() == said


def test_many_mistakes_are_shown_a_page_at_a_time(page_of):
    data = matrix_data()
    data["mistakes"]["order"] = [p % 13 for p in range(60)]
    page = page_of(page_with(extra=PAPER, **data))
    shown = page.locator("#mistakes .sample")
    assert shown.count() == 24
    page.get_by_role("button", name="Show 24 more of 36").click()
    assert page.evaluate("document.activeElement === document.querySelectorAll('.sample')[24]")
    page.get_by_role("button", name="Show 12 more of 12").click()
    assert shown.count() == 60
    assert page.locator("#mistakes .chart-button").is_hidden()


def test_names_of_classes_are_text(page_of):
    data = matrix_data(["<b>a</b>", "<script>alert(1)</script>", *NAMES[2:]])
    page = page_of(page_with(extra=PAPER, **data))
    cell(page, 0, 0).click()
    assert page.locator(".matrix-panel h3").inner_text() == "<b>a</b>, read rightly"
    assert page.locator(".matrix b, .matrix script").count() == 0
