"""The forward pass in the page gives Python's numbers: probabilities, and every layer's answers."""

import dataclasses

import numpy as np
import pytest
from tests.browser.drawing import ANSWERS, contents_of, write_page

import unstuck
from unstuck.core.activations import ACTIVATIONS
from unstuck.core.scaling import InputScaling
from unstuck.data.load import load
from unstuck.show.report import embed, page

SAMPLES = 500
CLOSE = 1e-4
DIGITS = tuple("0123456789")


@pytest.fixture(scope="module")
def digits():
    """Training rows, and 500 that no network has seen."""
    data = load("digits")
    X, y = np.concatenate([data.X_train, data.X_test]), np.concatenate([data.y_train, data.y_test])
    return X[SAMPLES:], y[SAMPLES:], X[:SAMPLES], y[:SAMPLES]


def trained(X, y, sizes=(64, 24, 16, 10), scaling="auto", names=DIGITS, epochs=4, **options):
    network = unstuck.Network.mlp(
        sizes,
        scaling=InputScaling.fit(X, scaling),
        image_shape=(round(X.shape[1] ** 0.5),) * 2,
        class_names=names,
        random_state=0,
        **options,
    )
    unstuck.Trainer(
        network, "adam", learning_rate=0.01, batch_size=32, epochs=epochs, random_state=0
    ).fit(X, y)
    return network


def differences(window, address, network, X):
    """The largest difference of a probability, and of anything that a layer answers."""
    window.goto(address)
    window.wait_for_selector("html[data-ready]")
    found = window.evaluate(ANSWERS, 20)
    outputs = np.array([sample["outputs"] for sample in found])
    wanted = network.forward(X)
    assert outputs.shape == (SAMPLES, network.n_outputs)
    apart = [np.abs(outputs - wanted).max()]
    kinds = [layer.kind for layer in network.layers]
    values = network.propagate(network.prepare(X[:20])).values[1:]
    kept = [value for kind, value in zip(kinds, values, strict=True) if kind != "dropout"]
    for i, value in enumerate(kept):
        here = np.array([sample["values"][i] for sample in found[:20]])
        apart.append((np.abs(here - value) / np.maximum(1, np.abs(value))).max())
    return apart[0], max(apart[1:])


NETWORKS = {
    **{name: {"hidden_activation": name} for name in ACTIVATIONS if name != "softmax"},
    "batch norm": {"batch_norm": True},
    "batch norm and tanh": {"batch_norm": True, "hidden_activation": "tanh"},
    "dropout": {"dropout": 0.3, "input_dropout": 0.1},
    "float32": {"dtype": "float32", "hidden_activation": "gelu"},
    "scaled by mean and spread": {"scaling": "standard"},
    "raw pixels": {"scaling": "none", "hidden_activation": "tanh"},
    "sigmoid outputs": {"output_activation": "sigmoid", "loss": "squared_error"},
    "tanh outputs": {"output_activation": "tanh", "loss": "squared_error"},
    "no hidden layer": {"sizes": (64, 10)},
    "twelve layers": {"sizes": (64, *[16] * 12, 10), "hidden_activation": "selu"},
}


@pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS.keys())
def test_500_images_get_pythons_probabilities(options, digits, window, tmp_path):
    X, y, X_test, y_test = digits
    network = trained(X, y, **options)
    assert np.ptp(network.forward(X_test)) > 0.1, "a network that answers alike shows nothing"

    address = write_page(tmp_path / "page.html", contents_of(network, X_test, y_test))
    outputs, layers = differences(window, address, network, X_test)

    assert outputs < CLOSE
    assert layers < CLOSE


def test_one_sigmoid_output_over_two_classes(digits, window, tmp_path):
    X, y, X_test, y_test = digits
    names, options = ("even", "odd"), {"sizes": (64, 24, 1), "loss": "binary_cross_entropy"}
    network = trained(X, y % 2, names=names, **options)

    address = write_page(tmp_path / "page.html", contents_of(network, X_test, y_test % 2))
    outputs, layers = differences(window, address, network, X_test)
    answers = np.array([sample["answers"] for sample in window.evaluate(ANSWERS, 0)])

    assert outputs < CLOSE
    assert layers < CLOSE
    odd = network.predict_proba(X_test)[:, 0]
    assert np.abs(answers - np.stack([1 - odd, odd], axis=1)).max() < CLOSE
    assert window.locator(".draw-bars .name").all_text_contents() == ["even", "odd"]


def test_fractions_as_pixels(digits, window, tmp_path):
    X, y, X_test, y_test = digits
    network = trained(X / 16, y)

    address = write_page(tmp_path / "page.html", contents_of(network, X_test / 16, y_test))

    assert max(differences(window, address, network, X_test / 16)) < CLOSE


@pytest.mark.mnist
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_mnist(activation, window, tmp_path):
    data = load("mnist")
    X, y = data.X_train[:6000], data.y_train[:6000]
    options = {"hidden_activation": activation, "batch_norm": activation == "gelu"}
    network = trained(X, y, (784, 128, 128, 10), epochs=2, dtype="float32", **options)
    X_test, y_test = data.X_test[:SAMPLES], data.y_test[:SAMPLES]
    assert np.mean(network.predict(X_test) == y_test) > 0.85

    contents = contents_of(network, X_test, y_test, "mnist", (28, 28))
    outputs, layers = differences(
        window, write_page(tmp_path / "p.html", contents), network, X_test
    )

    assert outputs < CLOSE
    assert layers < CLOSE


# ------------------------------------------------------------------ the tester is tested

FAULTS = {
    "a weight with the wrong sign": lambda data: flip(data["layers"][0]),
    "a slope that is ten times too steep": lambda data: data["layers"][1]["parameters"].update(
        slope=0.1
    ),
    "another activation": lambda data: data["layers"][1].update(name="relu"),
    "inputs that are not scaled": lambda data: data["scaling"].update(scale=1.0),
    "a layer that is left out": lambda data: data["layers"].pop(1),
}


def flip(layer):
    """The largest weight of a layer changes its sign."""
    W = np.frombuffer(embed.base64.b64decode(layer["weights"]), "<f4").copy()
    W[np.abs(W).argmax()] *= -1
    layer["weights"] = embed.pack_floats(W)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_is_seen(fault, digits, window, tmp_path, monkeypatch):
    X, y, X_test, y_test = digits
    network = trained(X, y, hidden_activation="leaky_relu")

    def faulty(contents):
        data = embed.network_data(contents)
        fault(data)
        return data

    monkeypatch.setitem(page.SHARED, "network", faulty)
    address = write_page(tmp_path / "page.html", contents_of(network, X_test, y_test))

    window.goto(address)
    window.wait_for_selector("html[data-ready]")
    outputs = np.array([sample["outputs"] for sample in window.evaluate(ANSWERS, 0)])
    assert np.abs(outputs - network.forward(X_test)).max() > 10 * CLOSE


# ------------------------------------------------------------------ what the page cannot run


def test_an_activation_of_your_own_is_said(digits, window, tmp_path):
    X, y, X_test, y_test = digits
    cube = unstuck.custom_activation(lambda z: z**3 / 10, lambda z: 0.3 * z**2, name="cube")
    network = trained(X, y, hidden_activation=cube, epochs=1)

    window.goto(write_page(tmp_path / "page.html", contents_of(network, X_test, y_test)))
    window.wait_for_selector("html[data-ready]")

    assert "network" not in window.evaluate("unstuck.data")
    assert "cube is your own Python function" in window.locator("#draw").text_content()
    assert window.locator("#draw canvas").count() == 0


def test_a_namesake_of_a_known_activation_is_not_taken_for_it(digits):
    X, y, _, _ = digits
    relu = unstuck.custom_activation(lambda z: np.maximum(z, 0) + 1, name="relu")
    network = trained(X, y, hidden_activation=relu, epochs=1)
    assert "your own Python function" in embed.why_not(network)


def test_normal_distribution_function(window, tmp_path):
    from scipy.special import ndtr

    network = unstuck.Network.mlp([64, 10], image_shape=(8, 8), random_state=0)
    contents = contents_of(network, np.eye(64, dtype=np.uint8), np.zeros(64, int))
    window.goto(write_page(tmp_path / "page.html", contents))
    z = np.concatenate([np.linspace(-12, 12, 4001), np.linspace(-37, -12, 50), [3.5355339, 0.0]])

    found = np.array(window.evaluate("(z) => z.map(unstuck.network.normal)", z.tolist()))

    assert np.abs(found / ndtr(z) - 1).max() < 1e-12


def test_samples_without_their_network_are_left_alone(digits, window, tmp_path):
    X, y, X_test, y_test = digits
    contents = contents_of(trained(X, y, epochs=1), X_test, y_test)
    window.goto(write_page(tmp_path / "p.html", dataclasses.replace(contents, network=None)))
    window.wait_for_selector("html[data-ready]")
    assert window.locator("#draw").count() == 0
