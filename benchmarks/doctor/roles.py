"""What is what in a program, by its shape and by the words that people use: where faults can go.

Reading roles from names is good enough for planting faults in programs that we can look at; the
doctor itself never may.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from benchmarks.doctor.source import (
    Source,
    binary,
    called,
    last_name,
    names,
    root_name,
    same,
)

GRADIENT = re.compile(
    r"^_?(d[A-Z_]\w*|d[a-z]\d*|d\d|d[wbz]s?|db\w+|g|gs?_\w+|ga|g_?h|g_?hidden|grad\w*|\w*_grad\w*|\w*delta\w*|"
    r"err|error|errors|Error|\w+_error\w*|error_\w+|err_\w+|nabla\w*|delta_\w+|diff|e_\w|c_[BW]\d|"
    r"change|back|update|updates|\w+_updates|draw|temp|dscores|dhidden|dfilters|dconv|dbn|dgamma|"
    r"dbeta|dxhat|dx|dout|dh|dk|dc|da|dz|theta_grad|dcost\w*|dparam|hid_deltas|out_deltas|dadc)$"
)
STEP = re.compile(r"^(\w*vel\w*|v|m_hat|mh|momentum|step)$")
RATE = re.compile(
    r"^(\w*learning_?rate\w*|lr\d?|\w*learn_?[rR]ate\w*|alpha|eta|rate|RATE|l_rate|step_size|N|a|lr0|"
    r"LEARNING_RATE)$"
)
SUM = re.compile(
    r"^(loss|losses|total\w*|cost\w*|count|correct|good|right|hits|num\w*|i|j|k|t|n|e|s|sum\w*|epoch|"
    r"activation|z|waited|errors|running\w*|h|cache\w*|m|v|\w*vel\w*|img|digit|err|error|nll|dbeta|"
    r"train_loss|num_correct|mean|p)$"
)
DERIVATIVE = re.compile(
    r"(deriv|prime|_grad$|_dx$|^d_?sig|^d_?tanh|^d_?relu|^dev_|_p$|^dsigmoid|^dReLU)", re.IGNORECASE
)
ACTIVATION = re.compile(
    r"^(tanh|sigmoid|sig|relu|ReLU|_+sigmoid|transfer|nonlin|leaky_relu|softplus)$"
)
DECAY = re.compile(r"^(reg|lam|Lambda|weight_decay|l2|L2|lambda_param|lambda_)$")
EPOCH = re.compile(r"^(epoch|e|i|it|j|t|step|_|iteration|sample|k|count)$")
BIAS = re.compile(r"^_?(b\d?|bs|bias\w*|b_\w+|B\d?|B|by|bh|be|bd|fb|kbias|dbias|db|c|d|beta)$")
INPUT = re.compile(
    r"^(X\w*|x|x_\w+|data|images|imgs|inputs?|train_X|input_array|marks|features|sentences|xb)$"
)
TARGET = re.compile(
    r"^(Y\w*|y|y_\w+|yb|t|T|tb|targets?|labels?|label|desired|expected|train_Y|output_array|outputs|"
    r"T_\w+|t_\w+|kind|Y_train|teacher)$"
)


@dataclass(frozen=True, slots=True)
class Update:
    """A statement that changes a parameter: ``target -= step`` or what amounts to it.

    ``sum`` is the addition or subtraction (None for an augmented assignment); ``step`` the
    expression that is added or subtracted.
    """

    statement: ast.stmt
    target: ast.expr
    sign: str
    step: ast.expr
    sum: ast.BinOp | None = None


class Roles:
    """The roles of one source."""

    def __init__(self, source: Source) -> None:
        self.source = source

    # ------------------------------------------------------------------------------- updates

    @cached_property
    def updates(self) -> list[Update]:
        """Every statement that changes a parameter; at the top outside any loop is preparation."""
        found = [self.update_of(s) for s in self.source.statements]
        return [
            u
            for u in found
            if u and (self.source.function(u.statement) or self.source.loops(u.statement))
        ]

    def update_of(self, statement: ast.stmt) -> Update | None:
        """A statement as an update, if it is one."""
        if isinstance(statement, ast.AugAssign) and isinstance(statement.op, (ast.Add, ast.Sub)):
            if self.may_change(statement.target, statement.value):
                sign = "-" if isinstance(statement.op, ast.Sub) else "+"
                return Update(statement, statement.target, sign, statement.value)
            return None
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return None
        target, value = statement.targets[0], statement.value
        if isinstance(target, ast.Tuple):
            return None
        if isinstance(value, ast.ListComp):
            return self.update_of_list(statement, target, value.elt)
        if called(value) in {"subtract", "add"} and isinstance(value, ast.Call):
            if same(value.args[0], target) and self.may_change(target, value.args[1]):
                sign = "-" if called(value) == "subtract" else "+"
                return Update(statement, target, sign, value.args[1])
            return None
        while binary(value, ast.Add, ast.Sub):
            simple = isinstance(value.left, (ast.Subscript, ast.Name, ast.Attribute))
            if simple and last_name(value.left) == last_name(target):
                if not self.may_change(target, value.right):
                    return None
                sign = "-" if isinstance(value.op, ast.Sub) else "+"
                return Update(statement, target, sign, value.right, value)
            value = value.left
        return None

    def update_of_list(
        self, statement: ast.stmt, target: ast.expr, element: ast.expr
    ) -> Update | None:
        """``weights = [w - rate * g for w, g in ...]`` as an update."""
        if not binary(element, ast.Add, ast.Sub) or not self.may_change(target, element.right):
            return None
        if last_name(element.left) not in {"w", "b", "p", "param"}:
            return None
        sign = "-" if isinstance(element.op, ast.Sub) else "+"
        return Update(statement, target, sign, element.right, element)

    def may_change(self, target: ast.expr, step: ast.expr) -> bool:
        """Whether this is a parameter and a step: no gradient, running sum, velocity, counter."""
        name = last_name(target)
        if GRADIENT.match(root_name(target)) or GRADIENT.match(name) or not self.is_step(step):
            return False
        if any(RATE.match(n) for n in names(step) - {"a", "N"}):
            return True
        return not SUM.match(name)

    @staticmethod
    def is_step(node: ast.expr) -> bool:
        """Whether an expression has a gradient, a rate or a velocity in it."""
        if binary(node, ast.Mult) and same(node.left, node.right):
            return False
        found = names(node)
        by_key = {last_name(n) for n in ast.walk(node) if isinstance(n, ast.Subscript)}
        parts = found | by_key
        rate = any(RATE.match(n) for n in parts - {"a", "N"})
        return rate or any(GRADIENT.match(n) or STEP.match(n) for n in parts)

    @cached_property
    def parameters(self) -> set[str]:
        """The names of what updates change."""
        found = {last_name(u.target) for u in self.updates}
        return found | {root_name(u.target) for u in self.updates}

    # -------------------------------------------------------------------------------- loops

    @cached_property
    def training_functions(self) -> set[str]:
        """Functions and methods in which, or beneath which, parameters are updated."""
        owners: dict[str, list[ast.FunctionDef]] = {}
        for node in self.source.nodes:
            if isinstance(node, ast.FunctionDef):
                owners.setdefault(node.name, []).append(node)
        found = {f.name for u in self.updates if (f := self.source.function(u.statement))}
        while True:
            more = {
                name
                for name, nodes in owners.items()
                if name not in found
                and any(called(n) in found for node in nodes for n in ast.walk(node))
            }
            if not more:
                return found
            found |= more

    def trains(self, node: ast.AST) -> bool:
        """Whether updates happen in a node, or beneath what it calls."""
        mine = {id(u.statement) for u in self.updates}
        return any(id(n) in mine or called(n) in self.training_functions for n in ast.walk(node))

    @cached_property
    def training_loops(self) -> list[ast.For | ast.While]:
        """The outermost loops that train."""
        loops = [n for n in self.source.nodes if isinstance(n, (ast.For, ast.While))]
        loops = [n for n in loops if any(self.trains(s) for s in n.body)]
        counts = [n for n in loops if EPOCH.match(getattr(getattr(n, "target", None), "id", "_"))]
        inside = {called(n) for loop in counts for n in ast.walk(loop)}
        return [
            n
            for n in counts
            if not any(p in counts for p in self.source.loops(n))
            and ((owner := self.source.function(n)) is None or owner.name not in inside)
        ] or counts[:1]

    # --------------------------------------------------------------------------- expressions

    @staticmethod
    def is_gradient(target: ast.expr) -> bool:
        """Whether what a statement assigns is called like a gradient."""
        found = {last_name(target), root_name(target)}
        return any(GRADIENT.match(n) or n == "d" for n in found)

    @cached_property
    def gradient_expressions(self) -> list[ast.expr]:
        """Where gradients are computed: right sides, steps, returned and appended values."""
        found: list[ast.expr] = []
        for statement in self.source.statements:
            function = self.source.function(statement)
            if isinstance(statement, ast.Assign):
                target = statement.targets[0]
                if self.is_gradient(target) and not self.update_of(statement):
                    found.append(statement.value)
            elif isinstance(statement, ast.AugAssign):
                if GRADIENT.match(last_name(statement.target)):
                    found.append(statement.value)
            elif isinstance(statement, ast.Return) and statement.value is not None:
                if function and re.search(r"back|grad|_prime$|derivative$", function.name):
                    if not isinstance(statement.value, (ast.Tuple, ast.Name)):
                        found.append(statement.value)
            elif isinstance(statement, ast.Expr) and called(statement.value) in {
                "append",
                "insert",
            }:
                owner = statement.value.func
                if isinstance(owner, ast.Attribute) and GRADIENT.match(last_name(owner.value)):
                    found.append(statement.value.args[-1])
        found += [u.step for u in self.updates]
        return found

    def within_gradients(self, kind: type[ast.AST]) -> Iterator[ast.AST]:
        """Nodes of one kind in gradient expressions, each once."""
        seen = set()
        for root in self.gradient_expressions:
            for node in ast.walk(root):
                if isinstance(node, kind) and id(node) not in seen:
                    seen.add(id(node))
                    yield node

    @cached_property
    def errors(self) -> list[ast.BinOp]:
        """Output minus target, or target minus output, where the backward pass begins."""
        found = []
        for node in self.within_gradients(ast.BinOp):
            if not isinstance(node.op, ast.Sub):
                continue
            sides = [self.plain_name(node.left), self.plain_name(node.right)]
            if not all(sides) or not any(TARGET.match(s) or s == "recon" for s in sides):
                continue
            if isinstance(self.source.parents.get(node), ast.BinOp) and binary(
                self.source.parents[node], ast.Pow
            ):
                continue
            found.append(node)
        return found

    @staticmethod
    def plain_name(node: ast.expr) -> str:
        """The name of a side of an error; empty for constants and products."""
        while isinstance(node, ast.Attribute) and node.attr == "T":
            node = node.value
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            return "scores"
        if called(node) and called(node) not in {"log", "sum", "divide", "mean", "power", "dot"}:
            return "prediction"
        if isinstance(node, ast.Subscript) and called(node.value) == "eye":
            return "targets"
        if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
            return last_name(node)
        return ""

    def is_weight(self, node: ast.expr) -> bool:
        """Whether an operand is a weight matrix, transposed or not."""
        name = last_name(node)
        if BIAS.match(name) and name not in {"c", "d"}:
            return False
        known = name in self.parameters or root_name(node) in self.parameters
        return known or bool(re.match(r"^(W|w|w_\w+|weights?\w*|W\w+|w\d|syn\d)$", name))

    @staticmethod
    def products(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
        """The two operands of a matrix product."""
        if binary(node, ast.MatMult):
            return node.left, node.right
        name = called(node)
        if name in {"dot", "matmul", "outer"} and isinstance(node, ast.Call):
            if len(node.args) == 2:
                return node.args[0], node.args[1]
            if len(node.args) == 1 and isinstance(node.func, ast.Attribute):
                return node.func.value, node.args[0]
        return None

    # ------------------------------------------------------------------------------ constants

    def constants(self, node: ast.expr, depth: int = 0) -> list[ast.Constant]:
        """The numbers in the text that decide the value of an expression."""
        if depth > 4:
            return []
        if isinstance(node, ast.Constant):
            return [node] if isinstance(node.value, (int, float)) else []
        if isinstance(node, ast.BinOp):
            return self.constants(node.left, depth + 1) or self.constants(node.right, depth + 1)
        if isinstance(node, ast.Name):
            for function in self.source.ancestors(node):
                if isinstance(function, ast.FunctionDef) and node.id in parameters_of(function):
                    return self.handed_over(function, node.id, depth)
            return self.assigned(node.id, depth)
        if isinstance(node, ast.Attribute):
            return self.assigned(node.attr, depth)
        return []

    @cached_property
    def rates(self) -> list[ast.Constant]:
        """The numbers that are the learning rate."""
        found: list[ast.Constant] = []
        steps = [u.step for u in self.updates]
        for node in (n for step in steps for n in ast.walk(step)):
            if isinstance(node, (ast.Name, ast.Attribute)) and RATE.match(last_name(node)):
                found += self.constants(node)
        if not found:
            for node in (n for step in steps for n in ast.walk(step)):
                if binary(node, ast.Mult) and isinstance(node.left, ast.Constant):
                    if isinstance(node.left.value, float) and node.left.value < 1:
                        found.append(node.left)
        if not found:
            for node in self.source.nodes:
                if isinstance(node, ast.Name) and RATE.match(node.id) and node.id != "a":
                    found += self.constants(node)
        unique = {(c.lineno, c.col_offset): c for c in found}
        return [c for _, c in sorted(unique.items())]

    def assigned(self, name: str, depth: int) -> list[ast.Constant]:
        """The numbers that an assignment to a name gives it."""
        for statement in self.source.statements:
            if not isinstance(statement, ast.Assign):
                continue
            for target in statement.targets:
                if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
                    for part, value in zip(target.elts, statement.value.elts, strict=False):
                        if last_name(part) == name:
                            return self.constants(value, depth + 1)
                elif last_name(target) == name and not isinstance(target, ast.Subscript):
                    return self.constants(statement.value, depth + 1)
        return []

    def handed_over(self, function: ast.FunctionDef, name: str, depth: int) -> list[ast.Constant]:
        """The numbers that calls hand to a function under a name, or its default."""
        position = parameters_of(function).index(name)
        owner = self.source.parents[function]
        is_method = isinstance(owner, ast.ClassDef)
        known_as = {function.name}
        if is_method and function.name == "__init__":
            known_as = {owner.name}
        for node in self.source.nodes:
            if called(node) not in known_as:
                continue
            for keyword in node.keywords:
                if keyword.arg == name:
                    return self.constants(keyword.value, depth + 1)
            place = position - (1 if is_method else 0)
            if place < len(node.args):
                found = self.constants(node.args[place], depth + 1)
                if found:
                    return found
        arguments = function.args.args
        defaults = function.args.defaults
        after = position - (len(arguments) - len(defaults))
        return self.constants(defaults[after], depth + 1) if after >= 0 else []


def parameters_of(function: ast.FunctionDef) -> list[str]:
    """The names of a function's arguments."""
    return [a.arg for a in function.args.args]
