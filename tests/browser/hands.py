"""A hand on the charts of a page: it points, drags and reads what they show, for tests to compare
with the data.
"""

PLOT = ".chart-plot"


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
