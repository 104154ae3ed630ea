"""A diagnosis in a notebook: well-formed, complete, and safe whatever the program holds."""

from html.parser import HTMLParser

import pytest

from unstuck.doctor.diagnosis import Clean, Diagnosis, Finding, Repair, Unchecked
from unstuck.record.run_record import SourceSpan

EVIL = "<script>alert('x')</script>&\x1b[31m"


class Reader(HTMLParser):
    """Checks that tags are closed in order; keeps the text and the names of the tags."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], set(), ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(diagnosis):
    reader = Reader()
    reader.feed(diagnosis._repr_html_())
    reader.close()
    assert not reader.open
    return reader


@pytest.mark.parametrize(
    "name", ["three_causes", "healthy", "learns_with_fault", "crashed", "unknown", "unverified"]
)
def test_everything_is_said(diagnoses, name):
    diagnosis = diagnoses.ALL[name]()
    text = read(diagnosis).text
    for finding in diagnosis.findings:
        assert finding.code in text
        assert finding.message in text
    for entry in diagnosis.clean:
        assert entry.what in text
    if diagnosis.repair is not None:
        assert "+    dz2 = (a2 - one_hot_y) * dtanh(z2)" in text


def test_nothing_of_the_program_is_html():
    finding = Finding(
        EVIL, "cause", EVIL, SourceSpan(EVIL, 1, 0, 1, 8), {EVIL: EVIL, "l": [EVIL, EVIL]}, EVIL
    )
    repair = Repair((EVIL,), f"-{EVIL}\n+{EVIL}", 0.0, 1.0, (0,), 1, verified=True)
    evil = Diagnosis(
        EVIL,
        "stuck",
        None,
        (finding,),
        (Clean(EVIL, EVIL),),
        (Unchecked(EVIL, EVIL),),
        repair,
        EVIL,
        {EVIL: EVIL},
    )
    seen = read(evil)
    assert "script" not in seen.tags
    assert "\x1b" not in evil._repr_html_()


def test_code_in_a_message_is_set_as_code():
    seen = read(Diagnosis("p.py", "stuck", findings=(Finding("G103", "cause", "Not `a < b`."),)))
    assert "code" in seen.tags
    assert "Not a < b." in seen.text
