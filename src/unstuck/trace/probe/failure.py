"""What ended the program, told by the places in its own files."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

from .source import Text

HERE = os.path.dirname(os.path.abspath(__file__))
MOST_KEYS = 50
LONGEST = 20_000  # characters of a message


def own_part(error: BaseException) -> Any:
    """A traceback as Python prints it, without the probe's own frames."""
    told = traceback.TracebackException.from_exception(error)
    waiting: list[Any] = [told]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.stack[:] = [frame for frame in one.stack if not is_probe(frame.filename)]
        waiting += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())]
    return told


def is_probe(path: str) -> bool:
    """True for what stands in this folder."""
    return path.startswith(HERE + os.sep)


def show(error: BaseException) -> str:
    """Print the traceback where Python would, and give it back."""
    try:
        text = "".join(own_part(error).format())
    except Exception:  # noqa: BLE001 - an exception whose text raises one
        text = f"{type(error).__name__}\n"
    if sys.stderr is not None:
        sys.stderr.write(text)
    return text


def describe(error: BaseException, sources: Any, text: str) -> dict[str, Any]:
    """The exception and the innermost own line."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001
        message = ""
    found: dict[str, Any] = {
        "type": type(error).__name__,
        "message": message[:LONGEST],
        "file": None,
        "line": None,
        "function": "",
        "traceback": text[-LONGEST:],
    }
    step, frame = error.__traceback__, None
    while step is not None:
        file = sources.file_of(step.tb_frame.f_code.co_filename)
        if file is not None:
            frame = step.tb_frame
            found.update(file=file, **place_of(step, sources.files[file]))
        step = step.tb_next
    if frame is not None:
        found["function"] = frame.f_code.co_name
        known = keys_near(error, frame)
        if known:
            found["known"] = known
    if isinstance(error, SyntaxError):
        file = sources.file_of(error.filename)
        if file is not None:
            found.update(file=file, line=error.lineno or 1, function="", message=error.msg)
            found["column"] = max(0, (error.offset or 1) - 1)
    return found


def place_of(step: Any, text: str) -> dict[str, Any]:
    """Line, and columns where Python knows them (3.11)."""
    place: dict[str, Any] = {"line": step.tb_lineno}
    positions = getattr(step.tb_frame.f_code, "co_positions", None)
    if positions is None or step.tb_lasti < 0:
        return place
    for number, (line, end, column, end_column) in enumerate(positions()):
        if number == step.tb_lasti // 2:
            if line == step.tb_lineno and None not in (end, column, end_column):
                lines = Text(text)
                place["column"] = lines.column(line, column)
                place["end_line"] = end
                place["end_column"] = lines.column(end, end_column)
            break
    return place


def keys_near(error: BaseException, frame: Any) -> list[str]:
    """Of a KeyError or NameError: what there is instead."""
    if isinstance(error, KeyError) and error.args:
        held = list(frame.f_locals.values()) + list(frame.f_globals.values())
        owners = [x for x in held if hasattr(x, "__dict__") and not isinstance(x, type(os))]
        held += [x for owner in owners for x in vars(owner).values()]
        for one in held:
            if type(one) is dict and one and one is not frame.f_globals and looks_like(one, error):
                return [str(key) for key in list(one)[:MOST_KEYS]]
    if isinstance(error, NameError):
        names = [*frame.f_locals, *frame.f_globals]
        return [name for name in names if not name.startswith("_")][:MOST_KEYS]
    return []


def looks_like(candidate: Any, error: KeyError) -> bool:
    """True for a dictionary that may be the one in which the key was not found."""
    missing = error.args[0]
    try:
        return missing not in candidate and any(type(k) is type(missing) for k in candidate)
    except TypeError:
        return False
