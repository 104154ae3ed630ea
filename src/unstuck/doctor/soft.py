"""What depends on the data: weights, scaling, rates, decay, the form of the output.

The rules name such things in the record; here each finding gets the changes that may mend it. A
program that does not learn and of which nothing bad is known gets the usual suspects as well:
they are spoken of only if mending them helps.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from unstuck.doctor.activations import as_probabilities
from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.fixes.lines import insert_after, statement_at
from unstuck.doctor.fixes.patch import Edit, node_at, replacement
from unstuck.doctor.fixes.places import Source, numpy_in
from unstuck.doctor.fixes.rewrites.data import fill_gaps, scale_inputs, scale_targets
from unstuck.doctor.fixes.rewrites.weights import reinitialise
from unstuck.doctor.rates import (
    decay_factor,
    learning_rate,
    less_decay,
    more_updates,
    other_rate,
)
from unstuck.doctor.rules import RULES
from unstuck.doctor.rules.update import fastest_layer
from unstuck.doctor.suspect import Option, Suspect, suspect_of
from unstuck.record.evidence import ParameterFacts
from unstuck.record.run_record import RunRecord, SourceSpan
from unstuck.trace.anatomy import SAME_VALUES
from unstuck.trace.draws import name_of_call, shape_texts, the_draw
from unstuck.trace.facts import source_of
from unstuck.trace.gradients import class_axis
from unstuck.trace.program import Program
from unstuck.trace.tape import Tape
from unstuck.trace.traced import Traced

GAINS = {"relu": 2.0**0.5, "leaky_relu": 2.0**0.5, "tanh": 1.0, "sigmoid": 1.0, "softmax": 1.0}
FEW = 1000  # updates
SUMS = {"sum", "builtin_sum"}
FASTER, SLOWER = (10.0, 100.0, 1000.0), (0.1, 0.01, 0.001)
FAR = 3.0  # from zero: a bias that puts a unit at the end of its range by itself
USUAL_STEP = 0.01  # of a layer's weights, that a first update moves


def soft_suspects(
    program: Program, traced: Traced, findings: Sequence[Finding], record: RunRecord, *, stuck: bool
) -> list[Suspect]:
    """A suspect for each finding of the rules; for a stuck program the usual ones too."""
    suspects: list[Suspect] = []
    weights = [f for f in findings if f.code.startswith("W")]
    if weights:
        options = new_weights(program, record, traced)
        suspects += [Suspect(f, tuple(options)) for f in weights]
    for finding in findings:
        if finding.code.startswith("W"):
            continue
        if finding.code in {"T601", "T602"}:
            finding = in_own_words(finding, program, traced)
        if finding.code == "D405":
            suspects.append(gaps(finding, program, traced, record))
            continue
        suspects.append(Suspect(finding, tuple(options_for(finding, program, traced, record))))
    if stuck:
        known = {s.code for s in suspects}
        suspects += usual(program, traced, record, known)
    return [placed(s) for s in suspects]


def placed(suspect: Suspect) -> Suspect:
    """A suspect without a place of its own, or a number, stands where it would be mended."""
    number = suspect.code in {"T601", "T602", "T607", "U205"}
    if not suspect.options or (suspect.finding.span is not None and not number):
        return suspect
    span = suspect.options[0].edits[0].span
    return replace(suspect, finding=replace(suspect.finding, span=span))


def in_own_words(finding: Finding, program: Program, traced: Traced) -> Finding:
    """A finding about the learning rate with the number that the program says."""
    rate = learning_rate(program, traced)
    if rate is None:
        return finding
    evidence = {**finding.evidence, "learning_rate": rate[1]}
    message = RULES[finding.code]().message(**evidence)
    return replace(finding, evidence=evidence, message=message)


def options_for(
    finding: Finding, program: Program, traced: Traced, record: RunRecord
) -> list[Option]:
    """The changes that may mend one finding."""
    code = finding.code
    if code == "D401":
        return scaled_inputs(program, traced, record)
    if code in {"D402", "D409"}:
        return scaled_targets(program, traced, record)
    if code == "O502":
        return [*probable_outputs(program, traced), *scaled_targets(program, traced, record)]
    if code == "U205":
        return [*more_updates(program, traced), *other_rate(program, traced, FASTER)]
    if code in {"T601", "T605"}:
        return other_rate(program, traced, FASTER)
    if code in {"T602", "T606"}:
        return other_rate(program, traced, slower(record))
    if code == "T603":
        slow, drawn = other_rate(program, traced, slower(record)), new_weights(program, record, traced)
        at_once = finding.evidence.get("start", 0.0) >= 0.5  # no step was taken yet
        others = [*drawn[:1], *slow] if at_once else [*slow[:1], *drawn[:1], *slow[1:]]
        return [*zero_biases(program, record), *others]
    if code in {"T607", "G110"}:
        return less_decay(program, traced)
    if code == "T604":
        drawn = new_weights(program, record, traced)
        return [*zero_biases(program, record), *scaled_inputs(program, traced, record), *drawn]
    return []


def usual(program: Program, traced: Traced, record: RunRecord, known: set[str]) -> list[Suspect]:
    """What most often keeps a program from learning, whether or not it shows here."""
    found: list[Suspect] = []

    def add(code: str, options: list[Option], span: SourceSpan | None, **evidence: Any) -> None:
        if options and code not in known:
            finding = RULES[code]().finding("fault", span, **evidence)
            found.append(Suspect(finding, tuple(options), speculative=True))

    weights = [k for k in known if k.startswith("W")]
    evidence = record.evidence
    inputs = evidence.inputs if evidence else None
    if not weights:
        first = next(
            (p for p in (evidence.parameters if evidence else ()) if p.role == "weight"), None
        )
        code = "W303" if first is not None and small(first) else "W304"
        options = new_weights(program, record, traced)
        if first is None:
            add(code, options, None)
        else:
            wanted = (first.fan_in or 1) ** -0.5
            add(
                code, options, first.initial.source,
                parameter=first.name, std=first.initial.std, wanted=wanted,
            )  # fmt: skip
    if "D401" not in known and inputs is not None and max(abs(inputs.low), abs(inputs.high)) > 3.0:
        add(
            "D401", scaled_inputs(program, traced, record), inputs.source,
            name=inputs.name, low=inputs.low, high=inputs.high,
        )  # fmt: skip
    rate, number = learning_rate(program, traced) or (None, float("nan"))
    add("T601", other_rate(program, traced, FASTER), rate, learning_rate=number)
    add("T602", other_rate(program, traced, slower(record)), rate, learning_rate=number)
    if evidence is not None and 0 < evidence.updates < FEW:
        add("U205", more_updates(program, traced), None, updates=evidence.updates)
    if any(v.decay for v in traced.judgement.verdicts):
        decay = decay_factor(program, traced)
        add("T607", less_decay(program, traced), decay[0] if decay is not None else None)
    return found


def slower(record: RunRecord) -> tuple[float, ...]:
    """Factors for the learning rate; far below 1 where the first update is that much too long."""
    ratio = fastest_layer(record)
    if not np.isfinite(ratio) or ratio < USUAL_STEP * 1000:
        return SLOWER
    usual = float(10.0 ** np.round(np.log10(USUAL_STEP / ratio)))
    return (10.0 * usual, usual, 100.0 * usual)


def small(parameter: ParameterFacts) -> bool:
    """True for weights that are smaller than what keeps a signal's size."""
    fan_in = parameter.fan_in or 1
    return bool(parameter.initial.std * fan_in**0.5 < 0.5)


# --------------------------------------------------------------------------------- weights


def new_weights(program: Program, record: RunRecord, traced: Traced) -> list[Option]:
    """All weights drawn anew with mean zero and the size that fits their fan-in."""
    evidence = record.evidence
    if evidence is None:
        return []
    variants: list[dict[Edit, None]] = [{}, {}]
    spans: set[SourceSpan] = set()
    for parameter in evidence.parameters:
        span = parameter.initial.source
        if (
            parameter.role != "weight"
            or span is None
            or span in spans
            or span.file not in program.files
        ):
            continue
        spans.add(span)
        layer = parameter.layer if parameter.layer is not None else 0
        activation = traced.layers[layer].activation if layer < len(traced.layers) else ""
        found = reinitialise(
            program, span, shape=parameter.shape, fan_in=parameter.fan_in or 1,
            gain=GAINS.get(activation, 1.0), role=parameter.role,
            mean=parameter.initial.mean, std=parameter.initial.std,
        )  # fmt: skip
        for variant, option in zip(variants, found, strict=False):
            variant.update(dict.fromkeys(option.edits))
    return [
        Option(tuple(edits), label)
        for edits, label in zip(variants, ("mean zero, sized by fan-in", "resized"), strict=True)
        if edits
    ]


def zero_biases(program: Program, record: RunRecord) -> list[Option]:
    """Biases that begin far from zero, begun at zero."""
    edits: dict[Edit, None] = {}
    for parameter in record.evidence.parameters if record.evidence else ():
        span, facts = parameter.initial.source, parameter.initial
        if parameter.role != "bias" or span is None or span.file not in program.files:
            continue
        if max(abs(facts.low), abs(facts.high)) > FAR and (node := node_at(program, span)):
            edits[replacement(program, span, zeros_for(program, span, node))] = None
    return [Option(tuple(edits), "begun at zero")] if edits else []


def zeros_for(program: Program, span: SourceSpan, node: ast.expr) -> str:
    """``np.zeros(shape)`` for an expression of a shape that stands in it."""
    source = Source(program.files[span.file])
    numpy, call = numpy_in(source.text), the_draw(node)
    parts = shape_texts(source.segment, call, name_of_call(call)) if call is not None else None
    if parts is None:
        return f"{numpy}.zeros_like({source.segment(node)})"
    return f"{numpy}.zeros({parts[0]})" if len(parts) == 1 else f"{numpy}.zeros(({', '.join(parts)}))"


# ------------------------------------------------------------------------------------ data


def scaled_inputs(program: Program, traced: Traced, record: RunRecord) -> list[Option]:
    """The inputs divided or standardised where they are made."""
    inputs = record.evidence.inputs if record.evidence else None
    if inputs is None or not inputs.name:
        return []
    return scale_inputs(
        program, inputs.name, file_of(program, inputs.source), inputs.source,
        low=inputs.low, high=inputs.high, mean=inputs.mean, std=inputs.std, axis=inputs.axis,
        before=(local_name(traced, inputs.name), traced.loop.key[1]),
    )  # fmt: skip


def gaps(finding: Finding, program: Program, traced: Traced, record: RunRecord) -> Suspect:
    """Data that are no numbers: where the first of them came in, and set to 0 there."""
    tape = traced.tape
    for node in tape.nodes[: tape.start]:
        value = node.value
        if node.site < 0 or getattr(getattr(value, "dtype", None), "kind", "") != "f":
            continue
        if np.all(np.isfinite(value)):
            continue
        span = tape.sites[node.site].span
        found = replace(finding, span=span)
        statement = statement_at(program, span.file, span.line)
        if not isinstance(statement, ast.Assign) or not np.ndim(value):
            return Suspect(found, tuple(filled_gaps(program, traced, record)))
        target = statement.targets[0]
        whole = target.value if isinstance(target, ast.Subscript) else target
        if not isinstance(whole, ast.Name | ast.Attribute):
            return Suspect(found, tuple(filled_gaps(program, traced, record)))
        name = ast.unparse(whole)
        numpy = numpy_in(program.files[span.file])
        line = f"{name} = {numpy}.nan_to_num({name}, posinf=0.0, neginf=0.0)"
        edit = insert_after(program, span.file, span.line, line)
        return Suspect(found, (Option((edit,), "set to 0 where they come in"),))
    return Suspect(finding, tuple(filled_gaps(program, traced, record)))


def filled_gaps(program: Program, traced: Traced, record: RunRecord) -> list[Option]:
    """Inputs or labels that are no numbers, set to 0 where they are made."""
    evidence = record.evidence
    arrays = [] if evidence is None else [evidence.inputs]
    if evidence is not None and evidence.targets is not None:
        arrays.append(evidence.targets.values)
    options: list[Option] = []
    for facts in arrays:
        if facts is not None and not facts.finite and facts.name:
            options += fill_gaps(
                program, facts.name, file_of(program, facts.source), facts.source,
                before=(local_name(traced, facts.name), traced.loop.key[1]),
            )  # fmt: skip
    return options


def scaled_targets(program: Program, traced: Traced, record: RunRecord) -> list[Option]:
    """The labels brought into the range of the outputs."""
    evidence = record.evidence
    if evidence is None or evidence.targets is None or evidence.outputs is None:
        return []
    values = evidence.targets.values
    if not values.name:
        return []
    return scale_targets(
        program, values.name, file_of(program, values.source), values.source,
        low=values.low, high=values.high, into=(evidence.outputs.low, evidence.outputs.high),
        before=(local_name(traced, values.name), traced.loop.key[1]),
    )  # fmt: skip


def local_name(traced: Traced, name: str) -> str:
    """What an array is called where training begins: its name there, if it has one."""
    tape = traced.tape
    nodes = {b.node for b in tape.bindings if b.text == name}
    frames = [
        n for n, frame in enumerate(tape.frames)
        if frame.function == traced.loop_function or (n == 0 and traced.loop_function == "<module>")
    ]  # fmt: skip
    for binding in reversed(tape.bindings):
        if binding.node in nodes and binding.frame in frames and binding.text.isidentifier():
            return binding.text
    return ""


def file_of(program: Program, span: SourceSpan | None) -> str:
    """The file of a span; the entry where it is not known."""
    return span.file if span is not None else program.entry


# ---------------------------------------------------------------------------------- output


def wrong_softmax_axis(program: Program, traced: Traced) -> list[Suspect]:
    """Outputs that sum to one over the samples, or over everything, instead of over the classes."""
    pairing = traced.pairing
    if pairing is None:
        return []
    for output, label in zip(pairing.outputs[0], pairing.labels[0], strict=True):
        value, y = np.asarray(traced.tape[output].value, dtype=float), np.asarray(label)
        axis = class_axis(y)
        if value.ndim != 2 or y.ndim != 2 or axis is None or min(y.shape) < 2:
            return []
        if not np.allclose(y.sum(axis=axis), 1.0) or np.allclose(value.sum(axis=axis), 1.0):
            return []
        over_samples = np.allclose(value.sum(axis=1 - axis), 1.0)
        if not (over_samples or np.isclose(value.sum(), 1.0)) or value.min() < 0:
            return []
        return softmax_suspect(program, traced, output, axis)
    return []


def softmax_suspect(program: Program, traced: Traced, output: int, axis: int) -> list[Suspect]:
    """The sum in the denominator, over the right axis."""
    tape = traced.tape
    pending = [output]
    seen: set[int] = set()
    while pending:
        index = pending.pop(0)
        if index in seen or len(seen) > 40:
            continue
        seen.add(index)
        node = tape[index]
        if node.op in {"sum", "builtin_sum"} and node.site >= 0:
            span = tape.sites[node.site].span
            text = summed_over(program, span, axis)
            if text is None:
                return []
            edit = replacement(program, span, text)
            finding = RULES["O501"]().finding("fault", span, axis=axis)
            return [
                Suspect(
                    replace(finding, replacement=text),
                    (Option((edit,), "over the classes"),),
                    exact=True,
                )
            ]
        pending.extend(node.parents)
    return []


def summed_over(program: Program, span: SourceSpan, axis: int) -> str | None:
    """A sum with the right axis: ``np.sum(e, axis=1, keepdims=True)``."""
    node = node_at(program, span)
    if not isinstance(node, ast.Call):
        return None
    source = Source(program.files[span.file])
    if isinstance(node.func, ast.Attribute) and not (
        isinstance(node.func.value, ast.Name) and node.args
    ):
        return f"{source.segment(node.func.value)}.sum(axis={axis}, keepdims=True)"
    if not node.args:
        return None
    function = source.segment(node.func)
    if isinstance(node.func, ast.Name):
        function = f"{numpy_in(source.text)}.sum"
    return f"{function}({source.segment(node.args[0])}, axis={axis}, keepdims=True)"


def probable_outputs(program: Program, traced: Traced) -> list[Option]:
    """The outputs put through a sigmoid or a softmax, where the targets are classes."""
    pairing = traced.pairing
    if pairing is None or not traced.layers:
        return []
    labels = np.concatenate([np.ravel(y) for y in pairing.labels[0]])
    index = traced.layers[-1].outputs[0]
    span = source_of(traced.tape, index)
    if span is None or not np.all((labels == 0.0) | (labels == 1.0)):
        return []
    return as_probabilities(program, span, np.asarray(pairing.labels[0][0]))


def softmax_of_one(program: Program, traced: Traced) -> list[Suspect]:
    """A softmax over a single output, which is 1 whatever comes in: a sigmoid is meant."""
    tape, pairing = traced.tape, traced.pairing
    if pairing is None:
        return []
    for index in pairing.outputs[0]:
        while tape[index].op in SAME_VALUES and tape[index].parents:
            index = tape[index].parents[0]  # noqa: PLW2901
        node = tape[index]
        if node.op != "true_divide" or len(node.parents) != 2 or node.site < 0:
            return []
        above, below = (np.asarray(tape[p].value) for p in node.parents)
        if above.size != np.broadcast(above, below).size or not np.all(above == below):
            return []
        if tape[node.parents[0]].op != "exp" or tape[node.parents[1]].op not in SUMS:
            return []
        return [one_sigmoid(program, traced, index)]
    return []


def one_sigmoid(program: Program, traced: Traced, index: int) -> Suspect:
    """``e / e.sum()`` of one output, and the sigmoid of what ``e`` was made from."""
    tape = traced.tape
    span = tape.sites[tape[index].site].span
    score = tape[tape[index].parents[0]].parents[0]
    if tape[score].op == "subtract" and np.array_equal(*map(np.ravel, both(tape, score))):
        score = tape[score].parents[0]  # `z - z.max()` is 0 here
    text = text_at(program, tape, score, index)
    options = []
    if text:
        sigmoid = f"1 / (1 + {numpy_in(program.files[span.file])}.exp(-({text})))"
        options = [Option((replacement(program, span, sigmoid),), "a sigmoid")]
    problem = "over a single output it is always 1"
    return suspect_of("O502", span, options, activation="softmax", problem=problem)


def both(tape: Tape, index: int) -> list[Any]:
    """The values of a node's parents, in one shape."""
    values = [np.asarray(tape[p].value) for p in tape[index].parents]
    return list(np.broadcast_arrays(*values))


def text_at(program: Program, tape: Tape, wanted: int, where: int) -> str:
    """What a value is called in the call that makes another; its expression if it stands there."""
    frame, site = tape[where].frame, tape.sites[tape[where].site]
    names = [b.text for b in tape.bindings if b.node == wanted and b.frame in {frame, 0}]
    local = [b.text for b in tape.bindings if b.node == wanted and b.frame == frame]
    if local or names:
        return (local or names)[0]
    made = tape.site_of(wanted)
    inside = made is not None and made.span.file == site.span.file
    inside = inside and site.span.line <= made.span.line <= site.span.end_line  # type: ignore[union-attr]
    return made.text if inside and made is not None else ""
