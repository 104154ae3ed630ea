"""The estimators inside scikit-learn's tools: pipelines, searches, clones, pickles."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from unstuck.estimators.classifier import MLPClassifier
from unstuck.estimators.regressor import MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_digits(return_X_y=True)
X, Y = X[:600], Y[:600]
QUICK = {
    "hidden_layer_sizes": (16,),
    "max_iter": 15,
    "batch_size": 40,
    "learning_rate_init": 0.01,
    "random_state": 0,
}


def test_in_a_pipeline():
    model = make_pipeline(MinMaxScaler(), MLPClassifier(**QUICK))
    assert model.fit(X[:400], Y[:400]).score(X[400:], Y[400:]) > 0.8
    scaled = model[0].transform(X[400:])
    model.fit(X[:400], Y[:400], mlpclassifier__X_val=scaled, mlpclassifier__y_val=Y[400:])
    assert model[-1].validation_scores_[-1] == pytest.approx(model.score(X[400:], Y[400:]))
    weight = np.where(Y[:400] == 0, 1.0, 1e-9)
    model.fit(X[:400], Y[:400], mlpclassifier__sample_weight=weight)
    assert (model.predict(X) == 0).all()


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_in_a_grid_search(n_jobs):
    search = GridSearchCV(
        make_pipeline(StandardScaler(), MLPClassifier(**QUICK)),
        {"mlpclassifier__alpha": [1e-4, 300.0], "mlpclassifier__dropout": [0.0, 0.1]},
        cv=2,
        n_jobs=n_jobs,
    )
    search.fit(X, Y)
    assert search.best_params_["mlpclassifier__alpha"] == 1e-4
    assert search.best_score_ > 0.8
    assert search.predict(X).shape == (600,)
    if n_jobs:  # other processes, same numbers
        alone = clone(search).set_params(n_jobs=None).fit(X, Y)
        assert np.array_equal(
            alone.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"]
        )


def test_in_cross_validation_and_other_estimators():
    base = make_pipeline(MinMaxScaler(), MLPClassifier(**QUICK))
    assert cross_val_score(base, X, Y, cv=3).mean() > 0.8
    several = MultiOutputClassifier(base).fit(X, np.stack([Y, Y % 2], axis=1))
    assert several.predict(X).shape == (600, 2)
    assert BaggingClassifier(base, n_estimators=2).fit(X, Y).score(X, Y) > 0.8
    vote = VotingClassifier([("a", base), ("b", clone(base))], voting="soft").fit(X, Y)
    assert vote.score(X, Y) > 0.8


def test_clone_copies_the_parameters_and_nothing_else():
    model = MLPClassifier(**QUICK, callbacks=[print], activation=np.tanh).set_params(callbacks=None)
    model.fit(X, Y)
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert not hasattr(twin, "network_")


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_pickle_predicts_and_goes_on_learning_as_the_original(cls, solver, tmp_path):
    model = cls(**QUICK | {"solver": solver, "dropout": 0.2 * (solver == "adam")}).fit(X / 16, Y)
    twin = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own bytes
    joblib.dump(model, tmp_path / "model")
    mapped = joblib.load(tmp_path / "model", mmap_mode="r")
    for other in (twin, mapped):
        assert np.array_equal(other.predict(X / 16), model.predict(X / 16))
        assert other.loss_curve_ == model.loss_curve_
        assert np.array_equal(other.record_["cost"], model.record_["cost"])
    if solver == "adam":
        for m in (model, twin):
            m.partial_fit(X / 16, Y)
        assert np.array_equal(twin.network_.theta, model.network_.theta)
        assert np.array_equal(twin.coefs_[0], model.coefs_[0])


def test_the_repr_shows_what_differs_from_the_defaults():
    assert (
        repr(MLPClassifier((5,), alpha=0.1)) == "MLPClassifier(alpha=0.1, hidden_layer_sizes=(5,))"
    )
