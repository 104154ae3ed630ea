"""What NumPy does, and how a gradient goes back through it: one table, every entry written out.

`OPERATIONS` has every operation that the doctor understands, by its canonical name. An operation
without gradient is in the table too and says so; what is not in the table is unknown, and the
sweep raises `NoRule` instead of passing over it.
"""

from __future__ import annotations

from unstuck.trace.operations.choosing import CHOOSING
from unstuck.trace.operations.creating import CREATING
from unstuck.trace.operations.elementwise import ARITHMETIC
from unstuck.trace.operations.functions import FUNCTIONS, STEPS
from unstuck.trace.operations.indexing import INDEXING
from unstuck.trace.operations.joining import JOINING
from unstuck.trace.operations.products import PRODUCTS
from unstuck.trace.operations.reductions import REDUCTIONS
from unstuck.trace.operations.rule import Kind, NoRule, Operation, unbroadcast
from unstuck.trace.operations.shaping import SHAPING

__all__ = ["OPERATIONS", "Kind", "NoRule", "Operation", "unbroadcast"]

OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        *ARITHMETIC,
        *FUNCTIONS,
        *STEPS,
        *REDUCTIONS,
        *CHOOSING,
        *PRODUCTS,
        *SHAPING,
        *JOINING,
        *INDEXING,
        *CREATING,
    )
}
