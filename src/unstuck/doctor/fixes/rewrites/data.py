"""Inputs and labels brought to a scale: where they are made, so that all parts get the same."""

from __future__ import annotations

import ast

from unstuck.base.errors import InvalidInputError
from unstuck.doctor.fixes.lines import insert_after, insert_before, statement_at
from unstuck.doctor.fixes.patch import replacement
from unstuck.doctor.fixes.places import Source, numpy_in
from unstuck.doctor.suspect import Option
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program


def scale_inputs(
    program: Program,
    name: str,
    file: str,
    span: SourceSpan | None,
    *,
    low: float,
    high: float,
    mean: float,
    std: float,
    axis: int | None = None,
    before: tuple[str, int] | None = None,
) -> list[Option]:
    """The inputs divided by their largest value, or standardised feature by feature.

    Parameters
    ----------
    name, file : str
        What the inputs are called, and where.
    span : SourceSpan or None
        The expression that makes them.
    axis : int or None
        The axis along which samples are counted.
    before : (str, int), optional
        What the inputs are called where training begins, and the line of the training loop.
    """
    largest = float(f"{max(abs(low), abs(high)):.4g}")
    along = 0 if axis is None else axis
    templates = []
    if low >= 0:
        templates.append(f"{{0}} / {largest!r}")
    keep = ", keepdims=True" if along else ""
    templates.append(
        f"({{0}} - {{0}}.mean(axis={along}{keep})) / ({{0}}.std(axis={along}{keep}) + 1e-8)"
    )
    return changed(program, name, file, span, templates, before)


def scale_targets(
    program: Program,
    name: str,
    file: str,
    span: SourceSpan | None,
    *,
    low: float,
    high: float,
    into: tuple[float, float],
    before: tuple[str, int] | None = None,
) -> list[Option]:
    """The labels brought from ``[low, high]`` into the range that the outputs can reach."""
    bottom = into[0] if abs(into[0]) < 1e6 else 0.0
    top = into[1] if abs(into[1]) < 1e6 else 1.0
    width = high - low
    if width <= 0:
        return []
    if bottom < 0:
        inner = (
            f"2 * ({{0}} - {low:.6g}) / {width:.6g} - 1" if low else f"2 * {{0}} / {width:.6g} - 1"
        )
    else:
        inner = f"({{0}} - {low:.6g}) / {width:.6g}" if low else f"{{0}} / {width:.6g}"
    inner = inner.replace("- -", "+ ")
    templates = [inner]
    if top <= 1.0 and low >= 0:
        templates.append(f"{{0}} / {1.25 * high:.6g}")
    return changed(program, name, file, span, templates, before)


def fill_gaps(
    program: Program,
    name: str,
    file: str,
    span: SourceSpan | None,
    *,
    before: tuple[str, int] | None = None,
) -> list[Option]:
    """What is no number, or infinite, set to 0."""
    numpy = numpy_in(program.files[file])
    template = f"{numpy}.nan_to_num({{0}}, posinf=0.0, neginf=0.0)"
    return changed(program, name, file, span, [template], before)


def changed(
    program: Program,
    name: str,
    file: str,
    span: SourceSpan | None,
    templates: list[str],
    before: tuple[str, int] | None,
) -> list[Option]:
    """An array put through an expression: behind its assignment, in place, or before training."""
    options: list[Option] = []
    for template in templates:
        for where in (behind_assignment, at_first_use, before_training):
            option = where(program, name, file, span, template, before)
            if option is not None:
                options.append(option)
                break
    for template in templates[:1]:
        late = before_training(program, name, file, span, template, before)
        if late is not None and late not in options:
            options.append(late)
    return options


def behind_assignment(
    program: Program,
    name: str,
    file: str,
    span: SourceSpan | None,
    template: str,
    before: tuple[str, int] | None,
) -> Option | None:
    """``X = X / 255`` behind the statement that makes X."""
    source = Source(program.files[file])
    found: tuple[int, str] | None = None
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Assign):
            continue
        targets = [t for target in node.targets for t in parts_of(target)]
        inside = span is not None and node.lineno <= span.line <= (node.end_lineno or node.lineno)
        if name in targets and (found is None or inside or node.lineno > found[0]):
            found = (node.lineno, name)
            if inside:
                break
        elif inside and len(targets) == 1 and name not in set(targets):
            found = (node.lineno, targets[0])
    if found is None:
        return None
    line, target = found
    return Option(
        (insert_after(program, file, line, f"{target} = {template.format(target)}"),), "scaled"
    )


def parts_of(target: ast.expr) -> list[str]:
    """The texts of the names in a target."""
    if isinstance(target, ast.Tuple | ast.List):
        return [text for part in target.elts for text in parts_of(part)]
    return [ast.unparse(target)]


def at_first_use(
    program: Program,
    name: str,
    file: str,
    span: SourceSpan | None,
    template: str,
    before: tuple[str, int] | None,
) -> Option | None:
    """``digits.data`` where it is read, put through the expression."""
    source = Source(program.files[file])
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Load):
            if ast.unparse(node) == name:
                text = f"({template.format(source.segment(node))})"
                return Option((replacement(program, source.span(file, node), text),), "scaled")
    return None


def before_training(
    program: Program,
    name: str,
    file: str,
    span: SourceSpan | None,
    template: str,
    before: tuple[str, int] | None,
) -> Option | None:
    """The same just before the training loop."""
    if before is None or not before[0]:
        return None
    local, line = before
    try:
        statement_at(program, file, line)
        edit = insert_before(program, file, line, f"{local} = {template.format(local)}")
    except InvalidInputError:
        return None
    return Option((edit,), "scaled before training")
