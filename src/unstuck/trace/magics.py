"""IPython's magics: which run code, which do not matter, which have a form in plain Python."""

from __future__ import annotations

import re
from collections.abc import Callable

RUNS = {  # magics that run the statement or the cell behind them: their options with a value
    "capture": "",
    "debug": "-b",
    "doctor": "--budget",
    "lprun": "-f -m -T -D -s -u -z",
    "memit": "-r -t -i",
    "mprun": "-f -T",
    "prun": "-l -s -T -D",
    "pyinstrument": "",
    "snakeviz": "-f",
    "time": "",
    "timeit": "-n -r -p -v",
}
WITHOUT_EFFECT = {  # on what a program computes: nothing need be said about them
    *("HTML", "SVG", "javascript", "js", "html", "latex", "markdown", "svg"),
    *("alias", "aimport", "autoreload", "colors", "conda", "config", "history", "hist", "load_ext"),
    *("logstart", "logstop", "ls", "lsmagic", "magic", "mamba", "man", "matplotlib", "mkdir"),
    *("pdb", "pdoc", "pfile", "pinfo", "pinfo2", "pip", "pprint", "precision", "psearch"),
    *("psource", "pwd", "reload_ext", "unload_ext", "uv", "who", "who_ls", "whos", "xmode"),
}
QUIET_SHELL = re.compile(
    r"!+\s*(sudo\s+)?(python3?\s+-m\s+)?"
    r"(pip3?|conda|mamba|uv|apt|apt-get|ls|pwd|cat|head|tail|echo|which|nvidia-smi|free|df)\b"
)
AUTOMAGIC = re.compile(r"(pip|conda|mamba|uv)\s+(install|uninstall|list|show|freeze)\b")
MAGIC = re.compile(r"(%{1,2})([\w.]*)(!?)")
OPTION = re.compile(r"\s*(-[a-zA-Z]|--[a-zA-Z][\w-]*)(\S*)(?=\s|$)")
WORD = re.compile(r"\s*\S+")
CAPTURED = '__import__("types").SimpleNamespace(stdout="", stderr="", outputs=[], show=print)'


def name_of(text: str) -> tuple[str, str]:
    """A magic's name and what stands behind it."""
    found = MAGIC.match(text)
    return (found[2], text[found.end() :]) if found else ("", text)


def is_quiet(text: str) -> bool:
    """True for a shell command that cannot matter to what a program computes."""
    return QUIET_SHELL.match(text) is not None


def after_options(rest: str, valued: str) -> int:
    """Where the statement begins behind a magic's options."""
    at = 0
    while found := OPTION.match(rest, at):
        at = found.end()
        if found[1] in valued.split() and not found[2]:
            value = WORD.match(rest, at)
            at = value.end() if value else at
    return at + len(rest[at:]) - len(rest[at:].lstrip())


# ------------------------------------------------------- magics that have a form in plain Python


def _cd(rest: str) -> str:
    path = rest.removeprefix("-q").strip().strip("'\"")
    return f'(lambda os: os.chdir(os.path.expanduser({path!r})))(__import__("os"))' if path else ""


def _env(rest: str) -> str:
    found = re.match(r"(\w+)\s*(?:=|\s)\s*(.+)", rest)
    return f'__import__("os").environ[{found[1]!r}] = {found[2]!r}' if found else ""


def _run(rest: str) -> str:
    found = re.fullmatch(r"([A-Za-z_]\w*)(\.py)?", rest)
    return f"from {found[1]} import *" if found else ""


def _pylab(rest: str) -> str:
    return (
        "import numpy, matplotlib; from matplotlib import pylab, mlab, pyplot; np = numpy; "
        "plt = pyplot; from pylab import *"
    )


RECAST: dict[str, Callable[[str], str]] = {
    "cd": _cd,
    "env": _env,
    "pylab": _pylab,
    "run": _run,
    "set_env": _env,
}
