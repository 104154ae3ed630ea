"""What the charts make of data: linear and logarithmic, still and exploded, one point and many,
gaps and zeros. A larger value lies higher, and nothing leaves the frame.
"""

import itertools
import math
import re

import pytest
from tests.browser.hands import box_of, chart, drag, path_of, point_at, tip
from tests.browser.pages import curves_data, falling, page_with
from tests.browser.watch import until


def test_the_log_switch_makes_a_falling_exponential_a_straight_line(page_of):
    page = page_of(page_with(curves=curves_data([10.0 ** (-i / 20) for i in range(41)])))
    switch = page.get_by_role("button", name="Log scale")
    bent = straightness(path_of(page)[0])
    assert switch.get_attribute("aria-pressed") == "false"

    switch.click()

    assert switch.get_attribute("aria-pressed") == "true"
    assert straightness(path_of(page)[0]) < 0.02 < bent
    assert {"1", "0.1", "0.01"} <= set(chart(page).locator(".chart-axes text").all_text_contents())
    switch.click()
    assert straightness(path_of(page)[0]) == bent


def straightness(corners):
    """The largest distance from the straight line between both ends, in pixels."""
    (x0, y0), (x1, y1) = corners[0], corners[-1]
    return max(abs(y - (y0 + (y1 - y0) * (x - x0) / (x1 - x0))) for x, y in corners)


def test_a_run_that_exploded_is_drawn_on_a_log_scale_and_says_where_it_ended(page_of):
    page = page_of(page_with(curves=curves_data([2.3, 9.0, 1e12, 1e200, None, None, None])))

    assert page.get_by_role("button", name="Log scale").get_attribute("aria-pressed") == "true"
    assert chart(page).locator(".chart-lost-text").text_content() == "no number from here"
    lost = chart(page).locator(".chart-lost").get_attribute("x")
    ((*_, last),) = path_of(page)
    assert float(lost) > last[0]
    point_at(page, 1.0)
    assert tip(page)["training"] == "no number"


def test_a_zero_on_a_log_scale_lies_on_a_line_of_its_own(page_of):
    """A gradient of exactly 0 is the finding itself: it may not drop out of the picture."""
    page = page_of(page_with(curves=curves_data([1.0, 0.01, 0.0, 0.0])))
    page.get_by_role("button", name="Log scale").click()
    (corners,) = path_of(page)
    assert corners[2][1] == corners[3][1] > corners[1][1] + 5
    assert "0" in chart(page).locator(".chart-axes text").all_text_contents()


def test_negative_values_are_not_drawn_on_a_log_scale_and_it_says_so(page_of):
    page = page_of(page_with(curves=curves_data([1.0, -2.0, 3.0, 4.0])))
    note = page.locator("#curves .chart-note")
    assert note.is_hidden()
    page.get_by_role("button", name="Log scale").click()
    assert note.inner_text() == "1 values below 0 cannot be drawn on a log scale."
    assert [len(part) for part in path_of(page)] == [1, 2]


def test_accuracy_has_the_whole_scale_until_it_is_zoomed(page_of):
    values = [0.97 + 0.001 * i for i in range(20)]
    page = page_of(page_with(curves=curves_data(values, percent=True, log=False)))
    ticks = chart(page).locator(".chart-axes text").all_text_contents()
    assert {"0 %", "100 %"} <= set(ticks)
    assert page.get_by_role("button", name="Log scale").count() == 0
    drag(page, 0.1, 0.9)
    ticks = chart(page).locator(".chart-axes text").all_text_contents()
    assert "0 %" not in ticks
    point_at(page, 0.0)
    assert re.fullmatch(r"9\d\.\d %", tip(page)["training"])


def test_a_cost_that_hardly_moves_looks_still_until_it_is_zoomed(page_of):
    """Scaled to its own noise, a cost that is stuck at log 10 would look like one that learns."""
    stuck = [2.302 + 0.001 * (i % 3) for i in range(60)]
    page = page_of(page_with(curves=curves_data(stuck)))
    _, top, _, bottom = box_of(page)

    def height():
        heights = [y for _, y in path_of(page)[0]]
        return (max(heights) - min(heights)) / (bottom - top)

    assert height() < 0.05
    drag(page, 0.2, 0.8)
    assert height() > 0.5


# --------------------------------------------------------------------------------------- odd data

ODD = {
    "nothing": [],
    "no number": [None, None],
    "one point": [0.7],
    "two points": [0.7, 0.2],
    "2000 points": falling(2000),
    "all equal": [6.9628] * 20,
    "all zero": [0.0] * 5,
    "almost equal": [1e9 + i * 1e-6 for i in range(5)],
    "huge": [1e-300, 1.0, 1e300],
    "from end to end": [-1.7e308, 1.7e308],
    "smallest": [5e-324, 1e-323, 5e-324],
    "negative": [-1.0, -2.0, -3.0],
    "gaps": [1.0, None, 2.0, None, None, 3.0, 4.0, None],
}


@pytest.mark.parametrize("log", [False, True], ids=["linear", "log"])
@pytest.mark.parametrize("values", ODD.values(), ids=ODD.keys())
def test_odd_data_is_drawn_inside_the_frame(values, log, page_of):
    page = page_of(page_with(curves=curves_data(values)))
    switch = page.get_by_role("button", name="Log scale")
    if switch.count() and (switch.get_attribute("aria-pressed") == "true") != log:
        switch.click()
    if not values:
        assert "Nothing was recorded" in page.locator("#curves").inner_text()
        return
    assert "NaN" not in chart(page).inner_html()
    assert "Infinity" not in chart(page).inner_html()
    low, high = chart(page).evaluate(
        "(plot) => { const v = plot.querySelector('.chart-svg'); return [0, v.clientHeight]; }"
    )
    on = log_is_on(switch)
    drawn = [v for v in values if v is not None and not (on and v < 0)]
    corners = []
    if drawn:
        parts = path_of(page)
        corners = [corner for part in parts for corner in part]
    assert len(corners) == len(drawn)
    assert all(low <= y <= high and math.isfinite(x) for x, y in corners)
    heights = [y for _, y in corners]
    for (a, y), (b, z) in itertools.pairwise(zip(drawn, heights, strict=True)):
        assert (a < b) <= (y >= z), "a larger value may not lie lower"
    chart(page).locator(".chart-svg").focus()
    for key in ("ArrowRight", "End", "+", "+", "-", "Escape", "Escape"):
        page.keyboard.press(key)


def log_is_on(switch):
    return switch.count() == 1 and switch.get_attribute("aria-pressed") == "true"


def test_a_gap_stays_a_gap_and_a_point_between_gaps_is_a_dot(page_of):
    values = [1.0, 2.0, None, 3.0, None, 4.0, 5.0] + [5.0] * 40
    page = page_of(page_with(curves=curves_data(values)))
    parts = path_of(page)
    assert [len(part) for part in parts] == [2, 1, 42]
    dots = chart(page).locator(".chart-inside circle")
    assert dots.count() == 1
    assert float(dots.get_attribute("cx")) == pytest.approx(parts[1][0][0], abs=0.02)


def test_a_mark_stands_at_its_epoch(page_of):
    marks = [{"x": 12, "text": "weights kept"}, {"x": 39, "text": "<b>stopped</b>"}]
    page = page_of(page_with(curves=curves_data(falling(40), marks=marks)))
    (corners,) = path_of(page)
    lines = chart(page).locator(".chart-mark")
    assert [float(lines.nth(i).get_attribute("x1")) for i in range(2)] == pytest.approx(
        [corners[11][0], corners[38][0]], abs=0.02
    )
    assert chart(page).locator(".chart-mark-text").all_text_contents() == [m["text"] for m in marks]


def test_the_numbers_stand_in_a_table(page_of):
    values = [2.3, None, 0.5]
    page = page_of(page_with(curves=curves_data({"training": values, "validation": [1, 2, 3]})))
    page.locator("#curves summary").click()
    page.locator("#curves .chart-table").wait_for()
    rows = page.locator("#curves .chart-table tr").all()
    assert [row.locator("th, td").all_inner_texts() for row in rows] == [
        ["epoch", "training", "validation"],
        ["1", "2.3", "1"],
        ["2", "no number", "2"],
        ["3", "0.5", "3"],
    ]


def test_a_chart_follows_the_width_of_the_window(page_of):
    page = page_of(page_with(curves=curves_data(falling(40))))
    wide = path_of(page)[0][-1][0]
    page.set_viewport_size({"width": 500, "height": 800})
    until(page, "Number(document.querySelector('.chart-svg').getAttribute('width')) < 500")
    assert path_of(page)[0][-1][0] < 500 < wide
