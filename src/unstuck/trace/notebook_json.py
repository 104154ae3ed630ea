"""The file of a notebook: its code cells with their places in it, and other sources put there.

Everything else of the file stays as it is, byte for byte, which parsing and writing JSON would
not do: so the text is searched, and spliced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from unstuck.base.errors import InvalidInputError

DECODER = json.JSONDecoder()
SPACE = re.compile(r"[ \t\r\n]*")
PYTHON = re.compile(r"i?python\d*(\.\d+)*|xeus-python|xpython|sage.*|")
OTHER_KERNELS = {"ir": "R", "xr": "R", "iruby": "Ruby", "ijavascript": "JavaScript"}
CONFLICT = re.compile(r"^(<<<<<<<|=======|>>>>>>>)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CodeCell:
    """One code cell: its source, where that stands in the file, and the cell's tags.

    ``joined`` is what stands between the pieces of a source that is kept as a list: nothing, or
    a line's end that old notebooks leave out. ``count`` says as which the cell ran last time.
    """

    source: str
    start: int
    end: int
    tags: tuple[str, ...] = ()
    joined: str = ""
    count: int | None = None


def code_cells(text: str, name: str) -> list[CodeCell]:
    """The code cells of a notebook (nbformat 3 or 4) in their order.

    Raises
    ------
    InvalidInputError
        When the text is damaged, no notebook, or one in another language than Python.
    """
    notebook = _parsed(text, name)
    _refuse_other_language(notebook, name)
    start = SPACE.match(text, text.startswith("\ufeff"))
    places = dict(_members(text, start.end() if start else 0))
    if "worksheets" in notebook:
        sheets = [dict(_members(text, at)) for at in _items(text, places["worksheets"])]
        starts = [at for sheet in sheets if "cells" in sheet for at in _items(text, sheet["cells"])]
    else:
        starts = list(_items(text, places["cells"]))
    return [cell for at in starts if (cell := _code_cell(text, at)) is not None]


def with_sources(text: str, new: Mapping[CodeCell, str]) -> str:
    """The file with other sources in the places of some."""
    for cell in sorted(new, key=lambda cell: cell.start, reverse=True):
        text = text[: cell.start] + _written(text, cell, new[cell]) + text[cell.end :]
    return text


# ---------------------------------------------------------------------------------------- reading


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        notebook = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        why = f"line {error.lineno} of the file is no JSON ({error.msg})"
        if CONFLICT.search(text):
            why = "it holds the marks of a merge that was not resolved"
        raise InvalidInputError(
            f"{name} is damaged: {why}. Take an earlier copy, from .ipynb_checkpoints beside it, "
            "say."
        ) from error
    except RecursionError as error:
        raise InvalidInputError(f"{name} is no notebook: it is nested too deeply.") from error
    if isinstance(notebook, dict) and _has_cells(notebook):
        return notebook
    raise InvalidInputError(
        f"{name} is no notebook: it holds JSON, but no cells. Name the notebook that does the "
        "training."
    )


def _has_cells(notebook: dict[str, Any]) -> bool:
    sheets = notebook.get("worksheets", [notebook])
    if not isinstance(sheets, list) or not all(isinstance(sheet, dict) for sheet in sheets):
        return False
    found = [sheet.get("cells") for sheet in sheets]
    return bool(found) and all(
        isinstance(cells, list) and all(isinstance(cell, dict) for cell in cells) for cells in found
    )


def _refuse_other_language(notebook: dict[str, Any], name: str) -> None:
    metadata = _mapping(notebook.get("metadata"))
    kernel, info = _mapping(metadata.get("kernelspec")), _mapping(metadata.get("language_info"))
    language = str(kernel.get("language") or info.get("name") or "")
    kernel_name = str(kernel.get("name") or "").lower()
    if not language:
        language = OTHER_KERNELS.get(kernel_name, "")
        if kernel_name.startswith("julia"):
            language = "Julia"
    if not PYTHON.fullmatch(language.lower()):
        raise InvalidInputError(
            f"{name} is a notebook in {language}; unstuck reads programs in Python only."
        )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _code_cell(text: str, at: int) -> CodeCell | None:
    places = dict(_members(text, at))

    def value(key: str) -> Any:
        return DECODER.raw_decode(text, places[key])[0] if key in places else None

    key = "source" if "source" in places else "input"  # of nbformat 3
    python = PYTHON.fullmatch(str(value("language") or "").lower())
    if value("cell_type") != "code" or key not in places or not python:
        return None
    source, end = DECODER.raw_decode(text, places[key])
    tags = _mapping(value("metadata")).get("tags")
    count = value("execution_count") or value("prompt_number")
    joined = ""
    if isinstance(source, list):
        pieces = [str(piece) for piece in source]
        if key == "input" and len(pieces) > 1 and not pieces[0].endswith(("\n", "\r")):
            joined = "\n"
        source = joined.join(pieces)
    return CodeCell(
        source if isinstance(source, str) else "",
        places[key],
        end,
        tuple(map(str, tags)) if isinstance(tags, list) else (),
        joined,
        count if isinstance(count, int) else None,
    )


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """The keys of the object that begins at ``at``, and where their values begin."""
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        yield key, at
        at = _next(text, at)


def _items(text: str, at: int) -> Iterator[int]:
    """Where the items of the list that begins at ``at`` begin."""
    at = _skip(text, at + 1)
    while text[at] != "]":
        yield at
        at = _next(text, at)


def _next(text: str, at: int) -> int:
    """Behind the value at ``at``, and the comma behind it."""
    at = _skip(text, DECODER.raw_decode(text, at)[1])
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


# ---------------------------------------------------------------------------------------- writing


def _written(text: str, cell: CodeCell, source: str) -> str:
    """A source in the form that the cell's had: one string, or a list of lines."""
    if text[cell.start] != "[":
        return _string(text, source)
    starts = list(_items(text, cell.start))
    extents = [(at, DECODER.raw_decode(text, at)[1]) for at in starts]
    known = {DECODER.raw_decode(text, at)[0]: text[at:end] for at, end in extents}
    pieces = source.split("\n") if cell.joined else source.splitlines(keepends=True)
    written = [known.get(piece) or _string(text, piece) for piece in pieces]
    if not extents:
        return f"[{', '.join(written)}]"
    before = text[cell.start + 1 : extents[0][0]]
    between = text[extents[0][1] : extents[1][0]] if len(extents) > 1 else f",{before or ' '}"
    return f"[{before}{between.join(written)}{text[extents[-1][1] : cell.end]}"


def _string(text: str, value: str) -> str:
    """A string as JSON, with letters written out where the file does so."""
    escaped = text.isascii() and re.search(r"\\u[0-9a-fA-F]{4}", text) is not None
    escaped = escaped or any("\ud800" <= character <= "\udfff" for character in value)
    return json.dumps(value, ensure_ascii=escaped)
