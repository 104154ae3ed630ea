"""MLPRegressor: numbers in, one number out, or several."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import InvalidInputError
from unstuck.estimators.base import BaseMLP, can_go_on


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]  # scikit-learn has no types
    """A multi-layer perceptron that predicts numbers, in scikit-learn's manner.

    One identity output a number. docs/reference/estimators.md puts every parameter beside
    scikit-learn's.

    Parameters
    ----------
    loss : {"squared_error", "huber"} or Loss
        Half the squared error; or Huber's, which outliers cannot pull at will.
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
    coefs_, intercepts_ : tuple of arrays
        Weights (fan_in, fan_out) and biases (fan_out,), views of the network's.
    loss_, best_loss_, loss_curve_ : float, float, list
        Data term and penalty, mean over each epoch as it went.
    validation_scores_, best_validation_score_ : list, float
        R2 of the held-out samples after each epoch, or None.
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
    >>> from sklearn.datasets import make_regression
    >>> X, y = make_regression(200, 3, random_state=0)
    >>> model = MLPRegressor(hidden_layer_sizes=(20,), solver="lbfgs", max_iter=1000)
    >>> model = model.set_params(random_state=0).fit(X, y)
    >>> model.predict(X[:2]).shape
    (2,)
    >>> bool(model.score(X, y) > 0.99)
    True
    """

    _numeric = True

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

    @available_if(can_go_on)  # type: ignore[untyped-decorator]
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
