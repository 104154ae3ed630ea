"""Each section: what it says of runs that are well, that are not, and of what is not there."""

import dataclasses
import math
import struct
import zlib

import numpy as np
import pytest

from unstuck.core.network import Network
from unstuck.record.run_record import LAYER_SERIES, RUN_SERIES, LayerInfo, RunRecord
from unstuck.show.report.contents import (
    USUAL,
    Candidate,
    Contents,
    InitialWeights,
    Provenance,
    Statement,
)
from unstuck.show.report.page import page_html
from unstuck.show.report.png import diverging_palette, levels, png
from unstuck.show.report.samples import judged_samples
from unstuck.show.report.sections import (
    advice,
    confusion,
    curves,
    layers,
    mistakes,
    predictions,
    provenance,
    weights,
)


def contents(**parts):
    return Contents("a run", Statement("It learned."), **parts)


def record(depth=4, steps=10, **series):
    infos = tuple(LayerInfo(f"layer {k + 1}", 8, 8, "tanh", (f"W{k}",)) for k in range(depth))
    known = {name: np.full(steps, 1.0) for name in RUN_SERIES} | {"step": np.arange(steps)}
    known |= {name: np.full((steps, depth), 0.5) for name in LAYER_SERIES}
    known |= {"saturated": np.zeros((steps, depth)), "update_ratio": np.full((steps, depth), 1e-3)}
    return RunRecord("trainer", infos, known | series)


def alarms(found):
    return " ".join(layers.section(contents(record=found)).context["alarms"])


def samples(names=("a", "b", "c"), n=60, shape=None, features=4):
    y = np.arange(n) % len(names)
    said = y.copy()
    said[:6] = (y[:6] + 1) % len(names)
    outputs = np.full((n, len(names)), 0.1)
    outputs[np.arange(n), said] = 0.8
    X = np.arange(n * features, dtype=np.float64).reshape(n, features)
    return judged_samples("test", X, y, outputs, said, tuple(names), shape)


# ------------------------------------------------------------------------------------ curves


def test_curves_are_by_epoch_where_there_are_enough(make_history):
    data = curves.section(contents(history=make_history(20, validation=True))).data
    assert data["x"] == {"name": "epoch", "values": list(range(1, 21))}
    assert [p["title"] for p in data["panels"]] == ["Cost", "Accuracy"]
    assert [s["name"] for s in data["panels"][0]["series"]] == ["training", "validation"]


def test_two_epochs_are_shown_by_update(make_history):
    found = curves.section(contents(history=make_history(2), record=record(steps=9)))
    assert found.data["x"]["name"] == "update"
    assert len(found.data["panels"][0]["series"][0]["values"]) == 9
    assert "So few epochs" in found.context["note"]
    assert len(found.context["table"]["rows"]) == 2


def test_two_epochs_without_a_record_are_two_points(make_history):
    assert len(curves.section(contents(history=make_history(2))).data["x"]["values"]) == 2


def test_very_many_epochs_are_thinned_and_that_is_said(make_history):
    found = curves.section(contents(history=make_history(9000, fall=0.999)))
    assert len(found.data["x"]["values"]) == curves.MOST_POINTS
    assert found.data["x"]["values"][-1] == 9000
    assert "4,000 of the 9,000 epochs" in found.context["note"]


def test_the_epoch_whose_weights_were_kept_is_marked(make_history):
    history = make_history(20, validation=True)
    history.best_epoch = 12
    marks = curves.section(contents(history=history)).data["panels"][0]["marks"]
    assert [mark["x"] for mark in marks] == [12]


def test_regression_has_no_accuracy_but_a_learning_rate(make_history):
    history = make_history(20, accuracy=False)
    history.columns["learning_rate"] = [0.1 / (k + 1) for k in range(20)]
    data = curves.section(contents(history=history, regression=True)).data
    assert [p["title"] for p in data["panels"]] == ["Cost", "Learning rate"]


def test_costs_that_are_not_finite_are_gaps(make_history):
    history = make_history(6)
    history.columns["cost"][-1] = math.inf
    values = curves.section(contents(history=history)).data["panels"][0]["series"][0]["values"]
    assert values[-1] is None


def test_no_curves_of_nothing():
    assert curves.section(contents()) is None


# ------------------------------------------------------------------------------------ layers


def test_a_healthy_record_raises_no_alarm():
    found = layers.section(contents(record=record()))
    assert found.context["alarms"] == []
    assert [p["key"] for p in found.data["panels"]] == [
        "activation_std",
        "gradient_std",
        "silent",
        "update_ratio",
    ]
    assert np.shape(found.data["panels"][0]["values"]) == (4, 10)  # a row a layer
    assert found.data["layers"][0] == "layer 1 tanh"


def test_a_vanishing_gradient_is_said():
    fading = np.tile(np.logspace(-9, 0, 6), (10, 1))
    said = alarms(record(6, gradient_std=fading))
    assert "vanishes: 10^9 times smaller on its way down" in said


def test_an_exploding_signal_is_said():
    growing = np.tile(np.logspace(0, 5, 6), (10, 1))
    assert "explodes: 10^4 times larger on its way up" in alarms(record(6, activation_std=growing))


def test_a_gradient_of_zero_dies():
    dying = np.tile([0.0, 0.0, 0.1, 1.0], (10, 1))
    assert "dies on its way" in alarms(record(gradient_std=dying))


def test_saturated_units_and_wild_and_idle_steps_are_said():
    assert "90.0" in alarms(record(saturated=np.full((10, 4), 0.9)))
    assert "tears weights down" in alarms(record(update_ratio=np.full((10, 4), 0.7)))
    assert "Nothing moves" in alarms(record(update_ratio=np.full((10, 4), 1e-9)))


def test_large_steps_at_the_beginning_are_no_alarm():
    found = record(steps=4, update_ratio=np.full((4, 4), 0.4))
    assert alarms(found) == ""
    said = layers.section(contents(record=found)).data["panels"][-1]["seen"]
    assert said == "Here, in the first updates: 0.4 to 0.4."


def test_the_last_update_ratio_is_not_known_and_that_is_no_alarm():
    ratios = np.full((10, 4), 1e-3)
    ratios[-1] = np.nan
    assert alarms(record(update_ratio=ratios)) == ""


def test_a_record_that_overflows_in_the_end_says_so():
    spread = np.full((10, 4), 0.5)
    spread[-1] = [1e300, np.nan, np.nan, np.nan]
    assert "Then it overflowed." in alarms(record(activation_std=spread))


def test_many_layers_and_steps_stay_small():
    found = layers.section(contents(record=record(depth=300, steps=200)))
    assert len(found.data["x"]["values"]) < 60
    assert len(found.data["panels"][0]["values"]) == 300


def test_a_record_of_some_series_shows_those():
    whole = record()
    some = dataclasses.replace(whole, series={k: whole.series[k] for k in ("step", "update_ratio")})
    found = layers.section(contents(record=some))
    assert [p["key"] for p in found.data["panels"]] == ["update_ratio"]


# ------------------------------------------------------------------------------- weights, png


def test_a_picture_is_a_png_of_these_pixels():
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    data = png(pixels, diverging_palette())
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place, chunks = 8, {}
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        (crc,) = struct.unpack(">I", data[place + 8 + length : place + 12 + length])
        assert crc == zlib.crc32(kind + body)
        chunks[kind] = body
        place += 12 + length
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(2, 4)
    assert rows[:, 1:].tolist() == pixels.tolist()
    assert rows[:, 0].tolist() == [0, 0]


def test_weights_of_both_signs_are_on_their_sides():
    assert levels(np.array([-1.0, 0.0, 1.0]), 1.0).tolist() == [0, 128, 255]


def test_first_layer_as_pictures_the_strongest_first():
    network = Network.mlp([16, 5, 3], random_state=0, image_shape=(4, 4))
    network["W1"][:, 3] *= 100.0
    found = weights.section(contents(network=network)).context
    assert found["images"][0]["unit"] == 4
    assert len(found["images"]) == 5
    assert found["which"] == "all 5"


def test_tables_and_wide_layers():
    assert weights.section(contents(network=Network.mlp([16, 5, 3], random_state=0))) is None
    wide = Network.mlp([16, 1000, 3], random_state=0, image_shape=(4, 4))
    assert weights.section(contents(network=wide)).context["which"] == "the 128 strongest of 1,000"


# ------------------------------------------------------------- confusion, mistakes, predictions


def test_the_matrix_counts_and_names_the_worst():
    found = confusion.section(contents(samples=samples()))
    assert sum(map(sum, found.data["counts"])) == 60
    assert found.data["names"] == ["a", "b", "c"]
    first = found.context["pairs"][0]
    assert (first["true"], first["said"], first["count"]) == ("a", "b", 2)


def test_two_hundred_classes_become_a_list():
    many = samples([f"<class {k}>" for k in range(220)], n=2000)
    found = confusion.section(contents(samples=many))
    assert found.data is None
    text = page_html(contents(samples=many))
    assert "220 classes make a matrix that nobody can read" in text
    assert "&lt;class 1&gt;" in text
    assert "<class 1>" not in text


def test_mistakes_in_a_table_are_rows_with_their_features():
    known = Provenance(data={"feature_names": ["w", "x", "y", "z"]})
    found = mistakes.section(contents(samples=samples(), provenance=known)).context
    assert found["columns"] == ["w", "x", "y", "z"]
    assert len(found["rows"]) == 6
    assert {row["index"] for row in found["rows"]} == set(range(6))
    assert '<th scope="col" class="number">w</th>' in page_html(
        contents(samples=samples(), provenance=known)
    )


def test_no_mistake_at_all():
    y = np.arange(10) % 2
    all_right = judged_samples("test", np.zeros((10, 2)), y, np.eye(2)[y], y, ("a", "b"), None)
    text = page_html(contents(samples=all_right))
    assert "Not one was taken for another." in text
    assert "Not one of 10 test samples is wrong." in text


def test_predictions_beside_true_values():
    y = np.linspace(0, 10, 50)
    found = judged_samples("test", np.zeros((50, 2)), y, (y + 1)[:, None], None, None, None)
    section = predictions.section(contents(samples=found, regression=True))
    (plot,) = section.context["plots"]
    assert len(plot.dots) == 50
    assert section.context["worst"][0]["off"] == "1"
    assert mistakes.section(contents(samples=found)) is None
    assert confusion.section(contents(samples=found)) is None
    assert page_html(contents(samples=found)).count("<circle") == 50


def test_predictions_of_many_outputs_and_of_none_that_is_finite():
    y = np.zeros((8, 9))
    found = judged_samples("test", np.zeros((8, 2)), y, np.full((8, 9), np.nan), None, None, None)
    section = predictions.section(contents(samples=found, regression=True))
    assert len(section.context["plots"]) == predictions.MOST_OUTPUTS
    assert "The first 6 of 9 outputs are drawn." in page_html(contents(samples=found))


# ------------------------------------------------------------------------ advice, provenance


def test_the_advisers_pictures():
    chosen = Candidate("theory", "theory for this activation", (1.0, 1.0, 0.9), (1.0, 1.0, 1.0), chosen=True)  # fmt: skip  # noqa: E501
    usual = Candidate(USUAL, "the usual formula", (1.0, 1e-4, math.nan), (1e-9, 1e-4, 1.0))
    initial = InitialWeights("theory", "as theory has it", ("A()", "B()", "B()"), ("0", "0", "0"), (chosen, usual))  # fmt: skip  # noqa: E501
    found = advice.section(contents(initial=initial)).context
    assert [title for title, _ in found["plots"]] == [
        "Forward: spread of the signal",
        "Backward: size of the gradient",
    ]
    looks = [stroke.look for stroke in found["plots"][0][1].strokes]
    assert looks == ["usual", "chosen"]  # what was taken lies on top
    assert [name for name, _ in found["layers"]] == ["layer 1", "layers 2 to 3"]
    text = page_html(contents(initial=initial))
    assert text.count("<polyline") == 4
    assert "As theory has it" in text


def test_weights_chosen_before_pictures_were_kept():
    initial = InitialWeights("theory", "as theory has it", ("A()",), ("0",))
    assert "As theory has it" in page_html(contents(initial=initial))
    assert advice.section(contents()) is None


@pytest.mark.skipif("os.name == 'nt'", reason="quoted as POSIX shells do")
def test_the_command_can_be_pasted():
    known = Provenance(("train", "my file.csv", "--target", "it's"), seed=3, options={"l2": None})
    found = provenance.section(contents(provenance=known)).context
    assert found["command"] == """unstuck train 'my file.csv' --target 'it'"'"'s'"""
    assert found["tables"][0][1] == []  # what was not set is not shown
    assert "(seed 3)" in page_html(contents(provenance=known))
