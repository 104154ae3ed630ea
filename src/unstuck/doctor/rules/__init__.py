"""The table of everything that the doctor can find, by code. A new rule is one line here."""

from __future__ import annotations

from unstuck.doctor.rules import (
    data,
    data_targets,
    data_values,
    gradient,
    gradient_terms,
    output,
    output_words,
    program,
    symptoms,
    training,
    update,
    weights,
)
from unstuck.doctor.rules.base import Rule

RULES: dict[str, type[Rule]] = {
    rule.code: rule
    for rule in (
        gradient.WrongSign,
        gradient.DerivativeMissing,
        gradient.DerivativeWrong,
        gradient.WrongOperand,
        gradient.WrongAxis,
        gradient.NotPropagated,
        gradient_terms.DeltaNotOfLoss,
        gradient_terms.UpdatedTooEarly,
        gradient_terms.NeverReset,
        gradient_terms.WrongPenalty,
        gradient_terms.WrongScale,
        gradient.WrongGradient,
        update.NeverUpdated,
        update.UpdateLost,
        update.SharedBuffers,
        update.DrawnAnew,
        update.TooFewUpdates,
        weights.Twins,
        weights.OffCentre,
        weights.TooSmall,
        weights.TooLarge,
        data.Unscaled,
        data.OutOfRange,
        data.WrongEncoding,
        data.Misaligned,
        data_values.NotFinite,
        data_values.DeadColumns,
        data_values.Truncated,
        data_values.OrderOrBalance,
        data_targets.TargetsUnscaled,
        output.SoftmaxAxis,
        output.UnfitOutput,
        output.UnfitHidden,
        output.Overflow,
        output_words.WrongMetric,
        output_words.WrongLoss,
        output_words.NoBias,
        output_words.TooSmallModel,
        training.TooSlow,
        training.TooFast,
        symptoms.DeadUnits,
        symptoms.Saturation,
        symptoms.Vanishing,
        symptoms.NotFiniteTraining,
        training.DecayWins,
        program.Crash,
        program.NoTraining,
        program.OutOfBudget,
        program.NoEffect,
    )
}

FAMILIES: dict[str, str] = {
    "G": "gradient",
    "U": "update",
    "W": "weights",
    "D": "data",
    "O": "output, model and loss",
    "T": "training",
    "P": "program",
}
"""What the first letter of a code stands for."""

__all__ = ["FAMILIES", "RULES", "Rule"]
