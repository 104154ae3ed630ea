"""The rows as tables, misses as plain as hits."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.report import Bar
from benchmarks.weights.score import ADVISER, BASELINES, Row, figures, half_width

CALLED = {
    ADVISER: "the adviser",
    "he": "always He",
    "glorot": "always Glorot",
    "pytorch": "PyTorch's default",
    "scikit-learn": "scikit-learn's default",
}


def line(row: Row) -> str:
    """One cell."""
    mark = " " if row.good(ADVISER) else "✗"
    others = " ".join(f"{name} {row.mean(name):.3f}" for name in BASELINES)
    return (
        f"{mark} {row.cell:46} {row.best:19} {row.mean(ADVISER):.4f}  best {row.top:19} "
        f"{row.mean(row.top):.4f} ± {half_width(row.scores[row.top]):.4f}  "
        f"regret {row.regret(ADVISER):.4f}  {row.seconds:4.0f} s  {others}"
    )


def markdown(rows: Sequence[Row]) -> str:
    """The rows for the docs; what misses is in bold."""
    lines = [
        "| cell | recommended | reached | best | reached | loss | He | Glorot | torch | sklearn |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        loss = f"{row.regret(ADVISER):.3f}"
        cells = [
            row.cell,
            row.best,
            f"{row.mean(ADVISER):.3f}",
            row.top,
            f"{row.mean(row.top):.3f} ± {half_width(row.scores[row.top]):.3f}",
            loss if row.good(ADVISER) else f"**{loss}**",
            *(f"{row.mean(name):.3f}" for name in BASELINES),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def summary(rows: Sequence[Row]) -> str:
    """The adviser beside those who always take the same formula."""
    lines = [
        "| | as good as the best | regret: mean | median | worst | only it does not learn |",
        "|---|---|---|---|---|---|",
    ]
    for name, title in CALLED.items():
        f = figures(rows, name)
        lines.append(
            f"| {title} | {f['good']:.0%} ({round(f['good'] * len(rows))} of {len(rows)}) "
            f"| {f['mean']:.3f} | {f['median']:.3f} | {f['worst']:.3f} | {f['failures']:.0f} |"
        )
    return "\n".join(lines)


def told(bar: Bar) -> str:
    """A promise beside what was measured."""
    return f"  {bar.what}: promised {bar.promise}, {bar.measured:.4g}: {bar.verdict}"
