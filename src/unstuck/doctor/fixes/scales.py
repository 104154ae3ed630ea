"""A number too many or too few: the batch size, its inverse, two, a sign."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from unstuck.doctor.fixes.bench import Bench
from unstuck.doctor.fixes.places import PRODUCT, UNARY, bracketed, expression
from unstuck.doctor.fixes.variants import Variant, put, segment, swap

SIGN = 0.6  # what a sign in front costs on top
SCALE = 0.5


def scaled(bench: Bench) -> Iterator[Variant]:
    """The whole expression divided or multiplied by a number that the program has."""
    for text, value in numbers(bench):
        if value in {0.0, 1.0, -1.0}:
            continue
        for sign in ("/", "*"):
            yield from _given(_with(bench, text, sign))


def _with(bench: Bench, text: str, sign: str) -> Variant | None:
    body = segment(bench, bench.tree)
    if _precedence(bench.tree) < PRODUCT:
        body = f"({body})"
    found = swap(bench, bench.tree, f"{body} {sign} {bracketed(text, UNARY)}", "scale", 1.3)
    if found is None:
        return None
    op = ast.Div() if sign == "/" else ast.Mult()
    return replace(found, tree=ast.BinOp(bench.tree, op, expression(text)))


def numbers(bench: Bench) -> list[tuple[str, float]]:
    """Texts of plain numbers in scope, and of the sizes of arrays there."""
    found: list[tuple[str, float]] = []
    for text in bench.texts:
        value = bench.first(text)
        if np.ndim(value) == 0 and np.size(value) == 1:
            found.append((text, float(value)))
    sizes: dict[int, str] = {}
    for text in bench.texts:
        value = bench.first(text)
        for axis, size in enumerate(np.shape(value)):
            if size > 1:
                sizes.setdefault(size, f"{text}.shape[{axis}]")
    found += [(text, float(size)) for size, text in sizes.items()]
    found.append(("2", 2.0))
    return found


def mended(bench: Bench, variant: Variant, factor: float) -> Iterator[tuple[Variant, float, float]]:
    """The same variant with a sign or a number that makes the factor right, and what that costs."""
    if bench.good(factor) or variant.kind in {"sign", "scale"}:
        return
    wanted = 1.0 if bench.factor is None else bench.factor
    factor /= wanted
    text = variant.text(bench.source.text)
    if bench.statement is not None:
        return
    try:
        tree = expression(text)
    except SyntaxError:
        return
    body = bracketed(text, PRODUCT)
    if abs(factor + 1.0) <= 1e-4:
        shown = text[1:].lstrip() if text.startswith("-") and _unary(tree) else f"-{body}"
        whole = ((0, len(bench.source.text), shown),)
        yield replace(variant, pieces=whole), wanted, SIGN
        return
    if bench.factor is None:
        return
    for name, value in numbers(bench):
        for sign, size in (("/", abs(value)), ("*", 1.0 / abs(value) if value else 0.0)):
            if size and abs(abs(factor) - size) <= 1e-4 * size:
                front = "-" if factor * value < 0 else ""
                shown = f"{front}{body} {sign} {bracketed(name, UNARY)}"
                whole = ((0, len(bench.source.text), shown),)
                yield replace(variant, pieces=whole), wanted, SCALE + (SIGN if front else 0.0)
                return


def _unary(tree: ast.expr) -> bool:
    return isinstance(tree, ast.UnaryOp)


def _precedence(tree: ast.expr) -> int:
    from unstuck.doctor.fixes.places import precedence

    return precedence(tree)


def _given(found: Variant | None) -> Iterator[Variant]:
    if found is not None:
        yield found


__all__ = ["mended", "numbers", "put", "scaled"]
