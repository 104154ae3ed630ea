"""Large targets are a fault where they throw the weights, and only there."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import unstuck
from unstuck.core.optimizers import SGD, Adam
from unstuck.doctor.judge import judge
from unstuck.doctor.rules import RULES
from unstuck.doctor.rules import data_targets as module

ROOT = Path(__file__).resolve().parents[3]
RULE = RULES["D409"]


def record_of(scale, optimizer, hidden=(20,)):
    """A training on a sine that was made larger and moved, as prices are."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (256, 1))
    y = scale * (3 + np.sin(3 * X))
    sizes = [1, *hidden, 1]
    network = unstuck.Network.mlp(sizes, "tanh", "identity", "squared_error", random_state=0)
    return unstuck.Trainer(network, optimizer, epochs=30, random_state=0).fit(X, y).record


@pytest.fixture(scope="module")
def broken():
    return record_of(1000, SGD(0.1))


def found(record):
    return judge(record, [RULE])


def changed(record, **evidence):
    return replace(record, evidence=replace(record.evidence, **evidence))


def test_large_targets_that_throw_the_weights(broken):
    (finding,), clean, unchecked = found(broken)
    assert (finding.code, finding.severity) == ("D409", "fault")
    assert not clean
    assert not unchecked
    assert finding.evidence["leap"] > 1
    assert finding.message.startswith(
        "The targets y (from 2,000 to 4,000) are not scaled: the first"
    )


@pytest.mark.parametrize(
    ("scale", "optimizer"),
    [
        (1, SGD(0.1)),  # of a usual size
        (1000, SGD(1e-9)),  # no leap
        (1000, Adam(0.01)),  # whose steps do not grow with the targets
    ],
)
def test_nothing_is_said_of_other_trainings(scale, optimizer):
    findings, (clean,), _ = found(record_of(scale, optimizer))
    assert not findings
    assert clean.what == RULE.clean


def test_nothing_is_said_of_a_training_that_learned(broken):
    loss = broken.evidence.loss_chance
    assert not found(changed(broken, loss_end=0.5 * loss))[0]
    assert found(changed(broken, loss_end=0.9 * loss))[0]
    assert found(changed(broken, loss_end=math.inf))[0]


def test_nothing_is_said_where_the_learning_rate_would_throw_small_targets_too(broken):
    assert not found(changed(broken, learning_rate=1000.0))[0]


def test_it_is_asked_of_hidden_layers_and_numbers_alone(broken):
    straight = record_of(1000, SGD(1e-9), hidden=())
    classes = replace(broken.evidence.targets, kind="one_hot")
    for record in (straight, changed(broken, targets=classes)):
        assert found(record) == ((), (), ())


def test_what_is_not_known_is_said(broken):
    record = changed(broken, targets=None)
    assert found(record)[2][0].why == "the targets are not known"
    record = replace(broken, series={})
    assert "first update" in found(record)[2][0].why


def test_programs(tmp_path):
    for name in ("HEALTHY", "BROKEN"):
        path = tmp_path / f"{name}.py"
        path.write_text(getattr(RULE, name), encoding="utf-8")
        codes = {finding.code for finding in unstuck.diagnose(path, rerun=False).findings}
        assert ("D409" in codes) == (name == "BROKEN")


def test_the_guide_shows_the_rule_as_it_is():
    guide = (ROOT / "docs" / "how-to" / "add-a-rule.md").read_text(encoding="utf-8")
    assert f"```python\n{Path(module.__file__).read_text(encoding='utf-8')}```" in guide
