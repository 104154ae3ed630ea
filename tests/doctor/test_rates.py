"""The learning rate, where it stands in one place and where each parameter has its own."""

import pytest
from tests.doctor.programs import NET, mended, seen

from unstuck.doctor.rates import learning_rates, other_rate

INSIDE = NET.replace("0.5 * X.T @ e", "(0.5 * X.T) @ e").replace("0.5 * h.T @ d", "(0.5 * h.T) @ d")
NAMED = NET.replace("0.5 *", "rate *").replace("rng =", "rate = 0.5\nrng =")


@pytest.mark.parametrize(("text", "places"), [(NET, 4), (INSIDE, 4), (NAMED, 1)])
def test_the_rate_is_changed_wherever_the_same_number_stands(text, places):
    here = seen(text)
    assert {value for _, value in learning_rates(here.program, here.traced)} == {0.5}
    (option,) = other_rate(here.program, here.traced, [10.0])
    assert len(option.edits) == places
    assert mended(here.program, option) == text.replace("0.5 *", "5.0 *").replace(
        "rate = 0.5", "rate = 5.0"
    )


def test_a_rate_of_another_size_is_left_alone():
    text = NET.replace("b2 - 0.5", "b2 - 0.25")
    here = seen(text)
    (option,) = other_rate(here.program, here.traced, [0.1])
    assert mended(here.program, option) == text.replace("0.5 *", "0.05 *")


VELOCITY = NET.replace("for step", "v = np.zeros_like(W1)\nfor step").replace(
    "W1 = W1 - 0.5 * X.T @ e", "v = 0.9 * v - 0.5 * X.T @ e\n    W1 = W1 + v"
)
SCHEDULE = NET.replace("0.5 *", "rate *").replace(
    "    h = np", "    rate = 0.5 / (1 + 0.01 * step)\n    h = np"
)


def test_the_rate_beside_the_factor_of_a_velocity():
    here = seen(VELOCITY)
    assert {value for _, value in learning_rates(here.program, here.traced)} == {0.5}


def test_the_rate_of_a_schedule():
    here = seen(SCHEDULE)
    (option,) = other_rate(here.program, here.traced, [0.1])
    assert mended(here.program, option) == SCHEDULE.replace("0.5 /", "0.05 /")
