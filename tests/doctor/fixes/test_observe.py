"""Operands of a recorded operation, beside the parts of the text that they came from."""

import numpy as np

from unstuck.doctor.fixes.observe import observed
from unstuck.doctor.fixes.places import expression
from unstuck.record.run_record import SourceSpan
from unstuck.trace.tape import LEAF, UNKNOWN, Node, Ref, Site, Tape


def seen(text, kind, op, args, kwargs=None, inner=()):
    """What is observed of one operation on leaves 0 and 1; ``inner`` are nodes before it."""
    tree = expression(text)
    sites = [Site(0, SourceSpan("a.py", 1, 0, 1, 1), kind, text, "", (1, 1))]
    nodes = [Node(k, UNKNOWN, LEAF, (), {}, np.ones(2), ()) for k in range(2)]
    for number, (part, part_op, part_args) in enumerate(inner, 1):
        sites.append(Site(number, SourceSpan("a.py", 1, 0, 1, 1), "binop", part, "", (1, 1)))
        nodes.append(Node(len(nodes), number, part_op, part_args, {}, np.ones(2), ()))
    node = Node(len(nodes), 0, op, args, kwargs or {}, np.ones(2), ())
    nodes.append(node)
    trees, names, numbers = observed(Tape(sites, nodes), sites[0], tree, node)
    return len(trees), names, numbers


def test_both_sides_of_an_operator():
    assert seen("a * b", "binop", "multiply", (Ref(0), Ref(1))) == (2, {"a": 0, "b": 1}, {})
    assert seen("a[i] - 1", "binop", "subtract", (Ref(0), 1)) == (2, {"a[i]": 0}, {})
    assert seen("a ** p", "binop", "power", (Ref(0), 2)) == (2, {"a": 0}, {"p": 2})
    assert seen("a > b", "compare", "greater", (Ref(0), Ref(1))) == (2, {"a": 0, "b": 1}, {})
    assert seen("-a", "unary", "negative", (Ref(0),)) == (1, {"a": 0}, {})
    assert seen("a.T", "attribute", "transpose", (Ref(0),)) == (1, {"a": 0}, {})
    assert seen("a[k]", "subscript", "getitem", (Ref(0), 3)) == (2, {"a": 0}, {"k": 3})


def test_calls_and_methods():
    two = (2, {"a": 0, "b": 1}, {})
    assert seen("np.dot(a, b)", "method", "dot", (Ref(0), Ref(1))) == two
    assert seen("dot(a, b)", "call", "dot", (Ref(0), Ref(1))) == two
    assert seen("a.dot(b)", "method", "dot", (Ref(0), Ref(1))) == two
    assert seen("a.sum(axis=k)", "method", "sum", (Ref(0),), {"axis": 1}) == (2, {"a": 0}, {"k": 1})


def test_parts_that_were_made_there_are_looked_into():
    inner = [("a * b", "multiply", (Ref(0), Ref(1)))]
    found = seen("a * b + c", "binop", "add", (Ref(2), Ref(0)), inner=inner)
    assert found == (4, {"a": 0, "b": 1, "c": 0}, {})


def test_parts_that_came_from_elsewhere_are_not():
    inner = [("x * y", "multiply", (Ref(0), Ref(1)))]
    assert seen("z + c", "binop", "add", (Ref(2), Ref(0)), inner=inner)[1] == {"z": 2, "c": 0}


def test_what_does_not_line_up_tells_nothing():
    assert seen("f(a, b)", "call", "clip", (Ref(0), 0, 1)) == (0, {}, {})
    assert seen("a if b else c", "call", "where", (Ref(0), Ref(1))) == (0, {}, {})
