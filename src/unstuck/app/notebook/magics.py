"""``%%doctor`` and ``%doctor``: what a notebook calls, from what was typed to what is shown."""

from __future__ import annotations

import ast
import builtins
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unstuck.app.notebook.asked import USAGE, Asked, read_line
from unstuck.app.notebook.context import Context, Examined, parse_cell, read_context
from unstuck.app.notebook.history import executed_cells, parsed, raw_sources
from unstuck.app.notebook.names import bound, needed
from unstuck.app.notebook.rehearse import Rehearsed, rehearse
from unstuck.app.notebook.shown import Progress, Shown, repaired_cells
from unstuck.base.errors import InvalidInputError
from unstuck.doctor.diagnosis import Diagnosis, Unchecked
from unstuck.trace.cell_syntax import translate
from unstuck.trace.copies import TooMuch

if TYPE_CHECKING:
    from unstuck.trace.sandbox import Sandbox

NAME = "doctor"
MOST_NAMED = 8
NOT_COPIED = "NotCopiedError"


class Doctor:
    """The two magics of one notebook."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def doctor(self, line: str, cell: str | None = None) -> None:
        """Examine a cell or a call; what IPython shows for ``%doctor?`` is `USAGE`."""
        from IPython.core.error import UsageError

        try:
            self.examine(line, cell)
        except InvalidInputError as error:
            raise UsageError(str(error)) from None
        except TooMuch as error:
            raise UsageError(
                f"the cell needs {error}: too much to copy. Try it with a part of the data."
            ) from None
        except OSError as error:
            raise UsageError(
                f"copies of what the cell needs cannot be written: {error.strerror or error}. Free "
                "some space, or set TMPDIR to a folder that has some before you start Jupyter."
            ) from None

    def examine(self, line: str, cell: str | None) -> None:
        """From what was typed to what is shown."""
        asked = read_line(line, code_allowed=cell is None)
        examined = self.examined(line, cell, asked)
        self.refuse_unknown(examined)
        if getattr(self.shell, "kernel", None) is not None:
            with Progress(asked.budget) as progress:
                progress.show(self.answer(examined, asked, progress))
            return
        from rich.console import Console

        from unstuck.show.diagnosis.progress import Trying

        with Trying(Console(stderr=True), asked.budget) as say:
            shown = self.answer(examined, asked, say)
        print(repr(shown))

    def answer(self, examined: Examined, asked: Asked, say: Callable[[str], None]) -> Shown:
        """The diagnosis, with what is to be said besides."""
        from unstuck.doctor.examine import examine
        from unstuck.trace.sandbox import Sandbox

        folder = Path(tempfile.mkdtemp(prefix="unstuck-values-"))
        try:
            with Sandbox() as sandbox:
                context, rehearsed = self.prepared(examined, asked, folder, sandbox, say)
                program = context.program(Path.cwd(), folder / "values.json", rehearsed.copied)
                found = examine(
                    program, budget=asked.budget, rerun=asked.rerun, say=say, sandbox=sandbox
                )
        except KeyboardInterrupt:
            reason = "interrupted before anything was known"
            return Shown(Diagnosis("the cell", "unknown", reason=reason), {}, examined.number)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        diagnosis = with_missing(found, context, rehearsed)
        numbers = [c.number for c in program.notebook.cells] if program.notebook else []
        repaired = repaired_cells(diagnosis, numbers)
        if asked.into_next and examined.number in repaired:
            self.shell.set_next_input(repaired[examined.number])
        return Shown(diagnosis, repaired, examined.number, notes_of(context, rehearsed))

    def prepared(
        self,
        examined: Examined,
        asked: Asked,
        folder: Path,
        sandbox: Sandbox,
        say: Callable[[str], None],
    ) -> tuple[Context, Rehearsed]:
        """What the cell stands on, written into ``folder``."""
        sources = raw_sources(self.shell)
        names = getattr(self.shell.compile, "_filename_map", {})
        cells = executed_cells(sources, examined.number)
        context = read_context(examined, cells, self.shell.user_ns, names)
        path = context.copies.write(folder)
        return context, rehearse(context, Path.cwd(), path, sandbox, asked.budget, say)

    # ------------------------------------------------------------------------ what was typed

    def examined(self, line: str, cell: str | None, asked: Asked) -> Examined:
        """The text that is examined, line for line as it stands in the notebook."""
        sources = raw_sources(self.shell)
        raw = sources[-1]
        stored = raw.rstrip().endswith((cell or asked.code).rstrip())
        number = len(sources) - stored  # what runs silently is not in the history
        if cell is None:
            if not asked.code.strip():
                raise InvalidInputError(f"%doctor: name the call to examine.\n\n{USAGE}")
            source = asked.code
        elif stored and raw.lstrip().startswith("%%doctor"):
            source = raw
        else:
            source = f"%%doctor {line}\n{cell}"
        examined = Examined(number, source, translate(source))
        refuse_broken(examined)
        return examined

    def refuse_unknown(self, examined: Examined) -> None:
        """Say which names do not exist, rather than run into them."""
        tree = parse_cell(examined)
        given = {
            name for node in ast.walk(tree) if isinstance(node, ast.stmt) for name in bound(node)
        }
        stars = any(isinstance(n, ast.alias) and n.name == "*" for n in ast.walk(tree))
        unknown = needed(tree.body) - given - set(self.shell.user_ns) - set(dir(builtins))
        if unknown and not stars:
            names = listed(sorted(unknown))
            one = len(unknown) == 1
            raise InvalidInputError(
                f"{names} {'does' if one else 'do'} not exist in this notebook yet. Run the cell "
                f"that makes {'it' if one else 'them'}, then this one again."
            )


def refuse_broken(examined: Examined) -> None:
    """Say where a cell is no Python."""
    text = examined.translated.python
    if parsed(text) is not None:
        if not parse_cell(examined).body:
            raise InvalidInputError("there is no code below %%doctor: nothing to examine.")
        return
    try:
        ast.parse(text)
    except SyntaxError as error:
        place = f"line {error.lineno}: {(error.text or '').strip()}" if error.lineno else ""
        raise InvalidInputError(f"the cell is not valid Python ({error.msg}), {place}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise InvalidInputError(f"the cell cannot be parsed: {error}.") from None


# ------------------------------------------------------------------------------- what is said


def with_missing(diagnosis: Diagnosis, context: Context, rehearsed: Rehearsed) -> Diagnosis:
    """The diagnosis with what could not be copied among what could not be checked."""
    copied = set(rehearsed.copied)
    entries = tuple(
        Unchecked(f"`{way}`", f"could not be copied from the notebook: {why}")
        for way, why in context.copies.missing.items()
        if root_of(way) in copied
    )
    entries += tuple(
        Unchecked(f"`{name}`", f"was made again, since it cannot be copied: {why}")
        for name in rehearsed.uncopied
        for way, why in context.copies.missing.items()
        if way == name
    )
    return without_our_own(replace(diagnosis, unchecked=(*diagnosis.unchecked, *entries)))


def root_of(way: str) -> str:
    """The name with which the way to a value begins."""
    return way.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]


def without_our_own(diagnosis: Diagnosis) -> Diagnosis:
    """That something could not be copied is no crash of the cell: then there is no telling."""
    ours = [f for f in diagnosis.findings if str(f.evidence.get("error")).endswith(NOT_COPIED)]
    if not ours:
        return diagnosis
    findings = tuple(f for f in diagnosis.findings if f not in ours)
    place = f" ({ours[0].evidence.get('text', '')})" if ours[0].evidence.get("text") else ""
    reason = f"the cell needs what could not be copied from the notebook: {ours[0].message}{place}"
    verdict = "unknown" if diagnosis.verdict == "crashed" else diagnosis.verdict
    return replace(diagnosis, findings=findings, verdict=verdict, reason=reason)


def notes_of(context: Context, rehearsed: Rehearsed) -> tuple[str, ...]:
    """What the person must know of the run that was judged."""
    if not rehearsed.anew:
        return ()
    made = sorted(
        {s.cell for s in context.slices.kept.values() if not s.binds.isdisjoint(rehearsed.anew)}
    )
    cells = listed([f"In [{number}]" for number in made], quoted=False)
    makes = "makes" if len(made) == 1 else "make"
    them = "it" if len(rehearsed.anew) == 1 else "them"
    names = listed(rehearsed.anew)
    note = (
        f"{names}: examined as {cells} {makes} {them}, not as this cell left {them} when it ran "
        "before."
    )
    return (note,)


def listed(names: Iterable[str], *, quoted: bool = True) -> str:
    """Names in a sentence."""
    words = [f"`{name}`" if quoted else name for name in names]
    if len(words) > MOST_NAMED:
        words = [*words[:MOST_NAMED], f"{len(words) - MOST_NAMED} more"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


Doctor.doctor.__doc__ = USAGE


# ------------------------------------------------------------------------------------ loading


def load(shell: Any) -> None:
    """Make the magics known to a notebook."""
    magic = Doctor(shell).doctor
    shell.register_magic_function(magic, magic_kind="line_cell", magic_name=NAME)


def unload(shell: Any) -> None:
    """Take them away."""
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(NAME, None)
