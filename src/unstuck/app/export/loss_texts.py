"""Each loss as a person writes it: the cost of a batch, and where the backward pass begins.

Reductions are the library's: a sum over outputs and a mean over samples. Expressions speak of
``{z}``, the logits, ``{a}``, the outputs, and ``T``, the targets, all of shape (n, outputs).
"""

from __future__ import annotations

from dataclasses import dataclass

from unstuck.app.export.text import number
from unstuck.base.errors import lookup
from unstuck.core.losses import Huber, Loss


@dataclass(frozen=True, slots=True)
class LossText:
    """The body of ``cost``, and the gradient at its upper end, before the division by n."""

    doc: str
    cost: tuple[str, ...]
    residual: str = "({a} - T)"
    reason: str = ""  # why the gradient is so simple

    @property
    def reads_logits(self) -> bool:
        """Whether the cost is computed from the logits."""
        return "{z}" in "".join(self.cost)


LOSS_TEXTS: dict[str, LossText] = {
    "cross_entropy": LossText(
        "Cross-entropy: -log of the probability of the true class, mean over samples.",
        (
            "shifted = {z} - {z}.max(axis=1, keepdims=True)  # (n, {k}), so exp cannot overflow",
            "log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # (n, {k})",
            "return -(T * log_p).sum() / len(T)",
        ),
        reason="softmax and cross-entropy in one",
    ),
    "binary_cross_entropy": LossText(
        "Binary cross-entropy: summed over the outputs, mean over samples.",
        ("return (np.logaddexp(0, {z}) - T * {z}).sum() / len(T)  # no log(0) this way",),
        reason="sigmoid and cross-entropy in one",
    ),
    "squared_error": LossText(
        "Half the squared error: summed over the outputs, mean over samples.",
        ("return 0.5 * (({a} - T) ** 2).sum() / len(T)",),
    ),
    "huber": LossText(
        "Huber's loss: squared for small errors, linear for large, mean over samples.",
        (
            "error = np.abs({a} - T)  # (n, {k})",
            "near = np.minimum(error, {threshold})  # (n, {k})",
            "return (near * (error - near / 2)).sum() / len(T)",
        ),
        residual="np.clip({a} - T, -{threshold}, {threshold})",
    ),
}
"""Every loss, by name."""


def loss_text(loss: Loss) -> LossText:
    """The text of a loss, with its own constants put in."""
    text = lookup(loss.name, LOSS_TEXTS, "loss that can be written out")
    if not isinstance(loss, Huber):
        return text
    threshold = number(loss.threshold)
    return LossText(
        text.doc,
        tuple(part.replace("{threshold}", threshold) for part in text.cost),
        text.residual.replace("{threshold}", threshold),
    )
