"""What a callable is called: the canonical names under which operations are known.

A table by identity, made once: NumPy's functions under their own names wherever they were found,
`math`'s and the builtins under NumPy's.
"""

from __future__ import annotations

import builtins
import copy
import math
import operator
from typing import Any

import numpy as np

RENAMED = {  # where NumPy has several names for one thing
    "divide": "true_divide",
    "amax": "max",
    "amin": "min",
    "product": "prod",
    "round_": "round",
    "around": "round",
    "row_stack": "vstack",
    "concat": "concatenate",
    "permute_dims": "transpose",
    "alltrue": "all",
    "sometrue": "any",
    "cumproduct": "cumprod",
    "in1d": "isin",
    "asfarray": "asarray",
    "mat": "asarray",
    "asmatrix": "asarray",
    "bmat": "array",
    "matrix": "array",
}
MATH = {
    "acos": "arccos",
    "asin": "arcsin",
    "atan": "arctan",
    "atan2": "arctan2",
    "acosh": "arccosh",
    "asinh": "arcsinh",
    "atanh": "arctanh",
    "fabs": "absolute",
    "fsum": "builtin_sum",
    "pow": "power",
}
MATH_SAME = (
    "exp expm1 log log10 log1p log2 sqrt cbrt exp2 sin cos tan sinh cosh tanh hypot degrees "
    "radians fmod copysign prod erf lgamma gamma erfc ldexp"
)
BUILTINS = {
    "sum": "builtin_sum",
    "max": "builtin_max",
    "min": "builtin_min",
    "abs": "absolute",
    "pow": "power",
    "round": "round",
    "float": "float",
}
OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "power",
    "matmul": "matmul",
    "neg": "negative",
    "pos": "positive",
    "abs": "absolute",
    "getitem": "getitem",
}
METHODS = {  # of arrays, where the name differs from the function's
    "flatten": "ravel",
    "conj": "conjugate",
    "__add__": "add",
    "__sub__": "subtract",
    "__mul__": "multiply",
    "__truediv__": "true_divide",
    "__matmul__": "matmul",
    "__pow__": "power",
    "__neg__": "negative",
    "__getitem__": "getitem",
    "__radd__": "add",
    "__rmul__": "multiply",
    "__isub__": "subtract",
    "__iadd__": "add",
    "__imul__": "multiply",
    "__itruediv__": "true_divide",
}
WRITES = {  # functions and methods that change their first argument, and the node's name
    "copyto": "copyto",
    "fill_diagonal": "fill_diagonal",
    "put": "put",
    "place": "place",
    "putmask": "putmask",
    "put_along_axis": "put_along_axis",
    "random.shuffle": "shuffle",
    "__setitem__": "setitem",
}
REDUCED = {"add": "sum", "maximum": "max", "minimum": "min", "multiply": "prod"}
METHOD_WRITES = {"fill", "sort", "put", "itemset", "resize", "partition", "setfield", "__setitem__"}
METHOD_WRITES |= {"__iadd__", "__isub__", "__imul__", "__itruediv__"}
LISTS = {  # functions that take lists of numbers for arrays
    "dot", "matmul", "outer", "inner", "vdot", "convolve", "sum", "mean", "std", "var",
}  # fmt: skip
COPIES = (copy.copy, copy.deepcopy)
METHOD_QUIET = {"tolist", "tobytes", "tofile", "dump", "dumps", "view", "setflags", "getfield"}
PARTS = {"split": None, "array_split": None, "vsplit": 0, "hsplit": 1, "dsplit": 2}
WALKED = (zip, enumerate, list, tuple, reversed, iter, map, sorted, set, filter)
QUIET_MODULES = {  # what is defined there neither makes numbers nor changes arrays
    "builtins", "collections", "typing", "enum", "logging", "warnings", "inspect", "traceback",
    "sys", "os", "posixpath", "ntpath", "genericpath", "pathlib", "io", "_io", "time", "datetime",
    "dataclasses", "argparse", "json", "json.decoder", "json.encoder", "re", "threading",
    "multiprocessing", "contextlib", "abc", "types", "unittest", "weakref", "gc", "pprint",
    "textwrap", "string", "functools", "atexit", "signal", "subprocess", "shutil", "glob",
}  # fmt: skip
GENERATORS = {"RandomState", "Generator", "Random"}
RANDOM_MODULES = {
    "random",
    "_random",
    "numpy.random",
    "numpy.random.mtrand",
    "numpy.random._generator",
}
QUIET_PREFIXES = (
    *("matplotlib", "tqdm", "rich", "seaborn", "concurrent", "multiprocessing", "IPython"),
    "ipywidgets",
)


def table() -> dict[int, tuple[str, Any]]:
    """Canonical name and callable, by the callable's id."""
    found: dict[int, tuple[str, Any]] = {}

    def add(name: str, function: Any) -> None:
        if callable(function) and id(function) not in found:
            found[id(function)] = (RENAMED.get(name, name), function)

    for word, target in BUILTINS.items():
        add(target, getattr(builtins, word))
    for word, target in MATH.items():
        add(target, getattr(math, word, None))
    for word in MATH_SAME.split():
        add(word, getattr(math, word, None))
    for word, target in OPERATORS.items():
        add(target, getattr(operator, word))
    add_module(add, np, "")
    add_module(add, np.linalg, "linalg.")
    add_module(add, np.fft, "fft.")
    add_module(add, np.lib.stride_tricks, "lib.stride_tricks.")
    for word, target in {"float64": "float", "float32": "float32", "float16": "float16"}.items():
        add(target, getattr(np, word))
    for word in ("int64", "int32", "uint8"):
        add("int", getattr(np, word))
    return found


def add_module(add: Any, module: Any, prefix: str) -> None:
    """All functions of one of NumPy's modules."""
    for word, item in sorted(vars(module).items()):  # not dir(): its lazy modules take 0.1 s
        if word.startswith("_"):
            continue
        if isinstance(item, np.ufunc):
            add(item.__name__, item)
        elif callable(item) and not isinstance(item, type):
            own = getattr(item, "__name__", word)
            add(prefix + (own if hasattr(module, own) and own.islower() else word), item)


def special_name(function: Any) -> str | None:
    """The name of one of SciPy's special functions."""
    if isinstance(function, np.ufunc):
        return str(function.__name__)
    if str(getattr(function, "__module__", "")).startswith("scipy.special"):
        return str(function.__name__)
    return None


def random_name(function: Any) -> str | None:
    """The name of a draw: `random.normal`, of whatever generator."""
    owner = getattr(function, "__self__", None)
    if owner is None or isinstance(owner, type):
        return None
    kinds = type(owner).__mro__
    if any(kind.__module__ in RANDOM_MODULES and kind.__name__ in GENERATORS for kind in kinds):
        return "random." + str(getattr(function, "__name__", ""))
    return None
