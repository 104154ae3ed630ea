"""The adviser for programs: read off a run, written on its lines, run again."""

from pathlib import Path

import numpy as np
import pytest

from unstuck.trace.draws import shape_texts, the_draw
from unstuck.trace.load_program import load_program
from unstuck.trace.program import Program
from unstuck.trace.request import Request
from unstuck.trace.sandbox import Sandbox
from unstuck.trace.traced import trace
from unstuck.weights.recipe import Rule
from unstuck.weights.script import advise_program
from unstuck.weights.script.data import data_of
from unstuck.weights.script.expressions import Written, bias_expression, weight_expression
from unstuck.weights.script.network import build, practice
from unstuck.weights.script.reading import read_layers
from unstuck.weights.script.rerun import changed_program, rerun
from unstuck.weights.script.rows import NotRead, layouts
from unstuck.weights.script.source import node_at

CASES = Path(__file__).parents[1] / "cases"

HEAD = """import numpy as np
rng = np.random.RandomState(0)
X = rng.randn(200, 6)
Y = np.eye(3)[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)]
"""
ROWS = (
    HEAD
    + """
W1 = rng.rand(6, 12)
b1 = np.zeros(12)
W2 = rng.rand(12, 3)
b2 = np.zeros(3)
for i in range(60):
    z = X @ W1 + b1
    a = {phi}
    s = a @ W2 + b2
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    d = (p - Y) / 200
    dz = (d @ W2.T) * {slope}
    W2 -= 0.3 * (a.T @ d)
    b2 -= 0.3 * d.sum(axis=0)
    W1 -= 0.3 * (X.T @ dz)
    b1 -= 0.3 * dz.sum(axis=0)
"""
)
COLUMNS = (
    HEAD
    + """
X, Y = X.T, Y.T
sizes = [6, 12, 3]
net = {}
for l in range(2):
    net["W" + str(l)] = rng.randn(sizes[l + 1], sizes[l])
    net["b" + str(l)] = np.zeros((sizes[l + 1], 1))
for i in range(60):
    a = np.tanh(net["W0"] @ X + net["b0"])
    s = net["W1"] @ a + net["b1"]
    p = np.exp(s) / np.exp(s).sum(axis=0)
    d = (p - Y) / 200
    dz = (net["W1"].T @ d) * (1 - a * a)
    net["W1"] = net["W1"] - 0.3 * d @ a.T
    net["b1"] = net["b1"] - 0.3 * d.sum(axis=1, keepdims=True)
    net["W0"] = net["W0"] - 0.3 * dz @ X.T
    net["b0"] = net["b0"] - 0.3 * dz.sum(axis=1, keepdims=True)
"""
)
RELU, SINE = (
    ROWS.format(phi="np.maximum(z, 0)", slope="(z > 0)"),
    ROWS.format(phi="np.sin(3 * z)", slope="3 * np.cos(3 * z)"),
)
BIAS_ROW = (
    HEAD
    + """
V = rng.uniform(-1, 1, (7, 8))
U = rng.uniform(-1, 1, (9, 3))
for i in range(600):
    x = np.append(X[i % 200], 1.0)
    h = np.append(np.tanh(x @ V), 1.0)
    o = 1 / (1 + np.exp(-(h @ U)))
    d = (o - Y[i % 200]) * o * (1 - o)
    g = (U @ d)[:8] * (1 - h[:8] ** 2)
    U -= 0.2 * np.outer(h, d)
    V -= 0.2 * np.outer(x, g)
"""
)
STANDING = RELU.replace("    W2 -= 0.3 * (a.T @ d)", "    W3 = 0.3 * (a.T @ d)")


def program(text):
    return Program({"net.py": text}, "net.py")


def traced_of(text):
    with Sandbox() as sandbox, np.errstate(all="ignore"):
        counted = sandbox.run(program(text), Request("tally"))
        found, why, _ = trace(
            lambda request: sandbox.run(program(text), request), counted.loops, lambda said: None
        )
    assert found is not None, why
    return found


@pytest.fixture(scope="module")
def seen():
    """seen(text) -> the traced program; each is run once."""
    known = {}

    def find(text):
        if text not in known:
            known[text] = traced_of(text)
        return known[text]

    return find


# ------------------------------------------------------------------------------ reading


@pytest.mark.parametrize(
    ("text", "turned", "name"), [(RELU, False, "relu"), (COLUMNS, True, "tanh")]
)
def test_layers_are_read_in_either_orientation(seen, text, turned, name):
    reading = read_layers(seen(text))
    assert [layer.W.shape for layer in reading.layers] == [(6, 12), (12, 3)]
    assert [layer.transposed for layer in reading.layers] == [turned, turned]
    assert [layer.activation.name for layer in reading.layers] == [name, "softmax"]


@pytest.mark.parametrize("text", [RELU, COLUMNS, SINE])
def test_the_network_computes_what_the_program_computes(seen, text):
    traced = seen(text)
    reading = read_layers(traced)
    network, notes = build(reading, traced, reading.T)
    (O,) = layouts(  # noqa: E741 - outputs
        [np.asarray(traced.tape[n].value) for n in traced.pairing.outputs[0]], 3
    )
    assert notes == ()
    np.testing.assert_allclose(network.propagate(reading.X).output, O, rtol=1e-9)


def test_a_function_without_a_name_becomes_an_activation(seen):
    activation = read_layers(seen(SINE)).layers[0].activation
    z = np.linspace(-2, 2, 9)
    np.testing.assert_allclose(activation.value(z), np.sin(3 * z))
    np.testing.assert_allclose(activation.slope(z, activation.value(z)), 3 * np.cos(3 * z))
    assert activation.range == pytest.approx((-1, 1), abs=1e-3)


def test_positive_weights_do_not_make_relu_an_identity(seen):
    traced = seen(RELU.replace("rng.randn(200, 6)", "rng.rand(200, 6)"))
    assert read_layers(traced).layers[0].activation.name == "relu"


def test_a_bias_in_the_matrix_is_found(seen):
    layers = read_layers(seen(BIAS_ROW)).layers
    assert layers[1].bias_row == 8
    assert layers[1].W.shape == (8, 3)


def test_the_whole_data_set_is_found_behind_single_samples(seen):
    traced = seen(RELU)
    data = data_of(traced, read_layers(traced))
    assert data.whole
    assert data.X.shape == (200, 6)
    assert data.T.shape == (200, 3)


def test_without_a_whole_data_set_the_recorded_updates_serve(seen):
    traced = seen(BIAS_ROW)  # its inputs are made anew for each sample
    data = data_of(traced, read_layers(traced))
    assert not data.whole
    assert len(data.X) > 50
    assert len(data.X) == len(data.T)


def test_the_learning_rate_is_read_off_the_steps(seen):
    for text, batch, rate in ((RELU, 200, 0.3), (BIAS_ROW, 1, 0.2)):
        traced = seen(text)
        ways = practice(traced, read_layers(traced), 200)
        assert (ways.batch_size, ways.learning_rate) == (batch, pytest.approx(rate))
        assert type(ways.optimizer).__name__ == "SGD"


def test_shared_weights_are_no_layer_of_ours():
    case = load_program(CASES / "healthy" / "rnn_bptt_sum.py")
    with Sandbox() as sandbox, np.errstate(all="ignore"):
        counted = sandbox.run(case, Request("tally"))
        traced, *_ = trace(lambda r: sandbox.run(case, r), counted.loops, lambda said: None)
    with pytest.raises(NotRead, match="one plain matrix product"):
        read_layers(traced)


# -------------------------------------------------------------------------- expressions

NORMAL = Rule("normal", np.sqrt(2 / 784), "np.sqrt(2 / 784)")
GLOROT = Rule("uniform", np.sqrt(6 / 848), "np.sqrt(6 / (784 + 64))")


def standing_there(shape, parts=None, drawer="np.random", cast=""):
    parts = tuple(map(str, shape)) if parts is None else parts
    return Written("np.zeros(1)", shape, parts, drawer, "np", cast)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("rule", "spread"),
    [
        (NORMAL, np.sqrt(2 / 784)),
        (GLOROT, np.sqrt(2 / 848)),
        (Rule("orthogonal", 2.0, "2.0"), 2 / np.sqrt(784)),
        (Rule("normal", 1 / 28, "1.0 / np.sqrt(784)", factor=0.5), 0.5 / 28),
    ],
)
def test_what_is_written_draws_what_was_measured(rule, spread, turned):
    shape = (64, 784) if turned else (784, 64)
    text = weight_expression(rule, standing_there(shape), transposed=turned)
    W = eval(text, {"np": np})  # noqa: S307 - our own text
    assert W.shape == shape
    assert W.std() == pytest.approx(spread, rel=0.03)
    assert abs(W.mean()) < 0.05 * spread
    if rule.kind == "orthogonal":
        small = W @ W.T if turned else W.T @ W
        np.testing.assert_allclose(small, 4 * np.eye(64), atol=1e-9)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("first", "last", "pattern"),
    [(True, False, [[1, -1]]), (False, False, [[1, -1], [-1, 1]]), (False, True, [[1], [-1]])],
)
def test_mirrored_pairs_are_written_as_one_expression(first, last, pattern, turned):
    shape = (8, 6)
    rule = Rule("mirrored", 1.0, "1.0", first=first, last=last)
    there = standing_there(shape[::-1] if turned else shape)
    W = eval(weight_expression(rule, there, transposed=turned), {"np": np})  # noqa: S307
    W = W.T if turned else W
    assert W.shape == shape
    M = W[: 8 if first else 4, : 6 if last else 3]
    np.testing.assert_allclose(W, np.kron(pattern, M))


def test_the_programs_own_names_and_generator_are_kept():
    there = standing_there((784, 64), ("n_in", "self.width"), "self.rng")
    assert weight_expression(NORMAL, there, transposed=False) == (
        "self.rng.normal(0.0, np.sqrt(2 / n_in), (n_in, self.width))"
    )
    turned = standing_there((64, 784), ("k + 1", "n_in"), cast=".astype(np.float32)")
    assert weight_expression(GLOROT, turned, transposed=True) == (
        "np.random.uniform(-np.sqrt(6 / (n_in + (k + 1))), np.sqrt(6 / (n_in + (k + 1))), "
        "(k + 1, n_in)).astype(np.float32)"
    )


@pytest.mark.parametrize(
    ("shape", "turned"), [((3,), False), ((1, 3), False), ((3, 1), True), ((3,), True)]
)
def test_centring_biases_have_the_shape_that_the_program_uses(shape, turned):
    W = np.arange(6.0).reshape(2, 3)
    rule = Rule("orthogonal", bias="centre", bias_scale=0.5)
    text = bias_expression(rule, standing_there(shape), "W", transposed=turned)
    b = eval(text, {"np": np, "W": W.T if turned else W})  # noqa: S307
    assert b.shape == shape
    np.testing.assert_allclose(b.ravel(), -0.5 * W.sum(axis=0))


def test_the_draw_and_its_dimensions_are_found():
    import ast

    node = ast.parse("0.1 * (np.random.rand(n_in, k) - 0.5)", mode="eval").body
    call = the_draw(node)
    assert call is not None
    assert shape_texts(ast.unparse, call, "rand") == ["n_in", "k"]
    assert the_draw(ast.parse("f(3) + np.zeros(3)", mode="eval").body) is None


# ------------------------------------------------------------------------- the whole way


def texts(advice):
    return {place.parameter: (place.line, place.written) for place in advice.places}


def test_positive_weights_are_replaced_on_their_lines():
    text = RELU.replace("rng.rand(6, 12)", "8 * rng.rand(6, 12)")
    text = text.replace("rng.rand(12, 3)", "8 * rng.rand(12, 3)")
    advice = advise_program(program(text), quick=True, budget_seconds=30)
    assert advice.verdict == "change"
    assert texts(advice)["W1"] == (6, "8 * rng.rand(6, 12)")
    assert texts(advice)["W2"] == (8, "8 * rng.rand(12, 3)")
    assert all("rng." in place.replacement for place in advice.places)
    assert advice.rerun.ran
    assert advice.rerun.gained_after > advice.rerun.gained_before
    assert any("mean" in said for said in advice.findings)


def test_one_line_in_a_loop_serves_all_layers():
    text = COLUMNS.replace(
        "rng.randn(sizes[l + 1], sizes[l])", "rng.rand(sizes[l + 1], sizes[l]) * 9"
    )
    advice = advise_program(program(text), quick=True, budget_seconds=30)
    (place,) = [p for p in advice.places if "W" in p.parameter]
    assert place.line == 10
    assert "sizes[l]" in place.replacement
    assert advice.rerun.ran


def test_a_program_that_learns_is_left_alone():
    text = COLUMNS.replace("sizes[l])\n", "sizes[l]) / np.sqrt(sizes[l])\n", 1)
    text = text.replace("range(60)", "range(400)")
    advice = advise_program(program(text), quick=True, budget_seconds=30)
    assert advice.verdict == "fine", advice.summary
    assert advice.places == ()
    assert advice.findings == ()


def test_weights_that_never_move_are_judged_all_the_same():
    text = STANDING.replace("    b2 -=", "    b3 =").replace("    W1 -=", "    W4 =")
    advice = advise_program(
        program(text.replace("    b1 -=", "    b4 =")), quick=True, budget_seconds=30
    )
    assert advice.network.startswith("6 - 12 - 3 (relu, softmax)")
    assert any("no parameter ever changes" in said for said in advice.unchecked)


def test_a_replacement_that_breaks_the_program_is_said(seen):
    traced, text = seen(RELU), program(RELU)
    advice = advise_program(text, quick=True, budget_seconds=30)
    from dataclasses import replace

    from unstuck.weights.script.places import place_of, spot_of

    spot = spot_of(text, traced, 0)
    wrong = replace(place_of(spot, ["W1"], "np.zeros((3, 3))", ""), replacement="np.zeros((3, 3))")
    with Sandbox() as sandbox:
        again = rerun(sandbox, text, traced, [wrong], 10.0)
    assert not again.ran
    assert "ValueError" in again.error
    assert advice.rerun.ran


def test_what_is_added_behind_a_line_keeps_the_lines(seen):
    text = program(RELU)
    from unstuck.record.run_record import SourceSpan
    from unstuck.weights.script.answer import Place

    end = len("W1 = rng.rand(6, 12)")
    behind = Place(
        "b1", "net.py", 6, end, "", "b1 = -W1.sum(axis=0)", "", SourceSpan("net.py", 6, end, 6, end)
    )
    changed = changed_program(text, [behind]).files["net.py"].split("\n")
    assert changed[5] == "W1 = rng.rand(6, 12); b1 = -W1.sum(axis=0)"
    assert len(changed) == len(RELU.split("\n"))
    assert node_at(text, SourceSpan("net.py", 6, 5, 6, end)) is not None


def test_a_program_that_cannot_be_read_is_said_to_be():
    for text, why in (("x = 1 +\n", "SyntaxError"), ("print(1)\n", "no loop")):
        advice = advise_program(program(text), quick=True, budget_seconds=10)
        assert advice.verdict == "unknown"
        assert why in " ".join(advice.unchecked)


@pytest.mark.parametrize(
    ("case", "name", "line"),
    [
        ("programs/08_xor_init_001/broken.py", "w1", 22),
        ("programs/17_deep_narrow_relu_moons/broken.py", "params_values['W' + str(layer_idx)]", 18),
        ("programs/25_ann_positive_init_l2/broken.py", "self.W1", 31),
        ("seeds/000/program.py", "self.W1", 28),
        ("seeds/001/program.py", "w1", 7),
    ],
)
def test_broken_programs_are_told_what_to_write(case, name, line):
    advice = advise_program(load_program(CASES / case), quick=True, budget_seconds=40)
    assert advice.verdict == "change", advice.summary
    assert texts(advice)[name][0] == line
    assert advice.rerun.ran, advice.rerun.error
    if case.startswith("programs"):  # nothing else is wrong with these
        assert advice.rerun.gained_after > 0.7, advice.summary


@pytest.mark.parametrize(
    "case",
    ["circles_softplus_decay", "conv_loops_bars", "rnn_bptt_sum", "wine_adagrad"],
)
def test_healthy_programs_hear_no_alarm(case):
    advice = advise_program(
        load_program(CASES / "healthy" / f"{case}.py"), quick=True, budget_seconds=40
    )
    assert advice.verdict == "fine", advice.summary
    assert advice.places == ()


def test_the_race_runs_on_the_programs_own_data():
    advice = advise_program(program(RELU), budget_seconds=12, n_jobs=1, seeds=2)
    assert advice.advice is not None
    assert any(c.race is not None for c in advice.advice.candidates)
    assert advice.data.startswith("200 samples; SGD, learning rate 0.3")
