"""What stands behind ``%%doctor``: options, and for ``%doctor`` the call that is examined."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from unstuck.base.errors import InvalidInputError

BUDGET = 60.0
OPTIONS = {
    "--budget": "--budget SECONDS: how long it may take, re-runs and all (60)",
    "--no-rerun": "--no-rerun: do not run changed programs; faster, but nothing is called a cause",
    "--next": "--next: put the repaired cell into a new cell below",
}
USAGE = """Say whether a training cell learns; if not, which line keeps it from learning, and why.

  %%doctor [--budget SECONDS] [--no-rerun] [--next]      on top of a cell: examines that cell
  %doctor [the same options] train(X, y)                 examines one call

The cell is examined in copies of what the notebook has, in processes of their own: nothing of the
notebook is changed, and the cell does not run in it. Kernel -> Interrupt ends the examination; what
is known by then is shown."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, and the code behind them."""

    code: str = ""
    budget: float = BUDGET
    rerun: bool = True
    into_next: bool = False


def read_line(line: str, *, code_allowed: bool) -> Asked:
    """The options at the beginning of a line.

    Raises
    ------
    InvalidInputError
        For an option that there is not, a budget that is no number, or code where there may be
        none.

    Examples
    --------
    >>> read_line("--budget 20 train(X, y)", code_allowed=True)
    Asked(code='train(X, y)', budget=20.0, rerun=True, into_next=False)
    """
    budget, rerun, into_next = BUDGET, True, False
    rest = line.strip()
    while rest.startswith("-") and (found := re.match(r"(--?[a-zA-Z][\w-]*)(=?)\s*", rest)):
        option, rest = found[1], rest[found.end() :]
        if option == "--budget":
            number, rest = taken(rest)
            budget = seconds(number)
        elif option == "--no-rerun":
            rerun = False
        elif option == "--next":
            into_next = True
        else:
            raise InvalidInputError(unknown(option))
    if rest and not code_allowed:
        raise InvalidInputError(
            f"%%doctor: {rest.split()[0]!r} is no option. The cell stands below the line with "
            f"%%doctor. Allowed: {'; '.join(OPTIONS.values())}."
        )
    return Asked(rest, budget, rerun, into_next)


def taken(rest: str) -> tuple[str, str]:
    """The first word, and what comes after it."""
    word, _, after = rest.partition(" ")
    return word, after.lstrip()


def seconds(text: str) -> float:
    """A number of seconds above 0."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0.0 < value < float("inf"):
        raise InvalidInputError(
            f"--budget {text or 'without a number'}: give a number of seconds above 0, such as "
            "--budget 20."
        )
    return value


def unknown(option: str) -> str:
    """What to say of an option that there is not."""
    near = difflib.get_close_matches(option, OPTIONS, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"%%doctor has no option {option}.{hint} Allowed: {'; '.join(OPTIONS.values())}."
