"""What the two estimators share: scikit-learn's contract on top, a Network and a Trainer below.

    fit   parameters checked -> data checked -> network built (or kept) -> trained -> attributes

The conventions are scikit-learn's (docs/reference/estimators.md has them side by side): alpha is
divided by the samples of a batch, the loss that is reported holds the penalty, training ends by
`tol` and `n_iter_no_change`, and a fit that ends before that says so with a ConvergenceWarning.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import InvalidInputError
from unstuck.core.network import Network
from unstuck.estimators.course import Course
from unstuck.estimators.fitting import Part, Progress, hold_out, train
from unstuck.estimators.inputs import read_samples, read_training_set, spread
from unstuck.estimators.parameters import (
    check_parameters,
    check_partial,
    is_full_batch,
    our_name,
    scikit_name,
)
from unstuck.estimators.solving import stream
from unstuck.estimators.starting import begin
from unstuck.record.run_record import RunRecord
from unstuck.training.history import History
from unstuck.training.samples import sample_weights
from unstuck.weights.auto import Start, note


class BaseMLP(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A multi-layer perceptron that keeps scikit-learn's contract; see its two subclasses."""

    network_: Network
    history_: History
    start_: Start | None
    _progress: Progress
    _design: dict[str, Any]
    _numeric: bool  # are the targets numbers, not classes?

    def _store(self, arguments: dict[str, Any]) -> None:
        """Keep the arguments of `__init__` under their own names, as they are."""
        for name, value in arguments.items():
            if name != "self":
                setattr(self, name, value)

    # ------------------------------------------------------------------ what they differ in

    @abstractmethod
    def _read_targets(self, y: AnyArray, *, first: bool, partial: bool, classes: Any) -> AnyArray:
        """``y`` in one form; on the ``first`` call its classes are learned."""

    @abstractmethod
    def _encode(self, y: AnyArray, dtype: Any) -> Array:
        """Targets (n, n_outputs) for what `_read_targets` gave."""

    @abstractmethod
    def _output_layer(self, y: AnyArray) -> dict[str, Any]:
        """How the network ends: ``n_outputs``, ``loss``, names of classes."""

    def _class_weights(self, y: AnyArray, *, partial: bool) -> Array | None:
        """One weight a sample for its class, (n,), or None."""
        return None

    # ------------------------------------------------------------------ fit

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        held: tuple[Any, Any] = (None, None),
        *,
        partial: bool = False,
        classes: Any = None,
    ) -> Self:
        check_parameters(type(self).__name__, vars(self))
        if partial:
            check_partial(type(self).__name__, vars(self))
        first = not hasattr(self, "network_") or not (partial or self.warm_start)
        X, y = read_training_set(self, X, y, first=first, numeric=self._numeric)
        y = self._read_targets(y, first=first, partial=partial, classes=classes)
        try:
            self._fit_network(X, y, sample_weight, held, first=first, partial=partial)
        except Exception:
            if first and hasattr(self, "network_"):
                del self.network_  # what was not fitted must not predict
            raise
        return self

    def _fit_network(
        self,
        X: AnyArray,
        y: AnyArray,
        sample_weight: Any,
        held: tuple[Any, Any],
        *,
        first: bool,
        partial: bool,
    ) -> None:
        rng = self._progress.rng if partial and not first else stream(self.random_state)
        self._prepare_network(X, y, rng, first=first)
        part = Part(X, *self._targets_and_weights(y, sample_weight, partial=partial))
        validation = self._read_held(*held)
        if self.early_stopping and validation is None and not is_full_batch(self):
            by_class = not self._numeric and y.ndim == 1
            part, validation = hold_out(part, y, self.validation_fraction, rng, by_class=by_class)
        self._progress.rng = rng
        if first:
            self.start_ = begin(self.network_, self.initializer, part, rng)
        self.history_ = train(self, self._progress, part, validation, partial=partial)
        note(self.history_, self.start_)
        self._report(part)

    def _prepare_network(
        self, X: AnyArray, y: AnyArray, rng: np.random.Generator, *, first: bool
    ) -> None:
        """Build the network, or see that the one there is still the one that is described."""
        hidden = self.hidden_layer_sizes
        sizes = [hidden] if isinstance(hidden, Integral) else list(hidden)
        end = self._output_layer(y)
        design = {
            "sizes": [X.shape[1], *(int(size) for size in sizes), end.pop("n_outputs")],
            "hidden_activation": our_name(self.activation),
            "dropout": float(self.dropout),
            "batch_norm": bool(self.batch_norm),
            **end,
        }
        if not first:
            changed = [name for name, value in design.items() if self._design[name] != value]
            if changed:
                raise InvalidInputError(
                    f"{', '.join(changed)} changed since the last fit, whose weights are to be "
                    "trained further. Undo the change, or start afresh with warm_start=False."
                )
            return
        dtype = "float32" if X.dtype == np.float32 else "float64"
        self.network_ = Network.mlp(
            **design, initializer=self.initializer, dtype=dtype, random_state=rng
        )
        self._design = design
        self.n_layers_, self.n_outputs_ = len(design["sizes"]), design["sizes"][-1]
        self.out_activation_ = scikit_name(self.network_.output_activation.name)
        self.t_ = 0
        self._progress = Progress(Course(1.0 / self.n_outputs_ if self._numeric else 1.0), rng)

    def _targets_and_weights(
        self, y: AnyArray, sample_weight: Any, *, partial: bool
    ) -> tuple[Array, Array | None]:
        """Targets (n, n_outputs); each sample's weight, its own times that of its class."""
        network = self.network_
        targets = self._encode(y, network.dtype)
        weight = sample_weights(spread(sample_weight, len(y)), None, targets, network)
        by_class = self._class_weights(y, partial=partial)
        if by_class is None:
            return targets, weight
        by_class = by_class.astype(network.dtype)
        return targets, by_class if weight is None else weight * by_class

    def _read_held(self, X: Any, y: Any) -> Part | None:
        """``X_val`` and ``y_val`` as they were given to `fit`."""
        if X is None and y is None:
            return None
        if X is None or y is None:
            raise InvalidInputError("X_val and y_val belong together; only one of them was given.")
        X, y = read_training_set(self, X, y, first=False, numeric=self._numeric)
        y = self._read_targets(y, first=False, partial=True, classes=None)
        return Part(X, self._encode(y, self.network_.dtype))

    def _report(self, part: Part) -> None:
        """Say how training went in scikit-learn's attributes."""
        course = self._progress.course
        self.n_iter_ = len(self.history_)
        self.t_ += 0 if is_full_batch(self) else self.n_iter_ * len(part.X)
        self.loss_curve_ = course.loss_curve
        self.validation_scores_ = course.validation_scores or None
        self.best_validation_score_ = course.best_score if course.validation_scores else None
        stopped_early = self.early_stopping and course.validation_scores
        self.best_loss_ = None if stopped_early else course.best_loss
        if self.n_iter_:
            self.loss_ = course.loss_curve[-1]
        else:  # L-BFGS found nothing to do
            cost = self.network_.loss(*part)
            self.loss_ = course.scale * cost.data + cost.penalty

    # ------------------------------------------------------------------ what was learned

    def _read_samples(self, X: Any) -> AnyArray:
        """``X`` to predict for, checked; NotFittedError where nothing was learned yet."""
        if not hasattr(self, "network_"):  # check_is_fitted takes as long as a prediction
            check_is_fitted(self)
        return read_samples(self, X)

    @property
    def record_(self) -> RunRecord | None:
        """What was seen of the last run, layer by layer and over time."""
        record: RunRecord | None = self.history_.record
        return record

    @property
    def coefs_(self) -> tuple[Array, ...]:
        """Weight matrices (fan_in, fan_out), views of the network's: write into them, or set."""
        return self._parameters("W")

    @coefs_.setter
    def coefs_(self, values: Sequence[Any]) -> None:
        write(self.coefs_, values, "coefs_")

    @property
    def intercepts_(self) -> tuple[Array, ...]:
        """Bias vectors (fan_out,), views of the network's: write into them, or set."""
        return self._parameters("b")

    @intercepts_.setter
    def intercepts_(self, values: Sequence[Any]) -> None:
        write(self.intercepts_, values, "intercepts_")

    def _parameters(self, local: str) -> tuple[Array, ...]:
        network = self.network_
        return tuple(network[p.name] for p in network.parameters if p.local == local)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def write(views: Sequence[Array], values: Sequence[Any], name: str) -> None:
    """Copy arrays into the network's, each of the same shape."""
    arrays = [np.asarray(value) for value in values]
    expected, got = [v.shape for v in views], [a.shape for a in arrays]
    if got != expected:
        raise InvalidInputError(f"{name} has the shapes {got}; this network's are {expected}.")
    for view, array in zip(views, arrays, strict=True):
        view[...] = array


def can_go_on(estimator: Any) -> bool:
    """Has this solver updates to go on with? Else there is no `partial_fit`."""
    if is_full_batch(estimator):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True
