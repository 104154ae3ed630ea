// The numbers behind a chart as a table, for those who want them exactly and those who cannot see
// the lines. It is made when it is opened: two thousand rows nobody looks at would slow the page.
"use strict";

(function () {
  const MOST = 20000; // cells; beyond that every k-th row is shown, and the table says so

  /** columns: [{name, values}]; x: {name, values}. */
  function numbers(x, columns, percent, title) {
    const { el } = unstuck;
    const details = el("details", { class: "chart-numbers" }, el("summary", {}, "The numbers"));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) fill(details, x, columns, percent, title);
    });
    return details;
  }

  function fill(details, x, columns, percent, title) {
    const { el } = unstuck;
    const every = Math.max(1, Math.ceil((x.values.length * (columns.length + 1)) / MOST));
    const figure = (v) => unstuck.scales.figure(v, percent);
    const head = [x.name, ...columns.map((c) => c.name)];
    const rows = [];
    for (let i = 0; i < x.values.length; i += every) {
      const cells = columns.map((c) => el("td", { class: "number" }, figure(c.values[i])));
      const first = el("th", { scope: "row" }, unstuck.scales.figure(x.values[i]));
      rows.push(el("tr", {}, first, ...cells));
    }
    const top = el("tr", {}, ...head.map((name) => el("th", { scope: "col", class: "number" }, name)));
    const table = el("table", {}, el("thead", {}, top), el("tbody", {}, ...rows));
    const region = { class: "chart-table", tabindex: "0", role: "region" };
    if (every > 1) {
      const said = `Every ${every}th of ${x.values.length} rows.`;
      details.append(el("p", { class: "note" }, said));
    }
    details.append(el("div", { ...region, "aria-label": `The numbers: ${title}` }, table));
  }

  unstuck.numbers = numbers;
})();
