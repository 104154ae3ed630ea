"""Which texts can be written at a place, and the values that they mean there."""

from unstuck.doctor.fixes.scope import Scopes, counters, names_at
from unstuck.record.run_record import SourceSpan
from unstuck.trace.program import Program
from unstuck.trace.tape import LEAF, Binding, Frame, Node, Site, Tape

MODULE = Frame("", -1, 0, -1, "a.py")


def site(number, line=1, loops=()):
    return Site(
        number, SourceSpan("a.py", line, 0, line, 1), "binop", "x", "", (line, line), (), loops
    )


def tape(nodes, bindings, frames=(MODULE,), lines=(), loops=None):
    """Nodes as (site, frame), bindings as (text, node, frame, at)."""
    made = [
        Node(index, number, LEAF, (), {}, float(index), (), frame)
        for index, (number, frame) in enumerate(nodes)
    ]
    last = max([number for number, _ in nodes], default=0)
    lines = dict(enumerate(lines))
    loops = loops or {}
    sites = [site(k, lines.get(k, k + 1), loops.get(k, ())) for k in range(last + 1)]
    return Tape(sites, made, list(frames), [Binding(*each) for each in bindings])


def test_the_last_binding_before_counts():
    t = tape([(0, 0), (1, 0), (2, 0), (3, 0)], [("a", 0, 0, 1), ("a", 1, 0, 2), ("a", 2, 0, 4)])
    assert names_at(t, t[0]) == {}
    assert names_at(t, t[2]) == {"a": 1}
    assert names_at(t, t[3]) == {"a": 1}


def test_one_spelling_for_each_text():
    t = tape([(0, 0), (1, 0)], [('cache["z"]', 0, 0, 1)])
    assert names_at(t, t[1]) == {"cache['z']": 0}


def test_statements_among_the_bindings_are_left_out():
    t = tape([(0, 0), (1, 0)], [("w[i] -= 2 * d[i]", 0, 0, 1), ("w", 0, 0, 1)])
    assert names_at(t, t[1]) == {"w": 0}


def test_another_call_of_the_same_function_has_its_own_names():
    frames = [MODULE, Frame("f", 0, 0, 0, "a.py"), Frame("f", 0, 2, 0, "a.py")]
    t = tape(
        [(0, 0), (1, 1), (0, 0), (1, 2)], [("x", 0, 1, 1), ("x", 2, 2, 3), ("m", 2, 0, 3)], frames
    )
    assert names_at(t, t[1]) == {"x": 0}
    assert names_at(t, t[3]) == {"x": 2, "m": 2}


def test_nested_functions_see_what_is_around_them_and_callers_do_not_count():
    frames = [
        MODULE,
        Frame("f", 0, 0, 0, "a.py"),
        Frame("f.<locals>.g", 1, 0, 0, "a.py"),
        Frame("h", 1, 0, 0, "a.py"),
    ]
    t = tape([(0, 1), (1, 2), (2, 3)], [("x", 0, 1, 1)], frames)
    assert names_at(t, t[1]) == {"x": 0}
    assert names_at(t, t[2]) == {}


def test_the_module_of_another_file_does_not_count():
    frames = [MODULE, Frame("f", 0, 0, 0, "b.py")]
    t = tape([(0, 0), (1, 1)], [("x", 0, 0, 1)], frames)
    assert names_at(t, t[1]) == {}


PROGRAM = Program(
    {
        "a.py": "def f(p):\n    y = p\n    for i in p:\n        y = x\n    x = 1\n"
        "def g(p):\n    global m\n    m = p\n    return m\n"
    },
    "a.py",
)


def test_locals_that_come_later_and_what_they_hide():
    frames = [MODULE, Frame("f", 0, 0, 0, "a.py"), Frame("g", 0, 0, 0, "a.py")]
    bindings = [("x", 0, 0, 1), ("x", 1, 1, 2), ("y", 1, 1, 2), ("m", 0, 0, 1), ("i", 0, 0, 1)]
    t = tape([(0, 0), (0, 1), (1, 1), (2, 2)], bindings, frames, lines=(1, 4, 9))
    # x, i and m in f: x is assigned below line 4, the module's x and i are hidden
    assert names_at(t, t[2], PROGRAM) == {"y": 1, "m": 0}
    assert names_at(t, t[2]) == {"x": 1, "y": 1, "m": 0, "i": 0}
    assert names_at(t, t[3], PROGRAM) == {"x": 0, "m": 0, "i": 0}


def test_attributes_that_other_methods_of_the_object_left():
    frames = [
        MODULE,
        Frame("N.forward", 0, 0, 0, "a.py"),
        Frame("N.forward", 0, 2, 0, "a.py"),
        Frame("N.backward", 0, 4, 0, "a.py"),
    ]
    nodes = [(0, 1), (1, 1), (0, 2), (1, 2), (2, 3)]
    shared = [("self.W", 0, 1, 0), ("self.W", 0, 3, 4)]
    other = [("self.W", 2, 2, 2), ("self.a", 3, 2, 4)]  # another object's weights
    t = tape(nodes, [*shared, *other, ("self.a", 1, 1, 2), ("self.c[0]", 1, 1, 2)], frames)
    assert names_at(t, t[4]) == {"self.W": 0, "self.a": 1}
    alone = tape(nodes, [("self.a", 1, 1, 2), ("self.a", 3, 2, 4)], frames)
    assert names_at(alone, alone[4]) == {"self.a": 3}


def test_an_item_whose_index_runs_means_the_one_of_its_own_turn():
    # two values (site 0), then in each turn: a node (site 1), and use(a[i]) (site 2) binds a[i]
    nodes = [(0, 0), (0, 0), (1, 0), (2, 0), (1, 0), (2, 0)]
    bindings = [("a[i]", 0, 0, 3), ("a[i]", 1, 0, 5)]
    after = Scopes(tape(nodes, bindings, loops={1: (9,), 2: (9,)}))
    assert [after.at(after.tape[k])["a[i]"] for k in (2, 4)] == [0, 1]
    # the same where an earlier loop has bound the text to something else
    earlier = Scopes(tape(nodes, [("a[i]", 1, 0, 1), *bindings], loops={1: (9,), 2: (9,)}))
    assert [earlier.at(earlier.tape[k])["a[i]"] for k in (2, 4)] == [0, 1]
    # and where a turn binds it before it comes to the node, and again behind it
    twice = [("a[i]", 0, 0, 2), ("a[i]", 0, 0, 3), ("a[i]", 1, 0, 4), ("a[i]", 1, 0, 5)]
    before = Scopes(tape(nodes, twice, loops={1: (9,), 2: (9,)}))
    assert [before.at(before.tape[k])["a[i]"] for k in (2, 4)] == [0, 1]


def test_counters_that_items_tell():
    assert counters({"a[2]": 5, "a[i]": 5}) == {"i": 2}
    assert counters({"a[2]": 5, "a[i - 1]": 5}) == {"i": 3}
    assert counters({"a[2]": 5, "a[1]": 5, "a[i]": 5}) == {}
    assert counters({"a[2]": 5, "a[i]": 5, "b[3]": 6, "b[i]": 6}) == {}
    assert counters({"a[2]": 5, "b[i]": 5, "x": 1}) == {}
