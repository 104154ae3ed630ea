"""The training loop as a person writes it: all samples at once, or epochs of batches.

Only what a run needs stands in it: no step counter without an optimiser or a schedule that counts,
no order of samples where all are used at once.
"""

from __future__ import annotations

from unstuck.app.export.optimizer_texts import OptimizerText
from unstuck.app.export.text import function, indented, line, number
from unstuck.app.export.training_plan import Plan
from unstuck.app.export.walk import Walked
from unstuck.core.network import Network
from unstuck.core.schedules import Constant, ReduceOnPlateau

PRINTS = 20  # lines that a full-batch run prints


class LoopText:
    """Writes ``update`` and ``train`` for one plan."""

    def __init__(self, network: Network, walked: Walked, plan: Plan, text: OptimizerText) -> None:
        self.network = network
        self.walked = walked
        self.plan = plan
        self.text = text
        self.plateau = plan.schedule if isinstance(plan.schedule, ReduceOnPlateau) else None
        self.scheduled = not isinstance(plan.schedule, Constant | ReduceOnPlateau)
        self.penalised = bool(network.l1 or network.l2)
        self.stops_early = plan.iterations is not None and not plan.full_batch
        self.shuffles = plan.shuffle and not plan.full_batch
        self.state = ["running"] if "running" in walked.uses else []
        self.chance = ["rng"] if "rng" in walked.uses else []

    # ---------------------------------------------------------------------------- update

    @property
    def rate(self) -> str:
        """What the update calls the learning rate."""
        return "rate" if self.plateau or self.scheduled else "LEARNING_RATE"

    @property
    def update_arguments(self) -> list[str]:
        """What the update is given."""
        counted = ["step"] if self.text.counts else []
        rate = ["rate"] if self.rate == "rate" else []
        return ["p", "g", *self.text.memory, *counted, *rate]

    def update(self) -> str:
        """The function ``update``."""
        step = [text.replace("{rate}", self.rate) for text in self.text.step]
        return function(
            "update",
            self.update_arguments,
            self.text.doc,
            [*self.text.before, "for name in p:", *indented(step)],
        )

    # ------------------------------------------------------------------------- one update

    @property
    def arguments(self) -> list[str]:
        """What ``train`` is given."""
        order = ["rng"] if self.shuffles or self.chance else []
        return ["p", *self.state, "X", "T", *order]

    def one_update(self, x: str, t: str) -> list[str]:
        """Forward, backward, update on a batch."""
        forward = ", ".join([x, "p", *self.state, *self.chance])
        backward = f"{x}, {t}, values, p"
        clip = ["clip(g)"] if self.plan.clip_norm is not None else []
        rate = ["rate = learning_rate(step, n_steps)"] if self.scheduled else []
        count = ["step += 1"] if self.counts and not self.plan.full_batch else []
        arguments = ", ".join(self.update_arguments)
        return [
            f"values = forward({forward})",
            f"g = backward({backward})",
            *clip,
            *rate,
            *count,
            f"update({arguments})",
        ]

    @property
    def counts(self) -> bool:
        """Whether anything asks for the number of the step."""
        return self.text.counts or self.scheduled or self.stops_early

    # ------------------------------------------------------------------------------ train

    def train(self) -> str:
        """The function ``train``."""
        body = self.full_batch() if self.plan.full_batch else self.batches()
        memory = [
            f"{name} = {{name: np.zeros_like(w) for name, w in p.items()}}"
            for name in self.text.memory
        ]
        doc = (
            "Go down the gradient of the cost over all samples, ITERATIONS times."
            if self.plan.full_batch
            else "Go through the samples in batches, each epoch in a new order."
            if self.shuffles
            else "Go through the samples in batches, epoch by epoch."
        )
        return function("train", self.arguments, doc, [*memory, *body])

    def watch_plateau(self, cost: str) -> list[str]:
        """Lower the rate where the cost stands still."""
        plateau = self.plateau
        if plateau is None:
            return []
        lowest = f"{number(plateau.minimum)} * LEARNING_RATE"
        return [
            f"if {cost} < best * {number(1 - plateau.threshold)}:",
            f"    best, waited = {cost}, 0",
            "else:",
            "    waited += 1",
            f"if waited > {plateau.patience}:  # no better for so long: smaller steps",
            f"    rate, waited = max({number(plateau.factor)} * rate, {lowest}), 0",
        ]

    @property
    def start_plateau(self) -> list[str]:
        """What the watch over the cost begins with."""
        return ["rate, best, waited = LEARNING_RATE, math.inf, 0"] if self.plateau else []

    def report(self, head: str, cost: str) -> str:
        """The line that is printed."""
        penalty = " + {penalty(p):.4f}" if self.penalised else ""
        return f'print(f"{head}: cost {{{cost}:.4f}}{penalty}")'

    def full_batch(self) -> list[str]:
        """All samples, every time."""
        total = self.plan.iterations or self.plan.epochs or 0
        every = max(1, total // PRINTS)
        updates = self.one_update("X", "T")
        if self.text.counts:  # Adam counts from 1, schedules from 0
            head = "for step in range(1, ITERATIONS + 1):"
            updates = [text.replace("(step, n_steps)", "(step - 1, n_steps)") for text in updates]
        else:
            head = "for step in range(ITERATIONS):"
        watch = ["now = cost(values, T)", *self.watch_plateau("now")] if self.plateau else []
        shown = self.report("step {step:5d}", "now" if self.plateau else "cost(values, T)")
        return [
            *(["n_steps = ITERATIONS"] if self.scheduled else []),
            *self.start_plateau,
            head,
            *indented([*updates, *watch, f"if step % {every} == 0:", f"    {shown}"]),
        ]

    def batches(self) -> list[str]:
        """Epochs of batches."""
        epochs = "for epoch in range(1, EPOCHS + 1):"
        if self.stops_early:
            needed = f"math.ceil(ITERATIONS / {self.per_epoch})"
            if self.plan.epochs is not None:
                needed = f"min(EPOCHS, {needed})"
            epochs = f"for epoch in range(1, {needed} + 1):"
        count = "n_seen" if self.stops_early else "len(X)"
        if self.plateau:
            end = [f"now = total / {count}", *self.watch_plateau("now")]
            end.append(self.report("epoch {epoch:3d}", "now"))
        else:
            end = [self.report("epoch {epoch:3d}", f"total / {count}")]
        one_epoch = [
            "total = 0",
            *(["n_seen = 0"] if self.stops_early else []),
            *(["order = rng.permutation(len(X))"] if self.shuffles else []),
            "for start in range(0, len(X), BATCH_SIZE):",
            *indented(self.one_batch()),
            *end,
        ]
        return [
            *self.n_steps,
            *(["step = 0"] if self.counts else []),
            *self.start_plateau,
            epochs,
            *indented(one_epoch),
        ]

    def one_batch(self) -> list[str]:
        """Take a batch, update on it, add its cost up."""
        rows = "slice(start, start + BATCH_SIZE)"
        if self.shuffles:
            rows = "order[start : start + BATCH_SIZE]"
        stop = ["n_seen += len(x)", "if step == ITERATIONS:", "    break"]
        return [
            f"rows = {rows}",
            line(
                "x, t = X[rows], T[rows]",
                f"(n, {self.network.n_features}), (n, {self.network.n_outputs})",
            ),
            *self.one_update("x", "t"),
            "total += len(x) * cost(values, t)",
            *(stop if self.stops_early else []),
        ]

    @property
    def per_epoch(self) -> str:
        """How many updates an epoch has."""
        return "math.ceil(len(X) / BATCH_SIZE)"

    @property
    def n_steps(self) -> list[str]:
        """How many updates there will be, where a schedule asks."""
        if not self.scheduled:
            return []
        total = "ITERATIONS"
        if self.plan.epochs is not None:
            total = f"EPOCHS * {self.per_epoch}"
            if self.plan.iterations is not None:
                total = f"min({total}, ITERATIONS)"
        return [f"n_steps = {total}"]

    @property
    def imports(self) -> set[str]:
        """Modules that the loop itself uses."""
        text = self.train()
        return {"import math"} if "math." in text else set()
