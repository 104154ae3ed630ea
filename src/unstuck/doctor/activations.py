"""An activation that the forward pass lacks, or that its error does not go with.

Where the backward pass multiplies by the derivative of an activation that is not there, either
side may be the mistake. Nobody means a hidden layer without activation, and the plain difference of
output and label is the gradient behind a sigmoid or a softmax: then it is the forward pass that is
changed first.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

import numpy as np

from unstuck.doctor.fixes.locate import wrong_parameters
from unstuck.doctor.fixes.patch import node_at, replacement
from unstuck.doctor.fixes.places import Source, numpy_in
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.record.run_record import SourceSpan
from unstuck.trace.anatomy import SAME_VALUES
from unstuck.trace.layers import PRODUCTS, TracedLayer
from unstuck.trace.program import Program
from unstuck.trace.progress import is_one_hot
from unstuck.trace.traced import Traced

ONE_SIDED = {"elu", "leaky_relu", "relu", "selu", "softplus", "tanh"}  # no probabilities
FORMS = {  # activation -> how it is written; how its derivative is written in programs
    "relu": ("{np}.maximum({x}, 0)", re.compile(r"[<>]=?\s*0(?:\.0*)?(?![.\d])|heaviside")),
    "tanh": ("{np}.tanh({x})", re.compile(r"\b1(\.0*)?\s*-\s*[^-+\n]*(\*\*\s*2|square|power|\*)")),
    "sigmoid": ("1 / (1 + {np}.exp(-({x})))", re.compile(r"\*\s*\(\s*1(\.0*)?\s*-")),
}
SOFTMAX = "{np}.exp({x}) / {np}.exp({x}).sum(axis={axis}, keepdims=True)"


def with_activations(
    program: Program, traced: Traced, gradients: Sequence[Suspect]
) -> list[Suspect]:
    """The suspects of the gradients; of those that an activation would mend, that first."""
    found = list(gradients)
    for number, layer in enumerate(traced.layers):
        if number:
            found = with_hidden(program, traced, number, layer, found)
    return with_output(program, traced, found)


# -------------------------------------------------------------------------------- hidden


def with_hidden(
    program: Program, traced: Traced, number: int, layer: TracedLayer, suspects: list[Suspect]
) -> list[Suspect]:
    """If this layer is fed weighted sums as they are, and what is below moves wrongly: O503."""
    tape = traced.tape
    below = {k for x in traced.layers[:number] for k in (x.weight, x.bias) if k is not None}
    wrong = below & set(wrong_parameters(traced.judgement.verdicts))
    concerned = [s for s in suspects if s.parameters & wrong]
    next_below = traced.layers[number - 1].weight  # the error reaches it first
    if not layer.inputs or next_below not in wrong:
        return suspects
    index = layer.inputs[0]
    while tape[index].op in SAME_VALUES and tape[index].parents:
        index = tape[index].parents[0]
    node = tape[index]
    linear = node.op == "add" or node.op in PRODUCTS - {"multiply"}
    if not concerned or not linear or not traced.anatomy.flows[0].forward(index) or node.site < 0:
        return suspects
    span = alias_of(program, traced, index) or tape.sites[node.site].span
    options = activated(program, span)
    if not options:
        return suspects
    options += [option for s in concerned for option in s.options]
    concerns = frozenset(k for s in concerned for k in s.parameters)
    found = suspect_of("O503", span, options, concerns=concerns, layer=number)
    rest = [s for s in suspects if s not in concerned]
    return [*rest, found]


def alias_of(program: Program, traced: Traced, index: int) -> SourceSpan | None:
    """The statement ``h = z`` that gives a weighted sum the name of an activation."""
    tape = traced.tape
    names = {b.text for b in tape.bindings if b.node == index}
    file = tape.sites[tape[index].site].span.file
    source = Source(program.files[file])
    for statement in ast.walk(source.tree):
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name):
            target = ast.unparse(statement.targets[0])
            if statement.value.id in names and target in names:
                return source.span(file, statement.value)
    return None


def activated(program: Program, span: SourceSpan) -> list[Option]:
    """An expression with each activation whose derivative the program has somewhere."""
    text = program.files[span.file]
    written = Source(text).segment(node) if (node := node_at(program, span)) else ""
    numpy = numpy_in(text)
    return [
        Option((replacement(program, span, form.format(np=numpy, x=written)),), f"with {name}")
        for name, (form, derivative) in FORMS.items()
        if written and derivative.search(text)
    ]


# -------------------------------------------------------------------------------- output


def with_output(program: Program, traced: Traced, suspects: list[Suspect]) -> list[Suspect]:
    """If the output is no probability and all goes wrong from there on: O502 first."""
    layers, pairing, tape = traced.layers, traced.pairing, traced.tape
    if not layers or pairing is None or layers[-1].activation not in ONE_SIDED:
        return suspects
    layer, node = layers[-1], tape[layers[-1].outputs[0]]
    labels = np.concatenate([np.ravel(y) for y in pairing.labels[0]])
    wrong = set(wrong_parameters(traced.judgement.verdicts))
    if (
        wrong.isdisjoint({layer.weight, layer.bias})
        or node.site < 0
        or not np.all((labels >= 0.0) & (labels <= 1.0))
    ):
        return suspects
    span = tape.sites[node.site].span
    options = as_probabilities(program, span, np.asarray(pairing.labels[0][0]))
    first = traced.anatomy.flows[0].window
    alone = sum(n.site == node.site for n in tape.nodes[first.first : first.last])
    if not options or alone > len(layer.outputs):  # the same line makes other layers, too
        return suspects
    missing = any(s.code == "G102" for s in suspects)
    log = any(n.op in {"log", "log2", "log10", "log1p"} for n in tape.nodes[tape.start :])
    if missing and not log:  # squared error: the derivative is what is missing
        return suspects
    options += [option for s in suspects for option in s.options]
    concerns = frozenset(k for s in suspects for k in s.parameters)
    problem = "the targets are classes, and its error is the gradient behind a sigmoid or softmax"
    return [
        suspect_of(
            "O502", span, options, concerns=concerns, activation=layer.activation, problem=problem
        )
    ]  # fmt: skip


def as_probabilities(program: Program, span: SourceSpan, label: np.ndarray) -> list[Option]:
    """The output's activation replaced by a sigmoid, or by a softmax where one class is right."""
    node = node_at(program, span)
    if not isinstance(node, ast.Call):
        return []
    arguments = [a for a in node.args if not isinstance(a, ast.Constant)]
    if len(arguments) != 1:
        return []
    text = program.files[span.file]
    x, numpy = Source(text).segment(arguments[0]), numpy_in(text)
    forms = [("sigmoid", FORMS["sigmoid"][0].format(np=numpy, x=x))]
    if label.ndim == 2 and min(label.shape) > 1:
        axis = 1 if is_one_hot(label) else 0
        if axis or is_one_hot(label.T):
            forms.append(("softmax", SOFTMAX.format(np=numpy, x=x, axis=axis)))
    return [Option((replacement(program, span, new),), f"a {name}") for name, new in forms]
