"""Write the generated pages of docs/reference, this one public-names.md: `make docs-reference`.

The pages are text that lives in the source, laid out for reading; tests compare the two, so that no
page can fall behind.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import unstuck

PAGE = Path(__file__).with_name("public-names.md")
OTHERS = ("generate_names", "generate_commands", "generate_record", "generate_criticality")

OPENING = """\
# Public names

Everything that `import unstuck` offers by name. Written by `make docs-reference` from the
docstrings; the tests run every example and compare this page with the source.
"""


def main() -> None:
    """Write this page and those of the other generators beside it."""
    PAGE.write_text(page(), encoding="utf-8")
    for name in OTHERS:
        other = import_module(name)
        other.PAGE.write_text(other.page(), encoding="utf-8")
    import_module("generate_rules").write()


def page() -> str:
    """The whole page as text."""
    names = sorted((n for n in unstuck.__all__ if not n.startswith("_")), key=str.lower)
    contents = "\n".join(f"- [`{n}`](#{n.lower()}): {headline(getattr(unstuck, n))}" for n in names)
    return "\n".join([OPENING, contents, "", *(section(n) for n in names)])


def headline(thing: object) -> str:
    """The first paragraph of a docstring as one line."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


def section(name: str) -> str:
    """One name: where it lives, how it is called, its docstring, its methods."""
    thing = getattr(unstuck, name)
    lines = [f"## {name}", "", f"From `{thing.__module__}`.", ""]
    if not (inspect.isclass(thing) and issubclass(thing, Exception)):
        lines += ["```python", f"{name}{signature(thing)}", "```", ""]
    lines += ["```text", inspect.getdoc(thing) or "", "```", ""]
    if inspect.isclass(thing):
        lines += [f"- `.{m}{signature(f)}`: {headline(f)}" for m, f in methods(thing)]
        lines += [""] if methods(thing) else []
    return "\n".join(lines)


def methods(cls: type) -> list[tuple[str, object]]:
    """Public methods that the class itself documents, in the order of the source."""
    return [
        (name, getattr(cls, name))
        for name, value in vars(cls).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, staticmethod | classmethod))
        and inspect.getdoc(value)
    ]


def signature(thing: object) -> str:
    """How a callable is called, without types: the docstring says them."""
    plain = inspect.signature(thing)  # type: ignore[arg-type]
    parameters = [
        p.replace(annotation=inspect.Parameter.empty)
        for p in plain.parameters.values()
        if p.name not in {"self", "cls"}
    ]
    return str(plain.replace(parameters=parameters, return_annotation=inspect.Signature.empty))


if __name__ == "__main__":
    main()
