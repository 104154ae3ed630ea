"""Evaluate a program's expressions on recorded values without running any of its code.

The program's own functions are followed statement by statement over copies; whatever is not
understood, or could have side effects, raises `CannotEvaluate`. Nothing reaches `exec` or `eval`.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.doctor.fixes import operate, pure
from unstuck.doctor.fixes.functions import Names, Own, names_of, path
from unstuck.doctor.fixes.places import expression, key
from unstuck.doctor.fixes.pure import CannotEvaluate, Module
from unstuck.trace.program import Program

__all__ = ["CannotEvaluate", "Environment", "Interpreter", "Opaque"]

MAX_STEPS = 200_000  # nodes of the tree visited for one expression
MAX_DEPTH = 40  # calls within calls


@dataclass(slots=True)
class Environment:
    """What names mean at one place: of an expression, or in a call of an own function.

    ``names`` maps texts in the spelling of `key` to values, ``module`` those of the module.
    ``memo`` keeps the values of the trees in ``keep``, by their identity.
    """

    names: Mapping[str, Any]
    file: str
    function: str = ""
    module: Mapping[str, Any] = field(default_factory=dict)
    memo: dict[int, tuple[ast.expr, Any]] | None = None
    keep: set[int] = field(default_factory=set)
    local: dict[str, Any] = field(default_factory=dict)
    copied: set[str] = field(default_factory=set)  # locals that are our own to write to
    outer: Environment | None = None
    owner: str = ""
    arguments: frozenset[str] = frozenset()


class Opaque:
    """An object of the program that is known by its text alone (``self``, ``layer``)."""

    __slots__ = ("env", "text")

    def __init__(self, text: str, env: Environment) -> None:
        self.text, self.env = text, env


class Function:
    """One of the program's own functions, which interprets its body when it is called."""

    __slots__ = ("__name__", "env", "module", "own", "run", "this")

    def __init__(
        self,
        own: Own,
        run: _Run,
        env: Environment | None,
        this: Any = None,
        module: Mapping[str, Any] | None = None,
    ) -> None:
        self.own, self.run, self.env, self.this = own, run, env, this
        self.module = module or {}
        self.__name__ = own.name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Interpret the body."""
        return self.run.call_own(self, list(args), kwargs)


class Interpreter:
    r"""Evaluates expressions of one program.

    Examples
    --------
    >>> program = Program({"a.py": "import numpy as np\ndef f(x):\n    return x * 2"}, "a.py")
    >>> Interpreter(program).evaluate("np.sum(f(a))", {"a": np.ones(3)})
    np.float64(6.0)
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = names_of(program)

    def evaluate(
        self,
        source: str | ast.expr,
        names: Mapping[str, Any],
        *,
        function: str = "",
        file: str | None = None,
        module: Mapping[str, Any] | None = None,
    ) -> Any:
        """The value of an expression where ``names`` mean what they map to.

        Keys are texts as they stand in the source (``a``, ``self.a1``, ``cache["Z1"]``);
        ``function`` is the dotted name of the function around it, ``module`` what the names of
        the module mean inside the functions that it calls.

        Raises
        ------
        CannotEvaluate
            The expression, or something it calls, is not understood or fails.
        """
        env = self.environment(names, function=function, file=file, module=module)
        tree = expression(source) if isinstance(source, str) else source
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return self.evaluate_in(tree, env)

    def environment(
        self,
        names: Mapping[str, Any],
        *,
        function: str = "",
        file: str | None = None,
        module: Mapping[str, Any] | None = None,
    ) -> Environment:
        """One place with its names, to evaluate many expressions at."""
        return Environment(
            {key(text): value for text, value in names.items()},
            file or self.program.entry,
            function,
            {key(text): value for text, value in (module or {}).items()},
            owner=next(
                (each for each in reversed(path(function)[:-1]) if self._is_class(each)), ""
            ),
        )

    def evaluate_in(self, node: ast.expr, env: Environment) -> Any:
        """The value of a tree at a place (see `evaluate`); NumPy's warnings are the caller's."""
        try:
            return plain(_Run(self).value(node, env))
        except CannotEvaluate:
            raise
        except RecursionError:
            raise CannotEvaluate("the expression is nested too deeply") from None
        except Exception as error:  # noqa: BLE001 - whatever NumPy or Python says against it
            raise CannotEvaluate(f"{type(error).__name__}: {error}") from None

    def helpers(self, file: str, function: str = "") -> list[str]:
        """Texts that call an own function at a place: ``sigmoid``, ``self.sigmoid``."""
        found: dict[str, None] = {}
        inside = path(function)
        known = self.names.get(file, Names())
        for name, owns in known.functions.items():
            for own in owns:
                if own.owner:
                    if own.owner in inside:
                        found[f"{own.owner if own.static else 'self'}.{name}"] = None
                elif not own.outer or path(own.outer) == inside[: len(path(own.outer))]:
                    found[name] = None
        for alias, (other, name) in known.own.items():
            if name in self.names[other].functions:
                found[alias] = None
        for other in known.star:
            found.update(dict.fromkeys(self.names[other].functions if other in self.names else ()))
        for alias, other in known.own_modules.items():
            for name, owns in self.names[other].functions.items():
                if not owns[0].owner and not owns[0].outer:
                    found[f"{alias}.{name}"] = None
        return list(found)

    def function(self, text: str, file: str, function: str = "") -> Own | None:
        """The own function that a text names at a place."""
        env = self.environment({}, function=function, file=file)
        try:
            found = _Run(self).value(expression(text), env)
        except (CannotEvaluate, SyntaxError):
            return None
        return found.own if isinstance(found, Function) else None

    def _is_class(self, name: str) -> bool:
        return any(name in names.classes for names in self.names.values())

    def method(self, owner: str, name: str) -> Own | None:
        """A method by its class (or its base classes), or the only one of that name."""
        every = [
            own
            for names in self.names.values()
            for own in names.functions.get(name, ())
            if own.owner
        ]
        for each in self._line(owner):
            for own in every:
                if own.owner == each:
                    return own
        return every[0] if len(every) == 1 else None

    def _line(self, owner: str) -> list[str]:
        line, todo = [], [owner]
        while todo:
            name = todo.pop(0)
            if name in line:
                continue
            line.append(name)
            for names in self.names.values():
                todo += names.classes.get(name, [])
        return line


class _Run(operate.Statements):
    """One evaluation, with its count of steps and calls."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.steps = 0
        self.depth = 0

    def step(self) -> None:
        """Count one step of the work."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise CannotEvaluate("it takes too many steps")

    def value(self, node: ast.expr, env: Environment) -> Any:
        """The value of a tree, from the memo where it was seen."""
        self.step()
        memo = env.memo
        if memo is not None and (found := memo.get(id(node))) is not None:
            if isinstance(found[1], CannotEvaluate):
                raise found[1]
            return found[1]
        try:
            result = self.compute(node, env)
        except CannotEvaluate as error:
            if memo is not None and id(node) in env.keep:
                memo[id(node)] = node, error
            raise
        if memo is not None and id(node) in env.keep:
            memo[id(node)] = node, result
        return result

    def name(self, text: str, env: Environment) -> Any:
        """What a name means at a place."""
        here: Environment | None = env
        while here is not None:
            if text in here.local:
                return here.local[text]
            if text in here.names:
                return here.names[text]
            here = here.outer
        if text in env.module:
            return env.module[text]
        return self.global_name(text, env.file, env)

    def global_name(self, text: str, file: str, env: Environment) -> Any:
        """What the module's functions, imports and constants make of a name."""
        known = self.interpreter.names.get(file)
        if known is None:
            raise CannotEvaluate(f"the value of {text} is not known")
        if (own := _visible(known.functions.get(text, []), env.function)) is not None:
            module = env.module if env.file == own.file else None
            return Function(own, self, env if own.outer else None, module=module)
        if text in known.modules:
            return Module(known.modules[text])
        if text in known.members:
            return pure.member(*known.members[text])
        if text in known.own:
            other, name = known.own[text]
            return self.global_name(name, other, env)
        if text in known.own_modules:
            return Opaque(text, env)
        if text in known.classes:
            return Opaque(text, env)
        if text in known.constants:
            return self.value(known.constants[text], Environment({}, file, module=env.module))
        if text in {"self", "cls"}:
            return Opaque(text, env)
        return self._imported(text, known, env)

    def _imported(self, text: str, known: Names, env: Environment) -> Any:
        for source in known.star:
            if source in self.interpreter.names:
                if text in self.interpreter.names[source].functions:
                    return self.global_name(text, source, env)
            elif text in pure.MODULES[source]:
                return pure.member(source, text)
        if text in pure.BUILTINS:
            return pure.BUILTINS[text]
        return Opaque(text, env)

    def attribute(self, node: ast.Attribute, env: Environment) -> Any:
        """An attribute of a module, an array or an object that is known by its text."""
        text = place(node)
        if text is not None and text in env.names:
            return env.names[text]
        return self.attribute_of(self.value(node.value, env), node.attr, env)

    def attribute_of(self, base: Any, name: str, env: Environment) -> Any:
        """The same, of a value."""
        if isinstance(base, Module):
            return pure.member(base.name, name)
        if isinstance(base, Opaque):
            return self._opaque_attribute(base, name, env)
        if isinstance(base, np.ndarray | np.generic) and name in pure.ARRAY_ATTRIBUTES:
            return getattr(base, name)
        if isinstance(base, int | float | complex) and name in {"real", "imag"}:
            return getattr(base, name)
        raise CannotEvaluate(f"the attribute {name} is not evaluated")

    def _opaque_attribute(self, base: Opaque, name: str, env: Environment) -> Any:
        text = f"{base.text}.{name}"
        if text in base.env.names:
            return base.env.names[text]
        file = self.interpreter.names[env.file].own_modules.get(base.text)
        if file is not None:
            return self.global_name(name, file, Environment({}, file))
        owner = base.env.owner if base.text in {"self", "cls"} else base.text
        own = self.interpreter.method(owner, name)
        if own is not None:
            bound = base if not own.static and not (base.text == owner != "self") else None
            if bound is None and not own.static and not own.classmethod:
                raise CannotEvaluate(f"{text} needs an object")
            module = base.env.module if base.env.file == own.file else None
            return Function(own, self, None, bound, module)
        stored = self._stored(name, env)
        return stored if stored is not None else Opaque(text, base.env)

    def _stored(self, name: str, env: Environment) -> Function | None:
        """A function that every assignment to an attribute of this name puts there."""
        found: dict[int, Function] = {}
        for file, names in self.interpreter.names.items():
            for value in names.attributes.get(name, ()):
                if not isinstance(value, ast.Name):
                    return None
                target = self.global_name(value.id, file, Environment({}, file))
                if not isinstance(target, Function):
                    return None
                found[id(target.own.node)] = target
        return next(iter(found.values())) if len(found) == 1 else None

    def call(self, node: ast.Call, env: Environment) -> Any:
        """A call, of whatever may be called."""
        args: list[Any] = []
        for each in node.args:
            if isinstance(each, ast.Starred):
                args += list(self.items(self.value(each.value, env)))
            else:
                args.append(self.value(each, env))
        kwargs: dict[str, Any] = {}
        for word in node.keywords:
            value = self.value(word.value, env)
            kwargs.update(value if word.arg is None else {word.arg: value})
        if isinstance(node.func, ast.Attribute):
            method = self._method(node.func, env)
            if method is not None:
                return method(*args, **kwargs)
        function = self.value(node.func, env)
        if isinstance(function, Function):
            return self.call_own(function, args, kwargs)
        if isinstance(function, Opaque | Module) or not callable(function):
            raise CannotEvaluate(f"what {ast.unparse(node.func)} calls is not known")
        if function is len and args and isinstance(args[0], Opaque) and operate.count(args[0]):
            return operate.count(args[0])
        for each in (*args, *kwargs.values()):
            concrete(each)
        return pure.call(function, args, kwargs)

    def _method(self, node: ast.Attribute, env: Environment) -> Callable[..., Any] | None:
        """A method of an array or a container that we made."""
        base = self.value(node.value, env)
        if isinstance(base, np.ndarray | np.generic):
            if node.attr not in pure.ARRAY_METHODS:
                raise CannotEvaluate(f"the array method {node.attr} is not evaluated")
            bound = getattr(base, node.attr)

            def guarded(*args: Any, **kwargs: Any) -> Any:
                if node.attr == "dot":
                    pure.guard_product("dot", [base, *args])
                if kwargs.get("out") is not None:
                    raise CannotEvaluate("a call with out= changes its argument")
                for each in args:
                    concrete(each)
                return bound(*args, **kwargs)

            return guarded
        for kind, methods in pure.OBJECT_METHODS.items():
            if isinstance(base, kind) and node.attr in methods:
                return getattr(base, node.attr)  # type: ignore[no-any-return]
        return None

    def call_own(self, function: Function, args: list[Any], kwargs: Mapping[str, Any]) -> Any:
        """Interpret the body of an own function."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise CannotEvaluate("calls are nested too deeply")
        own = function.own
        names: Mapping[str, Any] = {}
        if isinstance(function.this, Opaque):
            names = renamed(function.this)
        env = Environment(
            names,
            own.file,
            f"{own.outer}.{own.name}".strip("."),
            function.env.module if function.env is not None else function.module,
            outer=function.env,
            owner=own.owner,
        )
        self.bind(own, env, args, dict(kwargs), function.this)
        try:
            if isinstance(own.node, ast.Lambda):
                return self.value(own.node.body, env)
            return self.body(own.node.body, env)
        finally:
            self.depth -= 1


def renamed(this: Opaque) -> dict[str, Any]:
    """What is known of an object, under the name that its methods give it."""
    start = f"{this.text}."
    return {
        f"self.{text[len(start) :]}": value
        for text, value in this.env.names.items()
        if text.startswith(start)
    }


def _visible(owns: list[Own], function: str) -> Own | None:
    inside = path(function)
    best: Own | None = None
    for own in owns:
        around = path(own.outer)
        if own.owner or around != inside[: len(around)]:
            continue
        if best is None or len(path(best.outer)) <= len(around):
            best = own
    return best


def place(node: ast.expr) -> str | None:
    """The text of a name, an attribute or an item in the spelling of `key`, else None."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = place(node.value)
        return None if base is None else f"{base}.{node.attr}"
    if isinstance(node, ast.Subscript):
        return ast.unparse(node) if place(node.value) is not None else None
    return None


def concrete(value: Any) -> None:
    """Refuse what is known by its text alone."""
    if isinstance(value, Opaque | Module):
        raise CannotEvaluate("an object of the program stands where a number is needed")
    if isinstance(value, list | tuple):
        for each in value:
            concrete(each)


def plain(value: Any) -> Any:
    """A result that is a value."""
    concrete(value)
    if isinstance(value, Function):
        raise CannotEvaluate("a function of the program stands where a number is needed")
    return value
