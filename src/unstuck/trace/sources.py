"""Python source as text and back: byte order mark, declared encoding and line ends are kept.

Inside, lines end in a plain newline, as Python itself reads them; what is written out in a file's
place looks as that file did.
"""

from __future__ import annotations

import codecs
import io
import tokenize
from pathlib import Path

from unstuck.base.errors import InvalidInputError

MOST_BYTES = 4_000_000  # of one source file


def read_source(path: Path) -> str:
    """The text of a Python file, decoded as Python would decode it.

    Raises
    ------
    InvalidInputError
        When the file cannot be read, is too large, holds binary data, or is not in the encoding
        that it declares (UTF-8 without a declaration).
    """
    too_large = ": that is no program a person wrote. Name the script that does the training."
    return decode_source(read_at_most(path, MOST_BYTES, too_large), str(path))


def read_at_most(path: Path, most: int, too_large: str) -> bytes:
    """The bytes of a file; no more than ``most`` of them are ever read.

    Raises InvalidInputError when it cannot be read, or is larger: ``too_large`` says what to do.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except OSError as error:
        raise InvalidInputError(f"cannot read {path}: {error.strerror or error}.") from error
    if len(raw) > most:
        raise InvalidInputError(f"{path} holds more than {most // 1_000_000} MB{too_large}")
    return raw


def decode_source(raw: bytes, name: str) -> str:
    r"""The text of Python source.

    >>> decode_source(b"# coding: latin-1\r\nname = '\xe9'\r\n", "x.py")
    "# coding: latin-1\nname = 'é'\n"
    """
    if b"\0" in raw:
        raise InvalidInputError(
            f"{name} holds binary data, not Python source. Name the .py file that does the "
            "training."
        )
    try:
        encoding = _encoding(raw)
        text = raw.decode(encoding)
    except (SyntaxError, LookupError) as error:
        raise InvalidInputError(
            f"{name} cannot be decoded: {_first(error)}. Save it as UTF-8, or declare its encoding "
            "in its first line, as in '# -*- coding: latin-1 -*-'."
        ) from error
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidInputError(
            f"{name} is not valid {encoding}: line {line} holds the byte 0x{raw[error.start]:02x}. "
            "Save it as UTF-8, or declare its encoding in its first line, as in "
            "'# -*- coding: latin-1 -*-'."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def encode_source(text: str, like: bytes = b"") -> bytes:
    r"""Source text as bytes, with the byte order mark, encoding and line ends of ``like``.

    >>> encode_source("a = 1\n", like=b"\xef\xbb\xbfa = 0\r\n")
    b'\xef\xbb\xbfa = 1\r\n'
    """
    if like.count(b"\r\n") * 2 > like.count(b"\n"):
        text = text.replace("\n", "\r\n")
    mark = codecs.BOM_UTF8 if like.startswith(codecs.BOM_UTF8) else b""
    plain = text.encode("utf-8", "surrogatepass")
    try:
        encoding = "utf-8" if mark else _encoding(plain)
        return mark + text.encode(encoding)
    except (SyntaxError, LookupError, UnicodeEncodeError):
        return mark + plain


def _encoding(raw: bytes) -> str:
    return tokenize.detect_encoding(io.BytesIO(raw).readline)[0]


def _first(error: Exception) -> str:
    return str(error.args[0]) if error.args else type(error).__name__
