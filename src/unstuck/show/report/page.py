"""The page itself: sections in their order, styles, script and data, put into one text.

A Content-Security-Policy lets exactly one script run, the one whose hash it names, and lets nothing
be fetched. Whatever stands in a label, a file name or a source line is text, and stays text.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from unstuck import __version__
from unstuck.show.report.contents import Contents, Section
from unstuck.show.report.embed import network_data, samples_data
from unstuck.show.report.sections import (
    advice,
    confusion,
    curves,
    diagnosis,
    draw,
    layers,
    mistakes,
    outcome,
    predictions,
    provenance,
    weights,
)
from unstuck.training.runs import finite

if TYPE_CHECKING:
    from jinja2 import Environment

SECTIONS: dict[str, Callable[[Contents], Section | None]] = {
    "outcome": outcome.section,
    "curves": curves.section,
    "layers": layers.section,
    "weights": weights.section,
    "confusion": confusion.section,
    "predictions": predictions.section,
    "mistakes": mistakes.section,
    "draw": draw.section,
    "advice": advice.section,
    "diagnosis": diagnosis.section,
    "provenance": provenance.section,
}
"""Every section, top to bottom; each gives None where it does not apply."""

SHARED: dict[str, Callable[[Contents], Any]] = {"network": network_data, "samples": samples_data}
"""Data that several sections use, by their key in the page's JSON."""

SCRIPTS = (
    "base",
    "scales",
    "charts",
    "pointing",
    "lines",
    "heat",
    "numbers",
    "samples",
    "network",
    "prepare",
    "curves",
    "layers",
    "confusion",
    "mistakes",
    "pen",
    "shown",
    "draw",
    "diagnosis",
    "boot",
)
"""The files of `templates/js` in the order in which they are joined to one script."""

STYLES = ("style.css", "charts.css", "draw.css", "diagnosis.css")
"""The style sheets, in the order in which they are joined."""

MARK = '<meta name="generator" content="unstuck report'
"""Stands in every page: how our own page is told from somebody else's file."""


def page_html(contents: Contents) -> str:
    """The whole page as one text.

    Examples
    --------
    >>> from unstuck.show.report.contents import Statement
    >>> page = page_html(Contents("<b>", Statement("It learned.")))
    >>> "<title>&lt;b&gt;" in page, page.count("<script>")
    (True, 1)
    """
    from markupsafe import Markup

    sections = [found for make in SECTIONS.values() if (found := make(contents)) is not None]
    script = joined_script()
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            title=contents.title,
            sections=sections,
            missing=missing_notes(contents, sections),
            version=__version__,
            policy=policy(script),
            style=Markup("".join(template_text(name) for name in STYLES)),  # noqa: S704  # ours
            script=Markup(script),  # noqa: S704  # our own files
            data=Markup(as_json(page_data(contents, sections))),  # noqa: S704  # escaped there
        )
    )


def page_data(contents: Contents, sections: Sequence[Section]) -> dict[str, Any]:
    """What the script reads: shared data and the sections' own, by name."""
    data = {name: make(contents) for name, make in SHARED.items()}
    data |= {section.name: section.data for section in sections}
    return {name: value for name, value in data.items() if value is not None}


def missing_notes(contents: Contents, sections: Sequence[Section]) -> list[str]:
    """Why what one might look for is not there."""
    shown = {section.name for section in sections}
    return [why for name, why in contents.missing.items() if name not in shown]


def as_json(value: Any) -> str:
    r"""JSON that can stand inside a script element: nothing in it can end the element.

    >>> as_json({"label": "</script>"})
    '{"label":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(finite(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def policy(script: str) -> str:
    """The Content-Security-Policy under which only this script runs and nothing is fetched."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data: blob:; form-action 'none'; base-uri 'none'"
    )


@cache
def joined_script() -> str:
    """All files of the script as one text; a file that is empty is left out."""
    parts = (template_text(f"js/{name}.js").strip() for name in SCRIPTS)
    return "\n" + "\n\n".join(part for part in parts if part) + "\n"


def template_text(name: str) -> str:
    """A file of the templates as it is."""
    place = files("unstuck.show.report").joinpath("templates")
    for part in name.split("/"):
        place = place.joinpath(part)
    return place.read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """Jinja's environment: everything is escaped, and a name that is not there is an error."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(template_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
