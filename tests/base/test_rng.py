import json

import numpy as np
import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.base.rng import BIT_GENERATORS, from_state, generator, state_of


def through_json(saved):
    return json.loads(json.dumps(saved))


@pytest.mark.parametrize("seed", [0, 7, np.int64(7), np.uint8(7), 2**70])
def test_a_seed_gives_the_same_stream_each_time(seed):
    assert generator(seed).random(5).tolist() == generator(seed).random(5).tolist()


def test_none_gives_another_stream_each_time():
    assert generator(None).random() != generator(None).random()


def test_a_generator_is_used_and_not_copied():
    rng = np.random.default_rng(0)
    assert generator(rng) is rng


def test_a_random_state_is_shared_so_that_both_move_on():
    legacy = np.random.RandomState(0)
    first = generator(legacy).random()
    second = generator(legacy).random()
    assert first != second
    assert generator(np.random.RandomState(0)).random() == first


@pytest.mark.parametrize("wrong", ["0", 1.0, -1, True, [1, 2], np.float64(3)])
def test_anything_else_is_refused_by_name(wrong):
    with pytest.raises(InvalidInputError, match="random_state must be None, an integer >= 0"):
        generator(wrong)


@pytest.mark.parametrize("name", BIT_GENERATORS)
def test_every_bit_generator_goes_on_where_it_stood(name):
    rng = np.random.Generator(BIT_GENERATORS[name](3))
    rng.integers(0, 10, size=3, dtype=np.uint8)  # leaves half a word unused, part of the state
    rng.standard_normal(101)
    resumed = from_state(through_json(state_of(rng)))
    assert type(resumed.bit_generator).__name__ == name
    for draw in (
        lambda r: r.integers(0, 10, size=7, dtype=np.uint8),
        lambda r: r.standard_normal(9),
        lambda r: r.permutation(50),
    ):
        np.testing.assert_array_equal(draw(resumed), draw(rng))


def test_saving_does_not_move_the_stream():
    rng, other = generator(1), generator(1)
    state_of(rng)
    assert rng.random() == other.random()


def test_children_go_on_too():
    rng = generator(5)
    rng.spawn(2)
    resumed = from_state(through_json(state_of(rng)))
    assert resumed.spawn(1)[0].random() == rng.spawn(1)[0].random()


def test_a_wrapped_random_state_can_be_saved():
    rng = generator(np.random.RandomState(4))
    rng.random(3)
    resumed = from_state(through_json(state_of(rng)))
    assert resumed.random() == rng.random()


def damaged(**changes):
    return {**through_json(state_of(generator(0))), **changes}


@pytest.mark.parametrize(
    "saved",
    [
        {},
        None,
        [],
        {"state": 1},
        damaged(bit_generator="PCG65"),
        damaged(state={}),
        damaged(state="words"),
        damaged(state={"bit_generator": "PCG64", "state": {"state": "x", "inc": 1}}),
        damaged(bit_generator="MT19937"),
        damaged(bit_generator="MT19937", state={"state": {"key": [1, 2], "pos": 0}}),
        damaged(seed_sequence={"entropy": -1}),
        damaged(seed_sequence={"nonsense": 1}),
    ],
)
def test_a_damaged_state_is_refused(saved):
    with pytest.raises(InvalidInputError):
        from_state(saved)
