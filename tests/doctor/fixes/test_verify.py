"""Progress by what a program prints: the last resort, where outputs cannot be watched."""

import math

import pytest

from unstuck.doctor.fixes.verify import EVEN, printed


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("step 0 loss 1.05\naccuracy: 0.9\nfinal loss: 0.01\n", 0.9),
        ("score 12\nscore 87\n", 0.87),
        ("98.5 % correct\n", 0.985),
        ("epoch 3: accuracy 0.5, best 0.75\n", 0.5),
    ],
)
def test_a_share_of_right_answers(text, share):
    seen = printed(text)
    assert seen.accuracy[1:] == (pytest.approx(share), EVEN)


@pytest.mark.parametrize(
    ("text", "gained"),
    [
        ("step 0 loss 2.0\nstep 10 loss 0.5\n", 0.75),
        ("step 0 loss 1.05\nstep 20 loss 1.05\n", 0.0),
        ("error 1.0\nerror nan\n", -1.0),
        ("mse: 0.01\n", 0.99),  # of a single one all below 1 is taken for learning
    ],
)
def test_a_loss_against_the_first_one(text, gained):
    assert printed(text).gained == pytest.approx(gained)


@pytest.mark.parametrize(
    "text", ["", "done\n", "w = 3.5\n", "loss falls\n", "loss 1\n" + "3\n" * 9]
)
def test_what_says_nothing(text):
    assert printed(text) is None


def test_a_share_is_no_loss():
    assert math.isnan(printed("accuracy 0.4\nloss 0.2\n").loss[1])
