"""`unstuck weights --script`: the page, the JSON object, and what cannot be asked."""

import json

import pytest

NET = """import numpy as np
rng = np.random.RandomState(0)
X = rng.randn(200, 6)
Y = np.eye(3)[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)]
W1 = 8 * rng.rand(6, 12)
b1 = np.zeros(12)
W2 = 8 * rng.rand(12, 3)
b2 = np.zeros(3)
for i in range(60):
    a = np.tanh(X @ W1 + b1)
    s = a @ W2 + b2
    e = np.exp(s - s.max(axis=1, keepdims=True))
    d = (e / e.sum(axis=1, keepdims=True) - Y) / 200
    dz = (d @ W2.T) * (1 - a * a)
    W2 -= 0.3 * (a.T @ d)
    b2 -= 0.3 * d.sum(axis=0)
    W1 -= 0.3 * (X.T @ dz)
    b1 -= 0.3 * dz.sum(axis=0)
"""


@pytest.fixture
def net(tmp_path):
    (tmp_path / "net.py").write_text(NET)
    return "net.py"


def test_the_page_names_lines_and_what_to_write(unstuck, net):
    page = unstuck("weights", "--script", net, "--quick", "--budget", 30).out
    assert page.startswith("Change your weights.")
    assert "net.py:5" in page
    assert "-  8 * rng.rand(6, 12)" in page
    assert "\n+  " in page
    assert "The program was run with these lines, and runs." in page


def test_json_is_one_object(unstuck, net):
    told = json.loads(unstuck("weights", "--script", net, "--quick", "--json").out)
    assert told["verdict"] == "change"
    assert {place["line"] for place in told["places"]} >= {5, 7}
    assert told["rerun"]["ran"] is True


@pytest.mark.parametrize(
    ("more", "said"), [("digits", "Give one or the other"), ("--hidden 3", "leave out --hidden")]
)
def test_what_is_read_off_the_program_cannot_be_given(unstuck, net, more, said):
    answer = unstuck("weights", *more.split(), "--script", net)
    assert answer.code == 2
    assert said in answer.err
