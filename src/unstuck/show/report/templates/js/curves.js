// The section "curves": cost and accuracy over the run, one panel each, sharing zoom and cross-hair.
"use strict";

(function () {
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
    tools.append(...unstuck.zoomTools(group), ...unstuck.hints());
  };

  function panel(one, i, x, group) {
    const { el } = unstuck;
    const e = unstuck.scales.extent(one.series.map((s) => s.values));
    const possible = one.log && e.high > 0;
    const series = one.series.map((s, k) => ({ dash: k % 4, colour: `var(--series-${(k % 6) + 1})`, ...s }));
    const how = { ...one, log: possible && e.negative === 0 && e.high / e.least > WIDE };
    const painter = unstuck.lines(series, how);
    const head = el("div", { class: "chart-head" }, el("h3", {}, one.title));
    const note = el("p", { class: "note chart-note", hidden: true });
    const holder = el("div");
    const above = el("div", {}, head, unstuck.legend(series), note);
    const below = unstuck.numbers(x, series, one.percent, one.title);
    const block = el("div", { class: "chart-panel" }, above, holder, below);
    const label = `${one.title} by ${x.name}`;
    const chart = unstuck.chart(holder, { label, x, height: 250, group }, painter);
    if (possible) head.append(unstuck.logSwitch({ charts: [chart], log: how.log }, tell));
    return block;

    function tell(log) {
      note.hidden = !(log && e.negative);
      note.textContent = `${e.negative} values below 0 cannot be drawn on a log scale.`;
    }
  }

  /** The switch between linear and logarithmic for some charts; `tell` hears of every change. */
  function logSwitch(scaled, tell) {
    const button = unstuck.el("button", { type: "button", class: "chart-button" }, "Log scale");
    const change = (log) => {
      scaled.log = log;
      button.setAttribute("aria-pressed", String(log));
      if (tell) tell(log);
    };
    button.addEventListener("click", () => {
      change(!scaled.log);
      for (const chart of scaled.charts) {
        chart.painter.how.log = scaled.log;
        chart.redraw();
      }
    });
    change(scaled.log);
    return button;
  }

  /** What can be done with a chart, in the words for a mouse and for a finger. */
  function hints(first) {
    const hint = (kind, text) => unstuck.el("span", { class: `chart-hint ${kind}` }, text);
    const mouse = "Drag over a part to zoom, double click for the whole run.";
    const all = [hint("chart-mouse", mouse), hint("chart-finger", "Slide a finger to read the numbers.")];
    return first ? [hint("", first), ...all] : all;
  }

  Object.assign(unstuck, { logSwitch, hints });
})();
