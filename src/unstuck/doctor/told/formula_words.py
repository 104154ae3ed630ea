"""A formula that is no loss, in the words of the program: what is written, and what is meant."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from unstuck.doctor.fixes.patch import node_at, replacement
from unstuck.doctor.fixes.places import PRODUCT, SUM, Source, bracketed, numpy_in
from unstuck.doctor.suspect import Option
from unstuck.doctor.told.pulls import Pull
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.tape import Ref, Tape
from unstuck.trace.told import Told
from unstuck.trace.traced import Traced

LOSS = re.compile(r"loss|cost|\berr|error|entropy|nll|\bmse\b|_mse|mse_", re.IGNORECASE)
SCORE = re.compile(r"likelihood|score|bias|r2|gain|reward|elbo", re.IGNORECASE)
REDUCES = {"mean", "sum", "builtin_sum"}
POWERS = {"power", "square", "absolute"}


@dataclass(frozen=True, slots=True)
class Meant:
    """What is written, what is meant, and the change from the one to the other if there is one."""

    span: SourceSpan
    written: str
    wanted: str
    options: tuple[Option, ...]


def called_loss(program: Program, tape: Tape, sink: int) -> bool:
    """True if the program calls a number a loss, in its statement or by its function's name."""
    site = tape.sites[tape[sink].site]
    first, last = site.statement
    lines = program.files[site.span.file].splitlines()[first - 1 : last]
    text = "\n".join([*lines, site.function, *site.targets])
    return bool(LOSS.search(text)) and not SCORE.search(text)


def meant(program: Program, traced: Traced, told: Told, sink: int, pull: Pull, kind: str) -> Meant:
    """The formula as it is written, and the loss that the gradient belongs to in its names."""
    loss = traced.judgement.loss.name if traced.judgement.loss is not None else ""
    site = told.tape.sites[told.tape[sink].site]
    if kind == "reversed":
        wanted = f"-{bracketed(site.text, PRODUCT)}"
        edit = replacement(program, site.span, wanted)
        return Meant(site.span, site.text, wanted, (Option((edit,), "the other sign"),))
    reduction = reduced(told, sink, pull)
    names = names_of(program, told, pull, output_of(traced, told, pull))
    index = each(told, sink, pull) if reduction is None else reduction
    if reduction is not None and loss == "squared_error":
        index = powered(told, sink, reduction)
    place = told.tape.sites[told.tape[index].site]
    if names is None:
        return Meant(place.span, place.text, "", ())
    output, label = names
    text = program.files[place.span.file]
    numpy = numpy_in(text) if "import numpy" in text else "math"
    total = ""
    if reduction is not None:
        total = f"{numpy}.{'mean' if told.tape[reduction].op == 'mean' else 'sum'}"
    wanted = formula_of(loss, total, numpy, output, label)
    if "cross_entropy" in loss and is_negated(told, sink, index):
        wanted = wanted.removeprefix("-")
    edit = replacement(program, place.span, wanted)
    return Meant(place.span, place.text, wanted, (Option((edit,), "the loss that is meant"),))


def formula_of(loss: str, total: str, numpy: str, output: str, label: str) -> str:
    """A loss in NumPy."""
    o, y = bracketed(output, SUM), bracketed(label, PRODUCT)
    if loss in {"cross_entropy", "cross_entropy_of_logits"}:
        return f"-{total}({bracketed(label, PRODUCT)} * {numpy}.log({output}))"
    if "binary" in loss:
        rest = bracketed(output, PRODUCT)
        return f"-{total}({y} * {numpy}.log({output}) + (1 - {y}) * {numpy}.log(1 - {rest}))"
    if loss == "absolute_error":
        return f"{total}({numpy}.abs({o} - {y}))"
    return f"{total}(({o} - {y}) ** 2)"


def output_of(traced: Traced, told: Told, pull: Pull) -> int:
    """The output as the training meets it: ``out`` where the formula has ``out ** 2``."""
    pairing = traced.pairing
    sites = {traced.tape[i].site for i in pairing.outputs[0]} if pairing is not None else set()
    return next((i for i in pull.chain if told.tape[i].site in sites), pull.output)


def each(told: Told, sink: int, pull: Pull) -> int:
    """What is added up sample by sample, where there is no sum of arrays."""
    index = max(pull.meets)
    for _ in range(12):
        ahead = [r for r in told.readers[index] if r <= sink and told.learned(r)]
        if not ahead or told.tape[ahead[0]].op in {"add", *REDUCES}:
            break
        index = ahead[0]
    return index


def reduced(told: Told, sink: int, pull: Pull) -> int | None:
    """The sum or mean over the samples on the way from where labels are met to a number."""
    after = set(pull.meets)
    for node in told.tape.nodes[min(after) : sink + 1]:
        if after.isdisjoint(node.parents):
            continue
        after.add(node.index)
        if node.op in REDUCES and node.site >= 0 and node.index > max(pull.meets):
            return node.index
    return None


def powered(told: Told, sink: int, reduction: int) -> int:
    """The sum or mean, or what is made of it alone by squaring it or leaving out its sign."""
    index = reduction
    while index != sink:
        ahead = [r for r in told.readers[index] if told.tape[r].op in POWERS and r <= sink]
        if not ahead:
            break
        index = ahead[0]
    return index


def is_negated(told: Told, sink: int, reduction: int) -> bool:
    """True if a sum is turned about before it is told."""
    index, minus = reduction, False
    for _ in range(12):
        if index == sink:
            break
        ahead = [r for r in told.readers[index] if r <= sink]
        if not ahead:
            break
        node = told.tape[ahead[0]]
        others = [told.tape[a.index].value if isinstance(a, Ref) else a for a in node.args
                  if not (isinstance(a, Ref) and a.index == index)]  # fmt: skip
        minus ^= node.op == "negative"
        minus ^= node.op in {"multiply", "true_divide"} and any(
            isinstance(x, int | float) and x < 0 for x in others
        )
        index = node.index
    return minus


def names_of(program: Program, told: Told, pull: Pull, outputs: int) -> tuple[str, str] | None:
    """Outputs and labels as they are written where they meet."""
    (root,) = pull.roots
    texts: list[str | None] = [None, None]
    for index in pull.meets:
        for number, target in enumerate((outputs, root)):
            texts[number] = texts[number] or written(program, told, index, target)
    output, label = texts
    return (output, label) if output is not None and label is not None else None


def written(program: Program, told: Told, index: int, target: int) -> str | None:
    """A value as it is written within the expression that made a node; None if it is not."""
    node = told.tape[index]
    span = told.tape.sites[node.site].span if node.site >= 0 else None
    tree = node_at(program, span) if span is not None else None
    if span is None or tree is None:
        return None
    source = Source(program.files[span.file])
    pending = [(index, tree)]
    while pending:
        index, tree = pending.pop()
        if index == target:
            return source.segment(tree)
        node = told.tape[index]
        same = node.site >= 0 and told.tape.sites[node.site].span == source.span(span.file, tree)
        if not same:
            continue
        operands = operands_of(tree)
        for position, argument in enumerate(node.args[: len(operands)]):
            if isinstance(argument, Ref):
                pending.append((argument.index, operands[position]))
    return None


def operands_of(tree: ast.expr) -> list[ast.expr]:
    """What an expression is made from, in the order of the tape's arguments."""
    match tree:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name)), args=args) if name in {
            "np", "numpy", "math",
        }:  # fmt: skip
            return list(args)
        case ast.Call(func=ast.Attribute(value=owner), args=args):
            return [owner, *args]
        case ast.Call(args=args):
            return list(args)
        case ast.Attribute(value=value) | ast.Subscript(value=value):
            return [value]
    return []
