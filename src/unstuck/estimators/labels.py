"""Class labels of any kind as the targets of a network, and its outputs as labels again.

two classes         one sigmoid output      targets (n, 1), 1 for the second class
more classes        k softmax outputs       targets (n, k), one-hot
several at once     k sigmoid outputs       targets (n, k), the indicator matrix itself
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.errors import InvalidInputError
from unstuck.data.checks import check_classes


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The classes of a classifier, in the order of its outputs; ``y`` is what `as_labels` gives.

    >>> labels = Labels.of(np.array(["no", "yes", "no"]))
    >>> labels.encode(np.array(["yes", "no"]), np.float64)
    array([[1.],
           [0.]])
    >>> labels.decode(np.array([0, 1]))
    array(['no', 'yes'], dtype='<U3')
    """

    classes: AnyArray  # (n_classes,), ascending
    several: bool = False  # may several labels hold at once?

    @classmethod
    def of(cls, y: AnyArray) -> Labels:
        """The classes that occur in ``y``; at least two."""
        if y.ndim == 2:
            return cls(np.arange(y.shape[1]), several=True)
        check_classes(y)
        return cls(np.unique(y))

    @classmethod
    def announced(cls, classes: Any, y: AnyArray) -> Labels:
        """The classes that were announced for data that come in parts, ``y`` the first."""
        known = np.unique(np.asarray(classes))
        several = y.ndim == 2
        if several and len(known) != y.shape[1]:
            raise InvalidInputError(
                f"classes has {len(known)} entries, but y has {y.shape[1]} columns, one a label."
            )
        if len(known) < 2:
            raise InvalidInputError(
                f"classes holds {len(known)} class; at least two classes are needed, all that "
                "will ever occur in y."
            )
        return cls(np.arange(y.shape[1]) if several else known, several)

    @property
    def n_outputs(self) -> int:
        """Outputs of the network."""
        return 1 if self.binary else len(self.classes)

    @property
    def binary(self) -> bool:
        """Whether one output says how probable the second class is."""
        return len(self.classes) == 2 and not self.several

    def encode(self, y: AnyArray, dtype: Any) -> Array:
        """Targets (n, n_outputs) of zeros and ones; InvalidInputError for an unknown class."""
        if (y.ndim == 2) != self.several or (self.several and y.shape[1] != len(self.classes)):
            kind = f"an indicator matrix (n, {len(self.classes)})" if self.several else "(n,)"
            raise InvalidInputError(f"y has shape {y.shape}; the classes known need {kind}.")
        targets: Array = np.zeros((len(y), self.n_outputs), dtype)
        if self.several:
            targets[...] = y != 0
            return targets
        codes = self.codes(y)
        if self.binary:
            targets[:, 0] = codes
            return targets
        targets[np.arange(len(y)), codes] = 1.0
        return targets

    def codes(self, y: AnyArray) -> AnyArray:
        """The number of each label's class, (n,)."""
        found, inverse = np.unique(y, return_inverse=True)
        if np.setdiff1d(found, self.classes).size:
            raise InvalidInputError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes}. "
                f"'y' has {found}. Announce every class beforehand, or fit again with all of them."
            )
        codes: AnyArray = np.searchsorted(self.classes, found)[inverse]
        return codes

    def weights(self, class_weight: Any, y: AnyArray) -> Array:
        """The weight of each sample's class, (n,), for scikit-learn's ``class_weight``."""
        if self.several or class_weight == "balanced":
            weights: Array = compute_sample_weight(class_weight, y)
            return weights
        if not isinstance(class_weight, Mapping):
            raise InvalidInputError(
                f"class_weight is {class_weight!r}; a list is for several labels at once. Give a "
                "dict of class: weight, or 'balanced'."
            )
        factors = np.ones(len(self.classes))
        for label, factor in class_weight.items():
            where = np.flatnonzero(self.classes == label)
            if not where.size:
                raise InvalidInputError(
                    f"class_weight names the class {label!r}, which is none of {self.classes}."
                )
            factors[where] = factor
        by_class: Array = factors[self.codes(y)]
        return by_class

    def decode(self, decided: AnyArray) -> AnyArray:
        """Labels (n,) for numbers of classes (n,); an indicator matrix (n, k) is one already."""
        return decided if self.several else self.classes.take(decided)


def as_labels(y: Any) -> AnyArray:
    """``y`` as a vector of labels or a dense indicator matrix, or scikit-learn's error."""
    kind = type_of_target(y, input_name="y")
    if kind == "multilabel-indicator":
        dense: AnyArray = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
        return dense
    if kind not in {"binary", "multiclass"}:
        check_classification_targets(y)
        raise InvalidInputError(
            "y holds several columns of classes (multiclass-multioutput), which is not supported. "
            "Fit one classifier a column (sklearn.multioutput.MultiOutputClassifier), or give "
            "labels that hold at once as an indicator matrix of zeros and ones."
        )
    vector: AnyArray = column_or_1d(y, warn=True)
    return vector
