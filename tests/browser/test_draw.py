"""Drawing in the page: what is drawn is prepared as the data set was, and recognised.

Test images are thinned to lines, and the lines are drawn again with the page's own pen. What is
recognised then says how good the pen and the preparation are, since the shapes are the same.
"""

import dataclasses
import json

import numpy as np
import pytest
from tests.browser.drawing import REPLAY, contents_of, in_the_middle, write_page
from tests.browser.skeletons import strokes_of

import unstuck
from unstuck.data.load import load
from unstuck.training.runs import Run

DRAWINGS = 200
RECOGNISED = 0.85
ON_PAPER = {"mnist": 1.0, "digits": 0.72}  # a digit covers 70 % of the paper's height, as by hand


@pytest.fixture(scope="session")
def mnist_run(tmp_path_factory):
    """784-128-128-10 as `unstuck train mnist` makes it, 98 % right after 6 epochs."""
    from click.testing import CliRunner

    from unstuck.app.cli import cli

    folder = tmp_path_factory.mktemp("runs") / "mnist"
    words = ["train", "mnist", "--hidden", "128,128", "--epochs", "6", "--seed", "0"]
    done = CliRunner().invoke(cli, [*words, "--out", str(folder)])
    assert done.exit_code == 0, done.output
    return Run.load(folder)


@pytest.fixture(scope="session")
def digits_network():
    """64-64-10 on the digits, 97 % right."""
    data = load("digits")
    network = unstuck.Network.mlp(
        [64, 64, 10],
        scaling=unstuck.InputScaling.fit(data.X_train),
        image_shape=(8, 8),
        class_names=data.class_names,
        random_state=0,
    )
    unstuck.Trainer(network, "adam", batch_size=32, epochs=30, random_state=0).fit(
        data.X_train, data.y_train
    )
    return network


def page_of(network, name, path):
    """A page with the test images of a data set, and those images."""
    data = load(name)
    X, y = data.X_test[:700], data.y_test[:700]
    return write_page(path / "page.html", contents_of(network, X, y, name, data.image_shape)), X, y


def drawings_of(X, name, **place):
    side = round(X.shape[1] ** 0.5)
    place = {"share": ON_PAPER[name], **place}
    return [in_the_middle(strokes_of(x.reshape(side, side) / X.max()), **place) for x in X]


def opened(window, address):
    window.goto(address)
    window.wait_for_selector("html[data-ready]")
    return window


def answers(window):
    window.wait_for_timeout(60)  # some frames
    return json.loads(window.locator("#draw").get_attribute("data-answers") or "null")


# ------------------------------------------------------------------ recognised


@pytest.mark.mnist
def test_200_thinned_mnist_images_are_recognised(mnist_run, window, tmp_path):
    network = mnist_run.network
    assert mnist_run.results["test_accuracy"] >= 0.98
    address, X, y = page_of(network, "mnist", tmp_path)
    rows = np.random.default_rng(0).permutation(len(X))[:DRAWINGS]
    drawings = drawings_of(X[rows], "mnist")

    said = np.argmax(opened(window, address).evaluate(REPLAY, drawings), axis=1)

    assert np.mean(said == y[rows]) >= RECOGNISED  # measured: 0.965


@pytest.mark.mnist
def test_what_is_not_prepared_is_not_recognised(mnist_run, window, tmp_path):
    """The tester is tested: small digits in a corner, with and without their preparation."""
    address, X, y = page_of(mnist_run.network, "mnist", tmp_path)
    drawings = drawings_of(X[:60], "mnist", share=0.5, middle=(0.3, 0.3))
    opened(window, address)

    prepared = np.argmax(window.evaluate(REPLAY, drawings), axis=1)
    window.evaluate("unstuck.data.draw.preparation = 'plain'")
    as_it_is = np.argmax(window.evaluate(REPLAY, drawings), axis=1)

    assert np.mean(prepared == y[:60]) >= RECOGNISED
    assert np.mean(as_it_is == y[:60]) < 0.5


def test_200_thinned_digits_are_recognised(digits_network, window, tmp_path):
    address, X, y = page_of(digits_network, "digits", tmp_path)
    rows = np.random.default_rng(0).permutation(len(X))[:DRAWINGS]
    assert np.mean(digits_network.predict(X[rows]) == y[rows]) >= 0.97
    drawings = drawings_of(X[rows], "digits")

    said = np.argmax(opened(window, address).evaluate(REPLAY, drawings), axis=1)

    assert np.mean(said == y[rows]) >= RECOGNISED  # measured: 0.92


def test_the_mouse_draws_what_the_replay_draws(digits_network, window, tmp_path):
    address, X, _ = page_of(digits_network, "digits", tmp_path)
    drawings = drawings_of(X[:2], "digits")
    replayed = opened(window, address).evaluate(REPLAY, drawings)

    for drawing, wanted in zip(drawings, replayed, strict=True):
        window.locator(".draw-clear").click()
        draw(window, drawing)
        assert answers(window) == pytest.approx(wanted, abs=0.02)


def draw(window, drawing):
    """With real mouse events."""
    seen = window.locator(".draw-paper").bounding_box()
    places = [
        [
            (seen["x"] + 2 + x * (seen["width"] - 4), seen["y"] + 2 + y * (seen["height"] - 4))
            for x, y in line
        ]
        for line in drawing
    ]  # 2: the border
    for line in places:
        window.mouse.move(*line[0])
        window.mouse.down()
        for place in line[1:]:
            window.mouse.move(*place)
        window.mouse.up()


# ------------------------------------------------------------------ prepared, by hand

PREPARE = """
([how, left, top, width, height, target]) => {
  const side = 448, ink = new Float32Array(side * side);
  for (let y = top; y < top + height; y++) ink.fill(1, y * side + left, y * side + left + width);
  const found = unstuck.prepare(how, ink, side, side, target);
  return found && Array.from(found);
}
"""
MNIST = {"height": 28, "width": 28, "minimum": 0, "maximum": 255, "ink": "bright", "whole": True}
DIGITS = {"height": 8, "width": 8, "minimum": 0, "maximum": 16, "ink": "bright", "whole": True}


@pytest.fixture
def prepare(digits_network, window, tmp_path):
    """prepare(how, left, top, width, height, target): a black rectangle, prepared."""
    opened(window, page_of(digits_network, "digits", tmp_path)[0])

    def run(*words):
        found = window.evaluate(PREPARE, list(words))
        return found and np.reshape(found, (words[-1]["height"], words[-1]["width"]))

    return run


def test_mnist_box_and_centre_of_mass(prepare):
    found = prepare("mnist", 40, 10, 100, 200, MNIST)

    wanted = np.zeros((28, 28))
    wanted[5:25, 10:20] = 255  # 20 high and, with its shape kept, 10 wide; middle at 15, 15
    assert np.array_equal(found, wanted)


def test_mnist_is_grey_where_a_pixel_is_covered_in_part(prepare):
    found = prepare("mnist", 40, 10, 110, 200, MNIST)  # 11 of 20 columns: the box begins at 4.5

    assert sorted(set(found.ravel().tolist())) == [0, 128, 255]
    assert (found[14] > 0).sum() == 12


def test_mnist_is_centred_by_mass_not_by_box(prepare, window):
    found = window.evaluate(
        """(target) => {
          const side = 448, ink = new Float32Array(side * side);
          for (let y = 0; y < 200; y++) ink.fill(1, y * side, y * side + (y < 180 ? 60 : 140));
          return Array.from(unstuck.prepare("mnist", ink, side, side, target));
        }""",
        MNIST,
    )
    found = np.reshape(found, (28, 28))
    rows, columns = np.nonzero(found)
    assert (np.ptp(rows), np.ptp(columns)) == (19, 13)
    for axis in (0, 1):  # every image of the data set: within half a pixel of 14
        assert abs(found.sum(axis=1 - axis) @ np.arange(28) / found.sum() - 14) <= 0.5
    assert (rows.min(), columns.min()) == (3, 11)  # by its box: 4 and 7; it is heavy below and left


def test_digits_are_stretched_evened_out_and_counted(prepare):
    """A bar becomes 20 x 32 black pixels, 640, too many: two pixels go on every side."""
    found = prepare("digits", 300, 10, 30, 200, DIGITS)

    edge = [0, 0, 8, 8, 8, 8, 0, 0]
    inner = [0, 0, 16, 16, 16, 16, 0, 0]
    assert found.tolist() == [edge, *[inner] * 6, edge]


def test_digits_are_straightened(prepare, window):
    found = window.evaluate(
        """(target) => {
          const side = 448, ink = new Float32Array(side * side);
          for (let y = 0; y < 320; y++) {
            const left = 100 + Math.round((320 - y) / 4);
            ink.fill(1, y * side + left, y * side + left + 40);
          }
          return Array.from(unstuck.prepare("digits", ink, side, side, target));
        }""",
        DIGITS,
    )
    found = np.reshape(found, (8, 8))
    middles = (found @ np.arange(8)) / found.sum(axis=1)
    assert np.ptp(middles[1:-1]) < 0.2  # upright; the slanted bar itself: 2.7
    assert found.max() == 16


def test_dark_ink_and_other_sizes(prepare):
    target = {**MNIST, "height": 14, "width": 14, "minimum": -1, "maximum": 1, "whole": False}
    found = prepare("plain", 0, 0, 224, 448, {**target, "ink": "dark"})
    assert np.array_equal(found, np.repeat([[-1.0, 1.0]], 14, axis=0).repeat(7, axis=1))


@pytest.mark.parametrize("how", ["mnist", "digits", "plain"])
def test_no_ink_is_no_picture(how, prepare):
    assert prepare(how, 0, 0, 0, 0, MNIST if how == "mnist" else DIGITS) is None


# ------------------------------------------------------------------ at the page


@pytest.fixture
def drawn(digits_network, window, tmp_path):
    """A page with a zero on its paper."""
    opened(window, page_of(digits_network, "digits", tmp_path)[0])
    window.locator(".draw-paper").scroll_into_view_if_needed()
    circle = np.linspace(-np.pi / 2, 1.5 * np.pi, 40)
    draw(window, [np.stack([0.5 + 0.18 * np.cos(circle), 0.5 + 0.32 * np.sin(circle)], 1).tolist()])
    return window


def test_bars_picture_and_layers_follow_the_pen(drawn):
    assert np.argmax(answers(drawn)) == 0
    assert drawn.locator(".draw-said").text_content().startswith("It says 0 (")
    assert drawn.locator(".draw-bars .best .name").text_content() == "0"
    layers = drawn.locator(".draw-layers figcaption").all_text_contents()
    assert [text.split(" units")[0] for text in layers] == ["Layer 1 64", "Output 10"]
    pixels = drawn.evaluate(
        """() => Array.from(document.querySelector(".draw-picture").getContext("2d")
             .getImageData(0, 0, 8, 8).data).filter((_, i) => i % 4 === 0)"""
    )
    assert 10 < 64 - sum(pixels) / 255 < 25  # full pixels of ink: 19 in the data set


def test_undo_takes_back_and_clear_can_be_taken_back(drawn):
    before = answers(drawn)
    draw(drawn, [[(0.2, 0.5), (0.8, 0.5)]])
    assert answers(drawn) != before

    drawn.locator(".draw-undo").click()
    assert answers(drawn) == before

    drawn.locator(".draw-clear").click()
    assert answers(drawn) is None
    assert drawn.locator(".draw-said").text_content() == "Nothing drawn yet."

    drawn.locator(".draw-undo").click()
    assert answers(drawn) == before


def test_a_sample_is_loaded_as_it_is(drawn, digits_network):
    data = load("digits")
    drawn.locator(".draw-samples button").nth(3).click()

    assert answers(drawn) == pytest.approx(digits_network.forward(data.X_test[3:4])[0], abs=1e-4)
    assert drawn.locator(".draw-samples [aria-pressed=true]").get_attribute("data-at") == "3"
    assert "sample 3 as it is" in drawn.locator(".draw-how").text_content()

    draw(drawn, [[(0.5, 0.2), (0.5, 0.8)]])  # a new drawing takes its place
    assert drawn.locator(".draw-samples [aria-pressed=true]").count() == 0


def test_other_sections_can_load_a_sample(drawn, digits_network):
    data = load("digits")
    drawn.evaluate("document.dispatchEvent(new CustomEvent('unstuck:sample', { detail: 100 }))")

    assert answers(drawn) == pytest.approx(
        digits_network.forward(data.X_test[100:101])[0], abs=1e-4
    )
    assert drawn.locator(".draw-samples [data-at='100']").get_attribute("aria-pressed") == "true"


def test_samples_are_turned_over_like_pages(drawn):
    def shown():
        return drawn.locator(".draw-samples button").first.get_attribute("data-at")

    assert shown() == "0"
    drawn.locator(".draw-next").click()
    assert shown() == "14"
    drawn.locator(".draw-previous").click()
    drawn.locator(".draw-previous").click()
    assert drawn.locator(".draw-where").text_content() == "449 to 449 of 449"


def test_the_keyboard_draws_too(drawn):
    drawn.locator(".draw-clear").click()
    drawn.locator(".draw-paper").focus()
    for key in ["Shift+ArrowUp"] * 2 + [" "] + ["Shift+ArrowDown"] * 5 + [" "]:
        drawn.keyboard.press("Space" if key == " " else key)
    upright = answers(drawn)
    assert upright is not None

    drawn.keyboard.press("Control+z")
    assert answers(drawn) is None

    drawn.keyboard.press("Tab")
    assert drawn.evaluate("document.activeElement.className") == "draw-undo"


def test_a_finger_draws_and_does_not_scroll(digits_network, browser, tmp_path):
    address, _, _ = page_of(digits_network, "digits", tmp_path)
    phone = {"width": 360, "height": 700}
    context = browser.new_context(viewport=phone, has_touch=True, color_scheme="dark")
    window = opened(context.new_page(), address)
    window.locator(".draw-paper").scroll_into_view_if_needed()
    seen = window.locator(".draw-paper").bounding_box()
    where = window.evaluate("scrollY")
    client = context.new_cdp_session(window)

    def touch(kind, *points):
        points = [{"x": seen["x"] + x, "y": seen["y"] + y} for x, y in points]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (100, 40))
    for y in range(50, 220, 10):
        touch("touchMove", (100, y))
    touch("touchEnd")

    assert answers(window) is not None
    assert window.evaluate("scrollY") == where
    assert window.evaluate("document.documentElement.scrollWidth") == 360
    context.close()


def test_without_samples_there_is_still_paper(digits_network, window, tmp_path):
    data = load("digits")
    contents = contents_of(digits_network, data.X_test, data.y_test)
    contents = dataclasses.replace(contents, samples=None)
    opened(window, write_page(tmp_path / "page.html", contents))

    draw(window, [[(0.5, 0.2), (0.5, 0.8)]])

    assert answers(window) is not None
    assert window.locator(".draw-samples").count() == 0


def test_samples_come_in_the_order_of_the_data_set(digits_network, window, tmp_path):
    """Among the embedded ones the mistakes come first, which is no order for looking through."""
    data = load("digits")
    contents = contents_of(digits_network, data.X_test[:20], data.y_test[:20])
    rows = np.random.default_rng(0).permutation(20) * 10
    samples = dataclasses.replace(contents.samples, index=rows)
    contents = dataclasses.replace(contents, samples=samples)
    opened(window, write_page(tmp_path / "page.html", contents))

    shown = window.locator(".draw-samples button")

    labels = [text.split(":")[0] for text in shown.evaluate_all("all => all.map(b => b.ariaLabel)")]
    assert labels == [f"Load sample {row}" for row in range(0, 140, 10)]
    assert shown.first.get_attribute("data-at") == str(int(np.flatnonzero(rows == 0)[0]))
