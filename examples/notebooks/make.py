"""Make the notebooks from their texts, run them, and keep them with what they showed.

    python examples/notebooks/make.py                all of them (three minutes on two cores)
    python examples/notebooks/make.py from-numpy     those with this in their name

The text of a notebook is a Markdown file beside it: a block that begins with ```python is a code
cell, what stands between blocks is text. A block that begins with ```python author NAME holds the
program of that name in examples/originals, as it was asked about, without what runs it.

What a notebook shows is kept as it was, but for what belongs to the machine: durations, times of
day, the version of Python.
"""

from __future__ import annotations

import argparse
import ast
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
ORIGINALS = HERE.parent / "originals"

BLOCK = re.compile(r"^```python(?: author (\S+))?\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
DURATION = r"(?:\d+ min )?\d+(?:\.\d+)? m?s"
MACHINE: tuple[tuple[str, str], ...] = (
    (rf"  {DURATION}(?=\n|</pre>|$)", ""),  # at the end of an epoch's line
    (rf" in {DURATION}(?=\n|</pre>|$)", ""),  # of a race
)
PRIVATE = re.compile(r"/tmp/|/home/|/root/|/Users/|[A-Z]:\\|ipykernel_\d")  # noqa: S108 - a look
SECONDS = 300  # that a cell may take


def texts() -> list[Path]:
    """The Markdown file of every notebook, in order."""
    return sorted(path for path in HERE.glob("[0-9]*.md"))


def notebook_of(path: Path) -> Any:
    """The notebook of a text, not run."""
    text, cells, at = path.read_text(encoding="utf-8"), [], 0
    for block in BLOCK.finditer(text):
        cells.append(("markdown", text[at : block.start()]))
        cells.append(("code", author(block[1]) if block[1] else block[2]))
        at = block.end()
    cells.append(("markdown", text[at:]))
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL})
    for kind, source in cells:
        if source.strip():
            make = getattr(nbformat.v4, f"new_{kind}_cell")
            name = f"{path.stem}-{len(notebook.cells)}"
            notebook.cells.append(make(source.strip("\n"), id=name[-64:]))
    return notebook


KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def author(name: str) -> str:
    """A program of examples/originals: what it imports and defines, word for word."""
    text = (ORIGINALS / name).read_text(encoding="utf-8")
    body = ast.parse(text).body
    first = body[1].lineno  # after the docstring
    last = next((n.lineno for n in body if isinstance(n, ast.If)), None)
    lines = text.splitlines()
    return "\n".join(lines[first - 1 : None if last is None else last - 1]).strip("\n")


def run(notebook: Any, folder: Path) -> Any:
    """Execute every cell, in a folder; the same notebook, with its outputs.

    Raises nbclient.exceptions.CellExecutionError for a cell that fails.
    """
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name=KERNEL["name"],
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    return notebook


def clean(notebook: Any) -> Any:
    """The same notebook without what belongs to the machine.

    Raises RuntimeError where a path of the machine is left.
    """
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        cell.metadata = {}
        for output in cell.get("outputs", ()):
            for kind, shown in said(output).items():
                if isinstance(shown, str) and kind != "image/png":
                    say(output, kind, without_machine(shown))
    return notebook


def said(output: Any) -> dict[str, Any]:
    """What an output shows, by its kind."""
    return {"text": output["text"]} if "text" in output else dict(output.get("data", {}))


def say(output: Any, kind: str, text: str) -> None:
    """Put a text in the place of what an output showed."""
    (output if kind == "text" else output["data"])[kind] = text


def without_machine(text: str) -> str:
    """A text without durations.

    >>> without_machine("epoch 2/2  cost 2.1  18 ms")
    'epoch 2/2  cost 2.1'
    """
    for pattern, instead in MACHINE:
        text = re.sub(pattern, instead, text)
    pictureless = re.sub(r"base64,[^\"]*", "", text)
    if found := PRIVATE.search(pictureless):
        around = pictureless[max(found.start() - 60, 0) : found.end() + 60]
        raise RuntimeError(f"an output holds a path of this machine: ...{around}...")
    return text


def make(path: Path, tell: Callable[[str], None] = print) -> None:
    """Run the notebook of a text in an empty folder, and write it beside the text."""
    with tempfile.TemporaryDirectory() as folder:
        notebook = clean(run(notebook_of(path), Path(folder)))
    nbformat.validate(notebook)
    target = path.with_suffix(".ipynb")
    nbformat.write(notebook, target)
    tell(f"{target.name}: {len(notebook.cells)} cells, {target.stat().st_size / 1e3:,.0f} kB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the notebooks, with their outputs.")
    parser.add_argument("names", nargs="*", help="parts of names; default: all")
    wanted = parser.parse_args().names
    for text in texts():
        if not wanted or any(part in text.stem for part in wanted):
            make(text)
