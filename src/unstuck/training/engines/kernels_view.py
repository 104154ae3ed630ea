"""Pieces of arrays, as cheap as an addition.

A slice of an array in compiled code counts references, with atomic instructions: 20 ns each,
which is as long as a row of 32 weights takes to update. These views count nothing; the engine
holds the arrays for as long as a kernel runs.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.np.arrayobj import populate_array

from unstuck.training.engines.kernels_build import instruction

I64 = ir.IntType(64)


@instruction
def view(typingctx: Any, A: Any, start: Any, count: Any) -> Any:
    """``A[start : start + count]`` of a 1-D array, unchecked."""
    signature = types.Array(A.dtype, 1, "C")(A, types.intp, types.intp)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(A)(context, builder, args[0]).data
        return _array(context, builder, sig.return_type, builder.gep(data, [args[1]]), args[2])

    return signature, generate


@instruction
def view_at(typingctx: Any, address: Any, count: Any, like: Any) -> Any:
    """``count`` numbers at an address; ``like`` is a dtype, or an array that has it."""
    number = like.dtype
    signature = types.Array(number, 1, "C")(types.int64, types.intp, like)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = context.get_data_type(number).as_pointer()
        return _array(context, builder, sig.return_type, builder.inttoptr(args[0], kind), args[1])

    return signature, generate


@instruction
def prefetch(typingctx: Any, address: Any) -> Any:
    """Ask for the cache line at an address, which will be read soon."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kinds = [ir.IntType(8).as_pointer(), *[ir.IntType(32)] * 3]
        ask = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), kinds), "llvm.prefetch.p0"
        )
        read, keep, data = (ir.Constant(kinds[1], value) for value in (0, 2, 1))
        builder.call(ask, [builder.inttoptr(args[0], kinds[0]), read, keep, data])
        return context.get_dummy_value()

    return types.void(types.int64), generate


def _array(context: Any, builder: Any, kind: Any, data: Any, count: Any) -> Any:
    """An array structure that owns nothing."""
    itemsize = context.get_abi_sizeof(context.get_data_type(kind.dtype))
    array = context.make_array(kind)(context, builder)
    populate_array(
        array,
        data=data,
        shape=cgutils.pack_array(builder, [count]),
        strides=cgutils.pack_array(builder, [ir.Constant(I64, itemsize)]),
        itemsize=ir.Constant(I64, itemsize),
        meminfo=None,
    )
    return array._getvalue()  # noqa: SLF001  Numba's own way to the structure
