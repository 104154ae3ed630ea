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
    r"^_?(d[A-Z_]\w*|d[a-z]\d*|d[wbz]s?|g|gs?_\w+|ga|g_?h|g_?hidden|grad\w*|\w*_grad\w*|\w*delta\w*|"
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
ACTIVATION = re.compile(r"^(tanh|sigmoid|sig|relu|ReLU|_+sigmoid|transfer|nonlin|leaky_relu|softplus)$")
DECAY = re.compile(r"^(reg|lam|Lambda|weight_decay|l2|L2|lambda_param|lambda_)$")
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
        """Every statement that changes a parameter."""
        found = []
        for statement in self.source.statements:
            update = self.update_of(statement)
            if update and self.source.function(statement) is None and not self.source.loops(statement):
                continue  # at the top, outside any loop: preparation
            if update:
                found.append(update)
        return found

    def update_of(self, statement: ast.stmt) -> Update | None:
        """A statement as an update, if it is one."""
        if isinstance(statement, ast.AugAssign) and isinstance(statement.op, (ast.Add, ast.Sub)):
            if self.is_parameter_name(statement.target) and self.is_step(statement.value):
                sign = "-" if isinstance(statement.op, ast.Sub) else "+"
                return Update(statement, statement.target, sign, statement.value)
            return None
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return None
        target, value = statement.targets[0], statement.value
        if isinstance(target, ast.Tuple) or not self.is_parameter_name(target):
            return None
        if isinstance(value, ast.ListComp):
            value = value.elt
            if not binary(value, ast.Add, ast.Sub) or not self.is_step(value.right):
                return None
            if last_name(value.left) not in {"w", "b", "p", "param"}:
                return None
            sign = "-" if isinstance(value.op, ast.Sub) else "+"
            return Update(statement, target, sign, value.right, value)
        while binary(value, ast.Add, ast.Sub):
            if last_name(value.left) == last_name(target) and (
                same(value.left, target) or isinstance(value.left, (ast.Subscript, ast.Name))
            ):
                if not self.is_step(value.right):
                    return None
                sign = "-" if isinstance(value.op, ast.Sub) else "+"
                return Update(statement, target, sign, value.right, value)
            value = value.left
        return None

    def is_parameter_name(self, target: ast.expr) -> bool:
        """Not a gradient, a running sum, a velocity or a counter."""
        name = last_name(target)
        if GRADIENT.match(root_name(target)) or GRADIENT.match(name):
            return False
        return not SUM.match(name) or name == "p" or isinstance(target, ast.Subscript) is False and (
            name in {"d", "c"}
        )

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
        return any(
            id(n) in mine or called(n) in self.training_functions for n in ast.walk(node)
        )

    @cached_property
    def training_loops(self) -> list[ast.For | ast.While]:
        """The outermost loops that train."""
        loops = [n for n in self.source.nodes if isinstance(n, (ast.For, ast.While))]
        loops = [n for n in loops if any(self.trains(s) for s in n.body)]
        inside = set()
        for loop in loops:
            for n in ast.walk(loop):
                inside.add(called(n))
        return [
            n
            for n in loops
            if not any(p in loops for p in self.source.loops(n))
            and (self.source.function(n) is None or self.source.function(n).name not in inside)
        ]

    # --------------------------------------------------------------------------- expressions

    @cached_property
    def gradient_expressions(self) -> list[ast.expr]:
        """Where gradients are computed: right sides, steps, returned and appended values."""
        found: list[ast.expr] = []
        for statement in self.source.statements:
            function = self.source.function(statement)
            if isinstance(statement, ast.Assign):
                target = statement.targets[0]
                if GRADIENT.match(last_name(target)) or GRADIENT.match(root_name(target)):
                    found.append(statement.value)
            elif isinstance(statement, ast.AugAssign):
                if GRADIENT.match(last_name(statement.target)):
                    found.append(statement.value)
            elif isinstance(statement, ast.Return) and statement.value is not None:
                if function and re.search(r"back|grad|_prime$|derivative$", function.name):
                    if not isinstance(statement.value, (ast.Tuple, ast.Name)):
                        found.append(statement.value)
            elif isinstance(statement, ast.Expr) and called(statement.value) in {"append", "insert"}:
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
            if not all(sides) or sum(bool(TARGET.match(s)) for s in sides) == 0:
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
        if called(node) in {"exp", "predict", "expected", "eye"}:
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
            function = self.source.function(node)
            if function and node.id in parameters_of(function):
                return self.handed_over(function, node.id, depth)
            return self.assigned(node.id, depth)
        if isinstance(node, ast.Attribute):
            return self.assigned(node.attr, depth)
        return []

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
