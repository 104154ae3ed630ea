"""A grid search over an estimator on a Dask cluster finds what it finds on this machine."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from tests.clusters import two_workers

from unstuck import MLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore")  # a cluster's own, in its own threads


def search():
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier((8,), threads=1, random_state=0, max_iter=20)
    grid = {"initializer": ["auto", "he_normal"], "learning_rate_init": [0.003, 0.01]}
    return GridSearchCV(model, grid, cv=3).fit(X, y).cv_results_["mean_test_score"]


def test_grid_search_on_a_cluster():
    alone = search()
    with two_workers():
        np.testing.assert_array_equal(search(), alone)
