"""A network written out as ONE plain NumPy program, of the kind a person would write by hand.

Two kinds of program: one that predicts with what was learned, and one that trains the same
architecture in the same way from the beginning, the answer key for somebody who writes their own.
Both are put together from small texts in tables, one for each activation, loss, optimiser, schedule
and initialiser, so that only what this network needs stands in the program. The programs agree with
the library: tests run them beside it.
"""

from unstuck.app.export.write import export, write_program

__all__ = ["export", "write_program"]
