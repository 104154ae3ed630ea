"""Pictures say what they show, whatever the names, numbers and shapes they are given."""

import numpy as np
import pytest

import unstuck.show.plots as plots_module
from unstuck.base.errors import InvalidInputError
from unstuck.core.network import Network
from unstuck.show.confusion import confusion_figure, worst_pairs
from unstuck.show.curves import history_figure, spans_decades
from unstuck.show.images import contact_sheet, mistakes_figure, most_confident, weights_figure
from unstuck.show.plots import plot
from unstuck.show.style import house_style, save_figure
from unstuck.show.values import values_figure
from unstuck.training.history import History

rng = np.random.default_rng(0)
ODD = ["$x_1$", "[red]", "長い名前", "a\nb", "x" * 60, "<p>"]


def words(figure):
    """All text in a figure."""
    from matplotlib.text import Text

    return [t.get_text() for t in figure.findobj(Text) if t.get_text()]


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def saved(figure, tmp_path):
    path = tmp_path / "picture.png"
    save_figure(figure, path)
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return data


def test_pyplot_is_never_imported():
    import subprocess
    import sys

    program = (
        "import sys, unstuck.show.plots as p; from unstuck.training.history import History\n"
        "h = History(); h.append({'epoch': 1, 'cost': 1.0}); p.plot(h)\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_drawing_leaves_the_users_settings_alone():
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 33}):
        with house_style():
            assert mpl.rcParams["font.size"] == 10
        assert mpl.rcParams["font.size"] == 33


# ------------------------------------------------------------------------------------- curves


def test_cost_and_accuracy_with_their_last_values(make_history, tmp_path):
    history = make_history(validation=True)
    figure = history.plot(test_score=0.93)
    assert titles(figure) == ["Cost", "Accuracy"]
    said = words(figure)
    for word in ("training 8.41e-05", "validation 0.0501", "training 100.0%", "test 93.0%"):
        assert word in said
    assert figure.axes[0].get_yscale() == "log"
    saved(figure, tmp_path)


def test_a_cost_that_hardly_falls_is_drawn_from_zero(make_history):
    axes = history_figure(make_history(fall=0.97)).axes[0]
    assert axes.get_yscale() == "linear"
    assert axes.get_ylim()[0] == 0.0


def test_regression_has_r2_where_it_is_validated(make_history):
    bare = make_history(accuracy=False)
    assert titles(history_figure(bare, regression=True)) == ["Cost"]
    held = make_history(accuracy=False, validation=True)
    assert titles(history_figure(held, regression=True)) == ["Cost", "R²"]


def test_the_best_epoch_is_marked(make_history):
    history = make_history(validation=True)
    history.best_epoch = 12
    assert words(history_figure(history)).count("best: epoch 12") == 2


def test_few_epochs_show_what_lies_between(trained):
    _, history = trained
    lines = plot(history).axes[0].get_lines()
    assert max(len(line.get_xdata()) for line in lines) == len(history.record)


@pytest.mark.parametrize("epochs", [0, 1, 2])
def test_short_histories(make_history, tmp_path, epochs):
    saved(history_figure(make_history(epochs)), tmp_path)


def test_costs_that_are_not_finite_are_left_out(make_history, tmp_path):
    history = make_history(5)
    history.columns["cost"][2] = np.inf
    history.columns["cost"][4] = np.nan
    figure = history_figure(history)
    assert len(figure.axes[0].get_lines()[0].get_xdata()) == 3
    saved(figure, tmp_path)


def test_decades():
    assert spans_decades(np.array([3.1, 0.1, np.nan]))
    assert not spans_decades(np.array([2.9, 0.1]))
    assert not spans_decades(np.array([3.0, 0.0]))
    assert not spans_decades(np.array([]))


# ---------------------------------------------------------------------------------- confusion


def test_the_confusion_matrix_counts(tmp_path):
    counts = np.array([[50, 3, 0], [0, 40, 0], [7, 0, 0]])
    figure = confusion_figure(counts, ["a", "b", "c"])
    said = words(figure)
    assert "90 of 100 test samples right (90.0%)" in said
    assert "Most often mistaken: c for a (7), a for b (3)" in said
    assert {"50", "3", "40", "7"} <= set(said)
    assert "94%" in said  # recall of a
    saved(figure, tmp_path)


def test_perfect_and_empty_matrices(tmp_path):
    assert "Not one was taken for another." in words(confusion_figure(np.eye(2, dtype=int), "ab"))
    saved(confusion_figure(np.zeros((3, 3), int), "abc"), tmp_path)


def test_worst_pairs_are_ordered():
    counts = np.array([[0, 5, 1], [9, 0, 0], [0, 0, 3]])
    assert worst_pairs(counts) == [(1, 0, 9), (0, 1, 5), (0, 2, 1)]


def test_nearly_perfect_is_not_called_perfect():
    counts = np.array([[9999, 1], [0, 10]])
    assert "100.0%" in words(confusion_figure(counts, "ab"))  # 9999 of 10000, one digit more


def test_odd_names_and_many_classes(tmp_path):
    saved(confusion_figure(np.diag(range(1, 7)), ODD), tmp_path)
    many = rng.integers(0, 5, (100, 100))
    figure = confusion_figure(many, [f"class {k}" for k in range(100)])
    labels = figure.axes[0].get_xticklabels()
    assert sum(label.get_visible() for label in labels) == 25
    saved(figure, tmp_path)


# ----------------------------------------------------------------------------- weights, samples


def test_weights_as_images_the_strongest_first(trained, tmp_path):
    network, _ = trained
    figure = plot(network)
    sheet = figure.axes[0].get_images()[0].get_array()
    strongest = np.linalg.norm(network["W1"], axis=0).argmax()
    first = network["W1"][:, strongest].reshape(4, 4)
    assert np.array_equal(sheet[:4, :4], first)
    assert any("all 6" in w for w in words(figure))
    saved(figure, tmp_path)


def test_many_units_are_cut_and_zeros_are_drawn(tmp_path):
    assert any(
        "60 strongest of 200" in w
        for w in words(weights_figure(rng.normal(size=(64, 200)), (8, 8)))
    )
    saved(weights_figure(np.zeros((6, 3)), (2, 3)), tmp_path)


def test_no_image_shape_is_refused_with_the_repair():
    network = Network.mlp([6, 3], random_state=0)
    with pytest.raises(InvalidInputError, match="image_shape=\\(height, width\\)"):
        plot(network)
    assert plot(network, image_shape=(2, 3)).axes


def test_a_contact_sheet_keeps_every_image():
    images = rng.normal(size=(5, 3, 2))
    sheet = contact_sheet(images, 2)
    assert np.nansum(sheet) == pytest.approx(images.sum())
    assert np.isnan(sheet).sum() == sheet.size - images.size


OUTPUTS = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]])
SAID = OUTPUTS.argmax(axis=1)


def test_the_surest_mistakes_come_first():
    rows, sure = most_confident(OUTPUTS, np.array([1, 1, 0, 1]), SAID)
    assert rows.tolist() == [0, 2, 3]
    assert sure.tolist() == [0.9, 0.7, 0.6]


@pytest.mark.parametrize("shape", [(2, 2), None])
@pytest.mark.parametrize("truth", [[1, 1, 0, 1], [0, 1, 1, 0], [1, 1, 1, 0]])
def test_mistakes_as_images_or_bars(tmp_path, shape, truth):
    X = rng.integers(0, 255, (4, 4)).astype(np.uint8)
    figure = mistakes_figure(X, np.array(truth), OUTPUTS, SAID, ODD[:2], shape)
    wrong = int((truth != SAID).sum())
    heading = {0: "No mistake in 4", 1: "The only mistake in 4", 3: "All 3 mistakes in 4"}[wrong]
    assert any(w.startswith(heading) for w in words(figure))
    saved(figure, tmp_path)


def test_one_output_for_two_classes():
    outputs = np.array([[0.9], [0.2]])
    rows, sure = most_confident(outputs, np.array([0, 1]), np.array([1, 0]))
    assert (rows.tolist(), sure.tolist()) == ([0, 1], [0.9, 0.8])


def test_more_mistakes_than_fit():
    n = 50
    outputs = np.tile([0.8, 0.2], (n, 1))
    figure = mistakes_figure(
        np.zeros((n, 4)), np.ones(n, int), outputs, np.zeros(n, int), "ab", (2, 2)
    )
    assert "The 18 surest of 50 mistakes in 50 test samples" in words(figure)


# ------------------------------------------------------------------------------- records, values


def test_a_record_shows_every_layer(trained, tmp_path):
    _, history = trained
    figure = plot(history.record)
    assert titles(figure)[0] == "Spread of the outputs"
    said = words(figure)
    assert {"layer 1 (relu)", "layer 2 (relu)", "layer 3 (softmax)"} <= set(said)
    saved(figure, tmp_path)


@pytest.mark.parametrize("k", [1, 4, 9])
def test_values(tmp_path, k):
    y = rng.normal(size=(30, k)) * 1e6
    figure = values_figure(y[:, 0] if k == 1 else y, y + 1e3, 0.5)
    assert sum(axes.get_visible() for axes in figure.axes) == min(k, 6)
    assert any("R² 0.500 on 30" in w for w in words(figure))
    saved(figure, tmp_path)


def test_values_that_are_all_the_same(tmp_path):
    saved(values_figure(np.ones(5), np.ones((5, 1)), 1.0), tmp_path)


def test_no_picture_of_other_things():
    with pytest.raises(InvalidInputError, match="allowed: History, RunRecord, Network"):
        plot([1, 2, 3])
    assert plots_module.PICTURES.keys() >= {History}


def test_pictures_are_the_same_bytes_every_time(make_history, tmp_path):
    assert saved(plot(make_history()), tmp_path) == saved(plot(make_history()), tmp_path)
