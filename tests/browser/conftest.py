"""A real browser for the tests of the report page: the system's Chromium, with nothing to load.

Without Chromium or Playwright these tests skip and say so; where ``UNSTUCK_BROWSER`` is
``required``, as in the CI, they fail instead. ``UNSTUCK_CHROMIUM`` names another browser.
"""

from pathlib import Path

import pytest
from tests.browser.finding import chromium, give_up
from tests.browser.made import PAGES, make_page
from tests.browser.watch import WATCH, Watch

from unstuck.show.report.page import page_html

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = {"width": 1200, "height": 900}


@pytest.fixture(scope="session")
def browser():
    """Chromium, once for all tests."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        give_up("Playwright is not installed")
    program = chromium()
    if program is None:
        give_up("there is no Chromium on the PATH, nor does UNSTUCK_CHROMIUM name one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def window_of(browser):
    """Makes windows that are watched: ``window_of(color_scheme="dark")`` -> (page, watch)."""
    opened = []

    def make(**options):
        context = browser.new_context(**{"viewport": WIDE, **options})
        opened.append(context)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(10_000)
        return page, Watch(page)

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def window(window_of):
    """One empty window in which nothing may go wrong, and from which nothing may be asked for."""
    page, watch = window_of()
    yield page
    watch.assert_clean()


@pytest.fixture
def page_of(window_of, tmp_path):
    """Opens a page from ``file://``: ``page_of(contents, html or file, **options of the window)``.

    What goes wrong in any of them fails the test at its end.
    """
    watches = []

    def make(shown, **options):
        page, watch = window_of(**options)
        watches.append(watch)
        path = shown
        if not isinstance(shown, Path):
            html = shown if isinstance(shown, str) else page_html(shown)
            path = tmp_path / f"page {len(watches)}.html"
            path.write_text(html, encoding="utf-8")
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")
        return page

    yield make
    for watch in watches:
        watch.assert_clean()


@pytest.fixture(scope="session", params=PAGES)
def made(request, browser, tmp_path_factory, repository):
    """The file of a real page, each of them in turn; made only where there is a browser."""
    return make_page(request.param, tmp_path_factory.mktemp("made"), repository)
