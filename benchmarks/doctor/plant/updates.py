"""Faults of the update: too early, never reset, lost, shared, drawn anew, too few."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from benchmarks.doctor.plant.fault import Fault
from benchmarks.doctor.plant.weights import drawing
from benchmarks.doctor.roles import BIAS, DECAY, GRADIENT, STEP, Roles
from benchmarks.doctor.source import Edit, Source, binary, called, last_name, names, root_name, same

COUNTS = re.compile(r"^(n|N|m|batch\w*|batchSize|num_examples|n_samples|batch_num|size|64|20|30)$")


def used_too_early(roles: Roles) -> Iterator[Fault]:
    """A weight is changed before the backward pass has used it."""
    source = roles.source
    for update in roles.updates:
        block = source.block(update.statement)
        name = last_name(update.target)
        if BIAS.match(name) or update.statement not in block or not source.alone(update.statement):
            continue
        at = block.index(update.statement)
        needed = {n for n in names(update.step) if GRADIENT.match(n)}
        ready = max((i for i, s in enumerate(block[:at]) if needed & assigned(s)), default=None)
        if ready is None:
            continue
        for user in block[ready + 1 : at]:
            if isinstance(user, ast.Assign) and name in names(user.value):
                text = source.code(update.statement)
                edits = (source.before(user, text), source.delete(update.statement))
                yield Fault("G108", edits, f"{name} is changed before the backward pass uses it")
                break


def assigned(statement: ast.stmt) -> set[str]:
    """The names that a statement gives a value."""
    if isinstance(statement, ast.Assign):
        found = set()
        for target in statement.targets:
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            found |= {last_name(p) for p in parts} | {root_name(p) for p in parts}
        return found
    if isinstance(statement, ast.AugAssign):
        return {last_name(statement.target), root_name(statement.target)}
    return set()


def is_zero(node: ast.expr) -> bool:
    """Zeros, of whatever shape."""
    if isinstance(node, ast.Constant):
        return node.value == 0 and node.value is not False
    if isinstance(node, ast.Tuple):
        return all(is_zero(e) for e in node.elts)
    if isinstance(node, ast.ListComp):
        return is_zero(node.elt)
    return called(node) in {"zeros", "zeros_like"} or (
        called(node) == "deepcopy" and "templates" in ast.unparse(node)
    )


def never_reset(roles: Roles) -> Iterator[Fault]:
    """The zeros of an accumulator are set once, before the loop, or never again."""
    source = roles.source
    for statement in source.statements:
        if not isinstance(statement, ast.Assign) or not is_zero(statement.value):
            continue
        grown = {
            last_name(s.target)
            for s in source.statements
            if isinstance(s, ast.AugAssign) and isinstance(s.op, ast.Add)
        } | {
            last_name(s.targets[0])
            for s in source.statements
            if isinstance(s, ast.Assign) and called(s.value) == "add"
        }
        found = {n for n in assigned(statement) if GRADIENT.match(n) and "sum" not in n}
        if not found & grown or not source.alone(statement):
            continue
        loops = [n for n in source.loops(statement) if roles.trains(n)]
        if loops:
            text = source.code(statement)
            edits = (source.before(loops[-1], text), source.delete(statement))
            yield Fault("G109", edits, f"{text} stands before the loop")


def momentum_of_one(roles: Roles) -> Iterator[Fault]:
    """The velocity never decays."""
    source = roles.source
    for statement in source.statements:
        if not isinstance(statement, ast.Assign) or not STEP.match(root_name(statement.targets[0])):
            continue
        for node in ast.walk(statement.value):
            if binary(node, ast.Mult) and isinstance(node, ast.BinOp):
                if same(node.right, statement.targets[0]) and not names(statement.value) & {"eps"}:
                    form = source.code(node.right)
                    edit = source.replace(node, form)
                    if "g *" not in source.code(statement) and "**" not in source.code(statement):
                        yield Fault("G109", (edit,), f"{source.code(node)} became {form}")


def decay_sign(roles: Roles) -> Iterator[Fault]:
    """The regularisation makes weights grow."""
    source = roles.source
    for node in source.nodes:
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
            if any(DECAY.match(n) for n in names(node.value)) and GRADIENT.match(
                last_name(node.target)
            ):
                _, end = source.span(node.target)
                place = end + source.text[end:].index("+=")
                yield Fault(
                    "G110", (Edit(place, place + 1, "-"),), "the weight decay is subtracted"
                )
        elif binary(node, ast.Add) and isinstance(node, ast.BinOp):
            side = names(node.right)
            in_gradient = GRADIENT.match(last_name(target_of(source, node)))
            if any(DECAY.match(n) for n in side) and in_gradient:
                edit = source.change_sign(node, "-")
                yield Fault("G110", (edit,), "the weight decay is subtracted")
        elif binary(node, ast.Sub) and isinstance(node, ast.BinOp):
            scales = isinstance(source.parents[node], ast.AugAssign)
            if scales and any(DECAY.match(n) for n in names(node.right)):
                yield Fault("G110", (source.change_sign(node, "+"),), "the decay makes them grow")


def target_of(source: Source, node: ast.expr) -> ast.expr:
    """What the statement around an expression assigns."""
    statement = source.statement(node)
    return statement.targets[0] if isinstance(statement, ast.Assign) else node


def one_scaled(roles: Roles) -> Iterator[Fault]:
    """One parameter's step is a hundred times the others'."""
    if len(roles.updates) < 2:
        return
    for update in roles.updates:
        text = roles.source.code(update.step)
        safe = f"({text})" if binary(update.step, ast.Add, ast.Sub) else text
        edit = roles.source.replace(update.step, f"100 * {safe}")
        yield Fault("G111", (edit,), f"the step of {last_name(update.target)} is 100 times as long")


def mean_lost(roles: Roles) -> Iterator[Fault]:
    """A sum where the other gradients are means."""
    source = roles.source
    for node in roles.within_gradients(ast.BinOp):
        if not isinstance(node, ast.BinOp):
            continue
        if binary(node, ast.Div):
            counts = called(node.right) == "len" or COUNTS.match(last_name(node.right))
            if counts:
                form = source.halves(node)[0]
                edit = source.replace(node, form)
                yield Fault("G111", (edit,), f"no longer divided by {source.code(node.right)}")
        if binary(node, ast.Mult) and binary(node.left, ast.Div):
            if isinstance(node.left.left, ast.Constant) and COUNTS.match(
                last_name(node.left.right)
            ):
                edit = source.replace(node, source.halves(node)[1])
                yield Fault("G111", (edit,), f"no longer times {source.code(node.left)}")


# -------------------------------------------------------------------------- what is updated


def removed(roles: Roles) -> Iterator[Fault]:
    """One update is not there."""
    source = roles.source
    for update in roles.updates:
        if source.alone(update.statement):
            what = f"gone: {source.code(update.statement)}"
            yield Fault("U201", (source.delete(update.statement),), what)


def last_layer_left_out(roles: Roles) -> Iterator[Fault]:
    """The loop over the layers ends one too early, or does not run."""
    source = roles.source
    around = [(u, n) for u in roles.updates for n in source.loops(u.statement)[:1]]
    for loop in {id(n): n for u, n in around if indexes(u.target, n)}.values():
        if not isinstance(loop, ast.For) or called(loop.iter) != "range":
            continue
        if loop in roles.training_loops or not isinstance(loop.iter, ast.Call):
            continue
        if any(roles.trains(n) and n is not loop for n in ast.walk(loop) if isinstance(n, ast.For)):
            continue
        last = loop.iter.args[-1] if len(loop.iter.args) < 3 else loop.iter.args[1]
        text = source.code(last)
        if isinstance(last, ast.Constant):
            form = str(int(last.value) - 1)
        elif binary(last, ast.Add):
            form = source.halves(last)[0]
        else:
            form = f"{text} - 1"
        edit = source.replace(last, form)
        yield Fault("U201", (edit,), f"the loop over the layers ends at {form}")


def indexes(target: ast.expr, loop: ast.For | ast.While) -> bool:
    """Whether a loop's variable chooses what is updated."""
    counter = getattr(getattr(loop, "target", None), "id", "")
    return any(isinstance(n, ast.Name) and n.id == counter for n in ast.walk(target))


def lost(roles: Roles) -> Iterator[Fault]:
    """The update goes into another name, or into a copy."""
    source = roles.source
    for update in roles.updates:
        target, step = source.code(update.target), source.code(update.step)
        statement = update.statement
        if isinstance(statement, ast.AugAssign):
            inner = step if not binary(update.step, ast.Add, ast.Sub) else f"({step})"
            if isinstance(update.target, ast.Name) and target in {"param", "p"}:
                text = f"{target} = {target} {update.sign} {inner}"
            else:
                name = re.sub(r"\W+", "_", last_name(update.target)).strip("_") or "value"
                text = f"new_{name} = {target} {update.sign} {inner}"
            yield Fault("U202", (source.replace(statement, text),), text)
        elif update.sum is not None and isinstance(statement, ast.Assign):
            name = re.sub(r"\W+", "_", last_name(update.target)).strip("_") or "value"
            edit = source.replace(update.target, f"new_{name}")
            if isinstance(update.target, ast.Name) and source.function(statement):
                if re.search(rf"\bnew_{name}\b", source.text):
                    continue
            yield Fault("U202", (edit,), f"{target} keeps its old value")


def overwritten(roles: Roles) -> Iterator[Fault]:
    """The step replaces the parameter: ``=`` for ``+=``."""
    source = roles.source
    for update in roles.updates:
        if isinstance(update.statement, ast.AugAssign):
            _, end = source.span(update.target)
            start, _ = source.span(update.statement.value)
            place = end + source.text[end:start].index(f"{update.sign}=")
            new = "= -" if update.sign == "-" else "="
            if update.sign == "-" and binary(update.step, ast.Add, ast.Sub):
                continue
            edit = Edit(place, start, f"{new}" if new.endswith("-") else "= ")
            yield Fault("U202", (edit,), "the step replaces the parameter")


def shared(roles: Roles) -> Iterator[Fault]:
    """Two buffers are one."""
    source = roles.source
    seen: dict[str, ast.Assign] = {}
    for statement in source.statements:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            continue
        value, target = statement.value, statement.targets[0]
        if isinstance(target, ast.Tuple):
            continue
        text = ast.unparse(value)
        if called(value) in {"zeros", "zeros_like", "deepcopy"}:
            first = seen.get(text)
            if first is not None and first in source.block(statement):
                other = source.code(first.targets[0])
                yield Fault("U203", (source.replace(value, other),), f"{other} under two names")
            seen[text] = statement
        if isinstance(value, (ast.ListComp, ast.DictComp)):
            element = value.elt if isinstance(value, ast.ListComp) else value.value
            if called(element) == "zeros_like" and isinstance(element, ast.Call):
                form = source.code(element.args[0])
                edit = source.replace(element, form)
                yield Fault("U203", (edit,), "the optimiser's state is the parameters themselves")
    for node in source.nodes:
        yield from shared_rows(source, node)


def shared_rows(source: Source, node: ast.AST) -> Iterator[Fault]:
    """Rows of a matrix of lists that are one list."""
    if not isinstance(node, ast.FunctionDef) or "atrix" not in node.name:
        return
    for call in (n for n in ast.walk(node) if called(n) == "append" and isinstance(n, ast.Call)):
        argument = call.args[0]
        loop = next((n for n in source.loops(call)), None)
        if loop is not None and binary(argument, ast.Mult):
            edits = (
                source.before(loop, f"row = {source.code(argument)}"),
                source.replace(argument, "row"),
            )
            yield Fault("U203", edits, "all rows are one list")


def drawn_anew(roles: Roles) -> Iterator[Fault]:
    """The parameters are drawn again in every round."""
    source = roles.source
    makers = {
        f.name for n in drawing(roles) if (f := source.function(n)) and f.name != "__init__"
    } | {
        source.parents[f].name
        for n in drawing(roles)
        if (f := source.function(n))
        and f.name == "__init__"
        and isinstance(source.parents[f], ast.ClassDef)
    }
    for loop in roles.training_loops:
        block = source.block(loop)
        for statement in block[: block.index(loop)]:
            if not isinstance(statement, ast.Assign) or not source.alone(statement):
                continue
            draws = any(n in set(drawing(roles)) for n in ast.walk(statement.value))
            makes = any(called(n) in makers for n in ast.walk(statement.value))
            if (draws and assigned(statement) & roles.parameters) or makes:
                text = source.code(statement)
                edit = source.before(loop.body[0], text)
                yield Fault("U204", (edit,), f"in every round: {text}")


def too_few(roles: Roles) -> Iterator[Fault]:
    """A hundredth of the rounds."""
    source = roles.source
    for loop in roles.training_loops:
        if not isinstance(loop, ast.For) or called(loop.iter) != "range":
            continue
        arguments = loop.iter.args if isinstance(loop.iter, ast.Call) else []
        for number in roles.constants(arguments[min(1, len(arguments) - 1)])[:1]:
            if isinstance(number.value, int) and number.value >= 10:
                new = str(max(1, number.value // 100))
                edit = source.replace(number, new)
                yield Fault("U205", (edit,), f"{new} rounds for {number.value}")
