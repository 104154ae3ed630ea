// The frame that every chart of the page hangs in: axes, size, cross-hair, tooltip, zoom, the label
// for those who cannot see it. What is drawn inside comes from a painter (lines.js, heat.js), how it
// is pointed at from pointing.js. Charts of a group share their zoom and their cross-hair, for they
// show the same moments.
//
//   unstuck.chart(host, {label, x: {name, values}, height, group}, painter) -> chart
//
// A painter has axis(first, last, bottom, top) -> {at, ticks}, draw(layer, view), rows(index) ->
// [{name, text, colour, dash}], dots(index, view) -> [y], and said() -> text for the label.
"use strict";

(function () {
  const TOP = 8;
  const BOTTOM = 40;
  const RIGHT = 14;
  const CHARACTER = 6.6; // pixels that a character of a tick takes

  function chart(host, spec, painter) {
    const { el } = unstuck;
    const svg = unstuck.svg("svg", { class: "chart-svg", role: "img", tabindex: "0" });
    const tip = el("div", { class: "chart-tip", hidden: "", "aria-hidden": "true" });
    const spoken = el("output", { class: "chart-spoken" });
    const plot = el("div", { class: "chart-plot" }, svg, tip);
    host.append(plot, spoken);
    const made = { svg, tip, plot, spoken, spec, painter, width: 0, zoom: null, index: null, view: null };
    made.group = spec.group || { charts: [] };
    made.group.charts.push(made);
    made.values = spec.x.values;
    made.redraw = () => redraw(made);
    made.show = (index, how) => show(made, index, how);
    made.zoomTo = (range) => zoomTo(made, range);
    unstuck.pointing(made);
    watchWidth(made);
    return made;
  }

  function watchWidth(made) {
    const measure = () => {
      const width = Math.floor(made.plot.clientWidth);
      if (width > 0 && width !== made.width) {
        made.width = width;
        redraw(made);
      }
    };
    new ResizeObserver(measure).observe(made.plot);
    measure();
  }

  /** First and last index that the zoom shows, one more on both sides so that lines run out. */
  function visible(made) {
    const { values, zoom } = made;
    const end = values.length - 1;
    if (!zoom) return { first: 0, last: end, inner: [0, end] };
    let a = unstuck.scales.nearest(values, zoom[0]);
    let b = unstuck.scales.nearest(values, zoom[1]);
    if (values[a] < zoom[0]) a += 1;
    if (values[b] > zoom[1]) b -= 1;
    return { first: Math.max(0, a - 1), last: Math.min(end, b + 1), inner: [a, Math.max(a, b)] };
  }

  function xDomain(made) {
    if (made.zoom) return made.zoom;
    const { values } = made;
    if (!values.length) return [0, 1];
    const [low, high] = [values[0], values[values.length - 1]];
    return low === high ? [low - 0.5, high + 0.5] : [low, high];
  }

  function redraw(made) {
    const { svg, spec, painter, width } = made;
    if (!width) return;
    const height = spec.height || 220;
    const bottom = height - BOTTOM;
    const seen = visible(made);
    const axis = painter.axis(seen.inner[0], seen.inner[1], bottom, TOP, width);
    const widest = Math.max(1, ...axis.ticks.map((t) => t.text.length));
    const left = Math.min(Math.ceil(widest * CHARACTER) + 12, Math.floor(width * 0.4));
    const domain = xDomain(made);
    const whole = made.values.every(Number.isInteger);
    const count = Math.max(2, Math.floor((width - left) / 90));
    const x = unstuck.scales.linear(domain, left, width - RIGHT, { count, whole });
    const box = { left, right: width - RIGHT, top: TOP, bottom };
    made.view = { x, y: axis, box, ...seen, width, height, values: made.values };
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) {
      svg.setAttribute(name, value);
    }
    svg.setAttribute("aria-label", label(made));
    svg.replaceChildren(grid(made.view, spec.x.name), inside(made), overlay(made));
    show(made, made.index, { alone: true });
  }

  function label({ spec, painter, zoom, values }) {
    const { figure } = unstuck.scales;
    const part = zoom ? ` Zoomed to ${spec.x.name} ${figure(zoom[0])} to ${figure(zoom[1])}.` : "";
    const reads = values.length ? " The arrow keys read the numbers, plus and minus zoom." : "";
    return `${spec.label}. ${painter.said()}${part}${reads}`;
  }

  function grid(view, name) {
    const { box, x, y } = view;
    const layer = unstuck.svg("g", { class: "chart-axes" });
    const line = (x1, y1, x2, y2, kind) =>
      layer.append(unstuck.svg("line", { x1, y1, x2, y2, class: kind }));
    const text = (at, across, anchor, said) =>
      layer.append(unstuck.svg("text", { x: at, y: across, "text-anchor": anchor }, said));
    for (const tick of y.ticks) {
      const at = y.at(tick.value);
      if (!y.bare) line(box.left, at, box.right, at, "chart-grid");
      text(box.left - 6, at + 4, "end", tick.text);
    }
    line(box.left, box.bottom, box.right, box.bottom, "chart-base");
    for (const tick of x.ticks) {
      const at = x.at(tick.value);
      line(at, box.bottom, at, box.bottom + 4, "chart-base");
      const anchor = at <= box.left + 8 ? "start" : at >= box.right - 12 ? "end" : "middle";
      text(at, box.bottom + 17, anchor, tick.text);
    }
    text((box.left + box.right) / 2, box.bottom + 34, "middle", name);
    return layer;
  }

  /** An svg within the svg clips what the zoom pushes out, and needs no id for it. */
  function inside(made) {
    const { box } = made.view;
    const [width, height] = [box.right - box.left + 8, box.bottom - box.top + 12];
    const attributes = { x: box.left - 4, y: box.top - 6, width, height };
    attributes.viewBox = `${box.left - 4} ${box.top - 6} ${width} ${height}`;
    const layer = unstuck.svg("svg", { class: "chart-inside", ...attributes });
    made.painter.draw(layer, made.view);
    return layer;
  }

  function overlay(made) {
    made.cross = unstuck.svg("g", { class: "chart-cross" });
    made.marked = unstuck.svg("rect", { class: "chart-marked", visibility: "hidden" });
    const over = unstuck.svg("g", {}, made.marked, made.cross);
    return over;
  }

  /** Shows the numbers at an index (null: none); says them aloud when a key asked for it. */
  function show(made, index, how = {}) {
    made.index = index;
    const { cross, tip, view } = made;
    if (!cross) return;
    cross.replaceChildren();
    if (!how.alone) for (const other of made.group.charts) if (other !== made) follow(other, index);
    if (index === null || index === undefined) {
      tip.hidden = true;
      return;
    }
    drawCross(made, index);
    if (how.quiet) tip.hidden = true;
    else if (!how.alone) fillTip(made, index);
    if (how.spoken) made.spoken.textContent = sentence(made, index);
    if (tip.hidden === false) placeTip(made, view.x.at(made.values[index]));
  }

  function follow(other, index) {
    if (other.values.length) show(other, index, { alone: true, quiet: true });
  }

  function drawCross({ cross, view, painter, values }, index) {
    const { box, x } = view;
    const at = x.at(values[index]);
    if (at < box.left - 1 || at > box.right + 1) return;
    const ends = { x1: at, x2: at, y1: box.top, y2: box.bottom };
    cross.append(unstuck.svg("line", { ...ends, class: "chart-hair" }));
    for (const { y, style } of painter.dots(index, view)) {
      cross.append(unstuck.svg("circle", { cx: at, cy: y, r: 4, style, class: "chart-dot" }));
    }
  }

  function head(made, index) {
    return `${made.spec.x.name} ${unstuck.scales.figure(made.values[index])}`;
  }

  function sentence(made, index) {
    const rows = made.painter.rows(index).map((row) => `${row.name} ${row.text}`);
    return `${head(made, index)}: ${rows.join(", ")}`;
  }

  function fillTip(made, index) {
    const { el } = unstuck;
    const rows = made.painter.rows(index).map((row) =>
      el(
        "div",
        { class: row.strong ? "chart-row chart-strong" : "chart-row" },
        unstuck.swatch(row),
        el("span", { class: "chart-name" }, row.name),
        el("span", { class: "chart-number" }, row.text),
      ),
    );
    made.tip.replaceChildren(el("div", { class: "chart-tip-head" }, head(made, index)), ...rows);
    made.tip.hidden = false;
  }

  /** Beside the cross-hair, on the side that has room. */
  function placeTip({ tip, view }, at) {
    const room = view.width - at;
    const wide = tip.offsetWidth + 14;
    const left = room > wide ? at + 14 : Math.max(0, at - wide);
    tip.style.left = `${Math.min(left, Math.max(0, view.width - tip.offsetWidth))}px`;
    tip.style.top = `${TOP}px`;
  }

  /** Zooms all charts of the group to [low, high], or out to the whole run with null. */
  function zoomTo(made, range) {
    for (const one of made.group.charts) {
      one.zoom = range;
      redraw(one);
    }
    if (made.group.zoomed) made.group.zoomed(range !== null);
  }

  /** A short piece of the line, as it is drawn. */
  function swatch({ colour, dash, block }) {
    if (!colour) return unstuck.el("span", { class: "chart-swatch" });
    const picture = unstuck.svg("svg", { width: 22, height: 10, class: "chart-swatch" });
    picture.setAttribute("aria-hidden", "true");
    const style = block ? `fill: ${colour}` : `stroke: ${colour}`;
    const kind = `chart-line chart-dash-${dash || 0}`;
    picture.append(
      block
        ? unstuck.svg("rect", { x: 5, width: 12, height: 10, rx: 2, style })
        : unstuck.svg("line", { x1: 1, x2: 21, y1: 5, y2: 5, style, class: kind }),
    );
    return picture;
  }

  Object.assign(unstuck, { chart, swatch });
})();
