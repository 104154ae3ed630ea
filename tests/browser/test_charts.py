"""The charts under a mouse and a keyboard: the numbers they read out, the range they zoom to. What
is drawn is compared with the data, place by place, not only looked for.
"""

import pytest
from tests.browser.hands import box_of, chart, drag, label, path_of, point_at, tip
from tests.browser.pages import curves_data, falling, page_with

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
