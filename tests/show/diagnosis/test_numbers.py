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
            "cosine": {"W1": np.float64(0.25), "b1": -1.0},
            "ratio": {"W1": 12.5, "b1": np.int64(3)},
        }
    )
    assert seen == [
        "           W1  b1",
        "cosine  0.250  -1",
        "ratio    12.5   3",
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
