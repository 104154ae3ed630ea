"""Without a browser the tests skip and say why; where one is required they fail: a CI that tests
nothing may not pass.
"""

import pytest
from tests.browser.finding import PROGRAMS, chromium, give_up


def test_it_skips_where_a_browser_is_optional(monkeypatch):
    monkeypatch.delenv("UNSTUCK_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no Chromium here"):
        give_up("no Chromium here")


def test_it_fails_where_a_browser_is_required(monkeypatch):
    monkeypatch.setenv("UNSTUCK_BROWSER", "required")
    with pytest.raises(pytest.fail.Exception, match="but there is no Chromium"):
        give_up("there is no Chromium")


def test_the_named_browser_comes_first_then_the_path(monkeypatch, tmp_path):
    monkeypatch.delenv("UNSTUCK_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chromium() is None
    for name in PROGRAMS[1:3]:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert chromium() == str(tmp_path / PROGRAMS[1])
    monkeypatch.setenv("UNSTUCK_CHROMIUM", "/opt/other/chrome")
    assert chromium() == "/opt/other/chrome"
