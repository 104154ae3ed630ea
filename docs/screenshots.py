"""Photograph the report page: `make docs-screenshots`, or `python docs/screenshots.py NAME`.

Each picture shows a page that is made here and now, by the command that its page of the
documentation names, in the Chromium of this computer.
"""

from __future__ import annotations

import io
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
PICTURES = DOCS / "pictures"
PROGRAM = DOCS.parent / "examples" / "originals" / "two_layer_model.py"
DEEP = ",".join(["24"] * 50)
PAGES = {
    "digits": ["train", "--out", "first", "--report"],
    "mnist": ["train", "mnist", "--hidden", "128,128", "--out", "mnist", "--report"],
    "deep": [
        *("train", "--hidden", DEEP, "--activation", "sigmoid", "--init", "glorot_uniform"),
        *("--epochs", "6", "--out", "deep", "--report"),
    ],
    "diagnosis": ["report", str(PROGRAM), "--out", "diagnosis.html"],
}
"""The command behind each page, after ``unstuck``."""

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDE = {"width": 1120, "height": 1000}
PHONE = {"width": 360, "height": 740}


@cache
def page_file(name: str) -> Path:
    """The page that the command writes."""
    folder = Path(tempfile.mkdtemp())
    done = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, "-m", "unstuck", *PAGES[name]],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout)
    (page,) = folder.rglob("*.html")
    return page


# -------------------------------------------------------------------------------- what is shown


def top(page: Any) -> bytes:
    """The page from its top, with the numbers of one epoch read out."""
    page.locator("#curves .chart-svg").first.hover(position={"x": 220, "y": 90})
    return shot(page, 0, end_of(page, "layers"))


def matrix(page: Any) -> bytes:
    """The matrix with its fullest wrong cell opened, and the surest mistakes."""
    page.evaluate(
        """() => {
          const cells = [...document.querySelectorAll(".matrix-wrong")];
          const count = (cell) => Number(cell.textContent.replace(/\\D/g, ""));
          cells.reduce((a, b) => (count(a) >= count(b) ? a : b)).click();
        }"""
    )
    page.locator(".matrix-panel .sample").first.wait_for()
    page.evaluate("document.activeElement.blur()")
    return shot(page, start_of(page, "confusion"), end_of(page, "mistakes"))


def draw(page: Any) -> bytes:
    """A three drawn with the mouse, and what the network makes of it."""
    paper = page.locator(".draw-paper")
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    for number, (x, y) in enumerate(three()):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if number == 0:
            page.mouse.down()
    page.mouse.up()
    page.wait_for_timeout(300)
    page.mouse.move(1, 1)
    return shot(page, start_of(page, "draw"), start_of(page, "draw") + 900)


def three() -> list[tuple[float, float]]:
    """Two bows, one above the other, in shares of the paper."""

    def bow(middle: float, start: float, end: float) -> list[tuple[float, float]]:
        turns = [start + (end - start) * i / 24 for i in range(25)]
        return [(0.47 + 0.17 * math.cos(a), middle + 0.16 * math.sin(a)) for a in turns]

    upper = bow(0.33, -math.pi * 0.85, math.pi * 0.5)
    return [*upper, *bow(0.65, -math.pi * 0.5, math.pi * 0.85)]


def layers(page: Any) -> bytes:
    """Layer by layer over time."""
    return shot(page, start_of(page, "layers"), end_of(page, "layers"))


def window(page: Any) -> bytes:
    """What is seen first, as high as a screen or two."""
    return shot(page, 0, 2000)


def unrolled(page: Any) -> None:
    """A window as high as the page: nothing scrolls away from under the mouse."""
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": height + 400})


def start_of(page: Any, section: str) -> float:
    """Where a section begins on the page."""
    script = "(name) => document.getElementById(name).getBoundingClientRect().top + scrollY"
    return float(page.evaluate(script, section)) - 16


def end_of(page: Any, section: str) -> float:
    """Where it ends."""
    script = "(name) => document.getElementById(name).getBoundingClientRect().bottom + scrollY"
    return float(page.evaluate(script, section)) + 16


def shot(page: Any, start: float, end: float) -> bytes:
    """A picture of the page between two heights."""
    height = min(end, page.evaluate("document.documentElement.scrollHeight"))
    width = page.viewport_size["width"]
    clip = {"x": 0, "y": start, "width": width, "height": height - start}
    picture: bytes = page.screenshot(clip=clip)
    return picture


TAKEN: dict[str, tuple[str, Callable[[Any], bytes], str, dict[str, int]]] = {
    "report.png": ("digits", top, "light", WIDE),
    "report-dark.png": ("mnist", matrix, "dark", WIDE),
    "report-deep.png": ("deep", layers, "light", WIDE),
    "report-diagnosis.png": ("diagnosis", window, "light", WIDE),
    "report-phone.png": ("digits", window, "dark", PHONE),
    "draw.png": ("mnist", draw, "light", WIDE),
}
"""Every picture: the page, what of it, in which light, on which screen."""


def main(names: list[str]) -> None:
    """Take the named pictures, or all."""
    from playwright.sync_api import sync_playwright

    program = os.environ.get("UNSTUCK_CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)))
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for name in names or TAKEN:
            made, take, scheme, screen = TAKEN[name]
            options: dict[str, Any] = {"viewport": screen, "color_scheme": scheme}
            context = browser.new_context(**options)
            page = context.new_page()
            page.goto(page_file(made).as_uri())
            page.wait_for_selector("html[data-ready]")
            unrolled(page)
            save(take(page), PICTURES / name)
            context.close()
            print(PICTURES / name, (PICTURES / name).stat().st_size)


def save(picture: bytes, path: Path) -> None:
    """Write it without the channel for what is transparent, as small as it goes."""
    from PIL import Image

    Image.open(io.BytesIO(picture)).convert("RGB").save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
