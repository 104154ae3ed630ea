"""What the tests of drawing share: a page around a network, a pen that replays strokes."""

import numpy as np

from unstuck.show.report.contents import Contents, Samples, Statement
from unstuck.show.report.page import page_html

ANSWERS = """
async (count) => {
  const { samples, network } = unstuck.data;
  const bytes = await unstuck.bytes(samples.pixels, true);
  const pixels = samples.dtype === "float32" ? new Float32Array(bytes.buffer) : bytes;
  const size = samples.height * samples.width;
  const inPage = unstuck.network.load(network);
  return Array.from({ length: samples.index.length }, (_, at) => {
    const { answers, outputs, values } = inPage.run(pixels.subarray(at * size, (at + 1) * size));
    return {
      answers: Array.from(answers),
      outputs: Array.from(outputs),
      values: at < count ? values.map((layer) => Array.from(layer)) : [],
    };
  });
}
"""
"""The forward pass of the page on every embedded sample; all layers of the first ``count``."""

REPLAY = """
async (drawings) => {
  const root = document.getElementById("draw");
  const canvas = root.querySelector(".draw-paper");
  canvas.scrollIntoView({ block: "center" });
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  const found = [];
  for (const strokes of drawings) {
    root.querySelector(".draw-clear").click();
    const seen = canvas.getBoundingClientRect(), edge = canvas.clientLeft;
    const fire = (type, [x, y]) => canvas.dispatchEvent(new PointerEvent(type, {
      clientX: seen.left + edge + x * (seen.width - 2 * edge),
      clientY: seen.top + edge + y * (seen.height - 2 * edge),
      pointerId: 1, isPrimary: true, bubbles: true, buttons: 1,
      button: type === "pointermove" ? -1 : 0,
    }));
    for (const line of strokes) {
      fire("pointerdown", line[0]);
      for (const point of line.slice(1)) fire("pointermove", point);
      fire("pointerup", line[line.length - 1]);
    }
    await frame();
    found.push(JSON.parse(root.dataset.answers));
  }
  return found;
}
"""
"""Draws each of the drawings with the page's own pen; the answers to each."""


def contents_of(network, X, y, dataset="digits", image_shape=(8, 8), **parts):
    """What a page shows of a network and some samples; ``parts`` replace parts of it."""
    outputs = network.forward(X)
    guess = network.predict(X)
    samples = Samples(
        part="test",
        total=len(X),
        wrong=int(np.sum(guess != y)),
        said=f"{len(X)} test samples",
        X=X,
        index=np.arange(len(X)),
        truth=y,
        guess=guess,
        outputs=outputs,
        class_names=network.class_names,
        image_shape=image_shape,
    )
    parts = {"dataset": dataset, "network": network, "samples": samples, **parts}
    return Contents("a run", Statement("It learned.", "good"), **parts)


def write_page(path, contents):
    """The page's address, after it was written."""
    path.write_text(page_html(contents), encoding="utf-8")
    return path.as_uri()


def in_the_middle(strokes, share, middle=(0.5, 0.5)):
    """The strokes on that share of the paper, around its middle, as lists."""
    return [(np.array(middle) + (line - 0.5) * share).tolist() for line in strokes]
