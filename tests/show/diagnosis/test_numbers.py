"""What was measured stands in columns, in three digits, whatever type it has."""

import numpy as np
import pytest

from unstuck.show.diagnosis.numbers import blocks, evidence_rows, measured, number, table_lines


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (0.1, "0.100"),
        (0.99951, "1.00"),
        (99.95, "100"),
        (999.4, "999"),
        (999.6, "1,000"),
        (12345.6, "12,346"),
        (0.0009994, "9.99e-04"),
        (0.001, "0.00100"),
        (-0.25, "-0.250"),
        (2.5e9, "2.50e+09"),
        (7, "7"),
        (60000, "60,000"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_three_digits(value, text):
    assert number(value) == text


def test_shares_keep_three_decimals():
    assert measured("accuracy", 1.0) == "1.000"
    assert measured("accuracy", np.float32(0.1)) == "0.100"
    assert measured("loss", 6.9628) == "6.96"


def lines_of(evidence):
    return [
        line
        for block in blocks(evidence_rows(evidence))
        for line in table_lines(block, max(len(row.label) for row in block))
    ]


def test_parameters_share_their_columns():
    seen = lines_of(
        {
            "angle": {"W1": np.float64(0.25), "b1": -1.0},
            "way": {"W1": 12.5, "b1": np.int64(3)},
        }
    )
    assert seen == [
        "          W1  b1",
        "angle  0.250  -1",
        "way     12.5   3",
    ]


def test_every_kind_of_value_is_shown():
    evidence = {
        "a_name": None,
        "truth": np.True_,
        "text": "two\nlines",
        "array": np.arange(3),
        "many": list(range(50)),
        "matrix": np.eye(2),
        "shape": (3, 4),
        "empty": [],
        "object": object,
    }
    rows = {row.label: row.values for row in evidence_rows(evidence)}
    assert rows["a name"] == ("-",)
    assert rows["truth"] == ("yes",)
    assert rows["text"] == ("two lines",)
    assert rows["array"] == ("0", "1", "2")
    assert rows["many"][-1] == "and 40 more"
    assert rows["shape"] == ("3", "4")
    assert rows["matrix"] == ("[[1.0, 0.0], [0.0, 1.0]]",)
    assert len(rows) == len(evidence)


def test_words_that_were_said_are_not_repeated():
    evidence = {"parameter": "W1", "parameters": ["W1", "b1"], "std": 0.5, "other": "W2"}
    rows = evidence_rows(evidence, "W1 and b1 are wrong (0.5).")
    assert [row.label for row in rows] == ["standard deviation", "other"]


def test_lists_for_each_parameter_get_their_names():
    rows = evidence_rows({"parameters": ["W1", "b1"], "angle": [0.5, -1.0], "range": [0, 1, 2]})
    assert [(row.label, row.heads) for row in rows] == [("angle", ("W1", "b1")), ("range", ())]
    rows = evidence_rows({"parameters": ["W1", "W1"], "angle": [0.5, -1.0]})
    assert [row.label for row in rows] == ["parameters", "angle"]
