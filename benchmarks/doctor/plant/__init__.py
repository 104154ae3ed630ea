"""The table of planters: what plants which fault. Each yields one `Fault` for each place."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.doctor.plant import data, gradient, operands, output, training, updates, weights
from benchmarks.doctor.plant.fault import Fault
from benchmarks.doctor.roles import Roles

Planter = Callable[[Roles], Iterator[Fault]]

PLANTERS: tuple[Planter, ...] = (
    gradient.sign,
    gradient.reversed_error,
    gradient.missing_derivative,
    gradient.wrong_derivative,
    gradient.wrong_helper,
    gradient.output_delta,
    operands.swapped,
    operands.shifted,
    operands.axis,
    operands.not_propagated,
    operands.not_propagated_in_loop,
    updates.used_too_early,
    updates.never_reset,
    updates.momentum_of_one,
    updates.decay_sign,
    updates.one_scaled,
    updates.mean_lost,
    updates.removed,
    updates.last_layer_left_out,
    updates.lost,
    updates.overwritten,
    updates.shared,
    updates.drawn_anew,
    updates.too_few,
    weights.constant,
    weights.positive,
    weights.scaled,
    data.unscaled,
    data.targets_scaled,
    data.wrong_encoding,
    data.misaligned,
    data.not_a_number,
    data.truncated,
    data.sorted_by_class,
    output.softmax_axis,
    output.wrong_activation,
    output.hidden_activation,
    output.no_shift,
    output.metric_axis,
    output.bias_dropped,
    training.rate,
    training.decay,
)
