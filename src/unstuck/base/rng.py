"""Randomness enters as `random_state`; its state can be written down as JSON and taken up again.

Everything random in unstuck draws from one `numpy.random.Generator` that is handed down. A run that
is resumed must draw what the uninterrupted run would have drawn, so the state of the generator, and
of the seed sequence its children are spawned from, goes into the checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from unstuck.base.errors import InvalidInputError, lookup

RandomState = None | int | np.integer[Any] | np.random.Generator | np.random.RandomState
"""What a `random_state` argument may be."""

BIT_GENERATORS: dict[str, type[np.random.BitGenerator]] = {
    "PCG64": np.random.PCG64,
    "PCG64DXSM": np.random.PCG64DXSM,
    "MT19937": np.random.MT19937,
    "Philox": np.random.Philox,
    "SFC64": np.random.SFC64,
}


def generator(random_state: RandomState = None) -> np.random.Generator:
    """The `numpy.random.Generator` that ``random_state`` stands for.

    None gives a fresh, unpredictable one; an integer >= 0 a new one with that seed; a Generator is
    returned as it is; a RandomState is wrapped, sharing its stream, so that both move on together.

    Raises InvalidInputError for anything else.

    >>> int(generator(0).integers(100)) == int(generator(0).integers(100))
    True
    >>> generator("0")
    Traceback (most recent call last):
    ...
    unstuck.base.errors.InvalidInputError: random_state must be None, an integer >= 0, a \
numpy.random.Generator or a numpy.random.RandomState; got '0' (str). Give an integer for a run \
that can be repeated.
    """
    given: object = random_state
    if given is None:
        return np.random.default_rng()
    if isinstance(given, np.random.Generator):
        return given
    if isinstance(given, np.random.RandomState):
        return np.random.Generator(given._bit_generator)  # noqa: SLF001 - as default_rng() does
    if isinstance(given, int | np.integer) and not isinstance(given, bool) and given >= 0:
        return np.random.default_rng(int(given))
    raise InvalidInputError(
        "random_state must be None, an integer >= 0, a numpy.random.Generator or a "
        f"numpy.random.RandomState; got {random_state!r} ({type(random_state).__name__}). "
        "Give an integer for a run that can be repeated."
    )


def state_of(rng: np.random.Generator) -> dict[str, Any]:
    """The state of ``rng`` as a dict that JSON can hold; `from_state` takes it up again.

    >>> rng = generator(7)
    >>> saved = state_of(rng)
    >>> float(rng.random()) == float(from_state(saved).random())
    True
    """
    bits = rng.bit_generator
    saved = {"bit_generator": type(bits).__name__, "state": _plain(bits.state)}
    seeds = getattr(bits, "seed_seq", None)
    if isinstance(seeds, np.random.SeedSequence):
        saved["seed_sequence"] = _plain(seeds.state)  # what rng.spawn() continues from
    return saved


def from_state(saved: Mapping[str, Any]) -> np.random.Generator:
    """A new generator that goes on exactly where the one given to `state_of` stood.

    Raises InvalidInputError when ``saved`` is not what `state_of` returns.
    """
    given: object = saved  # perhaps read from a damaged file
    if not isinstance(given, Mapping) or not {"bit_generator", "state"} <= set(given):
        raise InvalidInputError(
            "a saved random state is a dict with 'bit_generator' and 'state', as state_of() "
            f"returns it; got {saved!r:.200}"
        )
    kind = lookup(saved["bit_generator"], BIT_GENERATORS, "bit generator")
    try:
        seeds = saved.get("seed_sequence")
        bits = kind(np.random.SeedSequence(**seeds)) if seeds else kind()
        bits.state = _arrays(saved["state"], bits.state)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise InvalidInputError(
            f"the saved state of a {saved['bit_generator']} random generator cannot be used: "
            f"{type(error).__name__}: {error}"
        ) from error
    return np.random.Generator(bits)


def _plain(value: Any) -> Any:
    """``value`` with dicts, lists, strings and Python integers only."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | tuple | list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, np.integer) else value


def _arrays(value: Any, like: Any) -> Any:
    """``value`` with lists turned back into arrays where ``like``, a true state, has arrays."""
    if isinstance(like, Mapping):
        return {key: _arrays(value[key], like[key]) for key in like}
    if isinstance(like, np.ndarray):
        array = np.array(value, dtype=like.dtype)
        if array.shape != like.shape:
            raise ValueError(f"expected {like.shape[0]} words, got {array.shape}")
        return array
    return value
