"""The inner loop of every matrix product: one tile of C in registers, written in LLVM's own terms.

    C[r, j] = sum over k of A[r, k] B[k, j],    r < ROWS,  j < VECTORS vectors

Each step of k loads VECTORS vectors of B and ROWS numbers of A, and multiplies each with each. The
sums never leave the registers, which no loop in Python, compiled or not, can be told to do; so
this file builds the instructions by hand. ``steps`` lists the k to visit: leaving out those where
A is zero for the whole tile is what makes sparse inputs (pixels) cheap, and costs nothing where
none is left out.

Measured on one core of a 2-core AVX-512 machine, float32, operands in L2: 255-265 GFlop/s of the
processor's 260; OpenBLAS reached 115-130 there with its AVX2 kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types

from unstuck.training.engines.kernels_build import ROWS, VECTORS, instruction, lanes

I32, I64, BYTES = ir.IntType(32), ir.IntType(64), ir.IntType(8).as_pointer()
CONTRACT = ("contract",)


class Assembler:
    """Emits vector instructions on arrays of one dtype; offsets and strides count elements."""

    def __init__(self, context: Any, builder: Any, dtype: Any, width: int = 0) -> None:
        self.context, self.b = context, builder
        self.itemsize = dtype.bitwidth // 8
        self.scalar = ir.FloatType() if self.itemsize == 4 else ir.DoubleType()
        self.width = width or lanes(self.itemsize)
        self.vector = ir.VectorType(self.scalar, self.width)

    def const(self, value: int) -> ir.Constant:
        """A 64-bit integer."""
        return ir.Constant(I64, value)

    def pointer(self, array_type: Any, array: Any, offset: Any) -> Any:
        """The address of element ``offset`` of a NumPy array."""
        data = self.context.make_array(array_type)(self.context, self.b, array).data
        return self.shift(self.b.bitcast(data, BYTES), offset, array_type.dtype.bitwidth // 8)

    def shift(self, pointer: Any, elements: Any, itemsize: int = 0) -> Any:
        """``pointer + elements``."""
        size = self.const(itemsize or self.itemsize)
        if isinstance(elements, int):
            elements = self.const(elements)
        return self.b.gep(pointer, [self.b.mul(elements, size)])

    def load(self, pointer: Any, kind: Any = None) -> Any:
        """A vector (or what ``kind`` says) from memory, however aligned."""
        kind = kind or self.vector
        size = 4 if kind == I32 else self.itemsize
        return self.b.load(self.b.bitcast(pointer, kind.as_pointer()), align=size)

    def store(self, value: Any, pointer: Any) -> None:
        """Into memory, however aligned."""
        self.b.store(value, self.b.bitcast(pointer, value.type.as_pointer()), align=self.itemsize)

    def splat(self, pointer: Any) -> Any:
        """One number from memory, in every lane."""
        return self.spread(self.load(pointer, self.scalar))

    def spread(self, value: Any) -> Any:
        """One number from a register, in every lane."""
        undefined = ir.Constant(self.vector, ir.Undefined)
        one = self.b.insert_element(undefined, value, ir.Constant(I32, 0))
        zeros = ir.Constant(ir.VectorType(I32, self.width), None)
        return self.b.shuffle_vector(one, undefined, zeros)

    def sum_lanes(self, vector: Any) -> Any:
        """The sum of a vector's entries, by halves."""
        width = self.width
        while width > 1:
            width //= 2
            low, high = list(range(width)), list(range(width, 2 * width))
            vector = self.b.fadd(
                self.shuffle(vector, vector, low), self.shuffle(vector, vector, high)
            )
        return self.b.extract_element(vector, ir.Constant(I32, 0))

    def shuffle(self, x: Any, y: Any, places: list[int]) -> Any:
        """The entries of ``x`` and ``y``, numbered through, at ``places``."""
        mask = ir.Constant(ir.VectorType(I32, len(places)), [ir.Constant(I32, p) for p in places])
        return self.b.shuffle_vector(x, y, mask)

    def multiply_add(self, x: Any, y: Any, z: Any) -> Any:
        """``x y + z``, rounded once where the processor can."""
        return self.b.fadd(self.b.fmul(x, y, flags=CONTRACT), z, flags=CONTRACT)

    def multiply(self, x: Any, y: Any) -> Any:
        """``x y``."""
        return self.b.fmul(x, y, flags=CONTRACT)

    def add(self, x: Any, y: Any) -> Any:
        """``x + y``."""
        return self.b.fadd(x, y)

    def zero(self) -> Any:
        """A vector of zeros."""
        return ir.Constant(self.vector, None)

    def loop(
        self, count: Any, start: list[Any], body: Callable[[Any, list[Any]], list[Any]]
    ) -> list[Any]:
        """``for k in range(count): values = body(k, values)``; returns the last values."""
        b, before = self.b, self.b.block
        inside, after = b.append_basic_block("loop"), b.append_basic_block("done")
        b.cbranch(b.icmp_signed(">", count, self.const(0)), inside, after)
        b.position_at_end(inside)
        k = b.phi(I64)
        k.add_incoming(self.const(0), before)
        values = [b.phi(v.type) for v in start]
        new = body(k, list(values))
        end = b.block
        following = b.add(k, self.const(1))
        k.add_incoming(following, end)
        for value, first, last in zip(values, start, new, strict=True):
            value.add_incoming(first, before)
            value.add_incoming(last, end)
        b.cbranch(b.icmp_signed("<", following, count), inside, after)
        b.position_at_end(after)
        results = [b.phi(v.type) for v in start]
        for result, first, last in zip(results, start, new, strict=True):
            result.add_incoming(first, before)
            result.add_incoming(last, end)
        return results


def _tile_product(vectors: int) -> Any:
    """Make the tile product for a panel of so many vectors."""

    def multiply_tile(
        typingctx: Any, A: Any, a: Any, a_row: Any, a_step: Any, B: Any, b: Any, b_step: Any,
        C: Any, c: Any, c_row: Any, steps: Any, depth: Any,
    ) -> Any:  # fmt: skip
        i = types.intp
        signature = types.void(A, i, i, i, B, i, i, C, i, i, i, i)

        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            _, a0, a_row, a_step, _, b0, b_step, _, c0, c_row, steps, depth = args
            asm = Assembler(context, builder, A.dtype)
            rows = [asm.pointer(A, args[0], a0)]
            for _ in range(ROWS - 1):
                rows.append(asm.shift(rows[-1], a_row))
            panel = asm.pointer(B, args[4], b0)
            visits = builder.inttoptr(steps, BYTES)

            def step(k: Any, sums: list[Any]) -> list[Any]:
                at = builder.sext(asm.load(asm.shift(visits, k, 4), I32), I64)
                along_a, along_b = builder.mul(at, a_step), builder.mul(at, b_step)
                line = asm.shift(panel, along_b)
                columns = [asm.load(asm.shift(line, v * asm.width)) for v in range(vectors)]
                new = []
                for r, row in enumerate(rows):
                    x = asm.splat(asm.shift(row, along_a))
                    for v, column in enumerate(columns):
                        new.append(asm.multiply_add(x, column, sums[r * vectors + v]))
                return new

            sums = asm.loop(depth, [asm.zero()] * (ROWS * vectors), step)
            out = asm.pointer(C, args[7], c0)
            for r in range(ROWS):
                for v in range(vectors):
                    asm.store(sums[r * vectors + v], asm.shift(out, v * asm.width))
                out = asm.shift(out, c_row)
            return context.get_dummy_value()

        return signature, generate

    return instruction(multiply_tile)


# multiply_tile(A, a, a_row, a_step, B, b, b_step, C, c, c_row, steps, depth):
#     for r < ROWS, j < panel (the narrow one: half a panel):
#         C[c + r c_row + j] = sum of A[a + r a_row + k a_step] B[b + k b_step + j]
#                              over the ``depth`` int32 numbers k at the address ``steps``
multiply_tile = _tile_product(VECTORS)
multiply_narrow_tile = _tile_product(VECTORS // 2)


@instruction
def transpose_tile(typingctx: Any, A: Any, a: Any, a_row: Any, C: Any, c: Any, c_row: Any) -> Any:
    """``C[c + j c_row + r] = A[a + r a_row + j]`` for r, j < ROWS, by log2(ROWS) exchanges."""
    i = types.intp
    signature = types.void(A, i, i, C, i, i)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        asm = Assembler(context, builder, A.dtype, width=ROWS)
        source = asm.pointer(A, args[0], args[1])
        rows = []
        for _ in range(ROWS):
            rows.append(asm.load(source))
            source = asm.shift(source, args[2])
        half = 1
        while half < ROWS:  # swap the off-diagonal half-blocks of every 2 half x 2 half block
            for r in range(ROWS):
                if not r & half:
                    x, y, low = rows[r], rows[r + half], range(ROWS)
                    rows[r] = asm.shuffle(
                        x, y, [j if not j & half else ROWS + j - half for j in low]
                    )
                    rows[r + half] = asm.shuffle(
                        x, y, [j + half if not j & half else ROWS + j for j in low]
                    )
            half *= 2
        target = asm.pointer(C, args[3], args[4])
        for row in rows:
            asm.store(row, target)
            target = asm.shift(target, args[5])
        return context.get_dummy_value()

    return signature, generate


@instruction
def copy_piece(typingctx: Any, A: Any, a: Any, c: Any) -> Any:
    """``A[c : c + ROWS] = A[a : a + ROWS]``; returns 1 if one of them is not zero (or NaN)."""
    signature = types.intp(A, types.intp, types.intp)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        asm = Assembler(context, builder, A.dtype, width=ROWS)
        values = asm.load(asm.pointer(A, args[0], args[1]))
        asm.store(values, asm.pointer(A, args[0], args[2]))
        nonzero = builder.fcmp_unordered("!=", values, asm.zero())
        bits = builder.bitcast(nonzero, ir.IntType(ROWS))
        return builder.zext(builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0)), I64)

    return signature, generate


@instruction
def nonzero_bits(typingctx: Any, A: Any, a: Any, b: Any) -> Any:
    """64 flags as bits: is ``A[a + k]`` or ``A[b + k]`` not zero? NaN is not zero."""
    signature = types.int64(A, types.intp, types.intp)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        asm = Assembler(context, builder, A.dtype, width=64)
        found = []
        for start in args[1:]:
            values = asm.load(asm.pointer(A, args[0], start))
            found.append(builder.fcmp_unordered("!=", values, asm.zero()))
        return builder.bitcast(builder.or_(*found), I64)

    return signature, generate


@instruction
def lowest_bit(typingctx: Any, bits: Any) -> Any:
    """The place of the lowest bit that is set; ``bits`` must not be 0."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate
