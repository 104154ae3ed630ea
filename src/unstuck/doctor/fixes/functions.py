"""The program's own functions, imports and constants, as far as a file's text tells them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from unstuck.doctor.fixes.places import parse
from unstuck.doctor.fixes.pure import MODULES
from unstuck.trace.program import Program

Definition = ast.FunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Own:
    """One function of the program: its tree, its file, and the class and function around it."""

    name: str
    node: Definition
    file: str
    owner: str = ""  # the class
    outer: str = ""  # dotted names around it
    static: bool = False
    classmethod: bool = False

    @property
    def positional(self) -> list[str]:
        """Names of the arguments that may be given by position, ``self`` left out."""
        names = [each.arg for each in (*self.node.args.posonlyargs, *self.node.args.args)]
        return names[1:] if self.owner and not self.static else names

    @property
    def required(self) -> int:
        """How many of them have no default."""
        return len(self.positional) - len(self.node.args.defaults)


@dataclass(slots=True)
class Names:
    """What the names of one file mean."""

    modules: dict[str, str] = field(default_factory=dict)  # alias -> module
    members: dict[str, tuple[str, str]] = field(default_factory=dict)  # alias -> module, name
    own: dict[str, tuple[str, str]] = field(default_factory=dict)  # alias -> file, name
    own_modules: dict[str, str] = field(default_factory=dict)  # alias -> file
    functions: dict[str, list[Own]] = field(default_factory=dict)
    classes: dict[str, list[str]] = field(default_factory=dict)  # name -> bases
    constants: dict[str, ast.expr] = field(default_factory=dict)
    attributes: dict[str, list[ast.expr]] = field(default_factory=dict)  # self.x = ...
    star: list[str] = field(default_factory=list)

    def alias(self, module: str) -> str | None:
        """What the file calls a module: ``np``."""
        return next((name for name, what in self.modules.items() if what == module), None)


def names_of(program: Program) -> Mapping[str, Names]:
    """What every file of a program defines and imports; files that do not parse define nothing."""
    found: dict[str, Names] = {}
    for file, text in program.files.items():
        names = found[file] = Names()
        try:
            tree = parse(text)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            _import(names, node, program)
        _collect(names, tree, file)
    return found


def _import(names: Names, node: ast.AST, program: Program) -> None:
    if isinstance(node, ast.Import):
        for each in node.names:
            alias = each.asname or each.name.split(".")[0]
            target = each.name if each.asname else each.name.split(".")[0]
            if target in MODULES:
                names.modules[alias] = target
            elif (file := _file(program, target)) is not None:
                names.own_modules[alias] = file
    elif isinstance(node, ast.ImportFrom):
        module = node.module or ""
        for each in node.names:
            alias = each.asname or each.name
            if f"{module}.{each.name}" in MODULES:
                names.modules[alias] = f"{module}.{each.name}"
            elif module in MODULES and each.name == "*":
                names.star.append(module)
            elif module in MODULES:
                names.members[alias] = (module, each.name)
            elif (file := _file(program, module)) is not None:
                if each.name == "*":
                    names.star.append(file)
                names.own[alias] = (file, each.name)
            elif (file := _file(program, f"{module}.{each.name}".strip("."))) is not None:
                names.own_modules[alias] = file


def _file(program: Program, module: str) -> str | None:
    if not module:
        return None
    tail = module.replace(".", "/")
    for file in program.files:
        for name in (f"{tail}.py", f"{tail}/__init__.py"):
            if file == name or file.endswith(f"/{name}"):
                return file
    return None


def _collect(names: Names, tree: ast.Module, file: str) -> None:
    assigned: dict[str, int] = {}
    for node, owner, outer in _scopes(tree):
        if isinstance(node, ast.FunctionDef):
            decorators = {each.id for each in node.decorator_list if isinstance(each, ast.Name)}
            names.functions.setdefault(node.name, []).append(
                Own(
                    node.name,
                    node,
                    file,
                    owner,
                    outer,
                    static="staticmethod" in decorators,
                    classmethod="classmethod" in decorators,
                )
            )
        elif isinstance(node, ast.ClassDef):
            names.classes[node.name] = [ast.unparse(base) for base in node.bases]
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            _assigned(names, node, file, outer, assigned)
        elif isinstance(node, ast.AugAssign | ast.For) and isinstance(node.target, ast.Name):
            assigned[node.target.id] = 2
        elif isinstance(node, ast.Global):
            assigned.update(dict.fromkeys(node.names, 2))
    for name, count in assigned.items():
        if count > 1:
            names.constants.pop(name, None)


def _assigned(
    names: Names, node: ast.Assign, file: str, outer: str, assigned: dict[str, int]
) -> None:
    target = node.targets[0]
    if isinstance(target, ast.Attribute):
        names.attributes.setdefault(target.attr, []).append(node.value)
    elif isinstance(target, ast.Name):
        if isinstance(node.value, ast.Lambda):
            own = Own(target.id, node.value, file, "", outer)
            names.functions.setdefault(target.id, []).append(own)
        elif not outer:
            assigned[target.id] = assigned.get(target.id, 0) + 1
            names.constants[target.id] = node.value


def _scopes(tree: ast.Module) -> Iterator[tuple[ast.AST, str, str]]:
    """Every statement with the class right around it and the dotted names around it."""
    stack: list[tuple[ast.AST, str, str]] = [(node, "", "") for node in reversed(tree.body)]
    while stack:
        node, owner, outer = stack.pop()
        yield node, owner, outer
        if isinstance(node, ast.ClassDef):
            owner, outer = node.name, f"{outer}.{node.name}".strip(".")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            owner, outer = "", f"{outer}.{node.name}".strip(".")
        stack.extend(
            (child, owner, outer)
            for child in reversed(list(ast.iter_child_nodes(node)))
            if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)
        )


def path(function: str) -> list[str]:
    """The dotted names of a function without ``<locals>``."""
    return [part for part in function.split(".") if part and not part.startswith("<")]
