"""The one hook by which lower floors reach up to `show`, and only when something is to be seen.

A network, a history or a run record can show itself (``_repr_html_`` in a notebook, ``.plot()``),
but imports only go down, and training must not cost the import of matplotlib. So the lower floors
inherit `Displayed`, and its methods import the right function of `show` when they are called.
The table lists every function that is reached this way; `show` decides by the type it is given.
No other module of the package may import upwards (tests/contracts/test_floors.py).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from unstuck.base.errors import lookup

REACHED: dict[str, tuple[str, str]] = {  # purpose -> module of `show`, function there
    "counting": ("unstuck.show.terminal", "counting"),
    "html": ("unstuck.show.terminal", "html"),
    "plot": ("unstuck.show.plots", "plot"),
    "progress": ("unstuck.show.terminal", "progress"),
    "text": ("unstuck.show.terminal", "text"),
    "trying": ("unstuck.show.terminal", "trying"),
}


def reach(purpose: str) -> Callable[..., Any]:
    """Return the function of `show` for a purpose, importing its module now.

    Raises
    ------
    InvalidInputError
        When nothing is shown for that purpose; the message lists what is.

    Examples
    --------
    >>> from unstuck.base.display import reach
    >>> reach("picture")
    Traceback (most recent call last):
    ...
    unstuck.base.errors.InvalidInputError: unknown display 'picture'; allowed: counting, html, ...
    """
    module, function = lookup(purpose, REACHED, "display")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found


class Displayed:
    """What a class inherits so that its objects can show themselves.

    Examples
    --------
    >>> from unstuck.base.display import Displayed
    >>> class Notes(Displayed):
    ...     pass
    >>> hasattr(Notes(), "plot")
    True
    """

    __slots__ = ()

    def plot(self, **options: Any) -> Any:
        """Draw this object; options go to its function in `unstuck.show.plots`.

        Returns
        -------
        matplotlib.figure.Figure
            Drawn, not shown and not saved.
        """
        return reach("plot")(self, **options)

    def _repr_html_(self) -> str:
        return str(reach("html")(self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook keeps: HTML, and the same as text for where there is none."""
        bundle = {"text/plain": str(reach("text")(self)), "text/html": self._repr_html_()}
        return {
            kind: shown
            for kind, shown in bundle.items()
            if (not include or kind in include) and kind not in (exclude or ())
        }
