"""Options, recipe and data become one dict, and the dict a network and a trainer."""

import json

import numpy as np
import pytest

from unstuck.app.plan import (
    OPTION_NAMES,
    TargetScaling,
    build_network,
    build_trainer,
    divide,
    resolve,
)
from unstuck.app.recipes import RECIPES, recipe_for
from unstuck.base.errors import InvalidInputError
from unstuck.core.network import Network
from unstuck.data.dataset import make_dataset

rng = np.random.default_rng(0)


def images(name="digits", side=8, n=60):
    X = rng.integers(0, 17, (n, side * side)).astype(np.uint8)
    return make_dataset(name, X, np.arange(n) % 3, image_shape=(side, side))


def values(k=1):
    X = rng.normal(size=(50, 4))
    y = 1e4 + 1e3 * rng.normal(size=(50, k))
    return make_dataset("prices.csv", X, y[:, 0] if k == 1 else y)


@pytest.mark.parametrize(
    ("data", "recipe"), [(data, name) for data, names in RECIPES.items() for name in names]
)
def test_every_recipe_can_be_built(data, recipe):
    side = 8 if data == "digits" else 28
    dataset = images(data, side)
    options = resolve({"recipe": recipe}, dataset)
    network = build_network(options, dataset)
    trainer = build_trainer(options, network)
    assert trainer.epochs == RECIPES[data][recipe].epochs
    assert (trainer.augment is not None) == (recipe == "augmented")
    assert json.loads(json.dumps(options))  # it goes into run.json


@pytest.mark.parametrize("recipe", ["fast", "accurate"])
@pytest.mark.parametrize("n", [1, 100, 5000, 10**7])
def test_recipes_of_files_are_neither_too_short_nor_too_long(recipe, n):
    assert 10 <= recipe_for("x.csv", n, recipe).epochs <= 200


def test_what_is_typed_goes_before_the_recipe():
    options = resolve({"hidden": (5,), "l2": 0.1, "epochs": 2}, images())
    assert (options["hidden"], options["l2"], options["epochs"]) == ((5,), 0.1, 2)
    assert options["batch_size"] == 32
    assert set(options) == OPTION_NAMES


def test_another_optimiser_brings_its_own_step_size():
    options = resolve({"optimizer": "sgd"}, images())
    assert options["learning_rate"] is None
    network = build_network(options, images())
    assert build_trainer(options, network).optimizer.learning_rate == 0.1
    assert resolve({"optimizer": "sgd", "learning_rate": 0.3}, images())["learning_rate"] == 0.3


def test_iterations_take_the_place_of_epochs():
    assert resolve({"iterations": 7}, images())["epochs"] is None
    both = resolve({"iterations": 7, "epochs": 1}, images())
    assert (both["iterations"], both["epochs"]) == (7, 1)


def test_the_output_fits_the_data():
    assert resolve({}, values())["output"] == "identity"
    assert resolve({"output": "sigmoid"}, values())["loss"] == "squared_error"
    assert resolve({"loss": "huber"}, images())["output"] == "identity"
    with pytest.raises(InvalidInputError, match="is for classes"):
        resolve({"loss": "binary_cross_entropy"}, values())


def test_the_validation_part_is_held_out_by_class():
    data = images(n=90)
    options = resolve({"validation_fraction": 0.2}, data)
    parts = divide(options, data)
    assert (len(parts.X), len(parts.X_validation)) == (72, 18)
    assert np.bincount(parts.y_validation).tolist() == [6, 6, 6]
    again = divide(options, data)
    assert (again.X_validation == parts.X_validation).all()
    assert divide(resolve({}, data), data).validation is None


@pytest.mark.parametrize("k", [1, 3])
def test_folded_targets_predict_in_their_units(k):
    data = values(k)
    network = Network.mlp([4, 5, k], loss="squared_error", random_state=0)
    targets = TargetScaling.fit(data.y_train, network)
    scaled = targets.apply(data.y_train)
    assert scaled.mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert scaled.std(axis=0) == pytest.approx(1)
    final = targets.folded(network)
    X = data.X_train
    assert final.forward(X) == pytest.approx(network.forward(X) * targets.scale + targets.mean)
    assert not np.shares_memory(final.theta, network.theta)


def test_targets_stay_as_they_are_where_they_must():
    classes = Network.mlp([4, 3], random_state=0)
    assert TargetScaling.fit(np.arange(3), classes) is None
    bounded = Network.mlp([4, 1], loss="squared_error", output_activation="sigmoid", random_state=0)
    assert TargetScaling.fit(np.linspace(0, 1, 9), bounded) is None


def test_a_constant_target_is_only_centred():
    network = Network.mlp([4, 1], loss="squared_error", random_state=0)
    assert TargetScaling.fit(np.full(5, 7.0), network).scale.tolist() == [1.0]
