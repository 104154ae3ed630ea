"""Labels, file names, source lines and messages are shown, never run, in a real browser.

Two walls stand before a script in a text: everything is escaped, and the page's policy lets no
script run but our own. Each is tested without the other, and with a planted fault.
"""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.browser.watch import WATCH, Watch
from tests.show.report.hostile import ATTACKS, hostile, texts

from unstuck.show.diagnosis.characters import sentence
from unstuck.show.report import page as page_module
from unstuck.show.report.page import page_html

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
TOUCH = """() => {
  for (const one of document.querySelectorAll("*")) {
    for (const kind of ["mouseover", "focus", "load", "error", "click"]) {
      if (kind !== "click" || !(one instanceof HTMLAnchorElement)) {
        one.dispatchEvent(new Event(kind));
      }
    }
  }
}"""  # whatever waits for an event gets it


@pytest.fixture(scope="module")
def opened(browser, tmp_path_factory):
    """Opens a text as a page from ``file://``: the page, and what went on in it."""
    context = browser.new_context()
    context.add_init_script(WATCH)
    folder = tmp_path_factory.mktemp("hostile")
    pages = []

    def make(html):
        for old in pages:
            old.close()
        page = context.new_page()
        pages[:] = [page]
        watch = Watch(page)
        path = folder / "page.html"
        path.write_text(html, encoding="utf-8", errors="surrogatepass")
        page.goto(path.as_uri())
        page.wait_for_timeout(30)
        page.evaluate(TOUCH)
        page.wait_for_timeout(20)
        return page, watch

    yield make
    context.close()


def fired(page):
    return page.evaluate("() => window.__pwned !== undefined")


def without_policy(html):
    html, count = POLICY.subn("", html)
    assert count == 1
    return html


slow = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@slow
@given(text=texts, guarded=st.booleans())
def test_no_text_is_run(opened, text, guarded):
    html = page_html(hostile(text))
    page, watch = opened(html if guarded else without_policy(html))
    assert not fired(page)
    watch.assert_clean()
    assert page.evaluate("() => document.scripts.length") == 2


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_attack_alone_is_shown_as_it_is(opened, attack):
    page, watch = opened(without_policy(page_html(hostile(attack))))
    assert not fired(page)
    watch.assert_clean()
    told = page.evaluate("() => document.querySelector('#diagnosis .finding p').textContent")
    assert told.replace("`", "").strip() == sentence(attack).replace("`", "").strip()
    assert page.evaluate("() => document.querySelectorAll('iframe, img[src=x], base').length") == 0


@pytest.fixture
def unescaped(monkeypatch):
    """A planted fault: nothing is escaped any more."""
    bare = page_module.environment().overlay(autoescape=False)
    monkeypatch.setattr(page_module, "environment", lambda: bare)


def test_the_planted_fault_is_caught(opened, unescaped):
    """So the tests above can fail: unescaped, and without the policy, the script runs."""
    page, _ = opened(without_policy(page_html(hostile(ATTACKS[0]))))
    assert fired(page)


def test_the_policy_holds_where_escaping_fails(opened, unescaped):
    page, watch = opened(page_html(hostile(ATTACKS[0])))
    assert not fired(page)
    assert any("script-src" in one for one in watch.refused())
