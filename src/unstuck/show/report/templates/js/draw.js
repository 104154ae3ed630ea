// "Draw a digit": puts paper, preparation and network together, and shows what comes of it: the
// prepared picture, an answer for each class, and every unit of every layer, as the pen moves.
"use strict";

(function () {
  const { el } = unstuck;
  const { namesOf, bars, sentence, groups, layerMap, coloursOf } = unstuck.shown;
  const PAGE = 14; // samples in the strip at a time
  const LOOKED_AT = 40; // samples that say how strongly a layer can answer

  // ------------------------------------------------------------------ samples, unpacked

  async function unpack(samples) {
    if (!samples) return null;
    const bytes = await unstuck.bytes(samples.pixels, true);
    const wide = samples.dtype === "float32";
    const pixels = wide ? new Float32Array(bytes.buffer) : bytes;
    const size = samples.height * samples.width;
    return {
      ...samples,
      count: samples.index.length,
      raw: (at) => pixels.subarray(at * size, (at + 1) * size),
    };
  }

  // How much ink each pixel holds, 0..1.
  function shares(raw, target) {
    const span = target.maximum - target.minimum;
    return Array.from(raw, (value) => {
      const share = Math.min(1, Math.max(0, (value - target.minimum) / span));
      return target.ink === "dark" ? 1 - share : share;
    });
  }

  // A picture as everywhere on this page: ink dark on white, whatever the numbers are.
  function paintPicture(canvas, raw, target) {
    const context = canvas.getContext("2d");
    const image = context.createImageData(target.width, target.height);
    const inked = raw ? shares(raw, target) : new Array(target.width * target.height).fill(0);
    inked.forEach((share, i) => {
      const grey = 255 * (1 - share);
      image.data.set([grey, grey, grey, 255], 4 * i);
    });
    context.putImageData(image, 0, 0);
  }

  // ------------------------------------------------------------------ the strip of samples

  function described(samples, at, names) {
    const name = (k) => (names && names[k] !== undefined ? names[k] : unstuck.number(Number(k)));
    const truth = name(samples.truth[at]);
    if (!samples.guess) return truth;
    const guess = name(samples.guess[at]);
    return guess === truth ? truth : `${truth}, taken for ${guess}`;
  }

  function strip(root, samples, target, names, load) {
    const holder = root.querySelector(".draw-samples");
    const where = root.querySelector(".draw-where");
    // In the order of the data set: among the embedded ones the mistakes come first.
    const order = Array.from(samples.index.keys()).sort((a, b) => samples.index[a] - samples.index[b]);
    let start = 0; // a place in that order
    let chosen = -1;

    function thumbnail(at) {
      const canvas = el("canvas", { width: target.width, height: target.height });
      paintPicture(canvas, samples.raw(at), target);
      const label = described(samples, at, names);
      const wrong = samples.guess && samples.guess[at] !== samples.truth[at];
      const attributes = {
        type: "button",
        class: wrong ? "wrong" : "",
        title: label,
        "aria-label": `Load sample ${samples.index[at]}: ${label}`,
        "aria-pressed": String(at === chosen),
        "data-at": at,
        onclick: () => load(at),
      };
      return el("button", attributes, canvas);
    }

    function show() {
      const end = Math.min(start + PAGE, samples.count);
      where.textContent = `${start + 1} to ${end} of ${samples.count}`;
      holder.replaceChildren(...order.slice(start, end).map(thumbnail));
    }

    function turn(by) {
      const pages = Math.ceil(samples.count / PAGE);
      start = ((start / PAGE + by + pages) % pages) * PAGE;
      show();
    }

    root.querySelector(".draw-previous").addEventListener("click", () => turn(-1));
    root.querySelector(".draw-next").addEventListener("click", () => turn(1));
    show();
    return function (at) {
      chosen = at;
      const page = Math.floor(Math.max(order.indexOf(at), 0) / PAGE) * PAGE;
      if (at >= 0 && page !== start) {
        start = page;
        show();
      }
      for (const button of holder.children) {
        button.setAttribute("aria-pressed", String(Number(button.dataset.at) === at));
      }
    };
  }

  // ------------------------------------------------------------------ all of it

  unstuck.sections.draw = async function (root, target, all) {
    if (!target || !all.network) return;
    const find = (name) => root.querySelector(`.draw-${name}`);
    const network = unstuck.network.load(all.network);
    const samples = await unpack(all.samples);
    const names = namesOf(all.network);
    const said = find("said"), how = find("how"), picture = find("picture");
    const showBars = bars(find("bars"), names, all.network);
    const layers = groups(all.network.layers);
    const maps = layers.map((group, i) => layerMap(group, i + 1, layers.length));
    find("layers").replaceChildren(...maps.map((map) => map.figure));

    let colours = coloursOf(root);
    let act; // what was done last on the paper
    let result = null;
    let asked = false;

    function look() {
      asked = false;
      const loaded = act?.kind === "picture" ? act : null;
      how.textContent = loaded ? loaded.words : how.dataset.drawn;
      if (mark) mark(loaded ? loaded.at : -1);
      const raw = loaded ? loaded.raw
        : unstuck.prepare(target.preparation, paper.ink(), target.columns, target.rows, target);
      result = raw ? { raw, ...network.run(raw) } : null;
      root.dataset.answers = result ? JSON.stringify(Array.from(result.answers)) : "";
      show();
    }

    function show() {
      paintPicture(picture, result && result.raw, target);
      showBars(result && result.answers);
      maps.forEach((map, i) => map.show(result && result.values[layers[i].at], colours));
      const words = result ? sentence(result.answers, names, all.network) : "Nothing drawn yet.";
      if (said.textContent !== words) said.textContent = words;
      find("sheet").classList.toggle("draw-empty", result === null);
    }

    // A look a frame at most, however fast the pen is.
    const paper = unstuck.paper(find("paper"), target.pen, (last) => {
      act = last;
      if (!asked) requestAnimationFrame(look);
      asked = true;
    });

    function load(at) {
      const raw = samples.raw(at);
      const words = `sample ${samples.index[at]} as it is in the data set: ${described(samples, at, all.network.class_names)}.`;
      const picture_ = { shares: shares(raw, target), columns: target.width, rows: target.height };
      paper.load({ ...picture_, at, raw, words });
    }

    const mark = samples ? strip(root, samples, target, all.network.class_names, load) : null;
    if (samples) {
      for (let at = 0; at < Math.min(LOOKED_AT, samples.count); at++) {
        const { values } = network.run(samples.raw(at));
        maps.forEach((map, i) => map.learn(values[layers[i].at]));
      }
      document.addEventListener("unstuck:sample", (event) => {
        if (!(event.detail >= 0 && event.detail < samples.count)) return;
        load(Number(event.detail));
        const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
        root.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
      });
    }

    find("undo").addEventListener("click", paper.undo);
    find("clear").addEventListener("click", paper.clear);

    function recolour() {
      colours = coloursOf(root);
      paper.redraw();
      show();
    }
    document.addEventListener("unstuck-theme", recolour);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
    show();
  };
})();
