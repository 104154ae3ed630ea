"""The options of `unstuck weights`, a table under headings; many are those of `unstuck train`."""

from __future__ import annotations

from unstuck.app.options import BatchSize, Count, Name, Number, Rates
from unstuck.app.train_options import PATH, Row, listed, rows_of
from unstuck.core.initializers import INITIALIZERS
from unstuck.core.optimizers import OPTIMIZERS

BUDGET, BATCH_SIZE, OPTIMIZER = 60.0, 32, "adam"
WIDTH = 64  # of each of --depth layers
COUNT = Count()

INIT_HELP = f"""The weights to be judged, yours: {listed(INITIALIZERS)}. Default: what
`unstuck train` takes."""
RATE_HELP = """Of the training to come; several to choose from. Default: 0.1, 0.3 and 1 times the
optimiser's own."""
STEPS_HELP = """Updates of a full training, in place of what --budget allows: the same numbers on
any machine."""

SCRIPT_HELP = """A NumPy program: its network, data and weights are read off a run of it, in a
scratch copy."""
PYTHON_HELP = "The Python that runs your program, where it is not the one that runs unstuck."

SECTIONS: dict[str, tuple[Row, ...]] = {
    "A program written by hand": (
        ("--script", PATH, "PROGRAM", SCRIPT_HELP),
        ("--python", str, "PATH", PYTHON_HELP),
    ),
    "What to learn": rows_of("What to learn", "--target", "--task", "--data-dir", "--scale"),
    "The network": (
        *rows_of("The network", "--hidden"),
        ("--depth", Count(least=0), "N", "So many hidden layers, each of --width units."),
        ("--width", COUNT, "N", f"Default: {WIDTH}."),
        *rows_of("The network", "--activation", "--output", "--loss"),
        ("--init --current", Name("initializer", INITIALIZERS), "NAME", INIT_HELP),
        *rows_of("The network", "--dtype"),
    ),
    "How it will learn": (
        (
            "--optimizer",
            Name("optimizer", OPTIMIZERS),
            "NAME",
            f"{listed(OPTIMIZERS)}. Default: {OPTIMIZER}.",
        ),
        ("--learning-rate --lr", Rates(), "RATE,...", RATE_HELP),
        ("--batch-size", BatchSize(), "N|all", f"Samples an update. Default: {BATCH_SIZE}."),
    ),
    "The race": (
        ("--quick", bool, "", "Theory and one look at each candidate; no race."),
        (
            "--budget",
            Number("a number of seconds above 0", low=0.0),
            "SECONDS",
            f"How long the race may take. Default: {BUDGET:g}.",
        ),
        ("--steps", COUNT, "N", STEPS_HELP),
        ("--seeds", COUNT, "N", "Trainings of each candidate and rate. Default: 3; 5 at last."),
        ("--seed", Count(least=0), "N", "Same seed and --steps, same result. Default: 0."),
        ("--jobs", COUNT, "N", "Trainings at once. Default: one a core."),
    ),
    "What is kept and shown": (
        ("--out", PATH, "DIR", "Folder for the pictures, the lines to paste, and the numbers."),
        ("--json", bool, "", "Print one JSON object on standard output, nothing else there."),
        ("--quiet -q", bool, "", "Print errors alone (and the JSON)."),
    ),
}
