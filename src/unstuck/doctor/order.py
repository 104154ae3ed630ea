"""Samples that come class by class, put in mixed order: where they were sorted, or once before."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import numpy as np

from unstuck.doctor.fixes.lines import insert_before
from unstuck.doctor.fixes.patch import Edit, node_at
from unstuck.doctor.fixes.places import Source, numpy_in
from unstuck.doctor.suspect import Option
from unstuck.trace.facts import ancestors
from unstuck.trace.program import Program
from unstuck.trace.traced import Traced


def mixed_order(program: Program, traced: Traced, axes: tuple[int, int]) -> list[Option]:
    """The changes that mix the samples; ``axes``: along which those of inputs and labels lie."""
    options = []
    sorting = not_sorted(program, traced)
    if sorting is not None:
        options.append(Option((sorting,), "in random order"))
    shuffling = shuffled_before(program, traced, axes)
    if shuffling is not None:
        options.append(Option((shuffling,), "shuffled before training"))
    return options


def met(traced: Traced) -> tuple[list[int], list[int]]:
    """Inputs of the first layer, and labels, in the first update."""
    inputs = [i for layer in traced.layers[:1] for i in layer.inputs[:8]]
    meets = traced.pairing.meets[0] if traced.pairing else ()
    return inputs, [m.label for m in meets if m.label >= 0]


def not_sorted(program: Program, traced: Traced) -> Edit | None:
    """``np.argsort(y)``, by which the samples were picked, as a random order of as many."""
    tape = traced.tape
    for index in sorted(ancestors(tape, [i for nodes in met(traced) for i in nodes])):
        node = tape[index]
        if node.op != "argsort" or node.site < 0 or np.ndim(node.value) != 1:
            continue
        span = tape.sites[node.site].span
        call = node_at(program, span)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            text = program.files[span.file]
            by_method = ast.unparse(call.func.value) not in {"np", "numpy", numpy_in(text)}
            values = call.func.value if by_method or not call.args else call.args[0]
            order = f"{numpy_in(text)}.random.permutation(len({Source(text).segment(values)}))"
            return Edit(span, order)
    return None


def shuffled_before(program: Program, traced: Traced, axes: tuple[int, int]) -> Edit | None:
    """Both arrays in one random order, in front of the training loop."""
    tape = traced.tape
    file, line = traced.loop.key[:2]
    inputs, labels = met(traced)
    long = {np.shape(tape[i].value)[a] for i, a in whole(traced, labels, axes[1])}
    names = []
    for nodes, axis in ((inputs, axes[0]), (labels, axes[1])):
        arrays = {i for i, a in whole(traced, nodes, axis) if np.shape(tape[i].value)[a] in long}
        name = local_name(traced, arrays)
        if name is None or name in names:
            return None
        names.append(name)
    rows = [
        f"{name}[order]" if axis == 0 else f"{name}[:, order]"
        for name, axis in zip(names, axes, strict=True)
    ]
    count = f"len({names[0]})" if axes[0] == 0 else f"{names[0]}.shape[1]"
    numpy = numpy_in(program.files[file])
    text = f"order = {numpy}.random.permutation({count})\n{', '.join(names)} = {', '.join(rows)}"
    return insert_before(program, file, line, text)


def whole(traced: Traced, nodes: Sequence[int], axis: int) -> list[tuple[int, int]]:
    """The arrays from before training that some nodes were made from, with the samples' axis."""
    tape = traced.tape
    found = [i for i in ancestors(tape, nodes) if i < tape.start]
    return [(i, axis) for i in found if np.ndim(tape[i].value) > axis]


def local_name(traced: Traced, nodes: set[int]) -> str | None:
    """What one of some arrays is called in the function that trains, by the latest name."""
    tape = traced.tape
    for binding in reversed(tape.bindings):
        function = tape.frames[binding.frame].function if binding.frame > 0 else "<module>"
        if binding.node in nodes and function == traced.loop_function:
            if binding.text.isidentifier():
                return binding.text
    return None
