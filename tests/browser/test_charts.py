"""The charts under a mouse and a keyboard: the numbers they read out, the range they zoom to, the
scale they draw on, and what they make of odd data. What is drawn is compared with the data, place
by place, not only looked for.
"""

import math
import re

import pytest

from tests.browser.pages import curves_data, falling, layers_data, page_with
from tests.browser.watch import until

PLOT = ".chart-plot"
DEEP = 50


def chart(page, section="curves", index=0):
    return page.locator(f"#{section} {PLOT}").nth(index)


def box_of(page, section="curves", index=0):
    """The place where the lines are drawn, in the window: left, top, right, bottom."""
    return chart(page, section, index).evaluate(
        """(plot) => {
          const svg = plot.querySelector(".chart-svg").getBoundingClientRect();
          const base = plot.querySelector(".chart-base").getBoundingClientRect();
          return [base.left, svg.top + 8, base.right, base.top];
        }"""
    )


def point_at(page, share, section="curves", index=0):
    chart(page, section, index).scroll_into_view_if_needed()
    left, top, right, bottom = box_of(page, section, index)
    page.mouse.move(left + share * (right - left), (top + bottom) / 2)


def drag(page, start, end, section="curves", index=0):
    chart(page, section, index).scroll_into_view_if_needed()
    left, top, right, bottom = box_of(page, section, index)
    page.mouse.move(left + start * (right - left), (top + bottom) / 2)
    page.mouse.down()
    page.mouse.move(left + (start + end) / 2 * (right - left), (top + bottom) / 2)
    page.mouse.move(left + end * (right - left), (top + bottom) / 2)
    page.mouse.up()


def tip(page, section="curves", index=0):
    """The tooltip as {name: number}, with what stands on top under ``""``."""
    shown = chart(page, section, index).locator(".chart-tip")
    assert shown.is_visible()
    rows = shown.locator(".chart-row").all()
    found = {"": shown.locator(".chart-tip-head").inner_text()}
    return found | {
        row.locator(".chart-name").inner_text(): row.locator(".chart-number").inner_text()
        for row in rows
    }


def path_of(page, section="curves", index=0, line=0):
    """The corners of a line as (x, y); a gap begins another list."""
    d = chart(page, section, index).locator(".chart-inside path").nth(line).get_attribute("d")
    return [
        [tuple(map(float, corner.split())) for corner in part.split("L")]
        for part in d.split("M")[1:]
    ]


def label(page, section="curves", index=0):
    return chart(page, section, index).locator(".chart-svg").get_attribute("aria-label")


# ------------------------------------------------------------------------------- reading numbers


def test_the_mouse_reads_all_lines_at_the_nearest_point(page_of):
    training, validation = falling(41), falling(41, 3.1, 0.5)
    lines = {"training": training, "validation": validation}
    page = page_of(page_with(curves=curves_data(lines)))

    point_at(page, 0.508)  # a little right of the middle: epoch 21 of 1..41 is nearest

    said = tip(page)
    assert said[""] == "epoch 21"
    assert float(said["training"]) == pytest.approx(training[20], rel=1e-3)
    assert float(said["validation"]) == pytest.approx(validation[20], rel=1e-3)
    page.mouse.move(2, 2)
    assert chart(page).locator(".chart-tip").is_hidden()


def test_the_cross_hair_stands_on_the_points_that_are_read(page_of):
    page = page_of(page_with(curves=curves_data(falling(11))))
    point_at(page, 0.3)

    (corners,) = path_of(page)
    dot = chart(page).locator(".chart-dot")
    assert float(dot.get_attribute("cx")) == pytest.approx(corners[3][0], abs=0.02)
    assert float(dot.get_attribute("cy")) == pytest.approx(corners[3][1], abs=0.02)


def test_arrow_keys_read_the_numbers_aloud(page_of):
    page = page_of(page_with(curves=curves_data([4.0, 3.0, 2.0, 1.0])))
    chart(page).locator(".chart-svg").focus()
    spoken = page.locator("#curves .chart-spoken")

    said = []
    for key in ("ArrowRight", "ArrowRight", "End", "ArrowLeft", "Home"):
        page.keyboard.press(key)
        said.append(spoken.inner_text())

    assert said == [f"epoch {k}: training {5 - k}" for k in (1, 2, 4, 3, 1)]
    page.keyboard.press("ArrowLeft")  # there is nothing before the first
    assert spoken.inner_text() == "epoch 1: training 4"
    page.keyboard.press("Escape")
    assert chart(page).locator(".chart-tip").is_hidden()


def test_charts_of_a_section_share_the_cross_hair_and_the_zoom(page_of):
    data = curves_data(falling(40))
    data["panels"] += curves_data(falling(40, 0.2, 0.9), percent=True, title="Accuracy")["panels"]
    page = page_of(page_with(curves=data))

    point_at(page, 0.5)
    assert chart(page, index=1).locator(".chart-hair").count() == 1
    assert chart(page, index=1).locator(".chart-tip").is_hidden()
    drag(page, 0.5, 1.0)
    assert len(path_of(page, index=1)[0]) < 25


# ------------------------------------------------------------------------------------------ zoom


def test_a_dragged_range_is_zoomed_to_and_left_again(page_of):
    page = page_of(page_with(curves=curves_data(falling(101), x=range(101))))
    whole = path_of(page)
    assert len(whole[0]) == 101
    button = page.get_by_role("button", name="Whole run")
    assert button.is_hidden()

    for leave in ("double click", "Escape", "button"):
        drag(page, 0.195, 0.405)
        corners = path_of(page)[0]
        assert len(corners) == 23  # 20..40, and one more at each side so that the line runs out
        point_at(page, 0.0)
        assert tip(page)[""] == "epoch 20"
        point_at(page, 1.0)
        assert tip(page)[""] == "epoch 40"
        assert "Zoomed to epoch 20 to 40" in label(page)
        if leave == "double click":
            left, top, right, bottom = box_of(page)
            page.mouse.dblclick((left + right) / 2, (top + bottom) / 2)
        elif leave == "Escape":
            chart(page).locator(".chart-svg").focus()
            page.keyboard.press("Escape")
        else:
            button.click()
        assert path_of(page) == whole, leave
        assert button.is_hidden()


def test_the_zoom_fills_the_height(page_of):
    """A late fall of 2.3 to 0.02 is seen only when the scale follows the zoom."""
    page = page_of(page_with(curves=curves_data(falling(200))))
    drag(page, 0.8, 1.0)
    heights = [y for _, y in path_of(page)[0]]
    _, top, _, bottom = box_of(page)
    assert max(heights) - min(heights) > 0.4 * (bottom - top)


def test_escape_while_dragging_zooms_nowhere(page_of):
    page = page_of(page_with(curves=curves_data(falling(50))))
    before = path_of(page)
    left, top, right, bottom = box_of(page)
    chart(page).locator(".chart-svg").focus()
    page.mouse.move(left + 20, (top + bottom) / 2)
    page.mouse.down()
    page.mouse.move(right - 20, (top + bottom) / 2)
    assert chart(page).locator(".chart-marked").get_attribute("visibility") == "visible"
    page.keyboard.press("Escape")
    page.mouse.up()
    assert path_of(page) == before


def test_plus_and_minus_zoom_around_what_is_read(page_of):
    page = page_of(page_with(curves=curves_data(falling(101), x=range(101))))
    whole = path_of(page)
    chart(page).locator(".chart-svg").focus()
    page.keyboard.press("End")
    page.keyboard.press("+")
    page.keyboard.press("Home")
    assert page.locator("#curves .chart-spoken").inner_text().startswith("epoch 50:")
    page.keyboard.press("-")
    assert path_of(page) == whole


def test_a_zoom_between_two_points_shows_points_all_the_same(page_of):
    page = page_of(page_with(curves=curves_data([5.0, 4.0, 3.0, 2.0, 1.0])))
    drag(page, 0.55, 0.7)
    point_at(page, 0.5)
    assert tip(page)[""] in {"epoch 3", "epoch 4"}


# ----------------------------------------------------------------------------------------- scales


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
    assert all(
        (a < b) <= (y >= z) for a, b, y, z in zip(drawn, drawn[1:], heights, heights[1:])
    ), "a larger value may not lie lower"
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
    until(page, "document.querySelector('.chart-svg').clientWidth < 500")
    assert path_of(page)[0][-1][0] < 500 < wide


# ----------------------------------------------------------------------------------------- layers


def spans(page, index):
    """How far apart the lines of the layers end, in pixels."""
    count = chart(page, "layers", index).locator(".chart-inside path").count()
    ends = [path_of(page, "layers", index, i)[0][-1][1] for i in range(count)]
    return max(ends) - min(ends)


def test_a_vanishing_signal_fans_out_and_a_healthy_one_lies_together(page_of):
    healthy = page_of(page_with(layers=layers_data(8, 40)))
    vanishing = page_of(page_with(layers=layers_data(8, 40, 0.3)))
    _, top, _, bottom = box_of(healthy, "layers")
    for panel in (0, 1):  # activations, gradients
        assert spans(healthy, panel) < 0.15 * (bottom - top)
        assert spans(vanishing, panel) > 0.8 * (bottom - top)


def test_each_layer_is_a_line_and_the_tip_names_them_in_order(page_of):
    data = layers_data(5, 11, 0.5)
    page = page_of(page_with(layers=data))
    point_at(page, 0.5, "layers", 1)
    said = tip(page, "layers", 1)
    assert list(said)[1:] == data["layers"]
    for name, values in zip(data["layers"], data["panels"][1]["values"], strict=True):
        assert float(said[name]) == pytest.approx(values[5], rel=5e-3)


def heat_pixels(page, index=0):
    """The painted picture of a heat map, row by row: [[r, g, b, a], ...] of its first column."""
    return page.evaluate(
        """async (index) => {
          const image = document.querySelectorAll("#layers .chart-heat")[index];
          const picture = new Image();
          picture.src = image.getAttribute("href");
          await picture.decode();
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [picture.width, picture.height];
          const context = canvas.getContext("2d");
          context.drawImage(picture, 0, 0);
          const rows = [];
          for (let j = 0; j < canvas.height; j += 1) {
            rows.push(Array.from(context.getImageData(0, j, 1, 1).data));
          }
          return rows;
        }""",
        index,
    )


def apart(a, b):
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


def test_fifty_layers_are_a_heat_map_that_shows_what_vanishes(page_of):
    vanishing = page_of(page_with(layers=layers_data(DEEP, 30, 0.6)))
    healthy = page_of(page_with(layers=layers_data(DEEP, 30)))

    rows = heat_pixels(vanishing)
    assert len(rows) == DEEP
    assert apart(rows[0], rows[-1]) > 150
    assert all(apart(a, b) < 60 for a, b in zip(rows, rows[1:], strict=False))
    assert max(apart(row, heat_pixels(healthy)[0]) for row in heat_pixels(healthy)) < 40


def test_a_heat_map_is_read_by_mouse_and_by_keyboard(page_of):
    data = layers_data(DEEP, 30, 0.6)
    page = page_of(page_with(layers=data))
    values = data["panels"][0]["values"]
    left, top, right, bottom = box_of(page, "layers")
    page.mouse.move((left + right) / 2, top + (bottom - top) * 19.5 / DEEP)
    strong = chart(page, "layers").locator(".chart-strong")
    assert strong.locator(".chart-name").inner_text() == data["layers"][19]
    at = int(re.sub(r"\D", "", tip(page, "layers")[""])) // 10
    said = float(strong.locator(".chart-number").inner_text())
    assert said == pytest.approx(values[19][at], rel=5e-3)

    chart(page, "layers").locator(".chart-svg").focus()
    page.keyboard.press("ArrowDown")
    assert strong.locator(".chart-name").inner_text() == data["layers"][20]
    page.keyboard.press("ArrowRight")
    assert data["layers"][20] in page.locator("#layers .chart-spoken").first.inner_text()


def test_a_layer_that_is_exactly_zero_is_told_from_a_small_one(page_of):
    data = layers_data(20, 10)
    data["panels"][1]["values"][3] = [0.0] * 10
    data["panels"][1]["values"][4] = [None] * 10
    page = page_of(page_with(layers=data))
    rows = heat_pixels(page, 1)
    assert rows[3] == [140, 140, 140, 255]
    assert rows[4][3] == 0
    legend = page.locator("#layers .chart-scale").nth(1).inner_text()
    assert "exactly 0" in legend
    assert "no number" in legend


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
