"""From how the child ended, and what the probe wrote down, to an `Outcome`."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from unstuck.record.run_record import SourceSpan
from unstuck.trace.launch import FAILED, FAILURE_FILE, WHERE_FILE
from unstuck.trace.program import Program
from unstuck.trace.request import Key, LoopCount, Outcome, ProgramError, Status
from unstuck.trace.scratch import WorkingCopy
from unstuck.trace.supervise import Ended

KNOWN = {
    "finished",
    "raised",
    "exited",
    "stopped",
    "timeout",
    "memory",
    "output",
    "input",
    "syntax",
}
OUT_OF_MEMORY = re.compile(r"MemoryError|bad_alloc|[Cc]annot allocate memory|out of memory")
MEMORY_SHARE = 0.5  # of the limit: a kill from outside above it was for memory
FRAME = re.compile(r'^\s+File "(.*)", line (\d+) in (.*)$', re.MULTILINE)


def make_outcome(
    program: Program, copy: WorkingCopy, ended: Ended, memory_bytes: int | None
) -> Outcome:
    """What the run brought back, paths in it those of the program's own folder."""
    report = _read_json(copy.out / "report.json")
    known = _error(report.get("error"), program, copy)
    status = _status(ended, report, known, memory_bytes)
    notes = [str(note) for note in report.get("notes") or ()]
    if ended.orphans:
        notes.append(f"left {ended.orphans} other processes running; they were ended")
    if not copy.contents.complete:
        notes.append("the program's folder holds too many files; those farthest down are missing")
    failure = _read_text(copy.out / FAILURE_FILE) if ended.returncode == FAILED else ""
    return Outcome(
        status="interpreter" if failure else status,
        seconds=float(report.get("seconds") or ended.seconds),
        stdout=own_paths(ended.stdout, program, copy),
        stderr=own_paths(ended.stderr, program, copy),
        truncated=ended.truncated,
        exit_code=_exit_code(ended, report),
        error=known
        if known and status in _EXPLAINED
        else _why(status, ended, failure, program, copy),
        loops=_loops(report.get("loops")),
        notes=tuple(notes),
        facts={"peak_bytes": ended.peak_bytes, "wall_seconds": ended.seconds},
    )


_EXPLAINED = {"raised", "memory", "input", "syntax", "exited"}  # by the exception that ended it


def own_paths(text: str, program: Program, copy: WorkingCopy) -> str:
    """The text with the program's own folder where the working copy stood."""
    return text.replace(str(copy.root), "." if program.folder is None else str(program.folder))


def _status(
    ended: Ended, report: Mapping[str, Any], error: ProgramError | None, memory_bytes: int | None
) -> Status:
    if ended.reason:  # by us: too long, too large, too loud; "stopped", "processes"
        return _BY_US.get(ended.reason, "killed")
    status = report.get("status")
    if status == "raised" and error is not None:
        return _refined(error)
    return cast("Status", status) if status in KNOWN else _unreported(ended, memory_bytes)


_BY_US: Mapping[str, Status] = {"timeout": "timeout", "memory": "memory", "output": "output"}


def _unreported(ended: Ended, memory_bytes: int | None) -> Status:
    """How a program ended that left the probe no time to say so: killed, or by ``os._exit``."""
    if ended.returncode and OUT_OF_MEMORY.search(ended.stderr[-5000:]):
        return "memory"
    if ended.returncode >= 0:
        return "exited" if ended.returncode else "finished"
    large = memory_bytes is not None and ended.peak_bytes > MEMORY_SHARE * memory_bytes
    return "memory" if large and -ended.returncode == signal.SIGKILL else "killed"


def _refined(error: ProgramError) -> Status:
    """What an exception means where it means something of its own."""
    if error.type.rpartition(".")[2] in {"MemoryError", "_ArrayMemoryError"}:
        return "memory"
    if error.type == "EOFError" and "reading a line" in error.message:
        return "input"
    return "raised"


def _error(entry: Any, program: Program, copy: WorkingCopy) -> ProgramError | None:
    if not isinstance(entry, dict):
        return None
    file = _own_file(str(entry.get("file") or ""), program, copy)
    span = None
    if file is not None and entry.get("line"):
        line, column = int(entry["line"]), int(entry.get("column") or 0)
        end_line = int(entry.get("end_line") or line)
        end_column = int(entry.get("end_column") or _width(program, file, end_line))
        span = SourceSpan(file, line, column, end_line, end_column)
    return ProgramError(
        type=str(entry.get("type") or ""),
        message=own_paths(str(entry.get("message") or ""), program, copy),
        span=span,
        function=str(entry.get("function") or ""),
        traceback=own_paths(str(entry.get("traceback") or ""), program, copy),
        known=tuple(str(key) for key in entry.get("known") or ()),
    )


def _why(
    status: Status, ended: Ended, failure: str, program: Program, copy: WorkingCopy
) -> ProgramError | None:
    """In place of an exception: what ended the program from outside, and where it was then."""
    if failure:
        last = failure.strip().splitlines()[-1]
        return ProgramError("InterpreterError", f"the program could not be started: {last}", None)
    message = _MESSAGES.get(ended.reason, "")
    if ended.returncode < 0 and not ended.reason:
        message = f"it was ended by the signal {_signal_name(-ended.returncode)}"
    if not message:
        return None
    span, function = _where(_read_text(copy.out / WHERE_FILE) or ended.stderr, program, copy)
    return ProgramError(status, message, span, function)


_MESSAGES = {
    "timeout": "its time was up",
    "memory": "it took more memory than it may",
    "output": "it printed more than it may",
    "processes": "it started more processes than it may",
    "stopped": "it was stopped",
}


def _where(text: str, program: Program, copy: WorkingCopy) -> tuple[SourceSpan | None, str]:
    """The innermost own line of the main thread, which a dump of all threads lists last."""
    blocks = re.split(r"^(?=(?:Current thread|Thread) )", text, flags=re.MULTILINE)
    for file, line, function in FRAME.findall(blocks[-1]):
        own = _own_file(file, program, copy)
        if own is not None:
            number = int(line)
            return SourceSpan(own, number, 0, number, _width(program, own, number)), function
    return None, ""


def _own_file(file: str, program: Program, copy: WorkingCopy) -> str | None:
    """The program's name for a file, or None if it is not one of its own."""
    if not file:
        return None
    path = Path(file)
    if path.is_absolute():
        try:
            file = path.relative_to(copy.root).as_posix()
        except ValueError:
            return None
    return file if file in program.files else None


def _width(program: Program, file: str, line: int) -> int:
    lines = program.files[file].split("\n")
    return len(lines[line - 1]) if 0 < line <= len(lines) else 0


def _exit_code(ended: Ended, report: Mapping[str, Any]) -> int | None:
    code = report.get("exit_code")
    if code is not None:
        return int(code)
    return ended.returncode if not ended.reason and ended.returncode >= 0 else None


def _loops(entries: Any) -> tuple[LoopCount, ...]:
    loops = [
        LoopCount(
            key=_key(entry["key"]),
            entries=int(entry["entries"]),
            iterations=int(entry["iterations"]),
            seconds=float(entry["seconds"]),
            parent=None if entry.get("parent") is None else _key(entry["parent"]),
            order=int(entry["order"]),
        )
        for entry in entries or ()
    ]
    return tuple(sorted(loops, key=lambda loop: loop.order))


def _key(entry: Any) -> Key:
    file, line, column, end_line, end_column, kind = entry
    return (str(file), int(line), int(column), int(end_line), int(end_column), str(kind))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _read_json(path: Path) -> dict[str, Any]:
    """A JSON object, or {} if the file is missing or was cut short."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
