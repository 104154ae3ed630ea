"""The page as a text: one file, one script, nothing that steps out of its place."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unstuck.show.report import page
from unstuck.show.report.contents import Contents, Provenance, Statement
from unstuck.show.report.page import SCRIPTS, SECTIONS, as_json, joined_script, page_html

HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(1)">'
LOADS = {
    "src",
    "href",
    "srcset",
    "data",
    "action",
    "poster",
    "background",
    "formaction",
    "xlink:href",
}


class Reader(HTMLParser):
    """Elements with their attributes, and the texts of scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.scripts, self.open = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.open = (dict(attrs), [])

    def handle_data(self, data):
        if self.open is not None:
            self.open[1].append(data)

    def handle_endtag(self, tag):
        if tag == "script":
            self.scripts.append((self.open[0], "".join(self.open[1])))
            self.open = None


def small(**others):
    values = {"title": "a run", "outcome": Statement("It learned.", "good")} | others
    return Contents(**values)


def test_the_policy_names_the_only_script_and_forbids_the_rest():
    read = Reader(page_html(small()))
    (policy,) = [a["content"] for tag, a in read.elements if tag == "meta" and "http-equiv" in a]
    assert policy.startswith("default-src 'none'; ")
    running = [text for attrs, text in read.scripts if attrs.get("type") != "application/json"]
    assert len(running) == 1
    digest = base64.b64encode(hashlib.sha256(running[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


def test_nothing_is_loaded_from_anywhere(trained):
    network, history = trained
    page_text = page_html(small(network=network, history=history, record=history.record))
    for tag, attributes in Reader(page_text).elements:
        for name in LOADS & set(attributes):
            value = attributes[name] or ""
            assert value.startswith(("data:image/png;base64,", "#")), (tag, name, value)
    style = re.search(r"<style>(.*?)</style>", page_text, re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style


def test_no_attribute_runs_anything():
    for tag, attributes in Reader(page_html(small())).elements:
        assert not [name for name in attributes if name.startswith("on")], tag


def test_every_script_and_every_template_is_in_its_table():
    place = page.files("unstuck.show.report").joinpath("templates")
    scripts = {p.name for p in place.joinpath("js").iterdir()}
    assert scripts == {f"{name}.js" for name in SCRIPTS}
    partials = {p.name for p in place.joinpath("sections").iterdir()}
    assert partials >= {f"{name}.html.j2" for name in SECTIONS}
    assert {p.name for p in place.iterdir() if p.name.endswith(".css")} == set(page.STYLES)


def test_the_script_cannot_end_its_element():
    assert "</script" not in joined_script().lower()
    assert "<!--" not in joined_script()
    assert "innerHTML" not in joined_script()
    assert "eval(" not in joined_script()


def test_a_hostile_title_stays_text():
    text = page_html(small(title=HOSTILE, outcome=Statement(HOSTILE, "bad", (HOSTILE,))))
    read = Reader(text)
    assert len(read.scripts) == 2
    assert not [tag for tag, attributes in read.elements if tag == "img"]


def test_hostile_data_stay_in_their_element(monkeypatch):
    usual = SECTIONS["outcome"]

    def planted(contents):
        return replace(usual(contents), data={"name": HOSTILE})

    monkeypatch.setitem(SECTIONS, "outcome", planted)
    read = Reader(page_html(small()))
    assert len(read.scripts) == 2
    data = json.loads(read.scripts[0][1])
    assert data["outcome"] == {"name": HOSTILE}


def test_the_reader_would_see_a_script_that_got_in():
    text = page_html(small()).replace("</main>", f"</main>{HOSTILE[9:]}")
    assert len(Reader(text).scripts) == 3


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.text() | st.floats() | st.none(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
        max_leaves=6,
    )
)
def test_json_for_the_script_is_json_and_holds_no_markup(value):
    text = as_json(value)
    json.loads(text, parse_constant=pytest.fail)
    assert not set("<>&\u2028\u2029") & set(text)


def test_what_is_missing_is_said_only_where_it_is_not_there(trained):
    _, history = trained
    missing = {"layers": "No layers: <lost>.", "weights": "No weights."}
    text = page_html(small(missing=missing))
    assert "No layers: &lt;lost&gt;." in text
    assert "No weights." in text
    text = page_html(small(missing=missing, record=history.record, history=history))
    assert "No layers" not in text


def test_numbers_that_json_has_not_become_null():
    assert as_json({"a": [np.nan, 1.0]}) == '{"a":[null,1.0]}'


def test_our_own_page_bears_its_mark():
    from unstuck.app.report_file import HEAD

    text = page_html(small(provenance=Provenance(options={"x": "y" * 10_000})))
    assert page.MARK in text[:HEAD]


def test_headings_and_ids_are_in_order(trained):
    network, history = trained
    text = page_html(small(network=network, history=history, record=history.record))
    ids = re.findall(r'\bid="([^"]+)"', re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))
    assert len(ids) == len(set(ids))
    anchors = re.findall(r'href="#([^"]+)"', text)
    assert set(anchors) <= set(ids)
    names = [name for name in SECTIONS if f'<section id="{name}"' in text]
    assert names == [name for name in ids if name in SECTIONS]
    assert names[0] == "outcome"
