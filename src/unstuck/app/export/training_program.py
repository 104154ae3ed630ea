"""The training program of a network, from loading the data to a score, in one readable file."""

from __future__ import annotations

from collections.abc import Iterable

from unstuck.app.export import activation_texts, initializer_texts
from unstuck.app.export import function_texts as f
from unstuck.app.export.describe import opening
from unstuck.app.export.loop_texts import LoopText
from unstuck.app.export.optimizer_texts import constant_lines, optimizer_text
from unstuck.app.export.predict_texts import predict_function, score_function, score_name
from unstuck.app.export.schedule_texts import schedule_function, schedule_text
from unstuck.app.export.text import Helper, docstring, number
from unstuck.app.export.training_plan import Plan
from unstuck.app.export.walk import is_single, walk
from unstuck.core.network import Network

HELPERS: dict[str, Helper] = activation_texts.HELPERS | initializer_texts.HELPERS
STANDARD = ("gzip", "math", "pathlib", "sys")


def training_program(network: Network, plan: Plan) -> str:
    """The program's text."""
    walked = walk(network)
    optimizer = optimizer_text(plan.optimizer)
    loop = LoopText(network, walked, plan, optimizer)
    initial, drawing = f.initial_parameters(network)
    draw, compute = gather(drawing), gather([*walked.needs, *walked.back_needs])
    schedule = [schedule_function(plan.schedule)] if loop.scheduled else []
    imports = {"import numpy as np", *plan.data.imports, *loop.imports}
    imports |= {name for h in (*draw.values(), *compute.values()) for name in h.imports}
    imports |= schedule_text(plan.schedule).imports if loop.scheduled else set()
    values = [h.source.strip() for h in compute.values() if "def " not in h.source]
    blocks = [
        "\n".join(constants(network, plan, [*constant_lines(optimizer), *filter(None, values)])),
        *plan.data.functions,
        plan.data.load,
        *f.one_hot(network),
        *functions_of(draw),
        initial,
        *f.initial_running(network),
        *functions_of(compute),
        f.forward_function(walked),
        f.cost_function(network, walked),
        *f.penalty_function(network),
        f.backward_function(network, walked),
        *([] if plan.clip_norm is None else [f.CLIP]),
        *schedule,
        loop.update(),
        loop.train(),
        predict_function(network, walked, loop.state),
        score_function(network),
        main_block(network, plan, loop),
    ]
    head = "\n".join(docstring(opening(network, plan, optimizer.title), depth=0))
    top = f"{head}\n\n{import_block(imports)}\n\n{blocks[0]}"
    return "\n\n\n".join([top, *blocks[1:]]) + "\n"


def gather(names: Iterable[str]) -> dict[str, Helper]:
    """The helpers of those names and what they need in turn, each once, needed ones first."""
    found: dict[str, Helper] = {}
    waiting = list(reversed(list(names)))
    while waiting:
        name = waiting.pop()
        missing = [need for need in HELPERS[name].needs if need not in found]
        if missing:
            waiting += [name, *reversed(missing)]
        else:
            found.setdefault(name, HELPERS[name])
    return found


def functions_of(helpers: dict[str, Helper]) -> list[str]:
    """The helpers that are functions."""
    return [helper.source.strip() for helper in helpers.values() if "def " in helper.source]


def import_block(imports: Iterable[str]) -> str:
    """Standard library first, then the others, each group in order."""
    names = sorted(imports, key=lambda name: (not name.startswith("import"), name))
    standard = [name for name in names if name.split()[1] in STANDARD]
    others = [name for name in names if name not in standard]
    return "\n\n".join("\n".join(group) for group in (standard, others) if group)


def constants(network: Network, plan: Plan, own: list[str]) -> list[str]:
    """Everything that one may want to turn, at the top."""
    lines = [*plan.data.constants]
    if plan.epochs is not None and not plan.full_batch:
        lines.append(f"EPOCHS = {plan.epochs}")
    if plan.full_batch or plan.iterations is not None:
        lines.append(f"ITERATIONS = {plan.iterations or plan.epochs}")
    if not plan.full_batch:
        lines.append(f"BATCH_SIZE = {plan.batch_size}")
    lines.append(f"LEARNING_RATE = {number(plan.optimizer.learning_rate)}")
    lines += own
    lines += [f"L1 = {number(network.l1)}"] if network.l1 else []
    lines += [f"L2 = {number(network.l2)}"] if network.l2 else []
    lines += [] if plan.clip_norm is None else [f"CLIP_NORM = {number(plan.clip_norm)}"]
    return [*lines, f"SEED = {plan.seed}"]


def main_block(network: Network, plan: Plan, loop: LoopText) -> str:
    """What happens when the file is run."""
    parts = ("train", "test") if plan.data.has_test else ("train",)
    loaded = [f"X_{part}" for part in parts] + [f"y_{part}" for part in parts]
    state = "".join(f", {name}" for name in loop.state)
    target, unscale, scaling = "y_train", "", []
    if plan.scale_targets:
        axis = "" if network.n_outputs == 1 else "axis=0"
        scaling = [f"mean, spread = y_train.mean({axis}), y_train.std({axis})"]
        target, unscale = "(y_train - mean) / spread", " * spread + mean"
    lines = [
        f"{', '.join(loaded)} = load_data()",
        "rng = np.random.default_rng(SEED)",
        "p = initial_parameters(rng)",
        *(["running = initial_running()"] if state else []),
        *scaling,
        f"T = {targets(network, target)}",
        f"train({', '.join(loop.arguments).replace('X', 'X_train')})",
    ]
    score = score_name(network)
    for part in parts:
        predicted = f"predict(X_{part}, p{state}){unscale}"
        lines.append(f'print(f"{part} {score} {{{score}(y_{part}, {predicted}):.4f}}")')
    return "\n".join(['if __name__ == "__main__":', *("    " + text for text in lines)])


def targets(network: Network, y: str) -> str:
    """The targets as an array (n, outputs)."""
    if f.one_hot(network):
        return f"one_hot({y})"
    column = y
    if network.n_outputs == 1:
        column = f"({y})[:, None]" if " " in y else f"{y}[:, None]"
    if not is_single(network):
        return f"{column}  # (n, 1)" if network.n_outputs == 1 else column
    return f"np.float32({column})" if " " in column else f"{column}.astype(np.float32)"
