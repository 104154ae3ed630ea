"""The whole page as a person gets it: from a file, without a network, on a wide screen and on one
of 360 pixels, with the keyboard alone. The watcher that finds nothing is shown something to find.
"""

import pytest
from tests.browser.pages import curves_data, falling, matrix_data, page_with
from tests.browser.watch import until

from unstuck.show.report.page import policy

PHONE = {"width": 360, "height": 740}
ELSEWHERE = "http://127.0.0.1:9/picture.png"

# Whatever reaches beyond the window to the right, unless it scrolls in a box of its own.
BEYOND = """
() => Array.from(document.querySelectorAll("body *"))
  .filter((e) => e.getBoundingClientRect().right > window.innerWidth + 1)
  .filter((e) => {
    for (let up = e; up; up = up.parentElement) {
      const style = getComputedStyle(up);
      if (style.overflowX !== "visible" || style.clipPath !== "none") return false;
    }
    return true;
  })
  .map((e) => `${e.tagName}.${e.getAttribute("class")}`)
"""


def test_it_opens_from_a_file_and_asks_nothing_of_the_network(made, page_of):
    page = page_of(made)  # page_of fails the test where anything is asked for, refused or wrong
    assert page.url.startswith("file://")
    for summary in page.locator("summary").all():
        if summary.is_visible():
            summary.click()
    assert page.get_by_role("alert").count() == 0  # no section failed
    sections = page.locator("main > section").all()
    assert len(sections) >= 3
    assert all(section.bounding_box()["height"] > 20 for section in sections)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_does_not_scroll_sideways(made, scheme, page_of):
    page = page_of(made, viewport=PHONE, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert page.evaluate(BEYOND) == []
    for summary in page.locator("summary").all():
        if summary.is_visible():
            summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_a_finger_reads_the_numbers_of_a_chart(page_of):
    page = page_of(
        page_with(curves=curves_data(falling(41))), viewport=PHONE, has_touch=True, is_mobile=True
    )
    box = page.locator(".chart-svg").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tip = page.locator(".chart-tip").bounding_box()
    assert tip["x"] >= 0
    assert tip["x"] + tip["width"] <= PHONE["width"]
    assert page.locator(".chart-finger").is_visible()
    assert page.locator(".chart-mouse").is_hidden()


def test_everything_is_reached_by_tab_and_seen_to_be(made, page_of):
    """Tab goes through the page to its end, and whatever has the focus shows it."""
    page = page_of(made)
    names, unseen = set(), []
    for _ in range(400):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """() => {
              const e = document.activeElement;
              if (e === document.body) return null;
              const s = getComputedStyle(e);
              const seen = s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0;
              return [e.closest("section")?.id ?? "top", e.tagName, seen];
            }"""
        )
        if here is None:
            break
        names.add(here[0])
        if not here[2]:
            unseen.append(here)
    else:
        pytest.fail("Tab never came to the end of the page")
    assert unseen == []
    with_charts = page.locator("section:has(.chart-svg)").all()
    assert {section.get_attribute("id") for section in with_charts} <= names


def test_the_switch_between_light_and_dark(page_of):
    page = page_of(page_with(curves=curves_data(falling(9)), **matrix_data()))
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.locator("#theme").click()
    dark = page.evaluate(ground)
    assert brightness(light) > 200
    assert brightness(dark) < 60
    page.locator("#theme").click()
    assert page.evaluate(ground) == light


def brightness(colour):
    numbers = colour[colour.index("(") + 1 : -1].split(",")
    return sum(float(n) for n in numbers[:3]) / 3


def test_a_dark_system_gets_a_dark_page(page_of):
    page = page_of(page_with(curves=curves_data(falling(9))), color_scheme="dark")
    assert brightness(page.evaluate("getComputedStyle(document.body).backgroundColor")) < 60


# ------------------------------------------------------------------------- the tester is tested


def without_policy(html):
    start = html.index("<meta http-equiv")
    return html[:start] + html[html.index(">", start) + 1 :]


def test_the_watcher_sees_a_request_that_a_page_makes(window_of, tmp_path):
    html = page_with(curves=curves_data(falling(9)), extra=f'<img src="{ELSEWHERE}" alt="">')
    page, watch = window_of()
    path = tmp_path / "open.html"
    path.write_text(without_policy(html), encoding="utf-8")
    page.goto(path.as_uri())
    assert watch.fetched() == [ELSEWHERE]
    with pytest.raises(AssertionError):
        watch.assert_clean()


def test_the_policy_keeps_a_picture_from_being_fetched_and_the_watcher_sees_it(window_of, tmp_path):
    html = page_with(curves=curves_data(falling(9)), extra=f'<img src="{ELSEWHERE}" alt="">')
    page, watch = window_of()
    path = tmp_path / "kept.html"
    path.write_text(html, encoding="utf-8")
    page.goto(path.as_uri())
    until(page, "window.refused.length > 0")
    assert watch.refused() == [f"img-src {ELSEWHERE}"]
    with pytest.raises(AssertionError):
        watch.assert_clean()


@pytest.mark.parametrize(
    "attempt",
    [
        "fetch('http://127.0.0.1:9/')",
        "new WebSocket('ws://127.0.0.1:9/')",
        "navigator.sendBeacon('http://127.0.0.1:9/', 'x')",
        "new EventSource('http://127.0.0.1:9/')",
        "document.body.append(unstuck.el('script', {}, 'window.ran = 1'))",
        "document.body.append(unstuck.el('iframe', {src: 'http://127.0.0.1:9/'}))",
    ],
    ids=["fetch", "socket", "beacon", "events", "script", "frame"],
)
def test_the_policy_refuses_what_a_script_might_try(attempt, window_of, tmp_path):
    page, watch = window_of()
    path = tmp_path / "page.html"
    path.write_text(page_with(curves=curves_data(falling(9))), encoding="utf-8")
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    assert watch.refused() == []
    page.evaluate(f"async () => {{ try {{ await ({attempt}); }} catch (error) {{}} }}")
    until(page, "window.refused.length > 0")
    assert page.evaluate("window.ran") is None


def test_the_policy_names_the_script_and_nothing_else():
    said = policy("alert(1)")
    assert "default-src 'none'" in said
    assert "unsafe-inline" not in said.split("script-src")[1].split(";")[0]
    assert policy("alert(1)") != policy("alert(2)")


def test_a_script_error_fails_a_test(window_of, tmp_path):
    page, watch = window_of()
    page.goto("about:blank")
    path = tmp_path / "broken.html"
    path.write_text("<!doctype html><title>x</title><script>nothing.here</script>", "utf-8")
    page.goto(path.as_uri())
    with pytest.raises(AssertionError, match="nothing is not defined"):
        watch.assert_clean()
