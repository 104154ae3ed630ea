"""Optional and heavy packages are imported where they are needed; an absent one says what to do.

A package that only some calls need is imported inside those calls through `require`, so that
``import unstuck`` stays light and a missing package is one clear sentence, not a stack of imports.
"""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from unstuck.base.errors import MissingDependencyError


def require(module: str, install: str | None = None, *, purpose: str = "this") -> ModuleType:
    """Import ``module`` now and return it, or say what to install.

    Parameters
    ----------
    module : the name to import, dotted or not (``"matplotlib.pyplot"``).
    install : what pip installs to have it: a package or an extra (``"unstuck[oracles]"``).
        None: the module's top-level name.
    purpose : what needs it, for the message (``"drawing the cost curve"``).

    Raises
    ------
    MissingDependencyError : the package is absent, or is there but cannot be imported.

    >>> require("math").sqrt(9.0)
    3.0
    >>> require("no_such_package", purpose="the example")
    Traceback (most recent call last):
    ...
    unstuck.base.errors.MissingDependencyError: the example needs the package 'no_such_package', \
which is not installed. Install it with: pip install no_such_package
    """
    package = module.partition(".")[0]
    command = f"pip install {install or package}"
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == package:
            raise MissingDependencyError(
                f"{purpose} needs the package {package!r}, which is not installed. "
                f"Install it with: {command}"
            ) from None
        raise _broken(module, purpose, command, error) from error
    except ImportError as error:
        raise _broken(module, purpose, command, error) from error


def available(module: str) -> bool:
    """Whether ``module`` is installed; it is not imported to find out.

    >>> available("math"), available("no_such_package")
    (True, False)
    """
    return importlib.util.find_spec(module) is not None


def _broken(module: str, purpose: str, command: str, error: ImportError) -> MissingDependencyError:
    return MissingDependencyError(
        f"{purpose} needs {module!r}, which is installed but cannot be imported ({error}). "
        f"Reinstall it with: {command}"
    )
