"""What the compiled kernels need to know of a network and an optimiser, or why they cannot do it."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import dataclass

from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import ACTIVATIONS, Activation
from unstuck.core.layers import Activate, Dense
from unstuck.core.losses import CrossEntropy, Huber
from unstuck.core.network import Network
from unstuck.core.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSProp
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
    one_by_one: bool  # can `kernels_single` do it?
    optimizer: int
    first: float = 0.0  # momentum, rho or beta1
    second: float = 0.0  # beta2
    epsilon: float = 0.0
    weight_decay: float = 0.0


def unsupported(job: Job) -> str | None:
    """Why the compiled engine cannot do a job, as half a sentence; None if it can."""
    if importlib.util.find_spec("numba") is None:
        return "numba is not installed (pip install numba)"
    network = job.network
    try:
        dense_and_activations(network)
    except InvalidInputError as error:
        return str(error)
    if type(job.optimizer) not in (SGD, RMSProp, Adagrad, Adam, AdamW):
        return f"the optimizer {job.optimizer!r} is not one of the library's own"
    if network.loss_function.name not in ("cross_entropy", "binary_cross_entropy", "squared_error", "huber"):
        return f"the loss {network.loss_function!r} is not one of the library's own"
    return None


def dense_and_activations(network: Network) -> list[tuple[Dense, Activation]]:
    """The dense layers, each with the activation behind it; raises where there is anything else."""
    pairs: list[tuple[Dense, Activation]] = []
    open_ = False
    for layer in network.layers:
        if type(layer) is Dense:
            pairs.append((layer, ACTIVATIONS["identity"]))
            open_ = True
        elif type(layer) is Activate and open_:
            if ACTIVATIONS.get(layer.activation.name) is not layer.activation:
                raise InvalidInputError(f"activation {layer.activation.name!r} is a custom one")
            pairs[-1] = (pairs[-1][0], layer.activation)
            open_ = False
        else:
            raise InvalidInputError(f"there is a layer of kind {layer.kind!r}")
    if any(not a.elementwise for _, a in pairs[:-1]):
        raise InvalidInputError("there is a softmax in a hidden layer")
    return pairs


def plan_of(job: Job) -> Plan:
    """Translate a job for the kernels; raises InvalidInputError where `unsupported` says why not."""
    reason = unsupported(job)
    if reason is not None:
        raise InvalidInputError(f"engine='compiled' cannot train this: {reason}.")
    from unstuck.training.engines import kernels_loss as loss
    from unstuck.training.engines import kernels_pointwise as pointwise
    from unstuck.training.engines import kernels_update as update

    network, optimizer = job.network, job.optimizer
    pairs = dense_and_activations(network)
    codes = tuple(pointwise.CODES[a.name] for _, a in pairs)
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
    common = (
        (pairs[0][0].fan_in, *(dense.fan_out for dense, _ in pairs)),
        codes,
        tuple(code >= pointwise.NEEDS_INPUT for code in codes),
        loss.CODES[function.name],
        option,
        hit,
        (low + high) / 2 if math.isfinite(low + high) else 0.5,
        job.batch_size == 1
        and job.clip_norm is None
        and network.l1 == 0.0
        and optimizer == SGD(optimizer.learning_rate),
    )
    match optimizer:
        case SGD(momentum=momentum, nesterov=nesterov):
            kind = update.NESTEROV if nesterov else update.MOMENTUM
            return Plan(*common, kind if momentum else update.DESCENT, momentum)
        case RMSProp(rho=rho, epsilon=epsilon):
            return Plan(*common, update.RMSPROP, rho, 0.0, epsilon)
        case Adagrad(epsilon=epsilon):
            return Plan(*common, update.ADAGRAD, 0.0, 0.0, epsilon)
        case Adam(beta1=first, beta2=second, epsilon=epsilon):
            decay = optimizer.weight_decay if isinstance(optimizer, AdamW) else 0.0
            return Plan(*common, update.ADAM, first, second, epsilon, decay)
    raise AssertionError(optimizer)
