"""How the pictures of a data set were made is known by its name, or seen in the pictures."""

import dataclasses

import numpy as np
import pytest

import unstuck
from unstuck.data.load import load
from unstuck.show.report.contents import Contents, Samples, Statement
from unstuck.show.report.page import page_html
from unstuck.show.report.sections.draw import paper, preparation, section, target


def samples(X, shape):
    n = len(X)
    zeros = np.zeros(n, int)
    outputs = np.full((n, 10), 0.1)
    names = tuple("0123456789")
    return Samples("test", n, 0, "all", X, zeros, zeros, zeros, outputs, names, shape)


def contents(network, X=None, shape=(8, 8), **parts):
    found = None if X is None else samples(X, shape)
    return Contents("a run", Statement("It learned."), network=network, samples=found, **parts)


@pytest.fixture
def network():
    return unstuck.Network.mlp(
        [64, 10], image_shape=(8, 8), class_names=tuple("0123456789"), random_state=0
    )


# ------------------------------------------------------------------ how pictures were made


@pytest.mark.parametrize(("name", "shape"), [("mnist", (28, 28)), ("digits", (8, 8))])
def test_by_name(name, shape):
    assert preparation(name, None, shape) == name


def test_a_name_with_other_pictures_says_nothing():
    assert preparation("mnist", None, (14, 14)) == "plain"
    assert preparation("houses.csv", None, (8, 8)) == "plain"


def test_digits_in_a_file_of_somebodys_own_are_seen():
    X = load("digits").X_test
    assert preparation("pixels.csv", samples(X.astype(float), (8, 8)), (8, 8)) == "digits"
    assert preparation("pixels.csv", samples(X[:, ::-1] * 10, (8, 8)), (8, 8)) == "plain"
    turned = X.reshape(-1, 8, 8).transpose(0, 2, 1).reshape(-1, 64)
    assert preparation("pixels.csv", samples(turned, (8, 8)), (8, 8)) == "plain"


@pytest.mark.mnist
def test_mnist_in_a_file_of_somebodys_own_is_seen():
    X = load("mnist").X_test[:700]
    assert preparation("train.csv", samples(X, (28, 28)), (28, 28)) == "mnist"
    assert preparation("train.csv", samples(X / 255, (28, 28)), (28, 28)) == "mnist"
    moved = np.roll(X.reshape(-1, 28, 28), 2, axis=2).reshape(-1, 784)
    assert preparation("train.csv", samples(moved, (28, 28)), (28, 28)) == "plain"


def test_other_pictures_are_taken_as_they_are():
    X = np.random.default_rng(0).integers(0, 256, (50, 784)).astype(np.uint8)
    assert preparation("fashion-mnist", samples(X, (28, 28)), (28, 28)) == "plain"
    assert preparation("x.npz", samples(np.zeros((3, 784)), (28, 28)), (28, 28)) == "plain"


# ------------------------------------------------------------------ the section


def test_paper_holds_whole_pixels():
    assert paper("mnist", (28, 28)) == {"columns": 448, "rows": 448, "pen": 38.1}
    assert paper("plain", (600, 500))["rows"] == 600
    assert paper("plain", (3, 100)) == {"columns": 400, "rows": 12, "pen": 32.0}


def test_target_says_what_ink_is(network):
    X = load("digits").X_test
    assert target(samples(X, (8, 8)), network, (8, 8)) == {
        "height": 8, "width": 8, "minimum": 0.0, "maximum": 16.0, "ink": "bright", "whole": True,
    }  # fmt: skip


def test_only_for_pictures(network):
    assert section(Contents("a", Statement("b"))) is None
    assert section(contents(unstuck.Network.mlp([6, 2], random_state=0))) is None
    assert section(contents(network)).title == "Draw a digit"


def test_what_cannot_run_says_why(network):
    network.theta[:] = np.inf
    found = section(contents(network))
    assert found.data is None
    assert "not finite" in page_html(contents(network))


def test_labels_are_text(network):
    named = unstuck.Network.mlp(
        [64, 2],
        image_shape=(8, 8),
        class_names=("<script>alert(1)</script>", "b"),
        random_state=0,
    )
    X = load("digits").X_test[:3]
    shown = contents(named, X)
    shown = dataclasses.replace(shown, title="<img src=x onerror=alert(1)>")
    page = page_html(shown)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
