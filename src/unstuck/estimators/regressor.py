"""MLPRegressor: numbers in, one number out, or several."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import InvalidInputError
from unstuck.estimators.base import BaseMLP, can_go_on


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]  # scikit-learn has no types
    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: float = 0.0,
        batch_norm: bool = False,
        initializer: Any = None,
        engine: str = "auto",
        threads: int | None = None,
        callbacks: Iterable[object] | None = None,
    ) -> None:
        self._store(locals())

    _numeric = True

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None
    ) -> Self:
        """Train on samples and their values.

        Parameters
        ----------
        X : array or sparse matrix, shape (n, n_features)
        y : array, shape (n,) or (n, n_outputs)
        sample_weight : array, shape (n,), optional
        X_val, y_val : arrays, optional
            Judged after every epoch (`validation_scores_`); ``early_stopping`` goes by them
            instead of holding out a part of ``X``.

        Raises
        ------
        ValueError
            For parameters or data that cannot be used, or when training diverges.
        """
        return self._fit(X, y, sample_weight, (X_val, y_val))

    @available_if(can_go_on)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One epoch over the given data."""
        return self._fit(X, y, sample_weight, partial=True)

    def predict(self, X: Any) -> Array:
        """The value for each sample, (n,), or (n, n_outputs) where there are several."""
        X = self._read_samples(X)
        return self.network_.predict(X)

    def _read_targets(self, y: AnyArray, *, first: bool, partial: bool, classes: Any) -> AnyArray:
        y = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if not first and n_outputs != self.n_outputs_:
            raise InvalidInputError(
                f"y has {n_outputs} outputs (shape {y.shape}), but this regressor was fitted to "
                f"{self.n_outputs_}."
            )
        return y

    def _encode(self, y: AnyArray, dtype: Any) -> Array:
        targets: Array = y.reshape(len(y), -1).astype(dtype)
        return targets

    def _output_layer(self, y: AnyArray) -> dict[str, Any]:
        return {"n_outputs": 1 if y.ndim == 1 else y.shape[1], "loss": self.loss}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
