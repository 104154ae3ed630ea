"""The interpreter's single steps: expressions and statements of the Python language."""

from __future__ import annotations

import ast
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.doctor.fixes import pure
from unstuck.doctor.fixes.functions import Own
from unstuck.doctor.fixes.pure import CannotEvaluate

if TYPE_CHECKING:
    from unstuck.doctor.fixes.interpret import Environment, Opaque

BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
}
INPLACE: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.iadd,
    ast.Sub: operator.isub,
    ast.Mult: operator.imul,
    ast.Div: operator.itruediv,
    ast.FloorDiv: operator.ifloordiv,
    ast.Pow: operator.ipow,
    ast.MatMult: operator.imatmul,
}
COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}
_NUMBERS = (int, float, complex, np.ndarray, np.generic)
_SILENT = {"print"}  # calls whose result nobody uses


class _Return(Exception):  # noqa: N818 - control flow
    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class _Break(Exception):  # noqa: N818 - control flow
    pass


class _Continue(Exception):  # noqa: N818 - control flow
    pass


class Statements(ABC):
    """Expressions and statements over an environment; names and calls are the subclass's."""

    @abstractmethod
    def step(self) -> None:
        """Count one step."""

    @abstractmethod
    def value(self, node: ast.expr, env: Environment) -> Any:
        """The value of a tree."""

    @abstractmethod
    def name(self, text: str, env: Environment) -> Any:
        """What a name means."""

    @abstractmethod
    def attribute(self, node: ast.Attribute, env: Environment) -> Any:
        """What an attribute means."""

    @abstractmethod
    def call(self, node: ast.Call, env: Environment) -> Any:
        """What a call gives."""

    def compute(self, node: ast.expr, env: Environment) -> Any:
        """One kind of expression."""
        handler = _EXPRESSIONS.get(type(node))
        if handler is None:
            raise CannotEvaluate(f"{type(node).__name__} is not evaluated")
        return handler(self, node, env)

    # Expressions ------------------------------------------------------------------------------

    def _name(self, node: ast.Name, env: Environment) -> Any:
        return self.name(node.id, env)

    def _constant(self, node: ast.Constant, env: Environment) -> Any:
        return node.value

    def _binary(self, node: ast.BinOp, env: Environment) -> Any:
        left, right = self.value(node.left, env), self.value(node.right, env)
        return binary(BINARY[type(node.op)], type(node.op), left, right)

    def _unary(self, node: ast.UnaryOp, env: Environment) -> Any:
        operand = self.value(node.operand, env)
        if (
            isinstance(operand, np.ndarray)
            and isinstance(node.op, ast.USub)
            and operand.dtype == bool
        ):
            raise CannotEvaluate("the negative of a boolean array is not defined")
        numeric(operand)
        return UNARY[type(node.op)](operand)

    def _compare(self, node: ast.Compare, env: Environment) -> Any:
        left = self.value(node.left, env)
        result: Any = True
        for op, each in zip(node.ops, node.comparators, strict=True):
            right = self.value(each, env)
            if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
                pure.guard_broadcast((left, right))
            result = COMPARE[type(op)](left, right)
            if len(node.ops) > 1 and not result:
                return result
            left = right
        return result

    def _boolean(self, node: ast.BoolOp, env: Environment) -> Any:
        stop_at = isinstance(node.op, ast.Or)
        result: Any = None
        for each in node.values:
            result = self.value(each, env)
            if bool(result) is stop_at:
                return result
        return result

    def _condition(self, node: ast.IfExp, env: Environment) -> Any:
        return self.value(node.body if self.value(node.test, env) else node.orelse, env)

    def _subscript(self, node: ast.Subscript, env: Environment) -> Any:
        from unstuck.doctor.fixes.interpret import Opaque, place

        text = place(node)
        if text is not None and text in env.names:
            return env.names[text]
        base = self.value(node.value, env)
        if isinstance(base, Opaque):
            return item(base, self.index(node.slice, env))
        return base[self.index(node.slice, env)]

    def index(self, node: ast.expr, env: Environment) -> Any:
        """A subscript's index."""
        if isinstance(node, ast.Slice):
            parts = (node.lower, node.upper, node.step)
            return slice(*(None if part is None else self.value(part, env) for part in parts))
        if isinstance(node, ast.Tuple):
            return tuple(self.index(each, env) for each in node.elts)
        index = self.value(node, env)
        if not isinstance(index, (*_NUMBERS, str, slice, tuple, list, type(None), type(...))):
            raise CannotEvaluate(f"the index {ast.unparse(node)} is not known")
        return index

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set, env: Environment) -> Any:
        values: list[Any] = []
        for each in node.elts:
            if isinstance(each, ast.Starred):
                values += list(self.items(self.value(each.value, env)))
            else:
                values.append(self.value(each, env))
        return tuple(values) if isinstance(node, ast.Tuple) else values

    def _dict(self, node: ast.Dict, env: Environment) -> Any:
        return {
            self.value(name, env): self.value(value, env)
            for name, value in zip(node.keys, node.values, strict=True)
            if name is not None
        }

    def _lambda(self, node: ast.Lambda, env: Environment) -> Any:
        from unstuck.doctor.fixes.interpret import Function

        return Function(Own("<lambda>", node, env.file), self, env)  # type: ignore[arg-type]

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp, env: Environment) -> Any:
        from dataclasses import replace

        values: list[Any] = []
        inner = replace(env, local=dict(env.local), memo=None, copied=set())

        def run(generators: list[ast.comprehension]) -> None:
            if not generators:
                values.append(self.value(node.elt, inner))
                return
            for item in self.items(self.value(generators[0].iter, inner)):
                self.step()
                self.assign(generators[0].target, item, inner)
                if all(self.value(test, inner) for test in generators[0].ifs):
                    run(generators[1:])

        run(node.generators)
        return values

    def _starred(self, node: ast.Starred, env: Environment) -> Any:
        raise CannotEvaluate("a starred expression stands where none is expected")

    def items(self, values: Any) -> Iterable[Any]:
        """What a loop goes over."""
        if isinstance(values, int | float | str | type(None)) or not isinstance(values, Iterable):
            raise CannotEvaluate("a loop goes over something unknown")
        return values

    # Statements -------------------------------------------------------------------------------

    def bind(
        self, own: Own, env: Environment, args: list[Any], kwargs: dict[str, Any], this: Any
    ) -> None:
        """Give the arguments of a call their names."""
        spec = own.node.args
        names = [each.arg for each in (*spec.posonlyargs, *spec.args)]
        if own.owner and not own.static and names:
            env.local[names[0]] = self_of(this, env)
            names = names[1:]
        if len(args) > len(names) and spec.vararg is None:
            raise CannotEvaluate(f"{own.name} takes fewer arguments")
        env.local.update(zip(names, args, strict=False))
        if spec.vararg is not None:
            env.local[spec.vararg.arg] = tuple(args[len(names) :])
        only = [each.arg for each in spec.kwonlyargs]
        extra = {name: value for name, value in kwargs.items() if name not in {*names, *only}}
        if extra and spec.kwarg is None:
            raise CannotEvaluate(f"{own.name} has no argument {next(iter(extra))}")
        env.local.update({name: value for name, value in kwargs.items() if name not in extra})
        if spec.kwarg is not None:
            env.local[spec.kwarg.arg] = extra
        defaults = dict(zip(reversed(names), reversed(spec.defaults), strict=False))
        defaults |= {n: d for n, d in zip(only, spec.kw_defaults, strict=True) if d is not None}
        for name in (*names, *only):
            if name not in env.local:
                if name not in defaults:
                    raise CannotEvaluate(f"{own.name} needs the argument {name}")
                env.local[name] = self.value(defaults[name], env)

    def body(self, statements: list[ast.stmt], env: Environment) -> Any:
        """Run a function's statements to its return."""
        try:
            self.block(statements, env)
        except _Return as done:
            return done.value
        return None

    def block(self, statements: list[ast.stmt], env: Environment) -> None:
        """Run statements in order."""
        for statement in statements:
            self.step()
            handler = _STATEMENTS.get(type(statement))
            if handler is None:
                raise CannotEvaluate(f"a {type(statement).__name__} statement is not followed")
            handler(self, statement, env)

    def _return(self, node: ast.Return, env: Environment) -> None:
        raise _Return(None if node.value is None else self.value(node.value, env))

    def _assign(self, node: ast.Assign, env: Environment) -> None:
        value = self.value(node.value, env)
        for target in node.targets:
            self.assign(target, value, env)

    def _annotated(self, node: ast.AnnAssign, env: Environment) -> None:
        if node.value is not None:
            self.assign(node.target, self.value(node.value, env), env)

    def assign(self, target: ast.expr, value: Any, env: Environment) -> None:
        """Give a value to a name, several names, or an item of a local."""
        if isinstance(target, ast.Name):
            env.local[target.id] = value
            env.copied.discard(target.id)
        elif isinstance(target, ast.Tuple | ast.List):
            values = list(self.items(value))
            if len(values) != len(target.elts):
                raise CannotEvaluate("the numbers of names and values differ")
            for each, part in zip(target.elts, values, strict=True):
                self.assign(each, part, env)
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            self._writable(target.value.id, env)[self.index(target.slice, env)] = value
        else:
            raise CannotEvaluate("an attribute is written")

    def _writable(self, name: str, env: Environment) -> Any:
        if name not in env.local:
            raise CannotEvaluate(f"{name}, which is not its own, is written")
        value = env.local[name]
        if name not in env.copied:
            if isinstance(value, np.ndarray):
                value = value.copy()
            elif isinstance(value, list | dict):
                value = type(value)(value)
            else:
                raise CannotEvaluate(f"an item of {name} is written")
            env.local[name] = value
            env.copied.add(name)
        return value

    def _augmented(self, node: ast.AugAssign, env: Environment) -> None:
        right = self.value(node.value, env)
        kind = type(node.op)
        if isinstance(node.target, ast.Name):
            left = self.name(node.target.id, env)
            numeric(left, right)
            if isinstance(left, np.ndarray):
                left = left.copy()
                result = INPLACE[kind](left, right)
            else:
                result = binary(BINARY[kind], kind, left, right)
            self.assign(node.target, result, env)
        elif isinstance(node.target, ast.Subscript) and isinstance(node.target.value, ast.Name):
            base = self._writable(node.target.value.id, env)
            index = self.index(node.target.slice, env)
            base[index] = binary(BINARY[kind], kind, base[index], right)
        else:
            raise CannotEvaluate("an attribute is written")

    def _if(self, node: ast.If, env: Environment) -> None:
        self.block(node.body if self.value(node.test, env) else node.orelse, env)

    def _for(self, node: ast.For, env: Environment) -> None:
        for item in self.items(self.value(node.iter, env)):
            self.step()
            self.assign(node.target, item, env)
            try:
                self.block(node.body, env)
            except _Break:
                return
            except _Continue:
                continue
        self.block(node.orelse, env)

    def _while(self, node: ast.While, env: Environment) -> None:
        while self.value(node.test, env):
            self.step()
            try:
                self.block(node.body, env)
            except _Break:
                return
            except _Continue:
                continue
        self.block(node.orelse, env)

    def _break(self, node: ast.Break, env: Environment) -> None:
        raise _Break

    def _continue(self, node: ast.Continue, env: Environment) -> None:
        raise _Continue

    def _expression(self, node: ast.Expr, env: Environment) -> None:
        call = node.value
        if isinstance(call, ast.Constant):
            return
        if isinstance(call, ast.Call):
            if isinstance(call.func, ast.Name) and call.func.id in _SILENT:
                return
            if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
                if isinstance(env.local.get(call.func.value.id), list | dict):
                    self._writable(call.func.value.id, env)
                    self.value(call, env)
                    return
        raise CannotEvaluate("a statement is run for its side effect")

    def _assert(self, node: ast.Assert, env: Environment) -> None:
        if not self.value(node.test, env):
            raise CannotEvaluate("an assertion of the program fails")

    def _with(self, node: ast.With, env: Environment) -> None:
        for each in node.items:
            text = ast.unparse(each.context_expr)
            if "errstate" not in text and "catch_warnings" not in text:
                raise CannotEvaluate("a with statement is not followed")
        self.block(node.body, env)

    def _definition(self, node: ast.FunctionDef, env: Environment) -> None:
        from unstuck.doctor.fixes.interpret import Function

        own = Own(node.name, node, env.file)
        env.local[node.name] = Function(own, self, env)  # type: ignore[arg-type]

    def _pass(self, node: ast.stmt, env: Environment) -> None:
        return


def self_of(this: Any, env: Environment) -> Any:
    """What the first argument of a method is in its body."""
    from unstuck.doctor.fixes.interpret import Opaque

    return Opaque("self", env) if isinstance(this, Opaque) or this is None else this


def item(base: Opaque, index: Any) -> Any:
    """An item of a list or dictionary of which single items are known."""
    names = base.env.names
    if isinstance(index, int | np.integer) and index < 0:
        index = int(index) + count(base)
    text = f"{base.text}[{int(index) if isinstance(index, np.integer) else index!r}]"
    if text not in names or isinstance(index, slice | tuple):
        raise CannotEvaluate(f"the value of {text} is not known")
    return names[text]


def count(base: Opaque) -> int:
    """How many items a list has of which every item is known."""
    start = f"{base.text}["
    inner = (text[len(start) : -1] for text in base.env.names if text.startswith(start))
    return 1 + max((int(text) for text in inner if text.isdigit()), default=-1)


def numeric(*values: Any) -> None:
    """Refuse operands that are no numbers, arrays, texts or sequences."""
    for value in values:
        if not isinstance(value, (*_NUMBERS, str, list, tuple, type(None))):
            raise CannotEvaluate("an operand is not known")


def binary(
    function: Callable[[Any, Any], Any], kind: type[ast.operator], left: Any, right: Any
) -> Any:
    """One operator, after a look at how large its result would be."""
    numeric(left, right)
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        if kind is ast.MatMult:
            pure.guard_product("matmul", [left, right])
        else:
            pure.guard_broadcast((left, right))
    elif kind is ast.Pow:
        pure.guard_power(left, right)
    elif kind is ast.LShift:
        pure.guard_power(2, right)
    elif isinstance(left, str | list | tuple) and isinstance(right, int):
        pure.guard_count(len(left) * right)
    elif isinstance(right, str | list | tuple) and isinstance(left, int):
        pure.guard_count(len(right) * left)
    return function(left, right)


_Handler = Callable[[Any, Any, Any], Any]
_EXPRESSIONS: Mapping[type[ast.expr], _Handler] = {
    ast.Name: Statements._name,
    ast.Constant: Statements._constant,
    ast.Attribute: lambda run, node, env: run.attribute(node, env),
    ast.Call: lambda run, node, env: run.call(node, env),
    ast.BinOp: Statements._binary,
    ast.UnaryOp: Statements._unary,
    ast.Compare: Statements._compare,
    ast.BoolOp: Statements._boolean,
    ast.IfExp: Statements._condition,
    ast.Subscript: Statements._subscript,
    ast.List: Statements._sequence,
    ast.Tuple: Statements._sequence,
    ast.Set: Statements._sequence,
    ast.Dict: Statements._dict,
    ast.Lambda: Statements._lambda,
    ast.ListComp: Statements._comprehension,
    ast.GeneratorExp: Statements._comprehension,
    ast.Starred: Statements._starred,
}
_STATEMENTS: Mapping[type[ast.stmt], _Handler] = {
    ast.Return: Statements._return,
    ast.Assign: Statements._assign,
    ast.AnnAssign: Statements._annotated,
    ast.AugAssign: Statements._augmented,
    ast.If: Statements._if,
    ast.For: Statements._for,
    ast.While: Statements._while,
    ast.Break: Statements._break,
    ast.Continue: Statements._continue,
    ast.Expr: Statements._expression,
    ast.Assert: Statements._assert,
    ast.With: Statements._with,
    ast.FunctionDef: Statements._definition,
    ast.Pass: Statements._pass,
    ast.Import: Statements._pass,
    ast.ImportFrom: Statements._pass,
}
