"""Wrong updates: reversed, lost, overwritten, never made - and what to write instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.fixes.moves import span_at
from unstuck.doctor.fixes.patch import Edit, node_at, replacement
from unstuck.doctor.fixes.places import Source
from unstuck.doctor.rules import RULES
from unstuck.doctor.suspect import Option, Suspect
from unstuck.record.run_record import SourceSpan
from unstuck.trace.facts import name_of, source_of
from unstuck.trace.loops import empty_loops
from unstuck.trace.program import Program
from unstuck.trace.request import Outcome
from unstuck.trace.steps import is_number
from unstuck.trace.tape import Ref, Tape
from unstuck.trace.traced import Traced

FLIPPED = {ast.Add: "-=", ast.Sub: "+="}
FUNCTIONS = {"subtract": "add", "add": "subtract"}


def flipped_updates(program: Program, spans: Sequence[SourceSpan]) -> list[Edit]:
    """``-=`` for ``+=``, ``a - b`` for ``a + b`` and the other way round, at each update."""
    edits = [edit for span in spans if (edit := flipped(program, span)) is not None]
    return edits if len(edits) == len(spans) else []


def flipped(program: Program, span: SourceSpan) -> Edit | None:
    """One update with the opposite sign."""
    node = node_at(program, span)
    write = Source(program.files[span.file]).segment
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        left, right = write(node.left), write(node.right)
        if isinstance(node.op, ast.Add):
            if isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Add | ast.Sub):
                right = f"({right})"
            return replacement(program, span, f"{left} - {right}")
        return replacement(program, span, f"{left} + {right}")
    if isinstance(node, ast.Call):
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        if name in FUNCTIONS:
            function = write(node.func)
            other = function[: len(function) - len(name)] + FUNCTIONS[name]
            arguments = ", ".join(write(a) for a in [*node.args, *node.keywords])
            return replacement(program, span, f"{other}({arguments})")
    statement = augmented_at(program, span)
    if statement is not None and type(statement.op) in FLIPPED:
        return operator_edit(program, span.file, statement, FLIPPED[type(statement.op)])
    return None


def augmented_at(program: Program, span: SourceSpan) -> ast.AugAssign | None:
    """The augmented assignment that begins where a span begins."""
    source = Source(program.files[span.file])
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AugAssign) and node.lineno == span.line:
            if source.extent(node)[0] == source.offset(span.line, span.column):
                return node
    return None


def assignment_at(program: Program, file: str, line: int) -> ast.stmt | None:
    """The innermost statement that covers a line."""
    best: ast.stmt | None = None
    for node in ast.walk(Source(program.files[file]).tree):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
            if best is None or node.lineno >= best.lineno:
                best = node
    return best


def operator_edit(
    program: Program, file: str, statement: ast.AugAssign, operator: str
) -> Edit | None:
    """The edit that gives an augmented assignment another operator."""
    source = Source(program.files[file])
    start, end = source.extent(statement.target)[1], source.extent(statement.value)[0]
    between = source.text[start:end]
    at = between.find("=")
    if at < 1:
        return None
    begin = at - 1
    while begin > 0 and between[begin - 1] in "*/<>@&|^%+-":
        begin -= 1
    return Edit(span_at(source, file, start + begin, start + at + 1), operator)


def swapped_error(program: Program, span: SourceSpan) -> Edit | None:
    """``a - b`` for ``b - a`` where output and label are subtracted."""
    node = node_at(program, span)
    source = Source(program.files[span.file])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        left, right = source.segment(node.left), source.segment(node.right)
        if isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Add | ast.Sub):
            left = f"({left})"
        return replacement(program, span, f"{right} - {left}")
    if isinstance(node, ast.Call) and len(node.args) == 2:
        function = source.segment(node.func)
        first, second = (source.segment(a) for a in node.args)
        return replacement(program, span, f"{function}({second}, {first})")
    return None


def added_instead(program: Program, span: SourceSpan) -> list[Edit]:
    """``w += step`` and ``w -= step`` for an update ``w = step`` that loses the old value."""
    statement = assignment_at(program, span.file, span.line)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return []
    source = Source(program.files[span.file])
    start = source.extent(statement.targets[0])[1]
    end = source.extent(statement.value)[0]
    place = span_at(source, span.file, start, end)
    return [Edit(place, " += "), Edit(place, " -= ")]


# -------------------------------------------------------------------------------- suspects


def update_suspects(
    program: Program, traced: Traced | None, tape: Tape | None, outcome: Outcome
) -> list[Suspect]:
    """Everything that is wrong with how values are updated, as far as it can be seen."""
    suspects: list[Suspect] = []
    if traced is not None:
        suspects += overwritten(program, traced)
        suspects += never_reset(program, traced)
        suspects += never_moved(program, traced)
    elif tape is not None:
        suspects += lost_updates(program, tape)
    if traced is None:
        suspects += empty_update_loops(program, outcome)
    return suspects


def finding_of(
    code: str, span: SourceSpan | None, options: Sequence[Option], **evidence: object
) -> Finding:
    """A fault in the words of its rule, with the first option's text as replacement."""
    text = options[0].edits[0].text.strip() if options and options[0].edits else None
    return Finding(code, "fault", RULES[code]().message(**evidence), span, evidence, text or None)


def overwritten(program: Program, traced: Traced) -> list[Suspect]:
    """``w = step`` where ``w += step`` is meant."""
    wrong = [v for v in traced.judgement.verdicts if v.verdict == "overwritten"]
    if not wrong:
        return []
    spans = list(
        dict.fromkeys(s for v in wrong if (s := traced.update_span(v.parameter)) is not None)
    )
    pairs = [added_instead(program, span) for span in spans]
    if not all(pairs) or not spans:
        options: list[Option] = []
    else:
        first = 0 if wrong[0].ratio > 0 else 1
        options = [
            Option(tuple(dict.fromkeys(pair[k] for pair in pairs)), ("added", "subtracted")[k])
            for k in (first, 1 - first)
        ]
    names = [traced.name_of(v.parameter) for v in wrong]
    evidence = {"parameters": names, "parameter": names[0]}
    return [
        Suspect(
            finding_of("U202", spans[0] if spans else None, options, **evidence), tuple(options),
            exact=True, parameters=frozenset(v.parameter for v in wrong),
        )
    ]  # fmt: skip


def never_reset(program: Program, traced: Traced) -> list[Suspect]:
    """Gradients that are added up for ever: set them to zero after each update."""
    wrong = [v for v in traced.judgement.verdicts if v.verdict == "unreset"]
    if not wrong:
        return []
    edits: dict[Edit, None] = {}
    span: SourceSpan | None = None
    for v in wrong:
        place = traced.update_span(v.parameter)
        text = accumulator_text(traced, v.parameter)
        if place is None or text is None:
            continue
        edits[after_statement(program, place, f"{text} = {text} * 0")] = None
        span = span or reset_span(program, place.file, text) or place
    options = [Option(tuple(edits), "set to zero after each update")] if edits else []
    names = [traced.name_of(v.parameter) for v in wrong]
    evidence = {"parameters": names, "parameter": names[0], "momentum": wrong[0].momentum}
    span = span or traced.update_span(wrong[0].parameter)
    return [
        Suspect(
            finding_of("G109", span, options, **evidence), tuple(options), exact=True,
            parameters=frozenset(v.parameter for v in wrong),
        )
    ]  # fmt: skip


def accumulator_text(traced: Traced, k: int) -> str | None:
    """How the update calls the value that gradients are added up in."""
    flow = traced.anatomy.flows[-1]
    (end,) = flow.end[k][:1]
    frame = traced.tape[end].frame
    seen: set[int] = set()
    pending = [end]
    while pending and len(seen) < 60:
        index = pending.pop(0)
        if index in seen:
            continue
        seen.add(index)
        pending.extend(traced.tape[index].parents)
    for binding in reversed(traced.tape.bindings):
        own = binding.frame == frame and binding.node in seen and binding.at <= end
        if (
            own
            and binding.node != end
            and from_before(traced.tape, binding.node, flow.window.first)
        ):
            return binding.text
    return None


def from_before(tape: Tape, index: int, first: int) -> bool:
    """True for a sum that was begun before a window."""
    node = tape[index]
    if node.op != "add":
        return False
    for _ in range(100_000):
        earlier = [
            a.index for a in node.args[:2]
            if isinstance(a, Ref) and np.shape(tape[a.index].value) == np.shape(node.value)
        ]  # fmt: skip
        if node.op != "add" or not earlier:
            return node.index < first
        if node.index < first:
            return True
        node = tape[earlier[0]]
    return False


def reset_span(program: Program, file: str, text: str) -> SourceSpan | None:
    """The last assignment of the accumulator as a whole: that was to be its reset."""
    root = text.split("[", maxsplit=1)[0]
    source = Source(program.files[file])
    found: SourceSpan | None = None
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assign) and any(ast.unparse(t) == root for t in node.targets):
            span = source.span(file, node)
            if found is None or span.line > found.line:
                found = span
    return found


def after_statement(program: Program, span: SourceSpan, text: str) -> Edit:
    """The edit that puts a line behind the statement at a span."""
    source = Source(program.files[span.file])
    statement = assignment_at(program, span.file, span.line)
    line = (statement.end_lineno if statement is not None else span.end_line) or span.end_line
    first = source.lines[(statement.lineno if statement is not None else span.line) - 1]
    indent = first[: len(first) - len(first.lstrip())]
    end = source.offset(line, len(source.lines[line - 1].rstrip("\r\n")))
    return Edit(span_at(source, span.file, end, end), f"\n{indent}{text}")


def never_moved(program: Program, traced: Traced) -> list[Suspect]:
    """A gradient that nobody uses, for a value that takes part and never moves."""
    tape, flow = traced.tape, traced.anatomy.flows[0]
    read = {p for node in tape.nodes[tape.start :] for p in node.parents}
    constants = fixed_values(traced)
    ends = {index for nodes in flow.end.values() for index in nodes}
    suspects = []
    for index in sorted(flow.labelled - ends):
        node = tape[index]
        if index in read or node.op in {"setitem", "scatter"} or not is_number(node.value):
            continue
        fitting = [
            c
            for c in constants
            if np.shape(tape[c].value) == np.shape(node.value) and np.ndim(node.value)
        ]
        if not fitting or is_evolution(tape, node.index, fitting):
            continue
        options = sibling_update(program, traced, fitting[0], index)
        name = name_of(tape, fitting[0])
        span = source_of(tape, index)
        suspects.append(
            Suspect(
                finding_of("U201", span, options, parameter=name, parameters=[name]),
                tuple(options),
                exact=True,
            )
        )
    return suspects[:2] + lost_updates(program, tape)


def is_evolution(tape: Tape, index: int, constants: Sequence[int]) -> bool:
    """True for ``w - step``: the new value itself, not a gradient."""
    return any(parent in constants for parent in tape[index].parents)


def fixed_values(traced: Traced) -> list[int]:
    """Values from before the training that the forward pass multiplies or adds, and that stay."""
    tape, flow = traced.tape, traced.anatomy.flows[0]
    found: dict[int, None] = {}
    inputs = {i for layer in traced.layers[:1] for i in layer.inputs}
    for index in sorted(flow.reach):
        node = tape[index]
        if not flow.forward(index) or node.op not in {"dot", "matmul", "add", "multiply"}:
            continue
        for parent in node.parents:
            constant = not flow.depends(parent) and parent < tape.start
            constant = constant and parent not in flow.begins
            if constant and parent not in traced.anatomy.label_nodes and parent not in inputs:
                found[parent] = None
    return list(found)


def sibling_update(program: Program, traced: Traced, constant: int, gradient: int) -> list[Option]:
    """The update of another parameter, rewritten for this one."""
    tape = traced.tape
    mine, mine_gradient = local_text(tape, constant), local_text(tape, gradient)
    if not mine or not mine_gradient:
        return []
    for k in range(len(traced.steps.parameters)):
        span = traced.update_span(k)
        if span is None:
            continue
        statement = assignment_at(program, span.file, span.line)
        if statement is None:
            continue
        text = Source(program.files[span.file]).segment(statement)
        theirs = local_text(tape, traced.steps.parameters[k].lineages[0].first)
        names = [n for n in gradient_names(traced, k) if n in text and n != theirs]
        if theirs and theirs in text and names:
            new = swap(text, {theirs: mine, names[0]: mine_gradient})
            return [Option((after_statement(program, span, new),), "the missing update")]
    return []


def swap(text: str, names: dict[str, str]) -> str:
    """A text with whole names exchanged."""
    pattern = "|".join(
        rf"(?<![\w.]){re.escape(n)}(?!\w)" for n in sorted(names, key=len, reverse=True)
    )
    return re.sub(pattern, lambda found: names[found[0]], text)


def gradient_names(traced: Traced, k: int) -> list[str]:
    """What the program calls the values from which a parameter's step is made."""
    flow = traced.anatomy.flows[0]
    end = flow.end[k][0]
    nodes = {end, *traced.tape[end].parents}
    nodes |= {g for p in list(nodes) for g in traced.tape[p].parents}
    return [
        b.text for b in traced.tape.bindings if b.node in nodes & flow.labelled and b.node != end
    ]


def local_text(tape: Tape, index: int) -> str:
    """The last name that a value was given."""
    for binding in reversed(tape.bindings):
        if binding.node == index:
            return binding.text
    return ""


def lost_updates(program: Program, tape: Tape) -> list[Suspect]:
    """``w = w - step`` whose result is never read: the old value is used again."""
    read: dict[int, int] = {}
    for node in tape.nodes[tape.start :]:
        for parent in node.parents:
            read[parent] = node.index
    seen: set[int] = set()
    suspects = []
    for node in tape.nodes[tape.start :]:
        if (
            node.op not in {"subtract", "add"}
            or node.index in read
            or node.site in seen
            or node.inplace
        ):
            continue
        kept = [
            p for p in node.parents
            if np.shape(tape[p].value) == np.shape(node.value) and np.ndim(node.value)
            and p < tape.start and read.get(p, -1) > node.index
        ]  # fmt: skip
        if not kept or node.site < 0:
            continue
        seen.add(node.site)
        span = tape.sites[node.site].span
        options = in_place(program, span)
        name = name_of(tape, kept[0])
        suspects.append(
            Suspect(
                finding_of("U202", span, options, parameter=name, parameters=[name]),
                tuple(options),
                exact=True,
            )
        )
    if len(suspects) > 1:  # one mistake in several lines
        edits = tuple(e for s in suspects for o in s.options[:1] for e in o.edits)
        merged = (Option(edits, "written into the arrays themselves"),) if edits else ()
        suspects = [replace(suspects[0], options=merged)]
    return suspects


def in_place(program: Program, span: SourceSpan) -> list[Option]:
    """``w -= step`` for ``w = w - step``: the array itself changes, wherever it is kept."""
    statement = assignment_at(program, span.file, span.line)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return []
    value = statement.value
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add | ast.Sub):
        return []
    source = Source(program.files[span.file])
    operator = "-=" if isinstance(value.op, ast.Sub) else "+="
    new = f"{source.segment(value.left)} {operator} {source.segment(value.right)}"
    return [
        Option((Edit(source.span(span.file, statement), new),), "written into the array itself")
    ]


def empty_update_loops(program: Program, outcome: Outcome) -> list[Suspect]:
    """Loops that were entered and never ran, with assignments in them."""
    suspects = []
    for loop in empty_loops(outcome.loops):
        file, line = loop.key[0], loop.key[1]
        if file not in program.files:
            continue
        source = Source(program.files[file])
        node = next(
            (n for n in ast.walk(source.tree) if isinstance(n, ast.For) and n.lineno == line), None
        )
        if node is None or not any(
            isinstance(s, ast.Assign | ast.AugAssign) for s in ast.walk(node)
        ):
            continue
        options = longer_ranges(source, file, node)
        span = source.span(file, node.iter)
        suspects.append(
            Suspect(
                finding_of("U201", span, options, loop=source.segment(node.iter)),
                tuple(options),
                exact=True,
            )
        )
    return suspects


def longer_ranges(source: Source, file: str, loop: ast.For) -> list[Option]:
    """The bounds of an empty ``range``, moved until it is not empty."""
    call = next(
        (
            n
            for n in ast.walk(loop.iter)
            if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "range"
        ),
        None,
    )
    if call is None or not call.args:
        return []
    stop = call.args[1] if len(call.args) > 1 else call.args[0]
    base = (
        stop.left
        if isinstance(stop, ast.BinOp) and isinstance(stop.op, ast.Sub | ast.Add)
        else stop
    )
    text = source.segment(base)
    options = [Option((Edit(source.span(file, stop), f"{text} + 1"),), "one further")]
    if base is not stop:
        options.append(Option((Edit(source.span(file, stop), text),), "up to the end"))
    return options
