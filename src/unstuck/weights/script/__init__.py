"""The adviser for programs written by hand: what to write, on which line.

>>> from unstuck.trace.program import Program
>>> advice = advise_program(Program({"a.py": "print(1 + 1)"}, "a.py"), quick=True)
>>> advice.verdict, advice.unchecked
('unknown', ('the network: no loop ran that could be a training loop',))
"""

from unstuck.weights.script.answer import Place, ProgramAdvice, Rerun
from unstuck.weights.script.whole import advise_program

__all__ = ["Place", "ProgramAdvice", "Rerun", "advise_program"]
