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

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.fixes.lines import insert_after, statement_at
from unstuck.doctor.fixes.patch import Edit, node_at, replacement
from unstuck.doctor.fixes.places import Source, numpy_in
from unstuck.doctor.fixes.rewrites.data import changed, fill_gaps, scale_inputs, scale_targets
from unstuck.doctor.fixes.rewrites.weights import reinitialise
from unstuck.doctor.order import mixed_order
from unstuck.doctor.outputs import probable_outputs
from unstuck.doctor.overflow import origin_of
from unstuck.doctor.rates import (
    decay_factor,
    learning_rate,
    less_decay,
    more_updates,
    other_rate,
)
from unstuck.doctor.rules import RULES
from unstuck.doctor.rules.update import fastest_layer
from unstuck.doctor.suspect import Option, Suspect
from unstuck.record.evidence import ParameterFacts
from unstuck.record.run_record import RunRecord, SourceSpan
from unstuck.trace.draws import name_of_call, shape_texts, the_draw
from unstuck.trace.facts import name_of, source_of
from unstuck.trace.program import Program
from unstuck.trace.traced import Traced

GAINS = {"relu": 2.0**0.5, "leaky_relu": 2.0**0.5, "tanh": 1.0, "sigmoid": 1.0, "softmax": 1.0}
FEW = 1000  # updates
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
    number = suspect.code in {"T601", "T602", "T606", "T607", "U205"}
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
    if code == "D408":
        return mixed_order(program, traced, sample_axes(record))
    if code == "D403":
        return one_column_a_class(program, traced)
    if code == "O502":
        return [*probable_outputs(program, traced), *scaled_targets(program, traced, record)]
    if code == "U205":
        return [*more_updates(program, traced), *other_rate(program, traced, FASTER)]
    if code in {"T601", "T605"}:
        return other_rate(program, traced, FASTER)
    if code in {"T602", "T606"}:
        return other_rate(program, traced, slower(record))
    if code == "T603":
        slow, drawn = (
            other_rate(program, traced, slower(record)),
            new_weights(program, record, traced),
        )
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
    return (
        f"{numpy}.zeros({parts[0]})" if len(parts) == 1 else f"{numpy}.zeros(({', '.join(parts)}))"
    )


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


def broken_data(traced: Traced, findings: Sequence[Finding]) -> list[Finding]:
    """The findings; where NaN comes from the data, that, in place of what follows from it."""
    origin = origin_of(traced)
    if origin is None or origin.index >= traced.tape.start:
        return list(findings)
    rest = [f for f in findings if f.code not in {"O504", "T606"}]
    if all(f.code != "D405" for f in rest):
        rest.append(RULES["D405"]().finding("fault", None))
    return rest


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


def sample_axes(record: RunRecord) -> tuple[int, int]:
    """Along which axes the samples of inputs and labels lie."""
    evidence = record.evidence
    inputs = evidence.inputs if evidence else None
    axis = (inputs.axis if inputs else None) or 0
    return axis, axis


def one_column_a_class(program: Program, traced: Traced) -> list[Option]:
    """Class numbers as rows (or columns) with a single 1, behind where they get their shape."""
    tape, pairing = traced.tape, traced.pairing
    meet = pairing.meets[0][0] if pairing is not None else None
    if meet is None or meet.label < 0:
        return []
    outputs, numbers = np.asarray(tape[meet.output].value), np.asarray(tape[meet.label].value)
    index, named = meet.label, {b.node for b in tape.bindings}
    while index >= tape.start or index not in named:
        if len(tape[index].parents) != 1 and tape[index].op not in {"getitem", "gather"}:
            return []
        index = tape[index].parents[0]
    if outputs.ndim != 2 or not np.all(numbers == np.round(numbers)):
        return []
    columns = numbers.size == outputs.shape[1] and numbers.shape != (outputs.shape[0], 1)
    count, source = outputs.shape[0 if columns else 1], source_of(tape, index)
    file = file_of(program, source)
    numpy, turned = numpy_in(program.files[file]), ".T" if columns else ""
    low = int(np.min(np.asarray(tape[index].value)))
    start = f" - {low}" if low else ""
    template = f"{numpy}.eye({count})[{numpy}.ravel({{0}}).astype(int){start}]{turned}"
    name = name_of(tape, index)
    before = (local_name(traced, name), traced.loop.key[1])
    return changed(program, name, file, source, [template], before)


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
