"""What may come in: float32, integers, sparse, frames; what may not is named with its place."""

import joblib
import numpy as np
import pytest
from scipy import sparse

from unstuck.estimators.classifier import MLPClassifier
from unstuck.estimators.inputs import is_plain
from unstuck.estimators.regressor import MLPRegressor
from unstuck.training.trainer import Trainer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (60, 5)).astype(np.uint8)
X = PIXELS / 255.0
Y = (X[:, 0] > 0.5).astype(int)
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0}


@pytest.fixture
def fitted():
    return MLPClassifier(**QUICK).fit(X, Y)


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_float32_stays_float32(cls):
    model = cls(**QUICK, early_stopping=True).fit(X.astype(np.float32), Y)
    outputs = getattr(model, "predict_proba", model.predict)(X.astype(np.float32))
    arrays = [*model.coefs_, *model.intercepts_, outputs, *model._progress.buffers.values()]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.int64, np.uint8, bool, object])
def test_everything_else_is_computed_in_float64(kind):
    data = (PIXELS // 128).astype(kind)
    model = MLPClassifier(**QUICK).fit(data, Y)
    same = MLPClassifier(**QUICK).fit(data.astype(np.float64), Y)
    assert np.array_equal(model.network_.theta, same.network_.theta)
    assert np.array_equal(model.predict_proba(data), same.predict_proba(data))
    assert model.predict_proba(data).dtype == np.float64


def test_bytes_are_trained_on_as_bytes(monkeypatch):
    seen = []
    fit = Trainer.fit
    monkeypatch.setattr(Trainer, "fit", lambda *a, **k: seen.append(a[1].dtype) or fit(*a, **k))
    MLPClassifier(**QUICK).fit(PIXELS, Y)
    assert seen == [np.dtype(np.uint8)]


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_matrix, sparse.coo_array])
def test_sparse_matrices_give_what_dense_ones_give(kind, fitted):
    data = kind(X)
    model = MLPClassifier(**QUICK).fit(data, Y)
    assert np.array_equal(model.network_.theta, fitted.network_.theta)
    assert np.array_equal(model.predict_proba(data), fitted.predict_proba(X))


def test_plain_arrays_are_recognised_and_nothing_else(fitted):
    assert is_plain(fitted, X)
    assert is_plain(fitted, X.astype(np.float32))
    assert is_plain(fitted, X[::2])
    with np.errstate(over="ignore"):
        broken = X.copy()
        broken[3, 1] = np.nan
        endless = X.copy()
        endless[0, 0] = -np.inf
    others = [X[:, :3], X[0], X[:0], X.tolist(), PIXELS, broken, endless, X.view(np.matrix)]
    for other in [*others, sparse.csr_matrix(X), X.astype(np.float16), np.ma.masked_array(X)]:
        assert not is_plain(fitted, other)


def test_both_ways_in_give_the_same_prediction(fitted, tmp_path):
    joblib.dump(X, tmp_path / "X")
    mapped = joblib.load(tmp_path / "X", mmap_mode="r")
    huge = X * 1e200  # its squares overflow: not plain, and yet allowed
    for data, same in ((mapped, X), (X.tolist(), X), (huge, huge.tolist())):
        assert np.array_equal(fitted.predict_proba(data), fitted.predict_proba(same))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("method", ["fit", "predict", "partial_fit"])
@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_matrix])
def test_what_is_not_finite_is_named_with_row_and_column(bad, method, wrap, fitted):
    data = X.copy()
    data[7, 2] = data[9, 0] = bad
    arguments = (wrap(data),) if method == "predict" else (wrap(data), Y)
    message = rf"(?s)Input X contains (NaN|infinity).* The first is {bad} at row 7, column 2"
    with pytest.raises(ValueError, match=message):
        getattr(fitted, method)(*arguments)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (X[:, :3], "X has 3 features, but MLPClassifier is expecting 5"),
        (X[0], "Expected 2D array"),
        (X[:0], "0 sample"),
        (X.astype(complex), "Complex"),
        ([["a"] * 5], "could not convert|numeric"),
    ],
)
def test_other_samples_that_cannot_be_used(data, message, fitted):
    with pytest.raises(ValueError, match=message):
        fitted.predict(data)


def test_feature_names_are_kept_and_compared():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcde"))
    model = MLPClassifier(**QUICK, early_stopping=True).fit(frame, Y)
    assert model.feature_names_in_.tolist() == list("abcde")
    assert np.array_equal(model.predict(frame), model.predict(frame.copy()))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[list("edcba")])


# ------------------------------------------------------------------ weights by hand


def test_coefs_are_views_that_can_be_written_and_set(fitted):
    twin = MLPClassifier(**QUICK | {"random_state": 5}).fit(X, Y)
    twin.coefs_ = fitted.coefs_
    for mine, theirs in zip(twin.intercepts_, fitted.intercepts_, strict=True):
        mine[...] = theirs
    assert np.array_equal(twin.predict_proba(X), fitted.predict_proba(X))
    assert [W.shape for W in twin.coefs_] == [(5, 8), (8, 1)]
    with pytest.raises(ValueError, match=r"coefs_ has the shapes .* this network's are"):
        twin.coefs_ = [np.zeros((5, 8))]
    with pytest.raises(TypeError):
        twin.coefs_[0] = np.zeros((5, 8))  # would reach no network


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(59), r"sample_weight has shape \(59,\)"),
        (np.ones((60, 1)), r"shape \(60, 1\)"),
        (np.full(60, np.nan), "finite"),
        (np.zeros(60), "zero"),
        (-np.ones(60), "negative"),
    ],
)
def test_weights_that_cannot_be_used(weight, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**QUICK).fit(X, Y, weight)


def test_one_number_as_weight_counts_for_all_samples():
    one = MLPClassifier(**QUICK, alpha=0.5).fit(X, Y, 2.0)
    same = MLPClassifier(**QUICK, alpha=0.5).fit(X, Y, np.full(60, 2.0))
    assert np.array_equal(one.network_.theta, same.network_.theta)
