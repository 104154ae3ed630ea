"""The diagnosis on the page: every line with its notes, the evidence drawn, nothing that runs."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from tests.show.diagnoses import ALL, DIGITS, three_causes
from tests.show.report.hostile import ATTACKS, FIRES, diagnosis, hostile, texts

from unstuck.app.report_program import diagnosis_contents
from unstuck.doctor.diagnosis import Diagnosis, Finding
from unstuck.doctor.exhibits import Exhibits, Progressed, Steps, Values
from unstuck.doctor.schema import finding_name
from unstuck.record.run_record import SourceSpan
from unstuck.show.diagnosis.characters import harmless, sentence, source_lines
from unstuck.show.report import page
from unstuck.show.report.drawings import run_drawing, steps_drawing, values_drawing
from unstuck.show.report.page import page_html
from unstuck.show.report.sections.diagnosis import prose, runs_data
from unstuck.show.report.source import folded, listings, pieces_of

VOID = {"meta", "link", "img", "br", "hr", "input", "source", "wbr", "col"}


class Seen(HTMLParser):
    """A page as its elements: what each is, what stands in it."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.open = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        one = SimpleNamespace(tag=tag, attrs=dict(attrs), text="")
        self.elements.append(one)
        if tag not in VOID:
            self.open.append(one)

    def handle_endtag(self, tag):
        while self.open and self.open.pop().tag != tag:
            pass

    def handle_data(self, data):
        for one in self.open:
            one.text += data

    def of(self, tag, kind=""):
        return [
            e for e in self.elements
            if e.tag == tag and (not kind or kind in e.attrs.get("class", "").split())
        ]  # fmt: skip

    def outside(self):
        """What only a text that got out of its place can be: elements and attributes not ours."""
        scripts = self.of("script")
        tags = {e.tag for e in self.elements} & {"iframe", "img", "object", "embed", "base", "form"}
        handlers = [a for e in self.elements for a in e.attrs if a.startswith("on")]
        linked = [e.attrs["href"] for e in self.elements if "href" in e.attrs]
        strange = [href for href in linked if not href.startswith("#")]
        return [*scripts[2:], *tags, *handlers, *strange]


def seen(diagnosis):
    return Seen(page_html(diagnosis_contents(diagnosis, ("report", "x.py"))))


@pytest.mark.parametrize("make", ALL.values(), ids=list(ALL))
def test_every_diagnosis_has_its_page(make):
    diagnosis = make()
    found = seen(diagnosis)
    assert not found.outside()
    whole = found.of("main")[0].text
    for finding in diagnosis.findings:
        assert finding_name(finding.code) in whole
        assert sentence(finding.message).replace("`", "") in " ".join(whole.split())
    for entry in diagnosis.clean:
        assert entry.what in whole
    for entry in diagnosis.unchecked:
        assert entry.why in whole
    assert len(found.of("details", "finding")) == len(diagnosis.findings)


def test_every_line_of_the_file_stands_there_once_and_in_order():
    lines = seen(three_causes()).of("div", "line")
    assert [f"{line.text}" for line in lines] == [
        f"{number}{harmless(text)}" for number, text in enumerate(source_lines(DIGITS)[:-1], 1)
    ]


def test_a_note_follows_its_line_and_marks_the_expression():
    found = seen(three_causes())
    order = [
        e for e in found.elements
        if (e.tag == "div" and "line" in e.attrs.get("class", "").split())
        or (e.tag == "details" and "finding" in e.attrs.get("class", "").split())
    ]  # fmt: skip
    at = next(k for k, e in enumerate(order) if e.tag == "details" and "G103" in e.text)
    assert "tanh(z2)" in order[at - 1].text
    marks = [(m.text, m.attrs["class"]) for m in found.of("mark")]
    assert ("tanh(z2)", "kind-cause") in marks
    assert ("np.tanh(z)", "kind-fault") in marks


def test_the_repair_has_its_numbers_its_diff_and_what_it_rests_on():
    text = seen(three_causes()).of("section")
    whole = next(e.text for e in text if e.attrs["id"] == "diagnosis")
    assert "accuracy 0.101 -> 0.416" in whole
    assert "6 re-runs at equal updates, seeds 0, 1, 2; mends G103, W302, D401" in whole
    diff = seen(three_causes()).of("span", "diff-added")
    assert any("dtanh(z2)" in line.text for line in diff)


def test_several_files_each_with_its_own_lines():
    sources = {"a.py": "x = 1\ny = 2\n", "b/c.py": "z = 3\n", "d.py": "unused = 0\n"}
    findings = (
        Finding("G103", "cause", "First.", SourceSpan("a.py", 2, 0, 2, 1)),
        Finding("W302", "fault", "Second.", SourceSpan("b/c.py", 1, 4, 1, 5)),
        Finding("T601", "fault", "Nowhere.", None),
        Finding("T602", "note", "In a file that is not known.", SourceSpan("e.py", 1, 0, 1, 1)),
        Finding("T603", "note", "Behind the end.", SourceSpan("a.py", 99, 0, 99, 1)),
    )
    files, nowhere = listings(Diagnosis("a.py", "stuck", sources=sources), findings)
    assert [(f.name, f.count) for f in files] == [("a.py", 2), ("b/c.py", 1)]
    assert nowhere == [2, 3, 4]
    found = seen(Diagnosis("a.py", "stuck", findings=findings, sources=sources))
    assert len(found.of("details", "finding")) == 5


def test_a_notebook_shows_its_cells():
    sources = {"n.ipynb, cell 1": "a = 1", "n.ipynb, cell 2": "b = 2"}
    finding = Finding("G103", "cause", "Here.", SourceSpan("n.ipynb", 1, 0, 1, 1), cell=2)
    found = seen(Diagnosis("n.ipynb", "stuck", findings=(finding,), sources=sources))
    assert [h.text.split("  ")[0] for h in found.of("h3", "file")] == ["n.ipynb, cell 2 1 line"]
    assert [m.text for m in found.of("mark")] == ["b"]


def test_hundreds_of_lines_are_folded_but_there():
    source = "".join(f"x{n} = {n}\n" for n in range(1, 901))
    finding = Finding("G103", "cause", "Here.", SourceSpan("long.py", 450, 0, 450, 4))
    found = seen(Diagnosis("long.py", "stuck", findings=(finding,), sources={"long.py": source}))
    assert [f.text.split("\n")[0] for f in found.of("details", "fold")] == [
        "Lines 1 to 444", "Lines 456 to 900",
    ]  # fmt: skip
    assert len(found.of("div", "line")) == 900


def test_few_lines_between_two_findings_are_not_folded():
    source = "".join(f"x{n} = {n}\n" for n in range(1, 26))
    spans = [SourceSpan("p.py", line, 0, line, 2) for line in (1, 20)]
    found = listings(
        Diagnosis("p.py", "stuck", sources={"p.py": source}),
        [Finding("G103", "cause", "", span) for span in spans],
    )[0][0]
    assert [stretch.folded for stretch in found.stretches] == [False]
    assert folded([]) == ()


def test_overlapping_marks_show_the_graver_one():
    pieces = pieces_of("a + b + c", [(0, 9, "note"), (4, 5, "cause"), (4, 9, "fault")])
    assert [(p.text, p.kind) for p in pieces] == [
        ("a + ", "note"), ("b", "cause"), (" + c", "fault"),
    ]  # fmt: skip
    assert "".join(p.text for p in pieces_of("x" * 5000, [(4000, 4010, "cause")])) == (
        "x" * 2000 + "..."
    )


def test_a_lone_backtick_is_no_code():
    assert prose("`a` and `b`.") == [("a", True), (" and ", False), ("b", True), (".", False)]
    assert prose("a ` b") == [("a ` b", False)]


# --------------------------------------------------------------------------------- pictures


def dots_of(picture):
    path = next(e for e in Seen(str(picture)).of("path", "dots"))
    return [
        tuple(map(float, xy)) for xy in re.findall(r"M([\d.e+-]+) ([\d.e+-]+)h0", path.attrs["d"])
    ]


def test_equal_steps_lie_on_the_diagonal_and_reversed_ones_across_it():
    wanted = np.linspace(-1.0, 1.0, 9)
    right = dots_of(steps_drawing(Steps("W", "ok", wanted, wanted, 1.0)).picture)
    assert all(x + y == pytest.approx(180.0, abs=0.11) for x, y in right)
    reversed_ = dots_of(steps_drawing(Steps("W", "sign", -wanted, wanted, -1.0)).picture)
    assert all(x == pytest.approx(y, abs=0.11) for x, y in reversed_)
    assert len(right) == len(reversed_) == 9


def test_what_is_wrong_is_told_and_coloured():
    one = steps_drawing(Steps("W", "wrong", np.ones(3), np.arange(3.0), 0.25))
    assert one.alarm
    assert one.seen == "off the line: wrong; cosine 0.250"
    assert "dots bad" in one.picture
    assert steps_drawing(Steps("W", "unchecked", np.zeros(0), np.zeros(0))) is None


def bars(count, extreme, activation):
    edges = np.linspace(-1.0, 1.0, len(count) + 1)
    return Values("W", activation, edges, np.array(count), -1.0, 1.0, extreme=extreme)


def test_a_saturated_layer_is_an_alarm_and_half_a_relu_at_zero_is_none():
    assert values_drawing(bars([5, 0, 5], 0.98, "tanh")).alarm
    assert not values_drawing(bars([5, 0, 5], 0.5, "relu")).alarm
    assert values_drawing(bars([5, 0, 5], 0.98, "tanh")).seen == "from -1 to 1; 98.0\xa0% saturated"
    drawn = str(values_drawing(bars([500_000, 0, 1], 0.0, "tanh")).picture)
    assert drawn.count("Z") == 2  # one of half a million is seen, too


def test_both_runs_stand_on_one_axis():
    before = Progressed(np.array([0.0, 100.0]), np.array([1.0, np.nan]), None)
    after = Progressed(np.array([0.0, 50.0]), np.array([1.0, 0.0]), None)
    data = runs_data(Exhibits(before=before, after=after))
    assert data["x"]["values"] == [0, 50, 100]
    (panel,) = data["panels"]
    assert [s["values"] for s in panel["series"]] == [[1, None, None], [1, 0, None]]
    assert run_drawing("Accuracy", before, after, "accuracy", float("nan")) is None
    assert runs_data(Exhibits()) is None


# --------------------------------------------------------------------------------- hostile


@settings(max_examples=60, deadline=None)
@given(texts)
@example("".join(ATTACKS))
def test_no_text_gets_out_of_its_place(text):
    found = Seen(page_html(hostile(text)))
    assert found.outside() == []
    assert [s.attrs.get("type") for s in found.of("script")] == ["application/json", None]
    shown = " ".join(e.text for e in found.of("main"))
    assert " ".join(sentence(text).replace("`", "").split()) in " ".join(
        shown.replace("`", "").split()
    )


@settings(max_examples=30, deadline=None)
@given(texts)
def test_nothing_that_is_unseen_is_left_in_source_and_messages(text):
    html = page_html(diagnosis_contents(diagnosis(text)))
    assert not set(html) & set("\u202e\u2066\u2028\u2029\ufeff\x00\x07\x1b")


def test_a_planted_fault_is_caught(monkeypatch):
    """With nothing escaped, the test above must fail."""
    bare = page.environment().overlay(autoescape=False)
    monkeypatch.setattr(page, "environment", lambda: bare)
    found = Seen(page_html(hostile(ATTACKS[0])))
    assert found.outside() != []
    assert any(FIRES in script.text for script in found.of("script")[:-1])


def test_a_planted_fault_in_the_pictures_is_caught():
    """Their text is escaped by hand: a title that were not would be seen as an element."""
    from markupsafe import Markup

    safe = steps_drawing(Steps(ATTACKS[0], "wrong", np.ones(2), np.ones(2)))
    assert not Seen(str(safe.picture)).of("script")
    bad = replace(safe, picture=Markup(f"<svg>{ATTACKS[0]}</svg>"))  # noqa: S704
    assert Seen(str(bad.picture)).of("script")
