// Layers over time as a heat map, the painter for charts.js where there are too many layers for one
// line each: a row is a layer, a column a moment, and a signal that vanishes or explodes from layer
// to layer is a run through the whole scale of colours from top to bottom.
"use strict";

(function () {
  const STOPS = [
    [68, 1, 84],
    [59, 82, 139],
    [33, 145, 140],
    [94, 201, 98],
    [253, 231, 37],
  ]; // viridis: even steps to every eye, on light and on dark
  const ZERO = [140, 140, 140];

  /** names and values of the layers, first to last; how: {log, percent, floor}. */
  function heat(names, values, how) {
    const range = colourRange(values, how);
    const painter = { names, values, how, range, layer: 0 };
    painter.axis = (first, last, bottom, top, width) => axis(painter, bottom, top, width);
    painter.draw = (layer, view) => draw(painter, layer, view);
    painter.rows = (index) => rows(painter, index);
    painter.dots = () => [];
    painter.said = () => said(painter);
    painter.pressed = pressed;
    return painter;
  }

  function measure(v, log) {
    return log ? Math.log10(v) : v;
  }

  /** The ends of the colour scale. At least `floor` decades on a logarithmic one, so that layers
      which are nearly alike look alike. */
  function colourRange(values, how) {
    const e = unstuck.scales.extent(values);
    const log = how.log && e.high > 0;
    if (how.percent && !log) return { low: 0, high: 1, log, zeros: e.zeros };
    let low = log ? Math.log10(e.least) : e.low;
    let high = log ? Math.log10(e.high) : e.high;
    if (!e.count) [low, high] = [0, 1];
    const least = log ? how.floor || 3 : Math.abs(high) * 0.05 || 1;
    if (high - low < least) {
      const middle = (low + high) / 2;
      [low, high] = [middle - least / 2, middle + least / 2];
    }
    return { low, high, log, zeros: e.zeros };
  }

  /** 256 steps between the stops, once: a picture asks for 100 000 colours. */
  const TABLE = Array.from({ length: 256 }, (_, k) => {
    const place = (k / 255) * (STOPS.length - 1);
    const i = Math.min(STOPS.length - 2, Math.floor(place));
    return STOPS[i].map((a, c) => Math.round(a + (STOPS[i + 1][c] - a) * (place - i)));
  });

  function colour(v, range) {
    if (v === null || v === undefined || !Number.isFinite(v)) return null;
    if (range.log && v <= 0) return ZERO;
    const share = (measure(v, range.log) - range.low) / (range.high - range.low);
    return TABLE[Math.round(255 * Math.max(0, Math.min(1, share)))];
  }

  function axis({ names }, bottom, top, width) {
    const high = (bottom - top) / names.length;
    const every = Math.max(1, Math.ceil(15 / high));
    const most = width < 420 ? 9 : 16;
    const ticks = [];
    for (let i = 0; i < names.length; i += every) {
      const name = names[i];
      const text = name.length > most ? `${name.slice(0, most - 1)}…` : name;
      ticks.push({ value: i, text });
    }
    return { at: (i) => top + high * (i + 0.5), ticks, bare: true, high, top };
  }

  /** The picture is painted pixel by pixel on a canvas: 50 layers by 2000 moments are one image, not
      100 000 elements. A column of pixels shows the moment that lies nearest to it, since moments
      need not be evenly spaced. */
  function draw(painter, layer, view) {
    const { first, last, values, x, box } = view;
    if (last < first || !values.length) return;
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(box.right - box.left));
    canvas.height = painter.names.length;
    const context = canvas.getContext("2d");
    const image = context.createImageData(canvas.width, canvas.height);
    const step = (box.right - box.left) / canvas.width;
    for (let i = 0; i < canvas.width; i += 1) {
      const moment = unstuck.scales.nearest(values, x.invert(box.left + step * (i + 0.5)));
      for (let j = 0; j < canvas.height; j += 1) {
        const c = colour(painter.values[j][moment], painter.range);
        if (c) put(image.data, 4 * (j * canvas.width + i), c);
      }
    }
    context.putImageData(image, 0, 0);
    const place = { x: box.left, width: box.right - box.left, y: box.top };
    const how = { preserveAspectRatio: "none", class: "chart-heat", href: canvas.toDataURL() };
    layer.append(unstuck.svg("image", { ...place, height: box.bottom - box.top, ...how }));
  }

  function put(data, at, c) {
    data[at] = c[0];
    data[at + 1] = c[1];
    data[at + 2] = c[2];
    data[at + 3] = 255;
  }

  function pointed(painter, made) {
    const { box, y } = made.view;
    if (made.pointer === undefined) return painter.layer;
    const row = Math.floor((Math.min(made.pointer, box.bottom - 1) - y.top) / y.high);
    return Math.max(0, Math.min(painter.names.length - 1, row));
  }

  /** The layer that is pointed at, and the first and the last to compare it with. */
  function rows(painter, index) {
    if (painter.made && painter.made.pointer !== undefined) painter.layer = pointed(painter, painter.made);
    const last = painter.names.length - 1;
    const shown = [...new Set([0, painter.layer, last])].sort((a, b) => a - b);
    return shown.map((i) => {
      const v = painter.values[i][index];
      const c = colour(v, painter.range);
      const text = unstuck.scales.figure(v, painter.how.percent);
      const strong = i === painter.layer;
      return { name: painter.names[i], text, colour: c && `rgb(${c.join(" ")})`, block: true, strong };
    });
  }

  function pressed(made, key) {
    const { painter } = made;
    if (key !== "ArrowDown" && key !== "ArrowUp") return false;
    const next = painter.layer + (key === "ArrowDown" ? 1 : -1);
    painter.layer = Math.max(0, Math.min(painter.names.length - 1, next));
    made.pointer = undefined;
    made.show(made.index === null ? made.view.inner[0] : made.index, { spoken: true });
    return true;
  }

  function said({ names, values, how }) {
    const { figure } = unstuck.scales;
    const end = (list) => [...list].reverse().find((v) => v !== null && Number.isFinite(v));
    const [a, b] = [end(values[0]), end(values[values.length - 1])];
    const both = `${names[0]} ${figure(a, how.percent)}, ${names[names.length - 1]} ${figure(b, how.percent)}`;
    return `Heat map of ${names.length} layers, first to last. At the end: ${both}.`;
  }

  /** The scale of colours with its two ends, and what stands outside of it. */
  function heatLegend({ range, how, values }) {
    const { el } = unstuck;
    const real = (v) => (range.log ? Math.pow(10, v) : v);
    const text = (v) => unstuck.scales.figure(real(v), how.percent);
    const steps = STOPS.map((c) => `rgb(${c.join(" ")})`).join(", ");
    const bar = el("span", { class: "chart-bar", style: `background: linear-gradient(90deg, ${steps})` });
    const items = [el("span", {}, text(range.low)), bar, el("span", {}, text(range.high))];
    const key = (kind, said) => items.push(el("span", { class: `chart-key ${kind}` }), said);
    if (range.log && range.zeros) key("chart-key-zero", "exactly 0");
    if (values.some((list) => list.some((v) => v === null))) key("chart-key-none", "no number");
    return el("p", { class: "chart-scale" }, ...items);
  }

  Object.assign(unstuck, { heat, heatLegend });
})();
