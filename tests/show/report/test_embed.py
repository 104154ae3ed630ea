"""What is packed for the page can be unpacked again, and says what the network is."""

import base64
import zlib

import numpy as np
import pytest

import unstuck
from unstuck.core.scaling import InputScaling
from unstuck.show.report.contents import Contents, Samples, Statement
from unstuck.show.report.embed import (
    MOST_WEIGHTS,
    ink,
    network_data,
    pack_network,
    pixel_range,
    probabilities,
    samples_data,
    why_not,
)


def floats(text):
    return np.frombuffer(base64.b64decode(text), "<f4")


def samples(X, shape=(8, 8), **parts):
    n = len(X)
    parts = {"truth": np.arange(n) % 2, "guess": np.zeros(n, int), **parts}
    parts = {"outputs": np.full((n, 2), 0.5), "class_names": ("no", "yes"), **parts}
    return Samples("test", n, 0, "all", X, np.arange(n), image_shape=shape, **parts)


def contents(**parts):
    return Contents("a run", Statement("It learned."), **parts)


# ------------------------------------------------------------------ the network


def test_weights_come_back_row_by_row():
    network = unstuck.Network.mlp([6, 5, 3], random_state=0)
    packed = pack_network(network)
    first = packed["layers"][0]
    assert (first["n_in"], first["n_out"]) == (6, 5)
    weights = floats(first["weights"]).reshape(6, 5)
    assert np.array_equal(weights, network["W1"].astype(np.float32))
    assert packed["scaling"] == {"shift": 0.0, "scale": 1.0}


def test_batch_norm_becomes_a_scale_and_a_shift_and_dropout_nothing():
    rng = np.random.default_rng(0)
    X, y = rng.normal(2, 3, (200, 6)), rng.integers(0, 3, 200)
    network = unstuck.Network.mlp([6, 5, 3], batch_norm=True, dropout=0.5, random_state=0)
    unstuck.Trainer(network, batch_size=20, epochs=3, random_state=0).fit(X, y)

    layers = pack_network(network)["layers"]

    assert [layer["kind"] for layer in layers] == [
        "dense",
        "affine",
        "activation",
        "dense",
        "activation",
    ]
    before, after = network.propagate(X).values[1:3]
    affine = layers[1]
    assert np.abs(floats(affine["scale"]) * before + floats(affine["shift"]) - after).max() < 1e-5
    assert np.ptp(floats(affine["scale"])) > 0.01, "an untouched batch norm shows nothing"


def test_scaling_is_one_number_or_one_a_feature():
    X = np.array([[0.0, 5.0], [2.0, 9.0]])
    network = unstuck.Network.mlp([2, 2], scaling=InputScaling.fit(X, "standard"), random_state=0)
    scaling = pack_network(network)["scaling"]
    assert floats(scaling["shift"]).tolist() == [1.0, 7.0]
    assert floats(scaling["scale"]).tolist() == [1.0, 0.5]


def test_the_largest_network_of_the_issue_fits_into_a_page():
    network = unstuck.Network.mlp([784, 128, 128, 10], image_shape=(28, 28), random_state=0)
    size = len(str(pack_network(network)))
    assert 600_000 < size < 700_000


def test_only_networks_of_pictures_are_embedded():
    table = unstuck.Network.mlp([6, 3], random_state=0)
    pictures = unstuck.Network.mlp([64, 3], image_shape=(8, 8), random_state=0)
    assert network_data(contents(network=table)) is None
    assert network_data(contents()) is None
    assert network_data(contents(network=pictures))["inputs"] == 64


def test_reasons():
    network = unstuck.Network.mlp([64, 3], image_shape=(8, 8), random_state=0)
    assert why_not(network) is None
    network.theta[5] = np.nan
    assert "not finite" in why_not(network)
    assert network_data(contents(network=network)) is None
    wide = unstuck.Network.mlp([1000, MOST_WEIGHTS // 1000, 2], dtype="float32", random_state=0)
    assert "2,006,002 weights" in why_not(wide)


# ------------------------------------------------------------------ the samples


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float64"])
def test_pixels_come_back(dtype):
    X = np.random.default_rng(0).integers(0, 17, (5, 64)).astype(dtype)
    packed = samples_data(contents(samples=samples(X)))
    raw = zlib.decompress(base64.b64decode(packed["pixels"]))
    assert packed["dtype"] == ("float32" if dtype == "float64" else "uint8")
    back = np.frombuffer(raw, "<f4" if packed["dtype"] == "float32" else np.uint8)
    assert np.array_equal(back.reshape(5, 64), X)


def test_whole_numbers_beyond_a_byte_stay_whole():
    X = np.full((2, 64), 4095, np.int32)
    packed = samples_data(contents(samples=samples(X)))
    assert (packed["dtype"], packed["maximum"]) == ("float32", 4095.0)


def test_samples_that_are_no_pictures_are_not_packed():
    assert samples_data(contents(samples=samples(np.zeros((3, 6)), None))) is None
    assert samples_data(contents(samples=samples(np.zeros((0, 64))))) is None


def test_range_is_the_scalings_where_it_knows():
    X = np.array([[0, 12]], np.uint8)
    assert pixel_range(X, InputScaling("unit", 0.0, 1 / 255)) == pytest.approx((0, 255))
    assert pixel_range(X, InputScaling("standard", np.zeros(2), np.ones(2))) == (0.0, 15.0)
    assert pixel_range(np.array([[-1.0, 1.0]]), None) == (-1.0, 1.0)
    assert pixel_range(np.zeros((1, 2)), None) == (0.0, 1.0)


def test_ink_is_what_the_margin_is_not():
    bright = np.zeros((3, 8, 8))
    bright[:, 2:6, 3:5] = 16
    flat = bright.reshape(3, 64)
    assert ink(flat, (8, 8), 0, 16) == "bright"
    assert ink(16 - flat, (8, 8), 0, 16) == "dark"


def test_one_output_over_two_classes_is_two_probabilities():
    found = samples(np.zeros((2, 64)), outputs=np.array([[0.25], [0.123456]]))
    assert probabilities(found) == [[0.75, 0.25], [0.8765, 0.1235]]
    values = samples(np.zeros((1, 64)), outputs=np.array([[7.0]]), class_names=None, guess=None)
    assert probabilities(values) == [[7.0]]
