// The section "curves": cost and accuracy over the run, one panel each, sharing zoom and cross-hair.
"use strict";

(function () {
  const HINT = "Drag over a part to zoom, double click for the whole run.";
  const WIDE = 300; // highest over lowest: beyond that a linear scale shows one spike and no curve

  unstuck.sections.curves = function (root, data) {
    const { el } = unstuck;
    if (!data.x.values.length) {
      root.append(el("p", { class: "note" }, "Nothing was recorded: the run ended before its first step."));
      return;
    }
    const group = { charts: [] };
    const panels = el("div", { class: "chart-panels" });
    const tools = el("div", { class: "chart-tools js-only" });
    root.append(tools, panels);
    for (const [i, one] of data.panels.entries()) panels.append(panel(one, i, data.x, group));
    tools.append(...unstuck.zoomTools(group), el("span", { class: "chart-hint" }, HINT));
  };

  function panel(one, i, x, group) {
    const { el } = unstuck;
    const e = unstuck.scales.extent(one.series.map((s) => s.values));
    const possible = one.log && e.high > 0;
    const series = one.series.map((s, k) => ({ dash: k % 4, colour: `var(--series-${(k % 6) + 1})`, ...s }));
    const how = { ...one, log: possible && e.negative === 0 && e.high / e.least > WIDE };
    const painter = unstuck.lines(series, how);
    const head = el("div", { class: "chart-head" }, el("h3", {}, one.title));
    const block = el("div", { class: "chart-panel" }, head, unstuck.legend(series));
    const holder = el("div");
    const note = el("p", { class: "note chart-note", hidden: true });
    block.append(holder, note, unstuck.numbers(x, series, one.percent, one.title));
    const label = `${one.title} by ${x.name}`;
    const chart = unstuck.chart(holder, { label, x, height: 250, group }, painter);
    if (possible) head.append(unstuck.logSwitch([chart], how, e, note));
    return block;
  }

  /** The switch between linear and logarithmic, and the word about what that cannot show. */
  function logSwitch(charts, how, e, note) {
    const button = unstuck.el("button", { type: "button", class: "chart-button js-only" }, "Log scale");
    const tell = () => {
      button.setAttribute("aria-pressed", String(Boolean(how.log)));
      if (!note) return;
      note.hidden = !(how.log && e.negative);
      note.textContent = `${e.negative} values below 0 cannot be drawn on a log scale.`;
    };
    button.addEventListener("click", () => {
      how.log = !how.log;
      tell();
      for (const chart of charts) chart.redraw();
    });
    tell();
    return button;
  }

  unstuck.logSwitch = logSwitch;
})();
