"""From what was found and tried: the verdict, what is a cause, and the repair."""

from __future__ import annotations

from dataclasses import replace

from unstuck.doctor.case import MENDED, Case, learned
from unstuck.doctor.cells import in_cells
from unstuck.doctor.diagnosis import Diagnosis, Finding, Progress, Repair, Severity, Verdict
from unstuck.doctor.fixes.choose import LEAST
from unstuck.doctor.fixes.patch import unified_diff
from unstuck.doctor.gather import with_runs
from unstuck.doctor.judge import STUCK
from unstuck.doctor.rules import RULES
from unstuck.doctor.rules.base import NAN
from unstuck.trace.progress import Measured
from unstuck.trace.request import Outcome

SYMPTOMS = {"O508", "T601", "T602", "T603", "T604", "T605", "T606", "U205"}
SLIGHT = 0.1  # progress that is left to make: a program so near the best is not stuck
CLOSES = 0.5  # of the gap, that a repair must close for the program to be called stuck
NOISE = "it learns by heart: its targets belong to other inputs, so there is nothing to find out"
SHARED = "each target stands for several outputs, so none of them says how far the program gets"
NOTHING_MOVES = {"no value evolves", "values evolve, none feeds back"}


def concluded(case: Case, seconds: float) -> Diagnosis:
    """Verdict, severities and repair."""
    verdict, reason = verdict_of(case)
    needed = (
        {(f.code, f.span) for f in case.needed} if learned(case) or case.after_measured else set()
    )
    findings = []
    for finding in case.findings:
        mended = (
            learned(case) and case.after > MENDED and (finding.code, finding.span) not in needed
        )
        if mended and finding.code in SYMPTOMS:
            continue  # it learns, and that was not changed
        severity: Severity = finding.severity
        if (finding.code, finding.span) in needed and verdict in {"stuck", "crashed"}:
            severity = "cause"
        elif finding.code in case.soft and (verdict in {"learns", "unknown"} or needed):
            severity = "note"  # it learns without that being changed
        elif finding.code == "G199" and verdict == "unknown":
            severity = "note"  # its loss may be one that is not known here
        findings.append(replace(finding, severity=severity))
    findings += about_the_run(case, verdict)
    order = {"cause": 0, "fault": 1, "note": 2}
    findings.sort(key=lambda f: order[f.severity])
    diagnosis = Diagnosis(
        program=case.program.name,
        verdict=verdict,
        progress=progress_of(case.measured),
        findings=tuple(findings),
        clean=tuple(case.clean),
        unchecked=tuple(case.unchecked),
        repair=repair_of(case),
        reason="; ".join(r for r in (reason, case.cut) if r),
        sources=dict(case.program.files),
        seconds=seconds,
        exhibits=with_runs(case.exhibits, case.measured, case.after_measured),
    )
    return in_cells(diagnosis, case.program)


def about_the_run(case: Case, verdict: Verdict) -> list[Finding]:
    """Notes on a program that was not seen to train, or not to its end."""
    outcome = case.outcome
    if outcome is None or case.interrupted:
        return []
    if outcome.status == "timeout" or case.stop is not None:
        updates = case.measured.updates if case.measured is not None else NAN
        return [RULES["P703"]().finding("note", None, updates=updates)]
    if verdict == "unknown" and outcome.status == "finished" and case.traced is None:
        loops = len(outcome.loops) or NAN
        return [RULES["P702"]().finding("note", None, loops=loops)]
    return []


def verdict_of(case: Case) -> tuple[Verdict, str]:
    """Stuck, learns, crashed or unknown - and why, for the last two."""
    interrupted = "interrupted: this is what was known by then" if case.interrupted else ""
    outcome = case.outcome
    if outcome is None:
        return "unknown", interrupted or "the program was not run"
    if outcome.status in {"syntax", "raised", "memory", "interpreter"} and case.measured is None:
        return "crashed", outcome.error.message if outcome.error else outcome.status
    measured = case.measured
    lost = any(f.code in {"U201", "U202", "U204"} for f in case.findings)
    if measured is None and case.why in NOTHING_MOVES and lost and outcome.status == "finished":
        return "stuck", interrupted or "no parameter ever changes"
    if measured is None:
        return "unknown", interrupted or how_it_ended(outcome, case.why)
    gap_before = 1.0 - max(0.0, measured.gained)
    closed = 0.0
    if case.after_measured is not None and gap_before > SLIGHT:
        closed = (case.after - max(0.0, measured.gained)) / gap_before
    if measured.has_classes and measured.accuracy[2] > 0.999 and case.held is None:
        return "unknown", interrupted or "all labels that were seen are of one class"
    if measured.gained <= STUCK and measured.shared and closed < CLOSES:
        return "unknown", interrupted or SHARED
    if measured.gained <= STUCK or closed >= CLOSES:
        return "stuck", interrupted or by_heart(case)
    if outcome.status == "raised":
        return "crashed", outcome.error.message if outcome.error else ""
    if any(is_noise(f) for f in case.findings):
        return "stuck", interrupted or NOISE
    return "learns", interrupted


def by_heart(case: Case) -> str:
    """Whose numbers these are, where they are not those of the training."""
    if case.held is None or case.known is None:
        return ""
    line, share = case.program.line_name(*case.held.key[:2]), case.known.accuracy[1]
    return (
        f"on the data it trains with it reaches an accuracy of {share:.3g}; on what {line} counts, "
        f"which it did not train with, it only guesses"
    )


def is_noise(finding: Finding) -> bool:
    """True for targets that have nothing to do with the inputs."""
    apart = finding.code == "D404" or bool(finding.evidence.get("numbered"))
    return apart and finding.severity == "fault"


def how_it_ended(outcome: Outcome, why: str) -> str:
    """Why nothing could be said of a program."""
    told = {
        "input": "it asks for input, and nobody answers here; write what it asks for into it",
        "timeout": f"it was still running when its time was up ({why})",
    }
    if outcome.status in told:
        return told[outcome.status]
    if outcome.status == "exited":
        return f"it ended itself with exit code {outcome.exit_code} ({why})"
    if outcome.status not in {"finished", "stopped"} and outcome.error is not None:
        return outcome.error.message
    return why or outcome.status


def progress_of(measured: Measured | None) -> Progress | None:
    """The published form."""
    if measured is None:
        return None
    if measured.has_classes:
        start, end, chance = measured.accuracy
        return Progress("accuracy", start, end, chance, measured.updates)
    start, end, chance = measured.loss
    return Progress("loss", start, end, chance, measured.updates)


def repair_of(case: Case) -> Repair | None:
    """The change that was made, with its numbers."""
    if case.current is case.program or case.after_measured is None:
        return None
    before = progress_of(case.measured)
    after = progress_of(case.after_measured)
    if before is not None and after is not None and before.metric != after.metric:
        # Targets in another encoding: what was squared error only is classes now.
        after = replace(after, metric=before.metric, end=case.after_measured.loss[1])
    changed = {f: t for f, t in case.current.files.items() if case.program.files.get(f) != t}
    return Repair(
        findings=tuple(dict.fromkeys(f.code for f in case.needed)),
        diff=unified_diff(case.program, case.current),
        before=before.end if before else float("nan"),
        after=after.end if after else float("nan"),
        seeds=(0,),
        runs=case.runs,
        verified=case.after > (max(0.0, case.measured.gained) if case.measured else 0.0) + LEAST,
        files=changed,
    )
