"""A `Rule` as one NumPy expression in the program's own terms: its generator, shape, orientation.

What stands there now gives the words: ``np.random.rand(n_in, n_out) * 0.1`` becomes
``np.random.normal(0.0, np.sqrt(2 / n_in), (n_in, n_out))``. A number from 784 to 64 stays a number.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from unstuck.trace.draws import FILLED, name_of_call, shape_texts, the_draw
from unstuck.weights.recipe import Rule

ONE = re.compile(r"np\.sqrt\(([\d.]+) / \d+\)")
SUM = re.compile(r"np\.sqrt\(([\d.]+) / \(\d+ \+ \d+\)\)")
SCALED = re.compile(r"np\.sqrt\(([\d.]+) / \(\d+ \* ([\d.e+-]+)\)\)")
OVER = re.compile(r"([\d.]+) / np\.sqrt\(\d+\)")


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in the program where a parameter is made.

    ``parts`` are its dimensions as text, ``drawer`` what draws (``np.random``, ``rng``),
    ``numpy`` what NumPy is called, ``cast`` the end that keeps its type.
    """

    text: str
    shape: tuple[int, ...]
    parts: tuple[str, ...]
    drawer: str
    numpy: str
    cast: str = ""
    literal: bool = False  # the parts are numbers, as no text of them was found

    @property
    def shape_text(self) -> str:
        """As NumPy takes it."""
        if len(self.parts) == 1:
            return self.parts[0]
        return f"({', '.join(self.parts)})"


def written_at(
    node: ast.expr, source: str, shape: tuple[int, ...], numpy: str, dtype: str
) -> Written:
    """Read the expression that makes a parameter."""

    def segment(part: ast.expr) -> str:
        return ast.get_source_segment(source, part) or ast.unparse(part)

    parts, drawer = [str(n) for n in shape], f"{numpy}.random"
    literal = True
    call = the_draw(node)
    if call is not None:
        name = name_of_call(call)
        found = shape_texts(segment, call, name)
        if found is not None and len(found) == len(shape):
            parts, literal = found, False
        if name not in FILLED and isinstance(call.func, ast.Attribute):
            drawer = segment(call.func.value)
    cast = f".astype({numpy}.{dtype})" if dtype in {"float32", "float16"} else ""
    return Written(segment(node), shape, tuple(parts), drawer, numpy, cast, literal)


def weight_expression(rule: Rule, written: Written, *, transposed: bool) -> str | None:
    """The expression that draws a weight matrix by ``rule``; None where it takes more than one."""
    if rule.fit == "units":
        return None
    fan_in, fan_out = _fans(written, transposed=transposed)
    shape, np = written.shape_text, written.numpy
    if rule.kind in ("orthogonal", "mirrored"):
        if len(written.shape) != 2:
            return None
        gain = f"{rule.scale * rule.factor:.4g}"
        text = _orthogonal(rule, written, gain, transposed=transposed)
        return None if text is None else text + written.cast
    scale = _scale(rule.text, fan_in, fan_out, np)
    if abs(rule.factor - 1.0) > 1e-3:
        scale = f"{rule.factor:.4g} * {scale}"
    text = {
        "normal": f"{written.drawer}.normal(0.0, {scale}, {shape})",
        "uniform": f"{written.drawer}.uniform(-{scale}, {scale}, {shape})",
        "rand": f"{written.drawer}.uniform(0.0, 1.0, {shape})",
    }[rule.kind]
    return text + written.cast


def bias_expression(rule: Rule, written: Written, weight: str, *, transposed: bool) -> str | None:
    """The expression for the biases, where ``weight`` is what the matrix is called there."""
    np, shape = written.numpy, written.shape_text
    cast = written.cast
    if rule.bias == "zeros":
        if not written.shape:
            return "0.0"
        kind = f", {np}.{cast[:-1].rpartition('.')[2]}" if cast else ""
        return f"{np}.zeros({shape}{kind})"
    if rule.bias == "uniform":
        scale = f"{rule.bias_scale:.4g}"
        return f"{written.drawer}.uniform(-{scale}, {scale}, {shape}){cast}"
    if rule.bias == "normal":
        return f"{written.drawer}.normal(0.0, {rule.bias_scale:.4g}, {shape}){cast}"
    if rule.bias == "centre" and weight:
        axis = 1 if transposed else 0
        flat = len(written.shape) == 1
        keep = "" if flat else ", keepdims=True"
        column = len(written.shape) == 2 and written.shape[1] == 1
        turned = ".T" if not flat and column != transposed else ""
        noise = (
            f" + {written.drawer}.normal(0.0, {rule.bias_noise:.4g}, {shape})"
            if rule.bias_noise
            else ""
        )
        return f"{-rule.bias_scale:.4g} * {weight}.sum(axis={axis}{keep}){turned}{noise}"
    return None


def _fans(written: Written, *, transposed: bool) -> tuple[str, str]:
    """The texts of fan_in and fan_out."""
    parts = [_atom(part) for part in written.parts]
    if len(parts) == 1:
        return parts[0], "1"
    return (parts[1], parts[0]) if transposed else (parts[0], parts[1])


def _atom(text: str) -> str:
    """In parentheses, unless it binds tightly enough already."""
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:
        return text
    tight = ast.Name | ast.Attribute | ast.Constant | ast.Subscript | ast.Call
    return text if isinstance(node, tight) else f"({text})"


def _scale(text: str, fan_in: str, fan_out: str, np: str) -> str:
    """A scale with the program's own names for the widths.

    >>> _scale("np.sqrt(2 / 784)", "n_in", "n_out", "np")
    'np.sqrt(2 / n_in)'
    """
    if found := ONE.fullmatch(text):
        return f"{np}.sqrt({found[1]} / {fan_in})"
    if found := SUM.fullmatch(text):
        return f"{np}.sqrt({found[1]} / ({fan_in} + {fan_out}))"
    if found := SCALED.fullmatch(text):
        return f"{np}.sqrt({found[1]} / ({fan_in} * {found[2]}))"
    if found := OVER.fullmatch(text):
        return f"{found[1]} / {np}.sqrt({fan_in})"
    return text.replace("np.", f"{np}.")


def _orthogonal(rule: Rule, written: Written, gain: str, *, transposed: bool) -> str | None:
    """The nearest orthogonal matrix to a normal one: U V' of its singular value decomposition."""
    np, rows, columns = written.numpy, *(_atom(part) for part in written.parts)
    n_rows, n_columns = written.shape

    def draw(r: str, c: str) -> str:
        normal = f"{written.drawer}.normal(size=({r}, {c}))"
        factor = "" if gain == "1" else f"{gain} * "
        return f"{factor}{np}.matmul(*{np}.linalg.svd({normal}, full_matrices=False)[::2])"

    if rule.kind == "orthogonal":
        return draw(rows, columns)
    fan_in, fan_out = (n_columns, n_rows) if transposed else (n_rows, n_columns)
    if (not rule.first and fan_in % 2) or (not rule.last and fan_out % 2):
        return None  # the unit that is left over takes more than one expression
    ins, outs = ([1], [1, -1]) if rule.first else ([1, -1], [1] if rule.last else [1, -1])
    pattern = [[a * b for b in outs] for a in ins]
    halved_in, halved_out = len(ins) == 2, len(outs) == 2
    if transposed:
        pattern = [list(row) for row in zip(*pattern, strict=True)]
        halved_in, halved_out = halved_out, halved_in
    r = f"{rows} // 2" if halved_in else rows
    c = f"{columns} // 2" if halved_out else columns
    return f"{np}.kron({pattern}, {draw(r, c)})"
