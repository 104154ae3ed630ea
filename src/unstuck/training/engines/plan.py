"""A job in the kernels' terms: numbers that choose among their formulas; or why it has none."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import asdict, dataclass
from typing import Any

from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import ACTIVATIONS, Activation
from unstuck.core.layers import Activate, Dense
from unstuck.core.losses import LOSSES, CrossEntropy, Huber
from unstuck.core.network import Network
from unstuck.core.optimizers import OPTIMIZERS, SGD, Adagrad, Adam, AdamW, Optimizer, RMSProp
from unstuck.training.engines.kernels_layout import SETTINGS
from unstuck.training.engines.protocol import Job


@dataclass(frozen=True, slots=True)
class Plan:
    """Numbers that choose among the kernels' formulas, and the formulas' constants."""

    sizes: tuple[int, ...]
    codes: tuple[int, ...]  # of the activation after each dense layer
    needs_slope: tuple[bool, ...]
    loss: int
    option: float  # label smoothing or Huber's threshold
    hit: int
    middle: float  # between the two decisions of an output
    one_by_one: bool
    optimizer: int
    first: float = 0.0  # momentum, rho or beta1
    second: float = 0.0  # beta2
    epsilon: float = 0.0
    weight_decay: float = 0.0

    def settings(self) -> dict[str, float]:
        """Those of the numbers that go into the kernels' record as they are."""
        return {
            name: value for name, value in asdict(self).items() if name in (SETTINGS.names or ())
        }


def unsupported(job: Job) -> str | None:
    """Why the compiled engine cannot do a job, as half a sentence; None if it can."""
    network = job.network
    if importlib.util.find_spec("numba") is None:
        return "numba is not installed (pip install numba)"
    if type(job.optimizer) not in OPTIMIZERS.values():
        return f"{job.optimizer!r} is not one of the library's optimizers"
    if type(network.loss_function) not in LOSSES.values():
        return f"{network.loss_function!r} is not one of the library's losses"
    reasons = (unsupported_layer(network, i) for i in range(len(network.layers)))
    return next(filter(None, reasons), None)


def unsupported_layer(network: Network, i: int) -> str | None:
    """The same for one layer: allowed are dense ones, each with or without an activation."""
    layer = network.layers[i]
    if type(layer) is Dense:
        return None
    if not (type(layer) is Activate and i and type(network.layers[i - 1]) is Dense):
        return f"layer {i + 1} is {layer.kind!r}, not dense or an activation behind one"
    activation = layer.activation
    if ACTIVATIONS.get(activation.name) != activation:
        return f"activation {activation.name!r} is a function of your own"
    if not activation.elementwise and i < len(network.layers) - 1:
        return f"there is a hidden {activation.name}"
    return None


def one_by_one(job: Job) -> bool:
    """Whether this is a job for `kernels_single`: plain descent on single samples."""
    plain = job.clip_norm is None and job.network.l1 == 0.0
    return plain and job.batch_size == 1 and job.optimizer == SGD(job.optimizer.learning_rate)


def activations_of(network: Network) -> list[Activation]:
    """The activation behind each dense layer, in order."""
    activations: list[Activation] = []
    for layer in network.layers:
        if isinstance(layer, Activate):
            activations[-1] = layer.activation
        else:
            activations.append(ACTIVATIONS["identity"])
    return activations


def plan_of(job: Job) -> Plan:
    """Translate a job that is not `unsupported`."""
    from unstuck.training.engines import kernels_loss as loss
    from unstuck.training.engines import kernels_pointwise as pointwise

    network, optimizer = job.network, job.optimizer
    codes = tuple(pointwise.CODES[a.name] for a in activations_of(network))
    function = network.loss_function
    option = 0.0
    if isinstance(function, CrossEntropy):
        option = function.label_smoothing
    elif isinstance(function, Huber):
        option = function.threshold
    low, high = network.output_activation.range
    hit = loss.NOT_COUNTED
    if job.labelled:
        classes = network.task == "classification" and network.n_outputs > 1
        hit = loss.BY_LARGEST if classes else loss.BY_SIDE
    return Plan(
        sizes=(network.n_features, *(d.fan_out for d in network.layers if isinstance(d, Dense))),
        codes=codes,
        needs_slope=tuple(code >= pointwise.NEEDS_INPUT for code in codes),
        loss=loss.CODES[function.name],
        option=option,
        hit=hit,
        middle=(low + high) / 2 if math.isfinite(low + high) else 0.5,
        one_by_one=one_by_one(job),
        **constants_of(optimizer),
    )


def constants_of(optimizer: Optimizer) -> dict[str, Any]:
    """Which of the kernels' updates an optimiser is, and its constants."""
    from unstuck.training.engines import kernels_update as update

    match optimizer:
        case SGD(momentum=momentum, nesterov=nesterov):
            kind = update.NESTEROV if nesterov else update.MOMENTUM
            return {"optimizer": kind if momentum else update.DESCENT, "first": momentum}
        case RMSProp(rho=rho, epsilon=epsilon):
            return {"optimizer": update.RMSPROP, "first": rho, "epsilon": epsilon}
        case Adagrad(epsilon=epsilon):
            return {"optimizer": update.ADAGRAD, "epsilon": epsilon}
        case Adam(beta1=first, beta2=second, epsilon=epsilon):
            decay = optimizer.weight_decay if isinstance(optimizer, AdamW) else 0.0
            betas = {"first": first, "second": second}
            return {"optimizer": update.ADAM, **betas, "epsilon": epsilon, "weight_decay": decay}
    raise InvalidInputError(f"the compiled engine has no optimizer {optimizer!r}.")
