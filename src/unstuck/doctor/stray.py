"""A stray constant factor in the gradient: every step is, say, half of what the cost asks for.

It does no harm but to the learning rate, and shows only beside the cost that the program itself
computes; so it is a note, and only where the factor stands there as a plain number.
"""

from __future__ import annotations

import ast

import numpy as np

from unstuck.doctor.diagnosis import Finding
from unstuck.doctor.fixes.interpret import Interpreter
from unstuck.doctor.fixes.patch import node_at
from unstuck.doctor.fixes.pure import CannotEvaluate
from unstuck.doctor.rates import learning_rate
from unstuck.doctor.rules import RULES
from unstuck.doctor.suspect import Suspect
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.tape import Ref
from unstuck.trace.traced import Traced
from unstuck.trace.verdict import common_ratio, judge_parameter

EQUAL = 1e-6


def stray_factors(program: Program, traced: Traced) -> list[Suspect]:
    """Plain numbers on the way of the gradient by which all steps differ from the own cost's."""
    factor = step_by_own_cost(program, traced)
    if factor is None or abs(factor - 1.0) < 1e-3:
        return []
    flow, tape = traced.anatomy.flows[0], traced.tape
    found: dict[SourceSpan, Suspect] = {}
    for index in sorted(flow.labelled):
        node = tape[index]
        if node.op not in {"multiply", "true_divide"} or node.site < 0 or len(node.args) != 2:
            continue
        numbers = [a for a in (number_of(traced, x) for x in node.args) if a is not None]
        size = 1.0 / factor if node.op == "true_divide" else factor
        if not any(abs(number - size) <= EQUAL * abs(size) for number in numbers):
            continue
        span = tape.sites[node.site].span
        if span not in found and plain_number(program, span, size):
            name = [traced.name_of(k) for k in range(len(traced.steps.parameters))]
            evidence = {
                "parameters": name,
                "relative": float(f"{factor:.6g}"),
                "by": "the program's own cost",
            }
            message = RULES["G111"]().message(**evidence)
            found[span] = Suspect(Finding("G111", "note", message, span, evidence), ())
    return list(found.values())


def step_by_own_cost(program: Program, traced: Traced) -> float | None:
    """Steps over (learning rate times the true gradient of the cost that is computed), if known."""
    _, rate = learning_rate(program, traced) or (None, 0.0)
    if not rate:
        return None
    judgement, parameters = traced.judgement, range(len(traced.steps.parameters))
    for loss in judgement.losses:
        if loss.name != "own":
            continue
        verdicts = [
            judge_parameter(traced.tape, traced.steps, traced.anatomy, judgement.points, loss, k)
            for k in parameters
        ]
        if all(v.verdict == "ok" and not v.nodes for v in verdicts):
            return common_ratio(verdicts) / rate
    return None


def number_of(traced: Traced, argument: object) -> float | None:
    """The value of an operand that is one number; None for others."""
    value = traced.tape[argument.index].value if isinstance(argument, Ref) else argument
    if isinstance(value, int | float | np.floating | np.integer) and not isinstance(value, bool):
        return float(value)
    return None


def plain_number(program: Program, span: SourceSpan, size: float) -> bool:
    """True if an operand of the expression is written in digits alone: ``(1/2)``, ``0.5``."""
    tree = node_at(program, span)
    if not isinstance(tree, ast.BinOp):
        return False
    interpreter = Interpreter(program)
    for side in (tree.left, tree.right):
        if any(isinstance(n, ast.Name | ast.Call | ast.Attribute) for n in ast.walk(side)):
            continue
        try:
            value = float(interpreter.evaluate(side, {}))
        except (CannotEvaluate, TypeError, ValueError):
            continue
        if abs(value - size) <= EQUAL * abs(size):
            return True
    return False
