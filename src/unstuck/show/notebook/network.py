"""A network under a cell: its outline, and the table of its layers."""

from __future__ import annotations

from unstuck.core.layout import dense_widths
from unstuck.core.network import Network
from unstuck.core.summary import HEADERS
from unstuck.show.notebook.pictures import widths_svg
from unstuck.show.notebook.pieces import Html, bold, faint, image, line, table, whole

MOST_ROWS = 24
HEIGHT, GAP, MOST_WIDE = 64, 52, 620  # pixels
NAMED_UP_TO = 12  # widths that are written under the picture


def network_html(network: Network) -> str:
    """The widths as a picture, then one row a layer."""
    widths = dense_widths(network.layers)
    size = (min(GAP * len(widths), MOST_WIDE), HEIGHT)
    said = " - ".join(_shortened(widths))
    summary = network.summary()
    picture = image(widths_svg(widths, size), *size, f"The widths of the layers: {said}")
    rows: list[tuple[str | Html, ...]] = [("input", f"(n, {summary.n_features})", "", "")]
    rows += [(a, b, c, f"{d:,}" if d else "") for a, b, c, d in folded(list(summary.rows))]
    return whole(
        line(bold(said)), line(picture), table(HEADERS, rows, left=3), line(faint(summary.note))
    )


def _shortened(widths: list[int]) -> list[str]:
    named = [f"{width:,}" for width in widths]
    if len(widths) <= NAMED_UP_TO:
        return named
    return [*named[:5], "...", *named[-5:]]


def folded(rows: list[tuple[str, str, str, int]]) -> list[tuple[str, str, str, int]]:
    """At most `MOST_ROWS` rows: of a deep network the first and the last."""
    if len(rows) <= MOST_ROWS:
        return rows
    half = MOST_ROWS // 2
    left_out = rows[half:-half]
    count = sum(row[3] for row in left_out)
    between = (f"... {len(left_out)} more rows", "", "", count)
    return [*rows[:half], between, *rows[-half:]]
