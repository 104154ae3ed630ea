"""The diagnosis in a browser: notes open and close, links lead to their lines, 360 pixels."""

import pytest
from tests.show.diagnoses import three_causes
from tests.show.report.hostile import exhibits

from unstuck.app.report_program import diagnosis_contents
from unstuck.doctor.diagnosis import Diagnosis, Finding
from unstuck.record.run_record import SourceSpan

OPEN = "() => [...document.querySelectorAll('details.finding')].map((one) => one.open)"
SEEN = """(id) => {
  const box = document.getElementById(id).getBoundingClientRect();
  return box.height > 0 && box.bottom > 0 && box.top < window.innerHeight;
}"""


def long_program():
    """A finding in the middle of 900 lines, with pictures."""
    source = "".join(f"x{n} = {n}\n" for n in range(1, 901))
    findings = tuple(
        Finding(
            code, severity, "Here.", SourceSpan("long.py", line, 0, line, 4), {"parameters": ["W"]}
        )
        for code, severity, line in (("G103", "cause", 450), ("P704", "note", 900))
    )
    return Diagnosis(
        "long.py", "stuck", findings=findings, sources={"long.py": source}, exhibits=exhibits("W")
    )


@pytest.fixture(params=[three_causes, long_program], ids=["three causes", "long program"])
def contents(request):
    return diagnosis_contents(request.param(), ("report", "x.py"))


def test_causes_are_open_and_notes_are_not(page_of, contents):
    page = page_of(contents)
    severities = sorted(f.severity for f in contents.diagnosis.findings)
    assert sorted(page.evaluate(OPEN)) == sorted(kind != "note" for kind in severities)


def test_every_note_opens_and_closes_together(page_of, contents):
    page = page_of(contents)
    page.get_by_role("button", name="Open every note").click()
    assert all(page.evaluate(OPEN))
    page.get_by_role("button", name="Close every note").click()
    assert not any(page.evaluate(OPEN))


def test_a_link_opens_its_note_and_brings_it_into_sight(page_of, contents):
    page = page_of(contents)
    page.get_by_role("button", name="Close every note").click()
    last = f"finding-{len(contents.diagnosis.findings)}"
    page.locator(f"#outcome .findings a[href='#{last}']").click()
    page.wait_for_timeout(100)
    assert page.evaluate(f"() => document.getElementById('{last}').open")
    assert page.evaluate(SEEN, last)
    assert page.evaluate(f"() => document.activeElement.closest('details').id === '{last}'")


def test_a_note_opens_by_keyboard(page_of, contents):
    page = page_of(contents)
    page.get_by_role("button", name="Close every note").click()
    page.locator("details.finding > summary").first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate(OPEN).count(True) == 1


def test_folded_lines_are_shown_and_hidden(page_of):
    page = page_of(diagnosis_contents(long_program()))
    line = page.locator(".line", has_text="x1 = 1").first
    assert not line.is_visible()
    button = page.get_by_role("button", name="Show every line")
    button.click()
    assert line.is_visible()
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert not line.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_narrow_screen(page_of, contents, scheme):
    page = page_of(contents, viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.get_by_role("button", name="Open every note").click()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360


def test_without_scripts_everything_is_there(browser, tmp_path):
    from unstuck.show.report.page import page_html

    context = browser.new_context(java_script_enabled=False)
    path = tmp_path / "page.html"
    path.write_text(page_html(diagnosis_contents(three_causes())), encoding="utf-8")
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator("details.finding").count() == 5
    assert not page.get_by_role("button", name="Open every note").is_visible()
    assert page.locator(".line").first.is_visible()
    context.close()
