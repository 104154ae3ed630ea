"""unstuck: neural networks in NumPy that learn, and a doctor for the ones that don't.

The package imports nothing until a name is asked for: the table below says in which module each
public name lives, and the first use of the name imports that module (PEP 562).

>>> import unstuck
>>> unstuck.Network.mlp([64, 20, 10], random_state=0).theta.size
1510
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:  # the same table once more, for editors and type checkers
    from unstuck.base.errors import (
        CheckpointError,
        DataFormatError,
        DivergenceError,
        FitDivergedError,
        InvalidInputError,
        MissingDependencyError,
        UnstuckError,
    )
    from unstuck.core.activations import custom_activation
    from unstuck.core.criticality import Critical, critical
    from unstuck.core.gradcheck import check_gradients
    from unstuck.core.layers import Activate, BatchNorm, Dense, Dropout
    from unstuck.core.network import Network
    from unstuck.core.scaling import InputScaling
    from unstuck.data.load import load
    from unstuck.doctor.ask import diagnose
    from unstuck.doctor.diagnosis import Diagnosis
    from unstuck.estimators.classifier import MLPClassifier
    from unstuck.estimators.regressor import MLPRegressor
    from unstuck.record.run_record import RunRecord
    from unstuck.training.augment import ImageAugmentation
    from unstuck.training.callbacks import Callback
    from unstuck.training.history import History
    from unstuck.training.trainer import Trainer
    from unstuck.weights.advice import WeightAdvice
    from unstuck.weights.advise import advise

_HOME = {
    "Activate": "unstuck.core.layers",
    "BatchNorm": "unstuck.core.layers",
    "Callback": "unstuck.training.callbacks",
    "CheckpointError": "unstuck.base.errors",
    "Critical": "unstuck.core.criticality",
    "DataFormatError": "unstuck.base.errors",
    "Dense": "unstuck.core.layers",
    "Diagnosis": "unstuck.doctor.diagnosis",
    "DivergenceError": "unstuck.base.errors",
    "FitDivergedError": "unstuck.base.errors",
    "Dropout": "unstuck.core.layers",
    "History": "unstuck.training.history",
    "ImageAugmentation": "unstuck.training.augment",
    "InputScaling": "unstuck.core.scaling",
    "InvalidInputError": "unstuck.base.errors",
    "MLPClassifier": "unstuck.estimators.classifier",
    "MLPRegressor": "unstuck.estimators.regressor",
    "MissingDependencyError": "unstuck.base.errors",
    "Network": "unstuck.core.network",
    "RunRecord": "unstuck.record.run_record",
    "Trainer": "unstuck.training.trainer",
    "UnstuckError": "unstuck.base.errors",
    "WeightAdvice": "unstuck.weights.advice",
    "advise": "unstuck.weights.advise",
    "check_gradients": "unstuck.core.gradcheck",
    "critical": "unstuck.core.criticality",
    "custom_activation": "unstuck.core.activations",
    "diagnose": "unstuck.doctor.ask",
    "load": "unstuck.data.load",
}

__all__ = [
    "Activate",
    "BatchNorm",
    "Callback",
    "CheckpointError",
    "Critical",
    "DataFormatError",
    "Dense",
    "Diagnosis",
    "DivergenceError",
    "Dropout",
    "FitDivergedError",
    "History",
    "ImageAugmentation",
    "InputScaling",
    "InvalidInputError",
    "MLPClassifier",
    "MLPRegressor",
    "MissingDependencyError",
    "Network",
    "RunRecord",
    "Trainer",
    "UnstuckError",
    "WeightAdvice",
    "__version__",
    "advise",
    "check_gradients",
    "critical",
    "custom_activation",
    "diagnose",
    "load",
]


def __getattr__(name: str) -> object:
    """Import the module that holds a public name, the first time it is asked for."""
    if name == "weights":  # `unstuck.weights.advise(...)` after `import unstuck` alone
        return import_module("unstuck.weights")
    if name not in _HOME:
        raise AttributeError(f"module 'unstuck' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value  # found at once the next time
    return value


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext unstuck`` in a notebook: from then on there are ``%%doctor`` and ``%doctor``."""
    import_module("unstuck.app.notebook.magics").load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext unstuck``: take the magics away."""
    import_module("unstuck.app.notebook.magics").unload(shell)


def __dir__() -> list[str]:
    """Every public name, whether imported yet or not."""
    return sorted(__all__)
