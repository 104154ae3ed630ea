"""Frames and bindings: which call we are in, and what the names in it mean."""

from __future__ import annotations

import sys
from threading import get_ident
from typing import Any

from .recorder import UNKNOWN, Recorder
from .values import is_array


class Frames:
    """The calls of the program's own functions, and the names that were bound in them."""

    def __init__(self, recorder: Recorder, texts: list[Any], entry: str) -> None:
        self.recorder = recorder
        self.texts = texts
        self.frames: list[tuple[str, int, int, int, str]] = [("<module>", -1, 0, UNKNOWN, entry)]
        self.stack: list[tuple[int, int]] = [(-1, 0)]  # number of the hook, frame
        self.calls: dict[Any, list[int]] = {}  # by code: the sites about to run it
        self.bindings: list[tuple[str, int, int, int]] = []
        self.meaning: dict[tuple[int, str], int] = {}

    # ------------------------------------------------------------------------------ frames
    def push(self, number: int) -> int:
        """A function begins."""
        function, file, _ = self.texts[number]
        waiting = self.calls.get(sys._getframe(2).f_code)  # the program's own function
        site = waiting.pop() if waiting else UNKNOWN
        recorder = self.recorder
        self.frames.append((function, recorder.frame, len(recorder.nodes), site, file))
        recorder.frame = len(self.frames) - 1
        self.stack.append((number, recorder.frame))
        return recorder.frame

    def leave(self, number: int) -> None:
        """A function ends; lambdas within it that an exception ended go with it."""
        if get_ident() != self.recorder.main:
            return
        stack = self.stack
        while len(stack) > 1:
            if stack.pop()[0] == number:
                break
        self.recorder.frame = stack[-1][1]

    def left(self, number: int, value: Any) -> Any:
        """A lambda ends with a value."""
        self.leave(number)
        return value

    def away(self, frame: int, value: Any) -> Any:
        """A generator is about to yield."""
        if get_ident() != self.recorder.main:
            return value
        stack = self.stack
        for place in range(len(stack) - 1, 0, -1):
            if stack[place][1] == frame:
                del stack[place]
                break
        self.recorder.frame = stack[-1][1]
        return value

    def back(self, frame: int, value: Any) -> Any:
        """A generator goes on."""
        if get_ident() != self.recorder.main:
            return value
        self.stack.append((-2, frame))
        self.recorder.frame = frame
        return value

    def leave_generator(self, frame: int) -> None:
        """A generator ends."""
        self.away(frame, None)

    # ---------------------------------------------------------------------------- bindings
    def bind(self, text: str, value: Any) -> None:
        """A text means a value from now on."""
        if not text:
            return
        recorder = self.recorder
        kind = type(value)
        if kind is float or is_array(value):
            node = recorder.current(value)
            if node is None:
                if recorder.preparing and not recorder.counts(text):
                    return
                node = recorder.node(value)
        else:
            node = recorder.known.get(id(value))
            if node is None or node.value is not value:
                return
        place = (recorder.frame, text)
        if self.meaning.get(place) != node.index:
            self.meaning[place] = node.index
            self.bindings.append((text, node.index, recorder.frame, len(recorder.nodes)))

    def bind_all(self, shape: Any, value: Any) -> None:
        """Names by the shape of an assignment's target."""
        if isinstance(shape, str):
            if shape:
                self.bind(shape, value)
        elif isinstance(value, (tuple, list)) and len(value) == len(shape):
            for inner, item in zip(shape, value):  # noqa: B905 - equally long, and Python 3.9
                self.bind_all(inner, item)
