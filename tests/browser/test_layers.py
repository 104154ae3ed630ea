"""Layer by layer: a signal that vanishes is seen to vanish, a healthy one looks calm, and fifty
layers are a picture that mouse and keyboard can read.
"""

import itertools
import re

import pytest
from tests.browser.hands import box_of, chart, path_of, point_at, tip
from tests.browser.pages import layers_data, page_with

DEEP = 50


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


def heat_pixels(page, index=0, share=0.0):
    """One column of a heat map, from its left by ``share`` of the width: [[r, g, b, a], ...]."""
    return page.evaluate(
        """async ([index, share]) => {
          const image = document.querySelectorAll("#layers .chart-heat")[index];
          const picture = new Image();
          picture.src = image.getAttribute("href");
          await picture.decode();
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [picture.width, picture.height];
          const context = canvas.getContext("2d");
          context.drawImage(picture, 0, 0);
          const rows = [];
          const across = Math.round(share * canvas.width);
          for (let j = 0; j < canvas.height; j += 1) {
            rows.push(Array.from(context.getImageData(across, j, 1, 1).data));
          }
          return rows;
        }""",
        [index, share],
    )


def test_moments_that_are_not_evenly_spaced_stand_where_they_belong(page_of):
    """A record has many of its moments at the start: 0, 1, 2, 5 ... of a thousand updates."""
    data = layers_data(20, 5)
    data["x"]["values"] = [0, 1, 2, 900, 1000]
    data["panels"][0]["values"] = [[1.0, 1.0, 1.0, 1e-5, 1e-5]] * 20
    page = page_of(page_with(layers=data))
    early, late = heat_pixels(page, share=0.4)[0], heat_pixels(page, share=0.5)[0]
    assert early == heat_pixels(page)[0]  # 400 is nearer to 2 than to 900, 500 is not
    assert late == heat_pixels(page, share=0.99)[0]
    assert apart(early, late) > 150


def apart(a, b):
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


def test_fifty_layers_are_a_heat_map_that_shows_what_vanishes(page_of):
    vanishing = page_of(page_with(layers=layers_data(DEEP, 30, 0.6)))
    healthy = page_of(page_with(layers=layers_data(DEEP, 30)))

    rows = heat_pixels(vanishing)
    assert len(rows) == DEEP
    assert apart(rows[0], rows[-1]) > 150
    assert all(apart(a, b) < 60 for a, b in itertools.pairwise(rows))
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
