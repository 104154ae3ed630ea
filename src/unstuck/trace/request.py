"""What a run of a program is asked for, and what it brings back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from unstuck.record.run_record import SourceSpan
from unstuck.trace.tape import Tape

Mode = Literal["tally", "record", "watch"]
Status = Literal[
    "finished",  # ran to its end (sys.exit(0) included)
    "raised",  # an exception ended it
    "exited",  # sys.exit with another code
    "stopped",  # the probe ended it on purpose: the tape is full, the iterations are done
    "timeout",
    "memory",
    "output",  # printed more than it may
    "input",  # asked for input
    "killed",  # by a signal
    "syntax",  # a file cannot be parsed
    "interpreter",  # the Python that was named cannot run it (no NumPy, too old, not there)
]
Key = tuple[str, int, int, int, int, str]  # file, line, column, end line, end column, kind


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take; None is no limit."""

    seconds: float = 60.0
    memory_bytes: int | None = 4_000_000_000
    output_bytes: int = 10_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """How a program is to be run.

    Attributes
    ----------
    mode : str
        ``"tally"``: plainly, counting loops (this is the baseline). ``"record"``: with a tape.
        ``"watch"``: plainly, but the expressions in ``watch`` are sampled over the whole run.
    seed : int or None
        None keeps the program's own seeds and gives 0 to generators without one; a number
        replaces them all, so that the run is another draw.
    loop : Key or None
        record: the site of the training loop; what comes before its first iteration is
        preparation. None: record everything from the start.
    skip : int
        record: iterations of ``loop`` (over all its entries) to let pass before the tape of the
        training begins. The preparation is recorded all the same.
    max_nodes, max_bytes : int
        record: when the tape is full the program is ended (status "stopped").
    asleep : bool
        record: nothing at all is noted before the tape of the training begins, which is several
        times as fast; what was made before are leaves.
    turns : int
        record: after so many iterations of ``loop`` a fifth of ``max_nodes`` is a full tape.
    stop_loop, stop_after : Key or None, int
        Every mode: end the program once this loop has begun its ``stop_after``-th iteration
        (over all entries) - to compare two programs at equal updates.
    shorten : tuple of (Key, int)
        Loops that are left after so many iterations each time they are entered: where one update
        goes through all samples, so that it fits on the tape.
    watch : tuple of Key
        The expressions to sample: operands and result, the first ``head`` times, the last
        ``tail`` times, and a thinning grid between.
    """

    mode: Mode
    seed: int | None = None
    loop: Key | None = None
    skip: int = 0
    asleep: bool = False
    max_nodes: int = 20_000
    max_bytes: int = 400_000_000
    turns: int = 48
    stop_loop: Key | None = None
    stop_after: int | None = None
    shorten: tuple[tuple[Key, int], ...] = ()
    watch: tuple[Key, ...] = ()
    head: int = 300
    tail: int = 300
    grid: int = 200


@dataclass(frozen=True, slots=True)
class ProgramError:
    """The exception that ended a program: what it said, and the innermost own line.

    ``known`` has the keys that were there, where one was missing.
    """

    type: str
    message: str
    span: SourceSpan | None
    function: str = ""
    traceback: str = ""
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoopCount:
    """One loop of the program: how often it was entered, how many iterations, how long.

    ``parent`` is the loop that was running around it (dynamically, calls included) most often;
    ``order`` its rank by first iteration; ``updates`` the number of numeric assignments,
    augmented assignments and item writes that ran in it (not in loops within it).
    """

    key: Key
    entries: int
    iterations: int
    seconds: float  # inclusive
    parent: Key | None
    order: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One sampled evaluation of a watched expression; ``at`` counts its evaluations from 0."""

    at: int
    operands: tuple[Any, ...]
    result: Any


@dataclass(frozen=True, slots=True)
class Watched:
    """A watched expression: how often it ran, and the samples kept, by ``at``."""

    key: Key
    op: str
    count: int
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run brought back; fields that its mode does not fill are empty."""

    status: Status
    seconds: float
    stdout: str = ""
    stderr: str = ""
    truncated: bool = False
    exit_code: int | None = None
    error: ProgramError | None = None
    loops: tuple[LoopCount, ...] = ()
    tape: Tape | None = None
    watched: tuple[Watched, ...] = ()
    notes: tuple[str, ...] = ()  # "showed 2 plots", "seeded numpy.random", "wrote out.csv"
    facts: Mapping[str, Any] = field(default_factory=dict)
