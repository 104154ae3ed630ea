"""The published JSON: its keys are exactly those that were promised, its values are JSON's own."""

import enum
import json

import numpy as np
import pytest

from unstuck.doctor.diagnosis import Diagnosis, Finding, Progress, Repair, Unchecked
from unstuck.doctor.rules import RULES
from unstuck.doctor.schema import as_json, plain
from unstuck.record.run_record import SourceSpan

WHOLE = Diagnosis(
    "p.py",
    "stuck",
    Progress("accuracy", float("nan"), np.float32(0.5), np.float64(0.1), np.int64(120)),
    (
        Finding(
            "G103",
            "cause",
            "Wrong.",
            SourceSpan("p.py", 3, 4, 3, 9),
            {"cosine": {"W1": np.float32(0.5)}, "shape": (2, np.int8(3)), "far": float("-inf")},
            "dtanh(z)",
            proved=np.True_,
        ),
        Finding("U205", "note", "Few."),
    ),
    repair=Repair(("G103",), "--- a", np.float64(0.1), float("nan"), (np.int64(0), 1), 3, True),
    reason="two seeds instead of three, to fit the budget",
)


def test_the_keys_are_those_that_were_promised():
    seen = as_json(WHOLE)
    assert list(seen) == [
        "schema_version",
        "program",
        "verdict",
        "progress",
        "findings",
        "clean",
        "unchecked",
        "repair",
    ]
    assert list(seen["progress"]) == ["metric", "start", "end", "chance", "updates"]
    for finding in seen["findings"]:
        assert list(finding) == [
            "code",
            "name",
            "severity",
            "file",
            "cell",
            "line",
            "column",
            "end_line",
            "end_column",
            "message",
            "evidence",
            "replacement",
            "proved",
        ]
    assert list(seen["repair"]) == [
        "findings",
        "diff",
        "before",
        "after",
        "seeds",
        "runs",
        "verified",
    ]


def test_the_values_are_json():
    seen = json.loads(json.dumps(as_json(WHOLE), allow_nan=False))
    assert seen == as_json(WHOLE)
    assert seen["progress"] == {
        "metric": "accuracy",
        "start": None,
        "end": 0.5,
        "chance": 0.1,
        "updates": 120,
    }
    first, second = seen["findings"]
    assert first["name"] == RULES["G103"].name
    assert (first["line"], first["column"], first["end_column"]) == (3, 4, 9)
    assert first["evidence"] == {"cosine": {"W1": 0.5}, "shape": [2, 3], "far": None}
    assert first["proved"] is True
    assert (second["file"], second["line"]) == (None, None)
    assert seen["repair"]["after"] is None
    assert seen["repair"]["seeds"] == [0, 1]


def test_nothing_is_null_where_there_is_nothing():
    seen = as_json(Diagnosis("p.py", "unknown"))
    assert seen["progress"] is None
    assert seen["repair"] is None
    assert seen["findings"] == seen["clean"] == seen["unchecked"] == []


def test_the_reason_is_among_what_could_not_be_checked():
    assert {"check": "the whole program", "why": WHOLE.reason} in as_json(WHOLE)["unchecked"]
    twice = Diagnosis("p.py", "unknown", unchecked=(Unchecked("training", "none"),), reason="none")
    assert as_json(twice)["unchecked"] == [{"check": "training", "why": "none"}]


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    "value",
    [
        np.array([[1.0, np.nan]]),
        np.float16(0.1),
        np.datetime64("2020-01-01"),
        np.array(["a"]),
        {1: {(2, 3): {4, 5}}},
        complex(1, 2),
        b"bytes",
        Colour.RED,
        10**400,
        "\udc80",
        np.array([1 + 2j]),
        np.array([object()], dtype=object),
    ],
)
def test_anything_can_be_evidence(value):
    json.loads(json.dumps(plain(value), allow_nan=False))
