"""Run a program under another draw: ``python seeded.py NUMBER PROGRAM`` (``own``: its own seeds).

The judge's own way to replace seeds, independent of the doctor's. Only seeds that the program
itself sets are replaced: what libraries seed for themselves stays. Without a seed of its own, a
program draws from generators seeded here.
"""

import random
import runpy
import sys

import numpy as np

HERE = __file__


def main() -> None:
    """Replace the seeds, then become the program."""
    wanted, path = sys.argv[1], sys.argv[2]
    sys.argv = sys.argv[2:]
    sys.path[0] = path.rsplit("/", 1)[0]
    if wanted != "own":
        reseed(int(wanted))
    runpy.run_path(path, run_name="__main__")


def reseed(number: int) -> None:
    """Every seed that the program sets becomes another one."""

    def own() -> bool:
        name = sys._getframe(2).f_code.co_filename  # noqa: SLF001 - who asks decides
        return "site-packages" not in name and "/lib/python" not in name and name != HERE

    def mixed(seed: object) -> int:
        base = seed if isinstance(seed, (int, np.integer)) else 0
        return (int(base) * 1_000_003 + number * 7_919 + 17) % 2**32

    class RandomState(np.random.RandomState):
        def __init__(self, seed: object = None) -> None:
            super().__init__(mixed(seed) if own() else seed)

    numpy_seed, python_seed, numpy_rng = np.random.seed, random.seed, np.random.default_rng
    np.random.seed = lambda seed=None: numpy_seed(mixed(seed) if own() else seed)
    random.seed = lambda a=None, version=2: python_seed(mixed(a) if own() else a, version)
    np.random.default_rng = lambda seed=None: numpy_rng(mixed(seed) if own() else seed)
    np.random.RandomState = RandomState
    numpy_seed(mixed(0))
    python_seed(mixed(0))


if __name__ == "__main__":
    main()
