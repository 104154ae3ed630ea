"""A real kernel, as Jupyter starts one, and what it leaves behind."""

import os
import queue
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("ipykernel", reason="the magics are tested in a real kernel")
pytest.importorskip("jupyter_client", reason="the magics are tested in a real kernel")

SOURCE = str(Path(__file__).parents[3] / "src")
PATIENCE = 120.0  # seconds; a test that waits so long is broken
STATE = """
import hashlib, random, threading, os, types, numpy
def fingerprint():
    import sys
    def plain(v, deep=0):
        if isinstance(v, numpy.ndarray):
            return (id(v), v.shape, v.strides, v.tobytes() if v.dtype != object else repr(v))
        if isinstance(v, numpy.random.Generator):
            return (id(v), repr(v.bit_generator.state))
        if isinstance(v, dict):
            return (id(v), [(k, plain(x, deep + 1)) for k, x in v.items()] if deep < 6 else 0)
        if isinstance(v, (list, tuple)):
            return (id(v), [plain(x, deep + 1) for x in v] if deep < 6 else 0)
        if isinstance(v, (types.ModuleType, type)) or callable(v):
            return id(v)
        if hasattr(v, "__dict__"):
            return (id(v), plain(vars(v), deep + 1))
        return (id(v), repr(v))
    space = get_ipython().user_ns
    seen = {k: hashlib.sha256(repr(plain(v)).encode()).hexdigest() for k, v in space.items()
            if not k.startswith("_") and k not in ("In", "Out", "before", "fingerprint")}
    seen["_"] = repr(space.get("_")); seen["Out"] = repr(list(space["Out"]))
    seen["<numpy>"] = hashlib.sha256(repr(numpy.random.get_state()).encode()).hexdigest()
    seen["<random>"] = hash(random.getstate())
    return seen
def leftovers():
    mine = str(os.getpid())
    children = [p for p in os.listdir("/proc") if p.isdigit() and parent(p) == mine]
    return children, sorted(t.name for t in threading.enumerate() if "unstuck" in t.name)
def parent(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1]
    except OSError:
        return ""
"""


class Kernel:
    """Runs cells; `shown` are what they displayed, by MIME type, and what they printed."""

    def __init__(self, manager, client):
        self.manager = manager
        self.client = client

    def start(self, source):
        """Send a cell and do not wait."""
        return self.client.execute(source)

    def finish(self, sent):
        """What a cell showed in the end: updates of a display take its place."""
        shown, places = [], {}
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=1.0)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != sent:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return Answer(shown)
            name = content.get("transient", {}).get("display_id")
            if kind == "update_display_data":
                shown[places[name]] = content["data"]
            elif kind in ("display_data", "execute_result"):
                places[name] = len(shown)
                shown.append(content["data"])
            elif kind == "stream":
                shown.append({"text/plain": content["text"], "stream": content["name"]})
            elif kind == "error":
                shown.append({"text/plain": "\n".join(content["traceback"]), "error": True})
        raise AssertionError(f"the kernel did not answer within {PATIENCE:g} s")

    def run(self, *sources):
        """Run cells one after the other; the answer of the last."""
        for source in sources:
            answer = self.finish(self.start(source))
        return answer

    def value(self, expression):
        """What an expression is in the kernel, as text."""
        return self.run(f"print({expression})").text.strip()

    def interrupt(self):
        """Kernel -> Interrupt."""
        self.manager.interrupt_kernel()


class Answer:
    """What a cell showed."""

    def __init__(self, shown):
        self.shown = shown

    @property
    def text(self):
        """Everything as plain text."""
        return "\n".join(data.get("text/plain", "") for data in self.shown)

    @property
    def html(self):
        """What has HTML."""
        return "\n".join(data["text/html"] for data in self.shown if "text/html" in data)

    @property
    def failed(self):
        """True if a traceback was shown."""
        return any("error" in data for data in self.shown)


@pytest.fixture(scope="module")
def shared_kernel(tmp_path_factory):
    """One kernel for the tests of a module, with the extension loaded."""
    from jupyter_client.manager import start_new_kernel

    environment = {**os.environ, "PYTHONPATH": SOURCE, "MPLBACKEND": "Agg", "PYTHONWARNINGS": ""}
    folder = tmp_path_factory.mktemp("notebook")
    manager, client = start_new_kernel(
        kernel_name="python3", env=environment, cwd=str(folder), stderr=sys.__stderr__
    )
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


@pytest.fixture
def kernel(shared_kernel):
    """The kernel, its names forgotten."""
    shared_kernel.run("%reset -f", "import numpy as np\n%load_ext unstuck", STATE)
    return shared_kernel
