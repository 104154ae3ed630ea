"""Augmented images: what moves where, that both engines of the warp agree, that seeds hold."""

from __future__ import annotations

import numpy as np
import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.core.network import Network
from unstuck.data.load import load
from unstuck.training import warp
from unstuck.training.augment import ImageAugmentation
from unstuck.training.trainer import Trainer

EVERYTHING = ImageAugmentation(
    (8, 8), shift=0.7, rotation=15, scaling=0.1, shear=0.1, elastic=0.4, smoothness=2
)


def digits(n: int = 100) -> np.ndarray:
    return load("digits").X_train[:n]


def augmented(augmentation: ImageAugmentation, X: np.ndarray, seed: int = 0) -> np.ndarray:
    out = np.empty_like(X)
    augmentation(X, out, np.random.default_rng(seed))
    return out


def test_no_change_asked_for_is_no_change() -> None:
    assert np.array_equal(augmented(ImageAugmentation((8, 8)), digits()), digits())


def test_compiled_and_numpy_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    for X in (digits(), digits().astype(np.float64) / 16):
        compiled = augmented(EVERYTHING, X)
        with monkeypatch.context() as without:
            without.setattr(warp, "available", lambda module: False)
            in_numpy = augmented(EVERYTHING, X)
        assert compiled == pytest.approx(in_numpy, abs=1e-6)


def test_the_map_puts_a_pixel_where_geometry_says() -> None:
    image = np.zeros((1, 7, 7), np.uint8)
    image[0, 1, 3] = 200  # two above the centre
    out = np.empty_like(image)
    still = np.zeros((1, 2, 7, 7), np.float32)
    picks = np.zeros((1, 3), np.int64)
    quarter = np.array([[0, -1, 0, 1, 0, 0]], np.float32)  # output (r, c) shows input (-c, r)
    warp.warp_rows(image, quarter, still, picks, out)
    assert np.argwhere(out[0]).tolist() == [[3, 5]]
    shift = np.array([[1, 0, 1, 0, 1, -2]], np.float32)  # shows the pixel below and to the left
    warp.warp_rows(image, shift, still, picks, out)
    assert np.argwhere(out[0]).tolist() == [[0, 5]]


def test_half_a_pixel_is_shared_between_two() -> None:
    image = np.zeros((1, 5, 5))
    image[0, 2, 2] = 1.0
    out = np.empty_like(image)
    half = np.array([[1, 0, 0.5, 0, 1, 0]], np.float32)
    warp.warp_rows(image, half, np.zeros((1, 2, 5, 5), np.float32), np.zeros((1, 3), np.int64), out)
    assert out[0, 1:3, 2].tolist() == [0.5, 0.5]
    assert out.sum() == 1.0


def test_elastic_fields_have_the_asked_displacement_and_are_smooth() -> None:
    fields = ImageAugmentation((28, 28), elastic=1.5, smoothness=4).draw_fields(
        np.random.default_rng(0)
    )
    assert fields.std() == pytest.approx(1.5, rel=1e-3)
    steps = np.diff(fields, axis=3).std()
    assert steps == pytest.approx(1.5 / (4 * np.sqrt(2)), rel=0.1)


def test_same_seed_same_images_other_seed_others() -> None:
    assert np.array_equal(augmented(EVERYTHING, digits(), 1), augmented(EVERYTHING, digits(), 1))
    assert not np.array_equal(
        augmented(EVERYTHING, digits(), 1), augmented(EVERYTHING, digits(), 2)
    )


def test_ink_and_place_are_kept_on_average() -> None:
    X = digits(1000).astype(float)
    out = augmented(EVERYTHING, X)
    assert out.sum() == pytest.approx(X.sum(), rel=0.08)
    assert np.corrcoef(out.mean(axis=0), X.mean(axis=0))[0, 1] > 0.93


def test_training_sees_new_variants_and_the_users_array_is_untouched() -> None:
    data = load("digits")
    X, y = data.X_train[:300].copy(), data.y_train[:300]
    nets = [Network.mlp([64, 16, 10], random_state=0) for _ in range(2)]
    for net in nets:
        Trainer(net, "adam", epochs=3, augment=EVERYTHING, random_state=0).fit(X, y)
    plain = Network.mlp([64, 16, 10], random_state=0)
    Trainer(plain, "adam", epochs=3, random_state=0).fit(X, y)
    assert np.array_equal(X, data.X_train[:300])
    assert np.array_equal(nets[0].theta, nets[1].theta)
    assert not np.array_equal(nets[0].theta, plain.theta)


def test_bad_settings_and_shapes_are_named() -> None:
    with pytest.raises(InvalidInputError, match="shift is -1"):
        ImageAugmentation((8, 8), shift=-1)
    with pytest.raises(InvalidInputError, match="scaling is 1"):
        ImageAugmentation((8, 8), scaling=1.0)
    with pytest.raises(InvalidInputError, match=r"\(100, 64\); images of 28 x 28"):
        augmented(ImageAugmentation((28, 28), shift=1), digits())
