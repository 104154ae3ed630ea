"""The setting of a run: no windows, and random numbers that are the same in every run.

A draw is decided by where it starts. Without a number of its own a generator gets 0, 1, 2 ... in
the order of their making; under another seed every start is replaced by one derived from both.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Callable
from importlib.machinery import PathFinder
from typing import Any

import numpy as np

BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
READY = (np.random.SeedSequence, np.random.BitGenerator, np.random.Generator)


class Seeds:
    """What generators start from. ``seed`` None: what the program says.

    `install` comes before any library is imported that keeps NumPy's functions under names of
    its own, `begin` with every run.
    """

    def __init__(self) -> None:
        self.seed: int | None = None
        self.unseeded = 0
        self.shared: list[Callable[[Any], None]] = []  # what seeds the shared generators
        self.own = {"numpy": False, "random": False}  # the program seeded the shared generator

    def begin(self, seed: int | None) -> None:
        """A run begins: what the shared generators gave before it is forgotten."""
        self.seed, self.unseeded = seed, 0
        shared = 0 if seed is None else self.start("shared")
        for seed_shared in self.shared:
            seed_shared(shared)
        self.own.update(dict.fromkeys(self.own, False))

    def start(self, given: Any) -> Any:
        """The number to start from, for what the program gave."""
        if isinstance(given, READY[1:]) or type(given).__name__ == "RandomState":
            return given
        if given is None:
            given = self.unseeded
            self.unseeded += 1
            if self.seed is None:
                return given
        if self.seed is None:
            return given
        if isinstance(given, np.random.SeedSequence):
            given = (given.entropy, given.spawn_key)
        elif isinstance(given, (np.ndarray, np.generic)):
            given = given.tolist()
        text = f"{self.seed} {given!r}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.sha256(text).digest()[:4], "little")

    def install(self) -> None:
        """From now on every generator starts from a known number."""
        self.install_numpy()
        self.install_random()

    def install_numpy(self) -> None:
        """NumPy's shared generator, and its classes."""
        plain_seed, plain_rng = np.random.seed, np.random.default_rng

        def seed(seed: Any = None) -> None:
            self.own["numpy"] = True
            plain_seed(self.start(seed))

        def default_rng(seed: Any = None) -> Any:
            return plain_rng(self.start(seed))

        for new, old in ((seed, plain_seed), (default_rng, plain_rng)):
            new.__doc__, new.__module__ = old.__doc__, "numpy.random"
            new.__qualname__ = new.__name__
        np.random.seed = seed
        np.random.default_rng = default_rng
        np.random.RandomState = self.numpy_class(np.random.RandomState)  # type: ignore[misc]
        for name in BIT_GENERATORS:
            kind = getattr(np.random, name, None)
            if kind is not None:
                setattr(np.random, name, self.numpy_class(kind))
        self.shared.append(plain_seed)

    def numpy_class(self, base: Any) -> Any:
        """A class like one of NumPy's generators, except for what it starts from."""
        seeds = self

        def initialise(own: Any, seed: Any = None) -> None:
            base.__init__(own, seeds.start(seed))

        body: dict[str, Any] = {"__init__": initialise, "__doc__": base.__doc__}
        if hasattr(base, "seed") and base is not np.random.MT19937:
            body["seed"] = lambda own, seed=None: base.seed(own, seeds.start(seed))
        return alike(base, body, "numpy.random")

    def install_random(self) -> None:
        """The standard library's."""
        plain_seed, plain_class = random.seed, random.Random
        seeds = self

        def seed(a: Any = None, version: int = 2) -> None:
            seeds.own["random"] = True
            plain_seed(seeds.start(a), version)

        def reseed(own: Any, a: Any = None, version: int = 2) -> None:
            plain_class.seed(own, seeds.start(a), version)

        random.seed = seed
        random.Random = alike(plain_class, {"seed": reseed}, "random")  # type: ignore[misc]
        self.shared.append(plain_seed)


def alike(base: Any, body: dict[str, Any], module: str) -> Any:
    """A subclass that passes for its base: by name, by `isinstance`, and when pickled."""

    class Same(type(base)):  # type: ignore[misc]
        def __instancecheck__(cls, x: Any) -> bool:
            return isinstance(x, base) if cls is made else type.__instancecheck__(cls, x)

        def __subclasscheck__(cls, x: Any) -> bool:
            return issubclass(x, base) if cls is made else type.__subclasscheck__(cls, x)

    made: Any = Same(base.__name__, (base,), {**body, "__module__": module})
    made.__qualname__ = base.__qualname__
    return made


class Windows:
    """No windows are opened: `plt.show()` does nothing, and is counted."""

    def __init__(self) -> None:
        self.shown = 0

    def install(self) -> None:
        """Wait for the plotting library to be imported."""
        if "matplotlib.pyplot" in sys.modules:
            self.change_plots(sys.modules["matplotlib.pyplot"])
        if "matplotlib" in sys.modules:
            self.change_backend(sys.modules["matplotlib"])
        sys.meta_path.insert(0, AfterImport("matplotlib.pyplot", self.change_plots))
        sys.meta_path.insert(0, AfterImport("matplotlib", self.change_backend))

    def change_backend(self, matplotlib: Any) -> None:
        """Whatever backend is asked for, none is opened."""
        matplotlib.use = lambda *args, **kwargs: None

    def change_plots(self, pyplot: Any) -> None:
        """As if each window was closed at once."""

        def show(*args: Any, **kwargs: Any) -> None:
            self.shown += max(1, len(pyplot.get_fignums()))
            if kwargs.get("block", True):
                pyplot.close("all")

        pyplot.switch_backend("agg")  # now: it is loaded when it is first asked for
        pyplot.show = show
        pyplot.pause = lambda interval: None
        pyplot.switch_backend = lambda newbackend: None


class AfterImport:
    """A finder that does something with one module once it is loaded."""

    def __init__(self, name: str, action: Callable[[Any], None]) -> None:
        self.name = name
        self.action = action

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        """The usual specification, its loader followed by the action."""
        if fullname != self.name:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path, target)
        loader: Any = spec.loader if spec is not None else None
        if loader is None:
            return None
        plain = loader.exec_module

        def exec_module(module: Any) -> None:
            plain(module)
            self.action(module)

        loader.exec_module = exec_module
        return spec
