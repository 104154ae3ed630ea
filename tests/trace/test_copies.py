"""Copies for a notebook's cell: what comes out in the child is what went in, aliases and all."""

import collections
import datetime as dt
import enum
import io
import json
import random
import sys
import threading
import types
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from unstuck.trace import copies as written
from unstuck.trace.copies import TooMuch, copy_values
from unstuck.trace.probe.compare import compared
from unstuck.trace.probe.copies import Copies, NotCopied, NotCopiedError


class Layer:
    def __init__(self):
        self.W = np.ones((3, 2))
        self.row = self.W[0]
        self.net = None


class Slots:
    __slots__ = ("__hidden", "x")

    def __init__(self):
        self.x = [1]
        self.__hidden = (2, self.x)

    def hidden(self):
        return self.__hidden


class Params(dict):
    pass


class Colour(enum.Enum):
    RED = 1


class Point(NamedTuple):
    x: int
    y: list


def double(x):
    return 2 * x


OWN = {kind: kind.__name__ for kind in (Layer, Slots, Params, Colour, Point, double)}


def own(value):
    return OWN.get(value, "") if isinstance(value, type | types.FunctionType) else ""


def again(values, folder):
    """The values as a child makes them."""
    copies = copy_values(values, own)
    path = copies.write(folder)
    names = {name: kind for kind, name in OWN.items()}
    return Copies(str(path), names).values(values), copies


def through(folder, **values):
    return types.SimpleNamespace(**again(values, folder)[0])


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.binary()
    | hnp.arrays(
        st.sampled_from(["f4", "f8", "i8", "u1", "?", "c16", "U3", "S2", "M8[s]"]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=4)
        | st.sets(st.integers() | st.text(), max_size=4)
        | st.frozensets(st.integers(), max_size=4)
    ),
    max_leaves=15,
)


@given(value=plain)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_plain_values_come_out_as_they_went_in(value, tmp_path_factory):
    (out,) = again({"x": value}, tmp_path_factory.mktemp("copies"))[0].values()
    assert compared(out, value) == "same"
    assert type(out) is type(value)


@given(
    array=hnp.arrays("f8", hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=6)),
    data=st.data(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_view_looks_into_the_same_memory(array, data, tmp_path_factory):
    index = data.draw(hnp.basic_indices(array.shape, allow_ellipsis=True))
    view = array[index]
    out = through(tmp_path_factory.mktemp("copies"), array=array, view=view, turned=array.T)
    np.testing.assert_array_equal(out.view, view)
    np.testing.assert_array_equal(out.turned, array.T)
    out.array[...] = 7.0
    assert np.all(out.turned == 7.0)
    if isinstance(view, np.ndarray):
        assert np.all(out.view == 7.0)
    assert not np.shares_memory(out.array, array)


def test_a_square_and_what_it_is_turned_are_two_views(tmp_path):
    A = np.arange(4.0).reshape(2, 2)
    out = through(tmp_path, turned=A.T, A=A, kinds=A.view("i8"))
    np.testing.assert_array_equal(out.A, A)
    np.testing.assert_array_equal(out.turned, A.T)
    np.testing.assert_array_equal(out.kinds, A.view("i8"))
    out.A[0, 1] = 9.0
    assert out.turned[1, 0] == 9.0


def test_large_arrays_are_mapped_and_can_be_written(tmp_path):
    X = np.arange(600_000.0).reshape(600, 1000)
    out = through(tmp_path, X=X, first=X[:10], turned=X.T, small=X[3, :5].copy())
    np.testing.assert_array_equal(out.X, X)
    out.X[0, 0] = -1.0
    assert out.first[0, 0] == out.turned[0, 0] == -1.0
    assert X[0, 0] == 0.0
    assert out.small.flags.owndata
    again_from_file = again({"X": X}, tmp_path)[0]["X"]
    assert again_from_file[0, 0] == 0.0


def test_little_of_a_large_array_does_not_bring_all_of_it(tmp_path):
    X = np.zeros((2000, 1000))
    copies = again({"row": X[7]}, tmp_path)[1]
    assert copies.size < 10_000


def test_one_object_under_two_names_stays_one(tmp_path):
    shared = [1, 2]
    out = through(tmp_path, a=shared, b=shared, c={"in": shared}, other=[1, 2])
    assert out.a is out.b is out.c["in"]
    assert out.other is not out.a


def test_circles_close_and_depth_does_not_matter(tmp_path):
    circle = [1]
    circle.append(circle)
    chain = None
    for k in range(20_000):
        chain = [chain, k]
    layer = Layer()
    layer.net = types.SimpleNamespace(layers=[layer])
    out = through(tmp_path, circle=circle, chain=chain, layer=layer)
    assert out.circle[1] is out.circle
    assert out.layer.net.layers[0] is out.layer
    assert np.shares_memory(out.layer.W, out.layer.row)
    depth = 0
    while out.chain is not None:
        out.chain, depth = out.chain[0], depth + 1
    assert depth == 20_000


def test_instances_are_their_attributes(tmp_path):
    out = through(
        tmp_path, slots=Slots(), params=Params(W=np.ones(2)), colour=Colour.RED, p=Point(1, [2])
    )
    assert type(out.slots) is Slots
    assert out.slots.hidden()[1] is out.slots.x
    assert type(out.params) is Params
    assert out.params["W"].sum() == 2.0
    assert out.colour is Colour.RED
    assert type(out.p) is Point
    assert out.p == Point(1, [2])


def test_random_generators_go_on_where_they_are(tmp_path):
    rng, old, python = np.random.default_rng(3), np.random.RandomState(4), random.Random(5)  # noqa: S311
    rng.normal(size=7)
    out = through(tmp_path, rng=rng, old=old, python=python, draw=rng.normal)
    np.testing.assert_array_equal(out.rng.normal(size=5), rng.normal(size=5))
    np.testing.assert_array_equal(out.old.rand(5), old.rand(5))
    assert out.python.random() == python.random()
    assert out.draw.__self__ is out.rng


def test_what_libraries_made_is_made_again(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, np.nan], "b": ["x", "y"]})
    out = through(
        tmp_path,
        frame=frame,
        count=collections.Counter("aab"),
        by=collections.defaultdict(list, {1: [2]}),
        last=collections.deque([1, 2], maxlen=2),
        day=dt.date(2020, 2, 29),
        exp=np.exp,
        module=np,
        kind=np.float32,
        text=io.StringIO,
        function=double,
        records=np.zeros(2, dtype=[("a", "f8"), ("b", "i4", (2,))]),
        objects=np.array([1, "a", None], dtype=object),
    )
    pandas.testing.assert_frame_equal(out.frame, frame)
    assert out.count == collections.Counter("aab")
    assert out.by[3] == []
    assert out.last.maxlen == 2
    assert out.day == dt.date(2020, 2, 29)
    assert (out.exp, out.module, out.kind) == (np.exp, np, np.float32)
    assert out.function is double
    assert out.records.dtype["b"].shape == (2,)
    assert out.objects.tolist() == [1, "a", None]


def test_what_cannot_be_copied_is_named_and_refuses(tmp_path):
    layer = Layer()
    layer.log = (tmp_path / "log.txt").open("w", encoding="utf-8")
    layer.lock = threading.Lock()
    layer.rows = (i for i in range(3))
    layer.out = sys.stdout
    with layer.log:
        values, copies = again({"layer": layer, "f": lambda x: x, "fine": 1}, tmp_path)
    assert set(copies.missing) == {"layer.log", "layer.lock", "layer.rows", "f"}
    out = values["layer"]
    out.log.write("nothing")
    assert out.lock.acquire(blocking=False)
    assert out.out is sys.stdout
    assert isinstance(out.rows, NotCopied)
    for use in (lambda: next(out.rows), lambda: out.rows.name, lambda: list(out.rows)):
        with pytest.raises(NotCopiedError, match=r"layer\.rows"):
            use()
    assert values["fine"] == 1
    assert list(layer.rows) == [0, 1, 2]
    assert (tmp_path / "log.txt").read_text(encoding="utf-8") == ""


def test_nothing_of_the_original_changes(tmp_path):
    rng = np.random.default_rng(1)
    before = json.dumps(rng.bit_generator.state)
    layer = Layer()
    names = set(vars(layer))
    again({"rng": rng, "layer": layer, "np": np.random}, tmp_path)
    assert json.dumps(rng.bit_generator.state) == before
    assert set(vars(layer)) == names


def test_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(written, "MOST_OBJECTS", 10)
    with pytest.raises(TooMuch, match="more than 10 objects"):
        copy_values({"x": [[k] for k in range(20)]}, own)


@pytest.mark.parametrize(
    ("made", "had", "how"),
    [
        (np.ones(3), np.ones(3), "same"),
        (np.ones(3), np.zeros(3), "alike"),
        (np.ones(3), np.ones(4), "other"),
        (np.ones(3), np.ones(3, dtype="f4"), "other"),
        ({"a": [1.0]}, {"a": [2.0]}, "alike"),
        ({"a": [1.0]}, {"b": [1.0]}, "other"),
        ([1.0], [1.0, 2.0], "other"),
        (float("nan"), float("nan"), "same"),
        (1, 1.0, "other"),
        (double, double, "same"),
        (np.random.default_rng(1), np.random.default_rng(1), "same"),
        (np.random.default_rng(1), np.random.default_rng(2), "alike"),
    ],
)
def test_values_are_the_same_or_alike_or_others(made, had, how):
    assert compared(made, had) == how
