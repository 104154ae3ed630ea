"""A published set is fetched once, believed only by its SHA-256, and kept in the user's cache.

Each file goes to a temporary name and is renamed when it is whole and right (pooch does that), so
an interrupted download leaves nothing behind under the file's own name. Mirrors are tried in turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from unstuck.base.errors import InvalidInputError
from unstuck.base.optional import require

TIMEOUT_SECONDS = (10, 60)  # to connect, and between two pieces


@dataclass(frozen=True, slots=True)
class Collection:
    """A published set of files: where it is mirrored, and how its files are recognised."""

    name: str
    title: str
    class_names: tuple[str, ...]
    mirrors: tuple[str, ...]
    files: dict[str, str]  # name -> SHA-256 of the file as published


def fetch(
    collection: Collection,
    *,
    mirrors: Sequence[str] | None = None,
    cache: Path | None = None,
    notify: Callable[[str], None] | None = None,
) -> Path:
    """The folder with all files of ``collection``, downloaded where they are missing or damaged.

    ``cache`` is the folder to keep sets in (None: ``unstuck`` in the user's cache), ``mirrors``
    the addresses to try in turn. ``notify`` is told in one sentence before the network is used.

    Raises InvalidInputError when no mirror gave a file, or the cache cannot be written.
    """
    pooch = require("pooch", purpose=f"downloading {collection.name}")
    folder = (cache or Path(pooch.os_cache("unstuck"))) / collection.name
    order = list(mirrors or collection.mirrors)
    for name, sha256 in collection.files.items():
        path = folder / name
        if path.is_file() and pooch.file_hash(str(path)) == sha256:
            continue
        if notify is not None:
            notify(f"Downloading {collection.name}: {name} to {folder}")
        with _silent(pooch.get_logger()):  # nothing below the command line prints
            works = _fetch_file(pooch, collection, name, order, folder)
        order.sort(key=lambda mirror: mirror != works)  # asked first for the next file
    return folder


def _fetch_file(
    pooch: ModuleType, collection: Collection, name: str, mirrors: Sequence[str], folder: Path
) -> str:
    """Download one file from the first mirror that gives it, and return that mirror."""
    requests = require("requests", purpose="downloading")
    reasons = []
    for mirror in mirrors:
        downloader = pooch.HTTPDownloader(timeout=TIMEOUT_SECONDS)
        try:
            pooch.retrieve(
                mirror + name, collection.files[name], name, folder, downloader=downloader
            )
        except (requests.exceptions.RequestException, ValueError) as error:
            reasons.append(f"{mirror}{name}: {_reason(error)}")
        except OSError as error:
            raise InvalidInputError(
                f"{collection.name} cannot be kept in the cache {folder}: {error}. Make room or "
                "give a folder that holds the files with --data-dir."
            ) from error
        else:
            return mirror
    raise InvalidInputError(
        f"{collection.name} could not be downloaded. Tried {'; '.join(reasons)}. If this computer "
        f"has no network, put the files ({', '.join(collection.files)}) into a folder and give it "
        "with --data-dir FOLDER or in the environment variable UNSTUCK_DATA."
    )


@contextmanager
def _silent(logger: logging.Logger) -> Iterator[None]:
    """Let ``logger`` say nothing short of a warning for a while."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _reason(error: Exception) -> str:
    """A few words for why a mirror gave nothing."""
    if isinstance(error, ValueError) and "hash" in str(error):
        return "what came does not have the right SHA-256"
    if "NameResolution" in str(error) or "getaddrinfo" in str(error):
        return "the name of the server was not found"
    words = type(error).__name__
    response = getattr(error, "response", None)
    return f"{words} (status {response.status_code})" if response is not None else words
