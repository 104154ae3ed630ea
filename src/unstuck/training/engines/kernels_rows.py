"""What one sample needs: walks over the rows of a weight matrix, a few vectors wide.

A single sample leaves no matrix products to tile: every weight that is read is used once or
twice, so the time goes into fetching weights, and each walk does everything that there is to do
with a row while it is at hand. ``steps`` lists the rows to visit, so that an input of zero costs
nothing.
"""

from __future__ import annotations

from typing import Any

from numba.core import types

from unstuck.training.engines.kernels_build import instruction
from unstuck.training.engines.kernels_tile import BYTES, I32, I64, Assembler

WIDE = 4  # vectors in a wide walk


def _sum_rows(vectors: int) -> Any:
    def sum_rows(
        typingctx: Any, X: Any, x: Any, W: Any, w: Any, w_row: Any, Z: Any, z: Any,
        steps: Any, count: Any,
    ) -> Any:  # fmt: skip
        i = types.intp
        signature = types.void(X, i, W, i, i, Z, i, i, i)

        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            asm = Assembler(context, builder, X.dtype)
            inputs = asm.pointer(X, args[0], args[1])
            weights, w_row = asm.pointer(W, args[2], args[3]), args[4]
            out = asm.pointer(Z, args[5], args[6])
            visits = builder.inttoptr(args[7], BYTES)

            def visit(k: Any, sums: list[Any]) -> list[Any]:
                at = builder.sext(asm.load(asm.shift(visits, k, 4), I32), I64)
                x = asm.splat(asm.shift(inputs, at))
                row = asm.shift(weights, builder.mul(at, w_row))
                return [
                    asm.multiply_add(x, asm.load(asm.shift(row, v * asm.width)), total)
                    for v, total in enumerate(sums)
                ]

            start = [asm.load(asm.shift(out, v * asm.width)) for v in range(vectors)]
            for v, total in enumerate(asm.loop(args[8], start, visit)):
                asm.store(total, asm.shift(out, v * asm.width))
            return context.get_dummy_value()

        return signature, generate

    return instruction(sum_rows)


def _descend_and_sum_rows(vectors: int) -> Any:
    def descend_and_sum_rows(
        typingctx: Any, X: Any, x: Any, y: Any, W: Any, w: Any, w_row: Any, E: Any, e: Any,
        Z: Any, z: Any, decay: Any, steps: Any, count: Any,
    ) -> Any:  # fmt: skip
        i = types.intp
        signature = types.void(X, i, i, W, i, i, E, i, Z, i, X.dtype, i, i)

        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            asm = Assembler(context, builder, X.dtype)
            present = asm.pointer(X, args[0], args[1])
            following = asm.pointer(X, args[0], args[2])
            weights, w_row = asm.pointer(W, args[3], args[4]), args[5]
            pull, out = asm.pointer(E, args[6], args[7]), asm.pointer(Z, args[8], args[9])
            decay = asm.spread(args[10])
            visits = builder.inttoptr(args[11], BYTES)
            pulls = [asm.load(asm.shift(pull, v * asm.width)) for v in range(vectors)]

            def visit(k: Any, sums: list[Any]) -> list[Any]:
                at = builder.sext(asm.load(asm.shift(visits, k, 4), I32), I64)
                x = asm.splat(asm.shift(present, at))
                y = asm.splat(asm.shift(following, at))
                row = asm.shift(weights, builder.mul(at, w_row))
                new = []
                for v, total in enumerate(sums):
                    place = asm.shift(row, v * asm.width)
                    weight = asm.multiply_add(x, pulls[v], asm.multiply(decay, asm.load(place)))
                    asm.store(weight, place)
                    new.append(asm.multiply_add(y, weight, total))
                return new

            start = [asm.load(asm.shift(out, v * asm.width)) for v in range(vectors)]
            for v, total in enumerate(asm.loop(args[12], start, visit)):
                asm.store(total, asm.shift(out, v * asm.width))
            return context.get_dummy_value()

        return signature, generate

    return instruction(descend_and_sum_rows)


def _dot_and_descend_rows(vectors: int) -> Any:
    def dot_and_descend_rows(
        typingctx: Any, A: Any, a: Any, W: Any, w: Any, w_row: Any, D: Any, d: Any, e: Any,
        p: Any, decay: Any, count: Any,
    ) -> Any:  # fmt: skip
        i = types.intp
        signature = types.void(A, i, W, i, i, D, i, i, i, A.dtype, i)

        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            asm = Assembler(context, builder, A.dtype)
            inputs = asm.pointer(A, args[0], args[1])
            weights, w_row = asm.pointer(W, args[2], args[3]), args[4]
            delta, pull, back = (asm.pointer(D, args[5], at) for at in args[6:9])
            decay = asm.spread(args[9])
            deltas = [asm.load(asm.shift(delta, v * asm.width)) for v in range(vectors)]
            pulls = [asm.load(asm.shift(pull, v * asm.width)) for v in range(vectors)]

            def visit(k: Any, _: list[Any]) -> list[Any]:
                a = asm.splat(asm.shift(inputs, k))
                row = asm.shift(weights, builder.mul(k, w_row))
                total = asm.zero()
                for v in range(vectors):
                    place = asm.shift(row, v * asm.width)
                    weight = asm.load(place)
                    total = asm.multiply_add(weight, deltas[v], total)
                    asm.store(asm.multiply_add(a, pulls[v], asm.multiply(decay, weight)), place)
                place = asm.shift(back, k)
                asm.store(asm.add(asm.load(place, asm.scalar), asm.sum_lanes(total)), place)
                return []

            asm.loop(args[10], [], visit)
            return context.get_dummy_value()

        return signature, generate

    return instruction(dot_and_descend_rows)


# sum_rows(X, x, W, w, w_row, Z, z, steps, count):
#     Z[z + j] += sum of X[x + k] W[w + k w_row + j]
#                 over the ``count`` int32 numbers k at the address ``steps``
sum_rows, sum_narrow_rows = _sum_rows(WIDE), _sum_rows(1)

# descend_and_sum_rows(X, x, y, W, w, w_row, E, e, Z, z, decay, steps, count):
#     for k in the ``count`` int32 numbers at the address ``steps``:
#         W[w + k w_row + j] = decay W[w + k w_row + j] + X[x + k] E[e + j]
#         Z[z + j] += X[y + k] W[w + k w_row + j]
# the update after one sample and the first layer of the next, in one walk
descend_and_sum_rows, descend_and_sum_narrow_rows = (
    _descend_and_sum_rows(WIDE),
    _descend_and_sum_rows(1),
)

# dot_and_descend_rows(A, a, W, w, w_row, D, d, e, p, decay, count):
#     for k < count:
#         D[p + k] += sum over j of W[w + k w_row + j] D[d + j]
#         W[w + k w_row + j] = decay W[w + k w_row + j] + A[a + k] D[e + j]
# the gradient that goes on to the layer before, and the update, in one walk
dot_and_descend_rows, dot_and_descend_narrow_rows = (
    _dot_and_descend_rows(WIDE),
    _dot_and_descend_rows(1),
)
