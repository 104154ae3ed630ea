"""Write rules/, a page for every code of the doctor and their list: `make docs-reference`.

The words and the two programs are those of the rule's class, as `unstuck explain CODE` has them.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from markdown import table

from unstuck.doctor.rules import FAMILIES, RULES, Rule
from unstuck.show.diagnosis.rule_page import CONTEXT

FOLDER = Path(__file__).with_name("rules")
PAGE = FOLDER / "README.md"

OPENING = """\
# What the doctor can find

Every code of `unstuck doctor`, each with its page: what is wrong, why it matters, what to write
instead, a program that has the fault and the lines that mend it. `unstuck explain CODE` says the
same in the terminal. Written by `make docs-reference` from the rules in the source; the tests run
every program. What the words of a diagnosis mean: [The diagnosis](../diagnosis.md). A rule of your
own: [Add a rule](../../how-to/add-a-rule.md).

{families}

Where a code is found: in a **record**, that is, in a program as well as in a run of unstuck's own
trainer, which leaves one; in a **program** only, by running it; in its **source**, by reading it.
Whether a finding is a cause, a fault or a note is measured case by case, so no code has a severity
of its own.
"""

FOUND = {
    "record": "record",
    "tape": "program",
    "source": "source",
}
FOUND_BY = {
    "record": "In the record of a run: of a program, or of a training with unstuck",
    "tape": "In a program, by running it",
    "source": "In the source of a program, by reading it",
}


def pages() -> dict[Path, str]:
    """Every page of the folder as text, the list first."""
    return {PAGE: page()} | {FOLDER / f"{code}.md": rule_page(r) for code, r in RULES.items()}


def write() -> None:
    """Write all pages; the page of a code that is no more goes."""
    FOLDER.mkdir(exist_ok=True)
    written = pages()
    for old in set(FOLDER.glob("*.md")) - set(written):
        old.unlink()
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")


def page() -> str:
    """The list of all codes, family by family, in the order of the table."""
    families = {code[0]: FAMILIES[code[0]] for code in RULES}
    contents = " · ".join(f"[{name}](#{anchor(key)})" for key, name in families.items())
    parts = [OPENING.format(families=contents)]
    for key in families:
        rules = (rule for code, rule in RULES.items() if code[0] == key)
        rows = ((f"[{r.code}]({r.code}.md)", r.name, r.claim, FOUND[r.found_in]) for r in rules)
        parts += [
            f"## {heading(key)}\n",
            table(("code", "name", "what is wrong", "found in"), rows),
        ]
    return "\n".join(parts)


def heading(key: str) -> str:
    """How a family is headed: ``G: gradient``."""
    return f"{key}: {FAMILIES[key]}"


def anchor(key: str) -> str:
    """The anchor that GitHub makes of that heading."""
    kept = "".join(c for c in heading(key).lower() if c.isalnum() or c in "- ")
    return kept.replace(" ", "-")


def rule_page(rule: type[Rule]) -> str:
    """The page of one rule: what `unstuck explain` says, and the whole program that has it."""
    parts = [f"# {rule.code}: {rule.name}", rule.claim, "## Why", rule.why, "## Instead", rule.fix]
    harm = "" if rule.harms else " It learns no less than the right one."
    harm += "" if rule.ends else " It never ends."
    parts += ["## An example", fenced("diff", difference(rule))]
    parts += [f"The whole wrong program, to try `unstuck doctor` on.{harm}"]
    parts += [fenced("python", rule.BROKEN), "## How it is found", found(rule)]
    parts += [f"From `{rule.__module__}.{rule.__qualname__}`. [All codes](README.md)."]
    return "\n\n".join(parts) + "\n"


def found(rule: type[Rule]) -> str:
    """Where the rule looks and when; what is said where all is well; what may lie behind it."""
    when = ", also while it goes on (`--doctor`)" if rule.while_training else ""
    text = f"{FOUND_BY[rule.found_in]}{when}."
    if rule.found_in == "record":
        text += f" Where nothing is wrong, it stands under *clean* as: {rule.clean}."
    if rule.explained_by:
        text += "\n\nIt is a note where one of these, which may lie behind it, is found: "
        text += f"{behind(rule)}."
    return text


def behind(rule: type[Rule]) -> str:
    """Links to the codes that may explain a finding; to a family where they are all of it."""
    links = []
    for key in FAMILIES:
        family = [code for code in RULES if code[0] == key and code != rule.code]
        codes = [code for code in family if code.startswith(rule.explained_by)]
        if codes == family:
            links.append(f"[{heading(key)}](README.md#{anchor(key)})")
        else:
            links += [f"[{code}]({code}.md)" for code in codes]
    return ", ".join(links)


def difference(rule: type[Rule]) -> str:
    """From the wrong program to the right one, with a few lines around what changes."""
    wrong, right = rule.BROKEN.splitlines(), rule.HEALTHY.splitlines()
    lines = list(difflib.unified_diff(wrong, right, n=CONTEXT, lineterm=""))
    return "\n".join(lines[2:])  # without the names of files that do not exist


def fenced(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


if __name__ == "__main__":
    write()
