"""Classes of every kind come back as they went in; weights, parts and warm starts do their work."""

import numpy as np
import pytest
from sklearn.datasets import make_blobs, make_multilabel_classification
from sklearn.exceptions import NotFittedError

from unstuck.base.errors import InvalidInputError
from unstuck.estimators.classifier import MLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, BLOB = make_blobs(120, centers=3, cluster_std=0.7, random_state=1)
X = (X - X.mean(axis=0)) / X.std(axis=0)
QUICK = {"solver": "lbfgs", "max_iter": 60, "random_state": 0}


@pytest.mark.parametrize(
    "names",
    [
        [0, 1, 2],
        [-3, 5, 90],
        [1.0, 2.0, 7.0],
        ["ash", "birch", "cedar"],
        np.array(["ash", "birch", "cedar"], dtype=object),
    ],
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_labels_of_every_kind_come_back_as_they_went_in(names, n_classes):
    names = np.asarray(names)[:n_classes]
    rows = n_classes > BLOB
    y = names[BLOB[rows]]
    model = MLPClassifier(**QUICK).fit(X[rows], y)
    assert model.classes_.tolist() == names.tolist()
    predicted = model.predict(X[rows])
    assert predicted.dtype == y.dtype
    assert (predicted == y).mean() > 0.95
    assert model.score(X[rows], y) == (predicted == y).mean()
    assert model.network_.class_names == tuple(map(str, names))


def test_probabilities_two_classes_are_one_sigmoid_output():
    rows = BLOB < 2
    model = MLPClassifier(**QUICK, alpha=0.1).fit(X[rows], BLOB[rows])
    assert (model.out_activation_, model.n_outputs_) == ("logistic", 1)
    p = model.predict_proba(X[rows])
    assert p.shape == (rows.sum(), 2)
    assert p.sum(axis=1) == pytest.approx(1.0)
    assert np.array_equal(p[:, 1], model.network_.forward(X[rows])[:, 0])
    assert np.array_equal(model.predict(X[rows]), p.argmax(axis=1))
    assert model.predict_log_proba(X[rows]) == pytest.approx(np.log(p))


def test_probabilities_of_more_classes_are_a_softmax():
    model = MLPClassifier(**QUICK, alpha=0.1).fit(X, BLOB)
    assert (model.out_activation_, model.n_outputs_, model.n_layers_) == ("softmax", 3, 3)
    assert model.predict_proba(X).sum(axis=1) == pytest.approx(1.0)
    assert np.array_equal(model.predict(X), model.predict_proba(X).argmax(axis=1))


def test_several_labels_at_once():
    features, labels = make_multilabel_classification(80, 6, n_classes=4, random_state=0)
    model = MLPClassifier(**QUICK | {"max_iter": 300}).fit(features, labels)
    assert (model.out_activation_, model.n_outputs_) == ("logistic", 4)
    assert model.classes_.tolist() == [0, 1, 2, 3]
    predicted = model.predict(features)
    assert predicted.shape == labels.shape
    assert predicted.dtype.kind == "i"
    assert model.score(features, labels) > 0.9
    assert np.array_equal(predicted, model.predict_proba(features) > 0.5)


def test_predict_log_proba_of_a_certain_prediction_is_quiet():
    model = MLPClassifier(**QUICK).fit(X, BLOB)
    model.coefs_[-1][...] *= 1e4
    assert model.predict_log_proba(X).min() == -np.inf


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(120, int), "one class only: 0 in all 120 samples"),
        (np.full(120, "a"), "one class only: 'a'"),
        (np.linspace(0, 1, 120), "Unknown label type"),
        (np.stack([BLOB, BLOB], 1), "MultiOutputClassifier"),
        (BLOB[:-1], "inconsistent numbers of samples"),
        (np.where(BLOB == 0, np.nan, BLOB), "Input y contains NaN. The first is nan at row"),
        (np.array(["a", None] * 60, dtype=object), "Unknown label type|Mixed|mixed|None"),
    ],
)
def test_labels_that_cannot_be_learned_are_refused(y, message):
    with pytest.raises((ValueError, TypeError), match=message):
        MLPClassifier(**QUICK).fit(X, y)


def test_not_fitted():
    for method in ("predict", "predict_proba", "predict_log_proba"):
        with pytest.raises(NotFittedError):
            getattr(MLPClassifier(), method)(X)
    assert not hasattr(MLPClassifier(), "coefs_")


# ------------------------------------------------------------------ weights of classes


def unbalanced():
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(0.0, 1.0, (190, 1)), rng.normal(1.0, 1.0, (10, 1))])
    return features, np.array(["often"] * 190 + ["rare"] * 10)


def test_class_weight_is_a_sample_weight_by_class():
    features, y = unbalanced()
    plain = MLPClassifier(**QUICK).fit(features, y)
    balanced = MLPClassifier(**QUICK, class_weight="balanced").fit(features, y)
    assert (balanced.predict(features) == "rare").sum() > (plain.predict(features) == "rare").sum()
    by_hand = {"often": 200 / 380, "rare": 10.0}
    same = MLPClassifier(**QUICK, class_weight=by_hand).fit(features, y)
    weighted = MLPClassifier(**QUICK).fit(features, y, np.where(y == "rare", 10.0, 200 / 380))
    for other in (same, weighted):
        np.testing.assert_allclose(
            other.predict_proba(features), balanced.predict_proba(features), rtol=1e-6
        )


def test_class_weight_multiplies_sample_weight():
    features, y = unbalanced()
    half = np.where(np.arange(200) % 2, 0.5, 2.0)
    one = MLPClassifier(**QUICK, class_weight={"rare": 3.0}).fit(features, y, half)
    two = MLPClassifier(**QUICK).fit(features, y, half * np.where(y == "rare", 3.0, 1.0))
    np.testing.assert_allclose(one.predict_proba(features), two.predict_proba(features), rtol=1e-6)


def test_class_weight_of_unknown_classes_and_in_parts_is_refused():
    features, y = unbalanced()
    with pytest.raises(ValueError, match="seldom"):
        MLPClassifier(class_weight={"seldom": 2.0}).fit(features, y)
    with pytest.raises(InvalidInputError, match="needs all of y at once"):
        MLPClassifier(class_weight="balanced").partial_fit(features, y, classes=["often", "rare"])
    with pytest.raises(InvalidInputError, match="a list is for several labels"):
        MLPClassifier(class_weight=[{0: 1.0}]).fit(features, y)
    parts = MLPClassifier(class_weight={"rare": 9.0}, random_state=0)
    parts.partial_fit(features[:50], y[:50], classes=["often", "rare"])  # none of them rare
    parts.partial_fit(features[150:], y[150:])


# ------------------------------------------------------------------ parts and warm starts


def test_partial_fit_learns_from_parts_that_lack_classes():
    model = MLPClassifier(solver="sgd", learning_rate_init=0.1, batch_size=10, random_state=0)
    for _ in range(15):
        for k in range(3):
            model.partial_fit(X[k == BLOB], BLOB[k == BLOB], classes=[0, 1, 2])
    model.partial_fit(X, BLOB)
    assert model.score(X, BLOB) > 0.9
    assert len(model.loss_curve_) == 46
    assert model.n_iter_ == 1
    assert model.t_ == 15 * 120 + 120


def test_parts_of_one_epoch_each_are_the_epochs_of_one_fit():
    settings = {"solver": "adam", "batch_size": 30, "shuffle": False, "random_state": 3}
    whole = MLPClassifier(**settings, max_iter=12).fit(X, BLOB)
    parts = MLPClassifier(**settings)
    for _ in range(12):
        parts.partial_fit(X, BLOB, classes=[0, 1, 2])
    assert np.array_equal(whole.network_.theta, parts.network_.theta)
    assert whole.loss_curve_ == parts.loss_curve_


def test_partial_fit_says_what_it_needs():
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        MLPClassifier().partial_fit(X, BLOB)
    model = MLPClassifier(random_state=0).partial_fit(X, BLOB, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="is not the same as on last call"):
        model.partial_fit(X, BLOB, classes=[0, 1])
    with pytest.raises(ValueError, match=r"classes not in `self.classes_`"):
        model.partial_fit(X, BLOB + 1)
    with pytest.raises(ValueError, match="at least two classes"):
        MLPClassifier().partial_fit(X, BLOB, classes=[0])
    with pytest.raises(ValueError, match="does not support early_stopping"):
        MLPClassifier(early_stopping=True).partial_fit(X, BLOB, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="plans a whole run"):
        MLPClassifier(learning_rate="cosine").partial_fit(X, BLOB, classes=[0, 1, 2])
    assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")
    assert hasattr(MLPClassifier(solver="sgd"), "partial_fit")


def test_partial_fit_of_several_labels():
    features, labels = make_multilabel_classification(60, 6, n_classes=3, random_state=0)
    model = MLPClassifier(random_state=0, class_weight="balanced")
    with pytest.raises(ValueError, match="needs all of y"):
        model.partial_fit(features, labels, classes=[0, 1, 2])
    model.fit(features, labels)
    model = MLPClassifier(random_state=0).partial_fit(features, labels, classes=[0, 1, 2])
    assert model.predict(features).shape == (60, 3)
    with pytest.raises(ValueError, match="indicator matrix"):
        model.partial_fit(features, labels[:, 0])


def test_changing_the_solver_between_parts_starts_its_state_afresh():
    model = MLPClassifier(solver="adam", random_state=0).partial_fit(X, BLOB, classes=[0, 1, 2])
    model.set_params(solver="sgd").partial_fit(X, BLOB)
    model.set_params(solver="rmsprop").partial_fit(X, BLOB)
    assert len(model.loss_curve_) == 3


def test_warm_start_goes_on_where_the_last_fit_ended():
    model = MLPClassifier(max_iter=5, warm_start=True, random_state=0).fit(X, BLOB)
    network, loss = model.network_, model.loss_
    model.fit(X, BLOB)
    assert model.network_ is network
    assert model.loss_ < loss
    assert (len(model.loss_curve_), model.n_iter_, model.t_) == (10, 5, 1200)
    cold = MLPClassifier(max_iter=5, random_state=0).fit(X, BLOB)
    first = cold.network_.theta.copy()
    assert np.array_equal(cold.fit(X, BLOB).network_.theta, first)
    assert len(cold.loss_curve_) == 5


def test_warm_start_wants_the_same_classes_and_the_same_network():
    model = MLPClassifier(max_iter=2, warm_start=True, random_state=0).fit(X, BLOB)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same"):
        model.fit(X[BLOB < 2], BLOB[BLOB < 2])
    with pytest.raises(ValueError, match="sizes changed since the last fit"):
        model.set_params(hidden_layer_sizes=(5,)).fit(X, BLOB)
    with pytest.raises(ValueError, match="hidden_activation, dropout changed"):
        model.set_params(hidden_layer_sizes=(100,), activation="tanh", dropout=0.1).fit(X, BLOB)
