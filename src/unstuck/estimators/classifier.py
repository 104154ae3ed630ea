"""MLPClassifier: classes of any kind in, classes out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import InvalidInputError
from unstuck.estimators.base import BaseMLP, can_go_on
from unstuck.estimators.labels import Labels, as_labels


class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]  # scikit-learn has no types
    def __init__(
        self,
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
        class_weight: Any = None,
        dropout: float = 0.0,
        batch_norm: bool = False,
        initializer: Any = None,
        engine: str = "auto",
        threads: int | None = None,
        callbacks: Iterable[object] | None = None,
    ) -> None:
        self._store(locals())

    _numeric = False

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None
    ) -> Self:
        """Train on samples and their classes.

        Parameters
        ----------
        X : array or sparse matrix, shape (n, n_features)
        y : array, shape (n,), or indicator matrix (n, n_labels)
            Classes of any kind: numbers, strings; with several labels at once zeros and ones.
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
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> Self:
        """One epoch over the given data; the first call names all ``classes`` that will occur."""
        return self._fit(X, y, sample_weight, partial=True, classes=classes)

    def predict(self, X: Any) -> AnyArray:
        """The class of each sample, (n,), or (n, n_labels) zeros and ones."""
        X = self._read_samples(X)
        return self._labels.decode(self.network_.predict(X))

    def predict_proba(self, X: Any) -> Array:
        """Probability of each class, (n, n_classes), columns as in `classes_`."""
        X = self._read_samples(X)
        outputs = self.network_.forward(X)
        return np.hstack([1.0 - outputs, outputs]) if self._labels.binary else outputs

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithm of `predict_proba`, (n, n_classes)."""
        with np.errstate(divide="ignore"):  # a probability may round to 0
            return np.log(self.predict_proba(X))

    def _read_targets(self, y: AnyArray, *, first: bool, partial: bool, classes: Any) -> AnyArray:
        y = as_labels(y)
        if partial and first:
            if classes is None:
                raise InvalidInputError("classes must be passed on the first call to partial_fit.")
            self._learn(Labels.announced(classes, y))
        elif first:
            self._learn(Labels.of(y))
        elif classes is not None and not np.array_equal(self.classes_, np.unique(classes)):
            raise InvalidInputError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                f"{self.classes_!r}"
            )
        elif not partial and y.ndim == 1 and not np.array_equal(np.unique(y), self.classes_):
            raise InvalidInputError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {np.unique(y)}"
            )
        return y

    def _learn(self, labels: Labels) -> None:
        self._labels, self.classes_ = labels, labels.classes

    def _encode(self, y: AnyArray, dtype: Any) -> Array:
        return self._labels.encode(y, dtype)

    def _output_layer(self, y: AnyArray) -> dict[str, Any]:
        labels = self._labels
        names = None if labels.several else [str(name) for name in labels.classes]
        one_of_many = not (labels.binary or labels.several)
        return {
            "n_outputs": labels.n_outputs,
            "loss": "cross_entropy" if one_of_many else "binary_cross_entropy",
            "class_names": names,
        }

    def _class_weights(self, y: AnyArray, *, partial: bool) -> Array | None:
        if self.class_weight is None:
            return None
        if partial and self.class_weight == "balanced":
            raise InvalidInputError(
                "class_weight='balanced' needs all of y at once, which partial_fit never has. "
                "Give the weights as a dict: sklearn.utils.class_weight.compute_class_weight."
            )
        weights: Array = compute_sample_weight(self.class_weight, y)
        return weights

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
