"""Files appear whole or not at all; Ctrl-C is a wish that a loop asks about."""

from __future__ import annotations

import os
import signal
import stat
import threading
from pathlib import Path

import pytest

from unstuck.base.errors import CheckpointError, InvalidInputError
from unstuck.base.files import atomic_write, writable_folder, write_json
from unstuck.base.interrupt import interruptible


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(TypeError), atomic_write(path) as file:
        file.write(b"half of the ne" + None)  # type: ignore[operator]
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    with atomic_write(path) as file:
        file.write(b"new")
    assert path.read_text() == "new"
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_folders_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InvalidInputError, match="--out"):
        writable_folder(blocked / "run")
    with pytest.raises(CheckpointError, match="could not write"):
        write_json(tmp_path / "no" / "such.json", {})
    assert writable_folder(tmp_path / "a" / "b").is_dir()


def test_json_is_readable_and_refuses_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"accuracy": 0.5, "name": "Ä"})
    assert (tmp_path / "a.json").read_text() == '{\n  "accuracy": 0.5,\n  "name": "Ä"\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", float("nan"))
    assert "0.5" in (tmp_path / "a.json").read_text()


def test_the_first_ctrl_c_is_remembered_the_second_raises() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interruptible() as interrupt:
        assert not interrupt
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_outside_the_main_thread_nothing_is_installed() -> None:
    seen = []

    def work() -> None:
        with interruptible() as interrupt:
            seen.append((bool(interrupt), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, signal.getsignal(signal.SIGINT))]
