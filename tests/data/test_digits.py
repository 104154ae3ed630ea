import importlib.machinery

import numpy as np

from unstuck.data import digits
from unstuck.data.digits import load_digits


def test_they_are_scikit_learns_digits_each_once():
    from sklearn.datasets import load_digits as sklearn_digits

    data = load_digits()
    X, y = sklearn_digits(return_X_y=True)
    ours = np.column_stack(
        [np.concatenate([data.X_train, data.X_test]), np.concatenate([data.y_train, data.y_test])]
    )
    theirs = np.column_stack([X, y]).astype(int)
    assert sorted(map(tuple, ours)) == sorted(map(tuple, theirs))


def test_the_split_is_the_same_for_everyone():
    # accuracies are compared across machines: a change of this digest breaks every number measured
    assert load_digits().digest == (
        "e986656a1f80653ded44080e6383f733691eeca132c5b51929400293e1bda774"
    )


def test_every_class_has_its_share_in_both_parts():
    data = load_digits()
    share = np.bincount(data.y_test) / np.bincount(np.concatenate([data.y_train, data.y_test]))
    assert np.abs(share - 0.25).max() < 0.005
    assert data.X_train.dtype == np.uint8
    assert data.X_train.max() == 16
    assert data.image_shape == (8, 8)


def test_without_the_file_scikit_learns_loader_gives_the_same(monkeypatch):
    expected = load_digits().digest
    nowhere = importlib.machinery.ModuleSpec("sklearn", None)
    monkeypatch.setattr(digits, "find_spec", lambda name: nowhere)
    assert load_digits().digest == expected
