"""Small programs that learn, in the many ways in which people write them, to plant faults in.

Each runs alone in well under a second and prints how well it learned in its last line. A rule
takes one as its HEALTHY example; its BROKEN one is the same program with one thing changed, so
that the pair shows the fault and nothing else.
"""


class ExampleError(ValueError):
    """An example names text that its program does not have, or not once."""


def planted(program: str, *changes: tuple[str, str]) -> str:
    """The program with each ``(right, wrong)`` text changed; each must be there exactly once.

    >>> planted("w -= rate * dw", ("-=", "+="))
    'w += rate * dw'
    """
    for right, wrong in changes:
        if program.count(right) != 1:
            raise ExampleError(f"the program has {right!r} {program.count(right)} times, not once.")
        program = program.replace(right, wrong)
    return program
