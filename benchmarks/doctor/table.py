"""The rows as a table, failures as plain as successes, and the promises kept or missed."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from benchmarks.doctor.score import Row
from benchmarks.report import Bar

MARK = {True: "yes", False: "NO", None: "-"}


def line(row: Row) -> str:
    """One row, and beneath it what was missed."""
    cells = [
        f"{'' if row.good else '✗ '}{row.name}"[:58].ljust(58),
        f"{row.verdict}{'' if row.right_verdict else f' (not {row.expected})'}".ljust(20),
        f"code {MARK[row.named]:3} line {MARK[row.placed]:3} repaired {MARK[row.repaired]:3}",
        f"{row.seconds:5.1f} s",
        " ".join(f"{k} {'nan' if v is None else f'{v:.4g}'}" for k, v in row.metrics.items()),
    ]
    lines = ["  ".join(cells)]
    said = [("causes", row.causes), ("faults", row.faults), ("notes", row.notes)]
    if not row.good:
        lines.append("      " + "; ".join(f"{k} {' '.join(v)}" for k, v in said if v))
        lines += [f"      {gap}" for gap in row.missed]
        if row.error:
            lines.append(f"      {row.error}")
    return "\n".join(part for part in lines if part.strip())


def share(rows: Iterable[Row], is_right: Callable[[Row], bool | None]) -> float:
    """Share of those to which the question applies; NaN without any."""
    answers = [a for a in map(is_right, rows) if a is not None]
    return sum(answers) / len(answers) if answers else float("nan")


def precision(rows: Sequence[Row]) -> float:
    """Of everything named as a cause, what share is right."""
    total = sum(len(r.causes) for r in rows)
    return sum(r.right_causes for r in rows) / total if total else float("nan")


def bars(name: str, rows: Sequence[Row]) -> list[Bar]:
    """The promises of one section, measured."""
    if not rows:
        return []
    if name == "seeds":
        return [Bar("seeds in full", len(rows), sum(r.good for r in rows), "")]
    if name == "cases":
        stuck = [r for r in rows if r.kind == "case"]
        well = [r for r in rows if r.kind == "healthy"]
        return [
            Bar("verdict", 16, sum(r.right_verdict for r in stuck), ""),
            Bar("code and line", 15, sum(bool(r.named and r.placed) for r in stuck), ""),
            Bar("repaired", 14, sum(bool(r.repaired) for r in stuck), ""),
            Bar("healthy without alarm", 3, sum(r.good for r in well), ""),
            Bar("median time", 15, statistics.median(r.seconds for r in rows), "s", at_most=True),
        ]
    if name == "healthy":
        alarms = share(rows, lambda r: r.verdict == "stuck")
        return [
            Bar("called stuck", 0.02, alarms, "", at_most=True),
            Bar("without any alarm", 1.0, share(rows, lambda r: r.good), ""),
        ]
    if name == "pairs":
        return [
            Bar("both named", 0.75, share(rows, lambda r: r.both), ""),
            Bar("repaired", 0.60, share(rows, lambda r: r.repaired), ""),
        ]
    harmful = [r for r in rows if r.kind == "mutant"]
    harmless = [r for r in rows if r.kind == "harmless"]
    measured = [
        Bar("called stuck", 0.95, share(harmful, lambda r: r.right_verdict), ""),
        Bar("right code", 0.88, share(harmful, lambda r: r.named), ""),
        Bar("right line", 0.88, share(harmful, lambda r: r.placed), ""),
        Bar("repaired", 0.75, share(harmful, lambda r: r.repaired), ""),
        Bar("precision of causes", 0.85, precision(harmful), ""),
    ]
    if harmless:
        alarms = share(harmless, lambda r: r.verdict == "stuck")
        measured.append(Bar("harmless called stuck", 0.02, alarms, "", at_most=True))
    return measured


def told(bar: Bar) -> str:
    """A promise beside what was measured."""
    sign = "<=" if bar.at_most else ">="
    kept = "met" if bar.met else "MISSED"
    return f"  {bar.what}: promised {sign} {bar.promised:g}{bar.unit}, {bar.measured:.4g}: {kept}"


def breakdown(rows: Sequence[Row], by: str) -> str:
    """For tuning: by code or by program, how many of each question went wrong."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(getattr(row, by), []).append(row)
    lines = [f"by {by}: number; not called stuck, code wrong, line wrong, not repaired"]
    for key, group in sorted(groups.items()):
        wrong = Counter(
            {
                "v": sum(not r.right_verdict for r in group),
                "n": sum(r.named is False or r.both is False for r in group),
                "p": sum(r.placed is False for r in group),
                "r": sum(r.repaired is False for r in group),
            }
        )
        numbers = "  ".join(f"{wrong[k]:3}" for k in "vnpr")
        lines.append(f"  {key[:44]:44} {len(group):4}  {numbers}")
    return "\n".join(lines)
