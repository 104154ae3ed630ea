"""MLPClassifier: classes of any kind in, classes out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import InvalidInputError
from unstuck.estimators.base import BaseMLP, can_go_on
from unstuck.estimators.labels import Labels, as_labels


class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]  # scikit-learn has no types
    """A multi-layer perceptron that classifies, in scikit-learn's manner.

    Two classes make one sigmoid output, more a softmax, an indicator matrix one sigmoid output a
    label. docs/reference/estimators.md puts every parameter beside scikit-learn's.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        Units of each hidden layer; ``()`` is a linear model.
    activation : str, Activation or callable
        Of the hidden layers: any name of `unstuck.core.activations`, or scikit-learn's
        ``"logistic"``, which is ``"sigmoid"``.
    solver : {"adam", "sgd", "lbfgs", "adamw", "rmsprop", "adagrad"}, Optimizer or LBFGS
        An instance brings its own settings, learning rate included.
    alpha : float
        L2 penalty, divided by the number of samples in a batch.
    batch_size : int or "auto"
        Samples an update; "auto" is 200, or all if there are fewer.
    learning_rate : str or Schedule
        ``"constant"``; with ``solver="sgd"`` also ``"invscaling"`` and ``"adaptive"``; with
        every solver but L-BFGS the names of `unstuck.core.schedules`.
    learning_rate_init, power_t : float
        The rate, and the power by which "invscaling" lets it fall.
    max_iter : int
        Most epochs; for L-BFGS most iterations.
    shuffle : bool
        A new order of the samples for every epoch.
    random_state : None, int, RandomState or Generator
        Initial weights, order, dropout and what is held out.
    tol, n_iter_no_change : float, int
        Training ends when for so many epochs the loss (with early stopping the validation
        score) was not better by ``tol``.
    verbose : bool
        Show progress (on standard error).
    warm_start : bool
        Go on from the last fit's weights.
    momentum, nesterovs_momentum : float, bool
        For ``solver="sgd"``.
    early_stopping, validation_fraction : bool, float
        Hold that share out (or take ``X_val``), stop by its score, restore the best weights.
    beta_1, beta_2, epsilon : float
        For "adam" and "adamw"; epsilon for "rmsprop" and "adagrad" too.
    max_fun : int
        Most evaluations of L-BFGS.
    class_weight : None, "balanced", dict or list of dicts
        Weight of every class's samples.
    dropout : float
        Share of each hidden layer's outputs that is dropped while training.
    batch_norm : bool
        Standardise each hidden layer's inputs over the batch.
    initializer : None, str or Initializer
        Of the weights; default: what fits the activation, and zero biases, unless a look at the
        data shows that signals or gradients would not get through. ``"auto"`` looks always.
    engine, threads : str, int
        See `unstuck.Trainer`.
    callbacks : list, optional
        `unstuck.Callback` objects, or functions that are given each epoch's row.

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
        In the order of the outputs.
    coefs_, intercepts_ : tuple of arrays
        Weights (fan_in, fan_out) and biases (fan_out,), views of the network's.
    loss_, best_loss_, loss_curve_ : float, float, list
        Data term and penalty, mean over each epoch as it went.
    validation_scores_, best_validation_score_ : list, float
        Accuracy of the held-out samples after each epoch, or None.
    n_iter_, t_, n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_
        As in scikit-learn.
    network_ : Network
    start_ : Start or None
        How the network began, and why, where that was chosen by a look at the data.
    history_ : History
        Of the last fit.
    record_ : RunRecord
        Of the last fit, layer by layer and over time.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((20,), solver="lbfgs", max_iter=1000, random_state=0).fit(X, y)
    >>> model.predict(X[[0, 50, 100]])
    array([0, 1, 2])
    >>> bool(model.score(X, y) > 0.95)
    True
    """

    _numeric = False

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

    @available_if(can_go_on)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
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
        return self._labels.weights(self.class_weight, y)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
