// The section "layers": one small chart for each quantity over the run. Up to twelve layers are a
// line each, coloured from the first to the last; more are a heat map. All charts share zoom and
// cross-hair. Quantities on a log scale show at least three decades, so that a healthy network looks
// calm and a signal that vanishes does not.
"use strict";

(function () {
  const MOST_LINES = 12;
  const DECADES = 3;

  unstuck.sections.layers = function (root, data) {
    const { el } = unstuck;
    const group = { charts: [] };
    const many = data.layers.length > MOST_LINES;
    const tools = el("div", { class: "chart-tools js-only" });
    const panels = el("div", { class: many ? "chart-panels" : "chart-panels chart-small" });
    root.append(tools);
    if (!many) root.append(unstuck.legend(data.layers.map((name, i) => ({ name, ...style(i, data) }))));
    root.append(panels);
    const scaled = { charts: [], log: true };
    for (const one of data.panels) panels.append(panel(one, data, group, many, scaled));
    const hint = many ? "A row is a layer, the first at the top." : "A line is a layer.";
    tools.append(...unstuck.zoomTools(group));
    if (!many && scaled.charts.length) tools.append(unstuck.logSwitch(scaled));
    tools.append(...unstuck.hints(hint));
  };

  /** Blue for the first layer over purple to orange for the last: the page's own readable colours. */
  function style(i, data) {
    const last = data.layers.length - 1;
    const share = last ? i / last : 0;
    const [from, to, part] =
      share < 0.5 ? ["--blue", "--purple", 2 * share] : ["--purple", "--orange", 2 * share - 1];
    const colour = `color-mix(in oklab, var(${to}) ${Math.round(100 * part)}%, var(${from}))`;
    return { colour, dash: 0, wide: last > 0 && (i === 0 || i === last) };
  }

  function panel(one, data, group, many, scaled) {
    const { el } = unstuck;
    const e = unstuck.scales.extent(one.values);
    const possible = one.log && e.high > 0;
    const how = { ...one, log: possible, floor: DECADES, ticks: 4, patience: 1 };
    const series = data.layers.map((name, i) => ({ name, values: one.values[i], ...style(i, data) }));
    const painter = many ? unstuck.heat(data.layers, one.values, how) : unstuck.lines(series, how);
    const above = el("div", {}, el("h3", { class: "chart-title" }, one.title));
    if (one.seen) above.append(el("p", { class: "chart-what" }, one.seen));
    if (one.what) above.append(el("p", { class: "note chart-what" }, one.what));
    if (many) above.append(unstuck.heatLegend(painter));
    const holder = el("div");
    const below = unstuck.numbers(data.x, series, one.percent, one.title);
    const block = el("div", { class: "chart-panel" }, above, holder, below);
    const height = many ? Math.min(420, 60 + 7 * data.layers.length) : 170;
    const spec = { label: `${one.title} by ${data.x.name}`, x: data.x, height, group };
    const chart = unstuck.chart(holder, spec, painter);
    if (many) painter.made = chart;
    else if (possible) scaled.charts.push(chart);
    return block;
  }
})();
