// "Draw a digit": puts paper, preparation and network together, and shows what comes of it: the
// prepared picture, an answer for each class, and every unit of every layer, as the pen moves.
"use strict";

(function () {
  const { el } = unstuck;
  const MANY = 12; // classes beyond which only the most likely are shown
  const SHOWN = 10;
  const PAGE = 14; // samples in the strip at a time
  const LOOKED_AT = 40; // samples that say how strongly a layer can answer
  const SATURATED = { sigmoid: [0.02, 0.98], tanh: [-0.98, 0.98] };
  const RECTIFIERS = new Set(["relu"]);
  const PROBABLE = new Set(["softmax", "sigmoid"]);

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

  // A picture as it is in the data set: grey, bright for large values.
  function paintPicture(canvas, raw, target) {
    const context = canvas.getContext("2d");
    const image = context.createImageData(target.width, target.height);
    const span = target.maximum - target.minimum;
    for (let i = 0; i < target.width * target.height; i++) {
      const grey = raw ? (255 * (raw[i] - target.minimum)) / span : 0;
      image.data.set([grey, grey, grey, 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
  }

  // ------------------------------------------------------------------ what it says

  // A probability: 98.2 %, and never 100 % of what is merely very likely.
  function percent(p) {
    if (p > 0.9995 && p < 1) return "> 99.9 %";
    return `${(100 * p).toFixed(1)} %`;
  }

  function namesOf(network) {
    const last = network.layers.filter((layer) => layer.kind === "dense").pop();
    const count = last ? last.n_out : 1;
    return network.class_names || Array.from({ length: count }, (_, k) => `output ${k + 1}`);
  }

  function bars(list, names, probable) {
    const many = names.length > MANY;
    const rows = names.slice(0, many ? SHOWN : names.length).map(() => {
      const row = { name: el("span", { class: "name" }), bar: el("div", { class: "bar" }) };
      row.value = el("span", { class: "value" });
      row.item = el("li", {}, row.name, el("div", { class: "track" }, row.bar), row.value);
      return row;
    });
    list.replaceChildren(...rows.map((row) => row.item));

    return function (answers) {
      let order = names.map((_, k) => k);
      if (many && answers) order.sort((a, b) => answers[b] - answers[a]);
      const most = answers ? answers.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1 : 1;
      const best = answers ? answers.indexOf(answers.reduce((a, b) => Math.max(a, b), -Infinity)) : -1;
      rows.forEach((row, i) => {
        const k = order[i];
        const value = answers ? answers[k] : 0;
        const share = probable ? value : Math.abs(value) / most;
        row.name.textContent = names[k];
        row.name.title = names[k];
        row.bar.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
        row.value.textContent = answers ? (probable ? percent(value) : unstuck.number(value)) : "";
        row.item.classList.toggle("best", k === best);
      });
    };
  }

  // One sentence for the answers, an array of one number a class.
  function sentence(answers, names, network) {
    if (network.task === "regression") {
      return `It says ${Array.from(answers, unstuck.number).join(", ")}.`;
    }
    if (network.task === "multilabel") {
      const held = names.filter((_, k) => answers[k] > 0.5);
      return held.length ? `It says: ${held.join(", ")}.` : "It says: none of them.";
    }
    const order = names.map((_, k) => k).sort((a, b) => answers[b] - answers[a]);
    const [first, second] = order;
    if (!PROBABLE.has(network.output)) return `It says ${names[first]}.`;
    const sure = (k) => `${names[k]} (${percent(answers[k])})`;
    if (answers[first] < 0.6 && second !== undefined) {
      return `It is not sure: ${sure(first)} or ${sure(second)}.`;
    }
    return `It says ${sure(first)}.`;
  }

  // ------------------------------------------------------------------ layer by layer

  // A dense map and what follows it until the next one is one layer to a reader.
  function groups(layers) {
    const found = [];
    layers.forEach((layer, at) => {
      if (layer.kind === "dense" || found.length === 0) found.push({ words: [] });
      const group = found[found.length - 1];
      group.at = at;
      if (layer.kind === "affine") group.words.push("batch norm");
      if (layer.kind === "activation") group.words.push(layer.name.replace("_", " "));
      if (layer.kind === "activation") group.activation = layer.name;
      if (layer.kind === "dense") group.units = layer.n_out;
    });
    return found.filter((group) => group.units);
  }

  function stateOf(group, values) {
    const of = `of ${values.length}`;
    if (RECTIFIERS.has(group.activation)) return `${values.filter((v) => v > 0).length} ${of} on`;
    const ends = SATURATED[group.activation];
    if (ends) return `${values.filter((v) => v < ends[0] || v > ends[1]).length} ${of} saturated`;
    const most = values.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
    return `strongest ${unstuck.number(most)}`;
  }

  function layerMap(group, number, total) {
    const columns = group.units <= 16 ? group.units : Math.ceil(Math.sqrt(group.units * 2));
    const rows = Math.ceil(group.units / columns);
    const cell = Math.max(2, Math.min(14, Math.floor(240 / columns)));
    const canvas = el("canvas", { width: columns * cell, height: rows * cell, role: "img" });
    const title = number === total ? "Output" : `Layer ${number}`;
    const kind = [`${group.units} units`, ...group.words].join(", ");
    const state = el("span", {});
    const caption = el("figcaption", {}, el("strong", {}, title), ` ${kind}`, el("br", {}), state);
    let values = null;
    let limit = 1e-12;

    canvas.addEventListener("pointermove", (event) => {
      const seen = canvas.getBoundingClientRect();
      const column = Math.floor(((event.clientX - seen.left) / seen.width) * columns);
      const unit = Math.floor(((event.clientY - seen.top) / seen.height) * rows) * columns + column;
      if (!values || unit < 0 || unit >= values.length) return unstuck.tip.hide();
      unstuck.tip.show(event.clientX, event.clientY, [`unit ${unit + 1}: ${unstuck.number(values[unit])}`]);
    });
    canvas.addEventListener("pointerleave", () => unstuck.tip.hide());

    return {
      figure: el("figure", {}, caption, canvas),
      learn(seen) {
        limit = seen.reduce((a, v) => Math.max(a, Math.abs(v)), limit);
      },
      show(now, colours) {
        values = now;
        if (now) this.learn(now);
        state.textContent = now ? stateOf(group, now) : "no input yet";
        canvas.setAttribute("aria-label", `${title}, ${kind}: ${state.textContent}`);
        const context = canvas.getContext("2d");
        context.clearRect(0, 0, canvas.width, canvas.height);
        const gap = cell > 4 ? 1 : 0;
        for (let k = 0; k < group.units; k++) {
          const x = (k % columns) * cell, y = Math.floor(k / columns) * cell;
          const value = now ? now[k] : 0;
          context.globalAlpha = 1;
          context.fillStyle = colours.empty;
          context.fillRect(x, y, cell - gap, cell - gap);
          context.globalAlpha = Math.min(1, Math.abs(value) / limit) ** 0.7; // weak ones still seen
          context.fillStyle = value < 0 ? colours.negative : colours.positive;
          context.fillRect(x, y, cell - gap, cell - gap);
        }
      },
    };
  }

  function coloursOf(root) {
    const style = getComputedStyle(root);
    const named = (name) => style.getPropertyValue(name).trim();
    return { empty: named("--faint"), positive: named("--blue"), negative: named("--orange") };
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
    let start = 0;
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
        "aria-label": `Load sample ${at + 1}: ${label}`,
        "aria-pressed": String(at === chosen),
        "data-at": at,
        onclick: () => load(at),
      };
      return el("button", attributes, canvas);
    }

    function show() {
      const end = Math.min(start + PAGE, samples.count);
      where.textContent = `${start + 1} to ${end} of ${samples.count}`;
      holder.replaceChildren(...Array.from({ length: end - start }, (_, i) => thumbnail(start + i)));
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
      const page = Math.floor(Math.max(at, 0) / PAGE) * PAGE;
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
    const showBars = bars(find("bars"), names, PROBABLE.has(all.network.output));
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
