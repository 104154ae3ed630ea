import errno
import hashlib
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pooch
import pytest

from unstuck.base.errors import InvalidInputError, MissingDependencyError
from unstuck.data import download as download_module
from unstuck.data.download import Collection, fetch

CONTENT = {"one.gz": bytes(range(256)) * 4000, "two.gz": b"two" * 1000}


class Mirror(ThreadingHTTPServer):
    """A server on this machine that behaves well or ill, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = "well"
        self.asked = []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.lstrip("/")
        self.server.asked.append(name)
        content = CONTENT[name]
        if self.server.behaviour == "absent":
            self.send_error(404)
            return
        if self.server.behaviour == "wrong":
            content = content[::-1]
        self.send_response(200)
        if self.server.behaviour != "unsized":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        cut = self.server.behaviour in ("cut", "unsized")
        self.wfile.write(content[: len(content) // 2] if cut else content)

    def log_message(self, *_):
        pass


@pytest.fixture
def mirrors(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    servers = [Mirror(), Mirror()]
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        for server in servers
    ]
    for thread in threads:
        thread.start()
    yield servers
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def collection(mirrors):
    files = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}
    addresses = tuple(mirror.address for mirror in mirrors)
    return Collection("toy", "A toy", ("a", "b"), addresses, files)


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_files_are_downloaded_once(collection, mirrors, tmp_path):
    told = []
    folder = fetch(collection, cache=tmp_path, notify=told.append)
    assert folder == tmp_path / "toy"
    assert names(folder) == ["one.gz", "two.gz"]
    assert {name: (folder / name).read_bytes() for name in CONTENT} == CONTENT
    assert [sentence.split()[2] for sentence in told] == ["one.gz", "two.gz"]
    fetch(collection, cache=tmp_path, notify=told.append)
    assert mirrors[0].asked == ["one.gz", "two.gz"]
    assert mirrors[1].asked == []
    assert len(told) == 2


@pytest.mark.parametrize("behaviour", ["cut", "unsized", "wrong", "absent"])
def test_the_second_mirror_helps_out_and_is_asked_first_from_then_on(
    collection, mirrors, tmp_path, behaviour
):
    mirrors[0].behaviour = behaviour
    folder = fetch(collection, cache=tmp_path)
    assert {name: (folder / name).read_bytes() for name in CONTENT} == CONTENT
    assert names(folder) == ["one.gz", "two.gz"]
    assert mirrors[0].asked == ["one.gz"]
    assert mirrors[1].asked == ["one.gz", "two.gz"]


@pytest.mark.parametrize("behaviour", ["cut", "unsized", "wrong", "absent"])
def test_an_interrupted_download_leaves_nothing(collection, mirrors, tmp_path, behaviour):
    for mirror in mirrors:
        mirror.behaviour = behaviour
    with pytest.raises(InvalidInputError, match="could not be downloaded") as caught:
        fetch(collection, cache=tmp_path)
    assert names(tmp_path / "toy") == []
    message = str(caught.value)
    assert all(mirror.address + "one.gz" in message for mirror in mirrors)
    assert "--data-dir" in message
    assert "UNSTUCK_DATA" in message
    assert "one.gz, two.gz" in message
    if behaviour == "absent":
        assert "status 404" in message
    if behaviour in ("wrong", "unsized"):
        assert "right SHA-256" in message


def test_what_was_whole_before_the_interruption_is_kept(collection, mirrors, tmp_path):
    fetch(collection, cache=tmp_path)
    (tmp_path / "toy" / "two.gz").unlink()
    for mirror in mirrors:
        mirror.behaviour = "cut"
    with pytest.raises(InvalidInputError):
        fetch(collection, cache=tmp_path)
    assert names(tmp_path / "toy") == ["one.gz"]


def test_a_damaged_file_in_the_cache_is_fetched_again(collection, tmp_path):
    folder = fetch(collection, cache=tmp_path)
    (folder / "one.gz").write_bytes(b"half")
    fetch(collection, cache=tmp_path)
    assert (folder / "one.gz").read_bytes() == CONTENT["one.gz"]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError(errno.ENOSPC, "disk full")])
def test_an_interruption_from_here_leaves_nothing(collection, tmp_path, monkeypatch, interruption):
    def half(self, url, output_file, pooch, **_):
        Path(output_file).write_bytes(CONTENT["one.gz"][:1000])
        raise interruption

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", half)
    expected = KeyboardInterrupt if interruption is KeyboardInterrupt else InvalidInputError
    with pytest.raises(expected) as caught:
        fetch(collection, cache=tmp_path)
    assert names(tmp_path / "toy") == []
    if expected is InvalidInputError:
        assert "cannot be kept in the cache" in str(caught.value)
        assert "disk full" in str(caught.value)


def test_a_cache_that_cannot_be_made(collection, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInputError, match="cannot be kept in the cache"):
        fetch(collection, cache=tmp_path / "file")


def test_no_network_at_all(collection, tmp_path, mirrors):
    closed = [f"http://127.0.0.1:{_free_port()}/" for _ in range(2)]
    with pytest.raises(InvalidInputError, match="ConnectionError") as caught:
        fetch(collection, mirrors=closed, cache=tmp_path)
    assert all(address in str(caught.value) for address in closed)


def test_a_server_whose_name_is_not_known(collection, tmp_path, monkeypatch):
    import requests

    def unknown(*_, **__):
        raise requests.exceptions.ConnectionError("Failed: NameResolutionError(...)")

    monkeypatch.setattr(requests, "get", unknown)
    with pytest.raises(InvalidInputError, match="name of the server was not found"):
        fetch(collection, cache=tmp_path)


def test_nothing_is_printed_and_the_logger_is_left_as_it_was(collection, tmp_path, capfd):
    level = pooch.get_logger().level
    fetch(collection, cache=tmp_path)
    assert capfd.readouterr() == ("", "")
    assert pooch.get_logger().level == level != logging.WARNING


def test_without_pooch(collection, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    with pytest.raises(MissingDependencyError, match="downloading toy needs"):
        fetch(collection, cache=tmp_path)


def test_the_cache_of_the_user_is_the_default(collection, tmp_path, monkeypatch):
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / project)
    assert download_module.fetch(collection) == tmp_path / "unstuck" / "toy"


def _free_port():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.server_close()
    return server.server_port
