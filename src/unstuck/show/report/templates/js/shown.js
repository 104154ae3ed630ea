// What a network answers, for the eye: a bar for each class, a sentence, and a small map of the units
// of each layer. Each part is made once and shown again and again, a frame at a time.
"use strict";

(function () {
  const { el } = unstuck;
  const MANY = 12; // classes beyond which only the most likely are shown
  const SHOWN = 10;
  const BOUNDED = new Set(["softmax", "sigmoid", "tanh"]); // never beyond 1
  const SATURATED = { sigmoid: [0.02, 0.98], tanh: [-0.98, 0.98] };
  const RECTIFIERS = new Set(["relu"]);
  const PROBABLE = new Set(["softmax", "sigmoid"]);

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

  function bars(list, names, network) {
    const probable = PROBABLE.has(network.output);
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
    const kind = [`${group.units} ${group.units === 1 ? "unit" : "units"}`, ...group.words].join(", ");
    const state = el("span", {});
    const caption = el("figcaption", {}, el("strong", {}, title), ` ${kind}`, el("br", {}), state);
    let values = null;
    let limit = BOUNDED.has(group.activation) ? 1 : 1e-12; // what is painted in full colour

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

  unstuck.shown = { namesOf, bars, sentence, groups, layerMap, coloursOf };
})();
