"""Networks, histories, records and advice under a cell: complete, well-formed, harmless."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from unstuck.base.display import Displayed
from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import custom_activation
from unstuck.core.network import Network
from unstuck.data.load import load
from unstuck.record.run_record import LayerInfo, RunRecord
from unstuck.show.notebook.network import MOST_ROWS
from unstuck.show.notebook.pieces import AMBER, BLUE, GREEN, GREY, ORANGE, RED, table
from unstuck.show.terminal import TEXTS, html, text
from unstuck.training.history import History
from unstuck.training.trainer import Trainer
from unstuck.weights.advise import advise

EVIL = "<script>alert('x')</script>&\x1b[31m\"><img src=x onerror=alert(1)>"
VOID = {"br", "img", "hr"}
KEPT = {  # what JupyterLab keeps of a notebook that was not run here
    "b", "br", "code", "details", "div", "img", "li", "pre", "progress", "span", "summary",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip


class Reader(HTMLParser):
    """Checks that tags are closed in order; keeps text, tags, and pictures."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text, self.pictures = [], set(), "", []
        self.attributes = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "img":
            self.pictures.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(thing):
    reader = Reader()
    reader.feed(html(thing))
    reader.close()
    assert not reader.open
    assert reader.tags <= KEPT
    assert reader.attributes <= {"style", "src", "alt", "width", "height", "rowspan", "colspan",
                                 "open"}  # fmt: skip
    for picture in reader.pictures:
        assert picture["alt"]
        assert ET.fromstring(svg_of(picture)).tag.endswith("svg")  # noqa: S314 - our own
    return reader


def svg_of(picture):
    kind, data = picture["src"].split(",", 1)
    assert kind == "data:image/svg+xml;base64"
    svg = base64.b64decode(data).decode()
    assert "nan" not in svg
    assert "inf" not in svg
    return svg


@pytest.fixture(scope="module")
def advice():
    digits = load("digits")
    network = Network.mlp([64, 16, 16, 10], "tanh", initializer="normal", random_state=0)
    return advise(
        network, digits.X_train / 16, digits.y_train, steps=12, seeds=2, n_jobs=1,
        learning_rate=0.001,
    )  # fmt: skip


# ------------------------------------------------------------------------------- both forms


def test_a_notebook_gets_both_forms(trained, advice, diagnoses):
    network, history = trained
    things = (network, history, history.record, advice, diagnoses.ALL["healthy"]())
    assert {type(thing) for thing in things} == set(TEXTS)
    for thing in things:
        both = thing._repr_mimebundle_()
        assert both == {"text/plain": text(thing), "text/html": html(thing)}
        assert set(thing._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}
        assert set(thing._repr_mimebundle_(exclude={"text/plain"})) == {"text/html"}
    assert both["text/plain"] == str(things[-1])


def test_what_has_no_display_says_so():
    class Unknown(Displayed):
        pass

    with pytest.raises(InvalidInputError, match="a Unknown has no HTML; allowed: Network, History"):
        Unknown()._repr_html_()


def contrast(colour, other):
    """WCAG's contrast of two colours, #rrggbb."""

    def light(c):
        parts = [int(c[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])

    high, low = sorted((light(colour), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("ground", ["#ffffff", "#111111", "#1e1e1e"])
@pytest.mark.parametrize("colour", [BLUE, ORANGE, GREEN, RED, AMBER, GREY])
def test_colours_are_seen_on_white_and_on_black(colour, ground):
    """JupyterLab's two grounds, and that of VS Code: 3 to 1, for graphics and large text."""
    assert contrast(colour, ground) >= 3
    assert contrast("#dddddd", "#ffffff") < 3, "the measure itself"


# --------------------------------------------------------------------------------- networks


def test_a_network_shows_widths_shapes_and_counts(trained):
    seen = read(trained[0])
    assert "16 - 6 - 5 - 3" in seen.text
    assert "W1 (16, 6)" in seen.text
    assert "155 parameters" in seen.text
    assert svg_of(seen.pictures[0]).count("<rect") == 4


def test_a_deep_network_is_folded():
    seen = read(Network.mlp([8, *[4] * 300, 2], random_state=0))
    assert "8 - 4 - 4 - 4 - 4 - ... - 4 - 4 - 4 - 4 - 2" in seen.text
    assert f"... {2 * 301 - MOST_ROWS} more rows" in seen.text
    assert "W301" in seen.text
    assert "W150" not in seen.text


def test_the_name_of_an_activation_is_text():
    def named(z):
        return np.maximum(z, 0)

    named.__name__ = EVIL
    seen = read(Network.mlp([3, 2, 2], custom_activation(named), random_state=0))
    assert "<script>alert('x')</script>" in seen.text
    assert "\x1b" not in seen.text


# -------------------------------------------------------------------------------- histories


def test_a_history_shows_first_last_and_best(make_history):
    history = make_history(validation=True)
    history.columns["validation_cost"][11] = 1e-9
    seen = read(history)
    assert len(seen.pictures) == 2
    for word in ("Cost", "Accuracy", "training", "validation", "first", "last", "best"):
        assert word in seen.text
    assert "1e-0912" in seen.text, "the best validation cost was in epoch 12"
    assert "20 epochs, 200 updates, finished." in seen.text


def test_values_have_no_accuracy(make_history):
    seen = read(make_history(accuracy=False, validation=True))
    assert "R2" in seen.text
    assert "ccuracy" not in seen.text


@pytest.mark.parametrize("last", [np.nan, np.inf])
def test_a_run_that_diverged(last):
    history = History()
    for epoch, cost in enumerate([2.3, 1e300, last], 1):
        history.append({"epoch": epoch, "iterations": epoch, "cost": cost})
    seen = read(history)
    assert str(last).replace("nan", "-") in seen.text
    nothing = History()
    nothing.append({"epoch": 1, "iterations": 1})
    read(nothing)


def test_an_unfinished_history():
    assert read(History()).text == "No epoch was finished."


def test_why_it_stopped_is_text(make_history):
    history = make_history()
    history.stopped = EVIL
    assert "<script>alert('x')</script>" in read(history).text


def test_a_flat_cost_looks_flat(make_history):
    """On an axis of its own range, the noise of a run that stands still would look like a trend."""
    flat = read(make_history(fall=0.9999)).pictures[0]
    fallen = read(make_history(fall=0.8)).pictures[0]
    assert rises(flat) < 5
    assert rises(fallen) > 80


def rises(picture):
    """How many pixels of height the thick line takes."""
    path = re.search(r'<path d="(M[^"]*)"[^>]*stroke-width="2', svg_of(picture))[1]
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path)]
    return max(heights) - min(heights)


def test_thousands_of_epochs_make_a_small_picture(make_history):
    history = make_history(50_000, fall=0.9999)
    history.columns["cost"][31_234] = 77.0  # one peak, which must not be lost
    seen = read(history)
    assert sum(len(svg_of(picture)) for picture in seen.pictures) < 30_000
    assert "77" in seen.text
    assert rises(seen.pictures[0]) > 100


# ---------------------------------------------------------------------------------- records


def test_a_record_shows_every_layer_over_time(trained):
    record = trained[1].record
    seen = read(record)
    for layer in record.layers:
        assert layer.name in seen.text
        assert f"{layer.fan_in} → {layer.fan_out}" in seen.text
    alt = [picture["alt"] for picture in seen.pictures]
    assert len(alt) == 2 + 3 * 3 + 2, "two profiles; softmax can be neither dead nor saturated"


def test_a_vanishing_gradient_falls_from_row_to_row():
    digits = load("digits")
    network = Network.mlp([64, *[16] * 8, 10], "sigmoid", random_state=0)
    history = Trainer(network, "sgd", epochs=1, random_state=0).fit(digits.X_train, digits.y_train)
    pictures = [p for p in read(history.record).pictures if int(p["width"]) < 100]
    ends = [float(re.search(r'cy="([\d.]+)"', svg_of(p))[1]) for p in pictures[1::4]]
    assert ends == sorted(ends, reverse=True), "one scale: lower layers stand lower"
    assert ends[0] - ends[-1] > 8


def test_an_empty_record():
    assert read(RunRecord("trainer", (), {"step": np.array([], int)})).text == (
        "Nothing was observed."
    )


def test_what_was_not_finite_is_a_gap_and_names_are_text(trained):
    record = trained[1].record
    series = {name: values.astype(float) for name, values in record.series.items()}
    series["activation_std"] = np.where(np.arange(3) == 1, np.nan, series["activation_std"])
    series["gradient_std"] = np.full_like(series["gradient_std"], np.inf)
    layers = tuple(LayerInfo(EVIL, 1, 1, EVIL, ()) for _ in record.layers)
    seen = read(replace(record, series=series, layers=layers))
    assert seen.text.count("<script>alert('x')</script>") == 6
    assert "\x1b" not in seen.text


# ----------------------------------------------------------------------------------- advice


def test_advice_shows_what_to_do_and_why(advice):
    seen = read(advice)
    assert advice.reason in seen.text
    assert seen.text.index(advice.reason) < seen.text.index("To paste")
    for candidate in advice.candidates:
        name = "yours" if candidate.name == "present" else candidate.name
        assert name in seen.text
    for sentence in (*advice.findings, *advice.notes):
        assert sentence in seen.text
    assert "rng = np.random.default_rng()" in seen.text
    assert [p["alt"].split(",")[0] for p in seen.pictures] == [
        "Spread of z before training", "Gradient before training", "Loss on held-out samples",
    ]  # fmt: skip


def test_a_hopeless_candidate_does_not_hide_the_others():
    network = Network.mlp([64, *[16] * 12, 10], "sigmoid", random_state=0)
    digits = load("digits")
    advice = advise(network, digits.X_train / 16, digits.y_train, quick=True)
    smallest = min(c.measurement.layers[0].gradient_std for c in advice.candidates)
    yours = advice.present.layers[0].gradient_std
    assert smallest < 1e-20 < yours
    gradient = read(advice).pictures[1]["alt"]
    low = float(re.search(r"from (\S+) to", gradient)[1])
    assert yours / 11 <= low <= yours


def test_lines_to_paste_stay_lines(advice):
    lines = ("def f(x):\n    return x", "W1 = f(1)")
    assert "def f(x):\n    return x\nW1 = f(1)" in read(replace(advice, lines=lines)).text


def test_advice_of_others_is_text(advice):
    evil = replace(advice, reason=EVIL, findings=(EVIL,), notes=(EVIL,), lines=(EVIL,))
    seen = read(evil)
    assert seen.text.count("<script>alert('x')</script>") == 4
    assert "\x1b" not in seen.text


def test_a_tester_is_tested():
    """What these tests look for is found where it is planted."""
    reader = Reader()
    with pytest.raises(AssertionError):
        reader.feed("<b><i></b></i>")
    assert "script" not in table([EVIL], [[EVIL]]).replace("&lt;script", "").replace(
        "/script&gt;", ""
    )
