"""Ask every rule about a record; say what was found, what is right, what could not be checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from unstuck.doctor.diagnosis import Clean, Finding, Unchecked
from unstuck.doctor.rules import FAMILIES, RULES, Rule
from unstuck.record.run_record import RunRecord

Answer = tuple[tuple[Finding, ...], tuple[Clean, ...], tuple[Unchecked, ...]]
STUCK = 0.08  # of the way from the best constant answer to perfection: no better than that answer
ORDER = {"cause": 0, "fault": 1, "note": 2}


def judge(record: RunRecord, rules: Iterable[type[Rule]] | None = None) -> Answer:
    """What the rules say about a record; never raises.

    Parameters
    ----------
    record : RunRecord
        Of our own trainer, of a traced program, of anything; it may lack whatever it lacks.
    rules : iterable of rule classes, optional
        All rules by default.

    Returns
    -------
    findings : tuple of Finding
        Faults first, then notes. A symptom that something else explains is a note.
    clean : tuple of Clean
        One entry a family of rules: what was checked and is right.
    unchecked : tuple of Unchecked
        One entry a family and reason.

    Examples
    --------
    >>> from unstuck.record.run_record import RunRecord
    >>> findings, clean, unchecked = judge(RunRecord("nobody", (), {}))
    >>> findings, clean, unchecked[0].check
    ((), (), 'gradient (G101-G199)')
    """
    found: list[Finding] = []
    right: list[Rule] = []
    open_: list[tuple[Rule, str]] = []
    for kind in RULES.values() if rules is None else rules:
        rule = kind()
        if rule.found_in == "source":
            continue
        findings, why, applies = ask(rule, record)
        found += findings
        if why:
            open_.append((rule, why))
        elif applies and not findings and rule.found_in == "record":
            right.append(rule)
    ordered = ranked(found)
    return ordered, _clean(right, ordered), _unchecked(open_)


def ask(rule: Rule, record: RunRecord) -> tuple[list[Finding], str, bool]:
    """(findings of one rule, why it could not be asked, whether it makes sense to ask)."""
    try:
        if not rule.applies(record):
            return [], "", False
        why = rule.missing(record)
        return ([] if why else list(rule.check(record))), why, True
    except Exception as error:  # noqa: BLE001  one rule must not take the whole answer with it
        return [], f"the rule itself failed ({type(error).__name__}: {error})", True


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Symptoms that another finding explains become notes; faults come first."""
    found = list(findings)
    causes = [f for f in found if f.severity != "note"]
    found = [
        replace(f, severity="note")
        if f.severity == "fault" and any(explains(cause, f) for cause in causes)
        else f
        for f in found
    ]
    return tuple(sorted(found, key=lambda f: ORDER[f.severity]))


def explains(cause: Finding, symptom: Finding) -> bool:
    """True if ``cause`` may lie behind ``symptom``: its rule says so, and its layer comes no later.

    >>> explains(
    ...     Finding("W304", "fault", "", None, {"layer": 1}),
    ...     Finding("T604", "fault", "", None, {"layer": 2}),
    ... )
    True
    """
    rule = RULES.get(symptom.code)
    if rule is None or cause.code == symptom.code or not cause.code.startswith(rule.explained_by):
        return False
    layers = (cause.evidence.get("layer"), symptom.evidence.get("layer"))
    one, other = layers
    if not isinstance(one, int) or not isinstance(other, int) or cause.code[0] in "GU":
        return True
    return one <= other or symptom.code == "T605"


def _clean(rules: list[Rule], findings: tuple[Finding, ...]) -> tuple[Clean, ...]:
    """One entry a family, with what is right in the words of its rules."""
    entries = []
    for letter, family in FAMILIES.items():
        mine = [rule for rule in rules if rule.code[0] == letter]
        if letter == "G" and any(f.code[0] == "G" for f in findings):
            mine = [rule for rule in mine if rule.code != "G199"]
        if mine:
            entries.append(Clean(f"{family} ({codes(mine)})", "; ".join(r.clean for r in mine)))
    return tuple(entries)


def _unchecked(open_: list[tuple[Rule, str]]) -> tuple[Unchecked, ...]:
    groups: dict[tuple[str, str], list[Rule]] = {}
    for rule, why in open_:
        groups.setdefault((FAMILIES[rule.code[0]], why), []).append(rule)
    return tuple(
        Unchecked(f"{family} ({codes(rules)})", why) for (family, why), rules in groups.items()
    )


def codes(rules: Iterable[Rule | type[Rule]]) -> str:
    """Codes in short: neighbours in the table as a range.

    >>> codes([RULES["W301"], RULES["W302"], RULES["W303"], RULES["D405"]])
    'W301-W303, D405'
    """
    table = list(RULES)
    known = sorted({table.index(rule.code) for rule in rules if rule.code in RULES})
    runs: list[list[int]] = []
    for place in known:
        if runs and place == runs[-1][-1] + 1 and table[place][0] == table[runs[-1][-1]][0]:
            runs[-1].append(place)
        else:
            runs.append([place])
    return ", ".join(
        table[run[0]] if len(run) == 1 else f"{table[run[0]]}-{table[run[-1]]}" for run in runs
    )
