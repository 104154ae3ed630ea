"""Which class was taken for which, over ALL judged samples; a cell opens the samples behind it."""

from __future__ import annotations

from typing import Any

from unstuck.base.arrays import AnyArray
from unstuck.show.confusion import worst_pairs
from unstuck.show.report.contents import Contents, Section
from unstuck.show.report.numbers import percent

MOST_CLASSES = 60  # more, and the matrix is a grey square of tiny numbers
FEW_CLASSES = 26  # a table without a script
WORST = 12


def section(contents: Contents) -> Section | None:
    """None where values are predicted, or nothing was judged."""
    samples = contents.samples
    if samples is None or samples.counts is None or samples.class_names is None:
        return None
    names, counts = samples.class_names, samples.counts
    context = {
        "part": samples.part,
        "total": samples.total,
        "said": samples.said if samples.image_shape is not None else "",
        "pairs": pairs(counts, names),
        "n_classes": len(names),
        "too_many": len(names) > MOST_CLASSES,
        "rows": rows(counts, names) if len(names) <= FEW_CLASSES else None,
        "names": names,
    }
    data = None
    if len(names) <= MOST_CLASSES:
        data = {"names": list(names), "counts": counts.tolist()}
    return Section("confusion", "Which was taken for which", context, data)


def pairs(counts: AnyArray, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The most frequent confusions in words."""
    totals = counts.sum(axis=1)
    return [
        {"true": names[i], "said": names[j], "count": n, "share": percent(n / totals[i])}
        for i, j, n in worst_pairs(counts, WORST)
    ]


def rows(counts: AnyArray, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The matrix for those without a script: each row with its recall."""
    found = []
    for name, row, right in zip(names, counts, counts.diagonal(), strict=True):
        recall = percent(right / row.sum()) if row.sum() else "-"
        found.append({"name": name, "counts": row.tolist(), "recall": recall})
    return found
