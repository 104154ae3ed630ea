// Lines over time, the painter for charts.js: cost, accuracy, one line per layer. A gap stays a gap,
// a value alone between gaps is a dot, and a zero on a logarithmic axis lies on a line marked 0
// instead of vanishing.
"use strict";

(function () {
  const STILL = 0.1; // what moves by less than this share should look still
  const FEW = 24; // so few points get a dot each

  /** series: [{name, values, colour, dash, wide}]; how: {log, percent, floor, marks}. */
  function lines(series, how) {
    const drawn = series.map((s, i) => ({ colour: `var(--series-${(i % 6) + 1})`, dash: 0, ...s }));
    const painter = { series: drawn, how };
    painter.axis = (first, last, bottom, top) => axis(painter, first, last, bottom, top);
    painter.draw = (layer, view) => draw(painter, layer, view);
    painter.rows = (index) => drawn.map((s) => row(s, index, how));
    painter.dots = (index, view) => dots(painter, index, view);
    painter.said = () => said(painter);
    return painter;
  }

  function axis({ series, how }, first, last, bottom, top) {
    const { scales } = unstuck;
    const e = scales.extent(series.map((s) => s.values.slice(first, last + 1)));
    const options = { percent: how.percent, floor: how.floor, count: how.ticks || 5 };
    if (how.log) return scales.logarithmic(e, bottom, top, options);
    const zoomed = first > 0 || last < longest(series) - 1;
    const domain = scales.linearDomain(e, how.percent && !zoomed, zoomed ? 0 : STILL);
    return scales.linear(domain, bottom, top, options);
  }

  function longest(series) {
    return Math.max(0, ...series.map((s) => s.values.length));
  }

  function shown(v, log) {
    return v !== null && v !== undefined && Number.isFinite(v) && !(log && v < 0);
  }

  function row(s, index, how) {
    const text = unstuck.scales.figure(s.values[index], how.percent);
    return { name: s.name, text, colour: s.colour, dash: s.dash };
  }

  function dots({ series, how }, index, view) {
    return series
      .filter((s) => shown(s.values[index], how.log))
      .map((s) => ({ y: view.y.at(s.values[index]), style: `fill: ${s.colour}` }));
  }

  function draw(painter, layer, view) {
    lost(painter, layer, view);
    for (const [i, mark] of (painter.how.marks || []).entries()) drawMark(mark, i, layer, view);
    for (const s of painter.series) drawLine(s, painter.how.log, layer, view);
  }

  function drawLine(s, log, layer, view) {
    const { x, y, first, last, values } = view;
    const style = `stroke: ${s.colour}`;
    let path = "";
    let before = false;
    const alone = [];
    for (let i = first; i <= last; i += 1) {
      const v = s.values[i];
      const here = shown(v, log);
      if (here) {
        path += `${before ? "L" : "M"}${x.at(values[i]).toFixed(2)} ${y.at(v).toFixed(2)}`;
        if (last - first < FEW || (!before && !shown(s.values[i + 1], log))) alone.push(i);
      }
      before = here;
    }
    const kind = `chart-line chart-dash-${s.dash}${s.wide ? " chart-wide" : ""}`;
    if (path) layer.append(unstuck.svg("path", { d: path, style, class: kind }));
    for (const i of alone) {
      const place = { cx: x.at(values[i]), cy: y.at(s.values[i]), r: 2.6 };
      layer.append(unstuck.svg("circle", { ...place, style: `fill: ${s.colour}` }));
    }
  }

  function drawMark(mark, row, layer, view) {
    const { x, box } = view;
    const at = x.at(mark.x);
    if (at < box.left - 1 || at > box.right + 1) return;
    const late = at > (box.left + box.right) / 2;
    const place = { x: at + (late ? -5 : 5), y: box.top + 10 + 15 * (row % 4) };
    const ends = { x1: at, x2: at, y1: box.top - 4, y2: box.bottom };
    layer.append(unstuck.svg("line", { ...ends, class: "chart-mark" }));
    const attributes = { ...place, "text-anchor": late ? "end" : "start", class: "chart-mark-text" };
    layer.append(unstuck.svg("text", attributes, mark.text));
  }

  /** The index from which no line has a number any more, or null. `patience` of them are no loss:
      the last update of a run has none after it to be measured by. */
  function lostFrom(series, patience) {
    const end = longest(series);
    if (!end) return null;
    let i = end;
    while (i > 0 && series.every((s) => !shown(s.values[i - 1], false))) i -= 1;
    return end - i > patience ? i : null;
  }

  /** Where a run overflowed there is nothing to draw: say so in the place itself. */
  function lost({ series, how }, layer, view) {
    const from = lostFrom(series, how.patience || 0);
    if (from === null) return;
    const { x, box, values } = view;
    const start = x.at(from > 0 ? (values[from] + values[from - 1]) / 2 : values[0]);
    const left = Math.max(box.left, start);
    if (left >= box.right) return;
    const height = box.bottom - box.top;
    const place = { x: left, y: box.top, width: box.right - left, height };
    layer.append(unstuck.svg("rect", { ...place, class: "chart-lost" }));
    const room = box.right - left;
    const said = room > 130 ? "no number from here" : room > 62 ? "no number" : "";
    const attributes = { x: left + room / 2, y: box.bottom - 10, "text-anchor": "middle" };
    layer.append(unstuck.svg("text", { ...attributes, class: "chart-lost-text" }, said));
  }

  function said({ series, how }) {
    const { figure } = unstuck.scales;
    const parts = series.slice(0, 12).map((s) => {
      const numbers = s.values.filter((v) => shown(v, false));
      if (!numbers.length) return `${s.name} has no number`;
      const [a, b] = [numbers[0], numbers[numbers.length - 1]];
      return `${s.name} from ${figure(a, how.percent)} to ${figure(b, how.percent)}`;
    });
    return `Line chart: ${parts.join("; ")}.`;
  }

  function legend(series) {
    const { el } = unstuck;
    const items = series.map((s) => el("li", {}, unstuck.swatch(s), s.name));
    return el("ul", { class: "chart-legend" }, ...items);
  }

  Object.assign(unstuck, { lines, legend });
})();
