"""Advice on initial weights as a page and as pictures."""

import numpy as np
import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.core.network import Network
from unstuck.show.style import save_figure
from unstuck.show.weights import advice_text, folded, keeps_present, short
from unstuck.show.weights_plots import ADVICE_PICTURES, advice_figure, hidden_outputs
from unstuck.weights.advise import advise

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 6))
y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)


def network(depth=2, activation="tanh", **options):
    sizes = [6, *[8] * depth, 2]
    return Network.mlp(sizes, hidden_activation=activation, random_state=0, **options)


@pytest.fixture(scope="module")
def raced():
    return advise(network(), X, y, steps=18, seeds=2, n_jobs=1)


@pytest.fixture(scope="module")
def quick():
    return advise(network(20, "sigmoid", initializer="normal"), X, y, quick=True)


def test_a_page_of_eighty_columns(raced, quick):
    for advice in (raced, quick):
        page = advice_text(advice).splitlines()
        table = page[: page.index("To paste")]
        assert max(map(len, table)) <= 80
        assert sum(line.startswith("> ") for line in page) == 1
        assert str(advice) == "\n".join(page)


def test_every_candidate_has_its_line(raced):
    page = advice_text(raced)
    for candidate in raced.candidates:
        name = "yours" if candidate.name == "present" else candidate.name
        assert f" {name} " in page


def test_who_keeps_present_weights_is_told_so(raced):
    assert not keeps_present(advise(network(20, "sigmoid"), X, y, quick=True))
    page = advice_text(raced)
    assert page.startswith("Keep your weights.") == keeps_present(raced)


def test_layers_that_are_written_alike_are_shown_once(quick):
    assert "... and so on to W20" in advice_text(quick)
    lines = ["W1 = a", "b1 = -0.5 * W1.sum()", "W2 = a", "b2 = -0.5 * W2.sum()"]
    assert folded(lines) == lines


def test_short_numbers():
    values = [0.0, 1.0, 0.123456, 1234.5, 12345.6, 1e-300, -0.5, float("inf"), float("nan")]
    assert all(len(short(value)) <= 6 for value in values)


def test_a_notebook_shows_the_page(raced):
    assert "<pre" in raced._repr_html_()
    assert "To paste" in raced._repr_html_()


@pytest.mark.parametrize("picture", ADVICE_PICTURES)
def test_pictures_are_drawn(raced, picture, tmp_path):
    figure = raced.plot(picture=picture, network=network())
    save_figure(figure, tmp_path / "p.png")
    assert (tmp_path / "p.png").stat().st_size > 5000


def test_what_is_highlighted(raced):
    figure = raced.plot(picture="signals")
    forward, backward = figure.axes
    assert forward.get_yscale() == backward.get_yscale() == "log"
    assert len(forward.get_lines()) == len(raced.candidates)
    thick = [line for line in forward.get_lines() if line.get_linewidth() > 2]
    assert len(thick) == 2  # the recommended ones and the present ones


def test_without_a_race_there_are_no_curves(quick):
    assert len(quick.plot().axes) == 2
    with pytest.raises(InvalidInputError, match="nothing was raced"):
        quick.plot(picture="race")


def test_histograms_need_the_network(quick):
    with pytest.raises(InvalidInputError, match="network=network"):
        advice_figure(quick, picture="activations")
    flat = Network.mlp([6, 2], random_state=0)
    advice = advise(flat, X, y, quick=True)
    with pytest.raises(InvalidInputError, match="no hidden layer"):
        advice.plot(picture="activations", network=flat)
    with pytest.raises(InvalidInputError, match="unknown picture"):
        quick.plot(picture="signal")


def test_hidden_outputs_are_those_of_the_forward_pass():
    net = network()
    (first, second) = hidden_outputs(net, X)
    np.testing.assert_allclose(first, np.tanh(X @ net["W1"] + net["b1"]))
    np.testing.assert_allclose(second, np.tanh(first @ net["W2"] + net["b2"]))


def test_weights_that_overflow_are_drawn_all_the_same(tmp_path):
    net = network(3, "relu")
    net.theta[...] = 1e110
    advice = advise(net, X, y, quick=True)
    save_figure(advice.plot(), tmp_path / "a.png")
    save_figure(advice.plot(picture="activations", network=net), tmp_path / "b.png")
    assert "yours" in advice_text(advice)
