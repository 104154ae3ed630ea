// The section "confusion": a table whose cells are buttons. A row is what a sample is, a column what
// it was read as; what is off the diagonal is a mistake. Arrow keys move, Enter opens the samples
// behind a cell, Escape closes them.
"use strict";

(function () {
  const FIRST = 36;

  unstuck.sections.confusion = function (root, data, all) {
    if (!data) return; // too many classes for a table
    const { el } = unstuck;
    const state = { data, all, cells: [], open: null, at: [0, 0] };
    const table = el("table", { class: "matrix" }, caption(), head(data), el("tbody", {}, ...rows(state)));
    const scroll = el("div", { class: "matrix-scroll" }, table);
    state.panel = el("div", { class: "matrix-panel", id: "confusion-samples", tabindex: "-1" });
    state.panel.hidden = true;
    state.panel.setAttribute("role", "region");
    state.panel.setAttribute("aria-label", "The samples behind a cell");
    table.addEventListener("keydown", (event) => pressed(state, event));
    state.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close(state);
    });
    root.append(el("div", { class: "matrix-both" }, scroll, state.panel));
  };

  function caption() {
    return unstuck.el(
      "caption",
      {},
      "A row: what it is. A column: what it was read as. Click a number to see the samples.",
    );
  }

  function head({ names }) {
    const { el } = unstuck;
    const corner = el("th", { scope: "col", class: "matrix-corner" }, el("span", {}, "is \\ read as"));
    const cells = names.map((name) => el("th", { scope: "col" }, name));
    return el("thead", {}, el("tr", {}, corner, ...cells));
  }

  /** Right cells are shaded by their share of the row, wrong ones against the most frequent mistake:
      the worst confusion is to be seen in a matrix of a network that is nearly always right, too. */
  function rows(state) {
    const { el } = unstuck;
    const { names, counts } = state.data;
    const worst = Math.max(...counts.flatMap((row, i) => row.filter((_, j) => i !== j)), 1);
    return names.map((name, i) => {
      const total = counts[i].reduce((a, b) => a + b, 0);
      const shade = (count, j) => (i === j ? count / (total || 1) : Math.sqrt(count / worst));
      state.cells.push(counts[i].map((count, j) => cell(state, i, j, shade(count, j))));
      const cells = state.cells[i].map((button) => el("td", {}, button));
      return el("tr", {}, el("th", { scope: "row" }, name), ...cells);
    });
  }

  function cell(state, i, j, share) {
    const { names } = state.data;
    const count = state.data.counts[i][j];
    const right = i === j;
    const what = right ? `${names[i]} read as ${names[i]}, right` : `${names[i]} read as ${names[j]}`;
    const button = unstuck.el(
      "button",
      {
        type: "button",
        class: `matrix-cell ${count === 0 ? "matrix-none" : right ? "matrix-right" : "matrix-wrong"}`,
        style: `--share: ${share.toFixed(3)}`,
        tabindex: i === 0 && j === 0 ? "0" : "-1",
        "aria-label": `${count} times ${what}`,
        "aria-expanded": "false",
        "aria-controls": "confusion-samples",
      },
      count.toLocaleString("en-US"),
    );
    button.addEventListener("click", () => toggle(state, i, j));
    button.addEventListener("focus", () => rove(state, i, j));
    return button;
  }

  /** Tab reaches the table once; within it the arrow keys move. */
  function rove(state, i, j) {
    state.cells[state.at[0]][state.at[1]].setAttribute("tabindex", "-1");
    state.at = [i, j];
    state.cells[i][j].setAttribute("tabindex", "0");
  }

  function pressed(state, event) {
    const end = state.cells.length - 1;
    const [i, j] = state.at;
    const moves = {
      ArrowUp: [i - 1, j],
      ArrowDown: [i + 1, j],
      ArrowLeft: [i, j - 1],
      ArrowRight: [i, j + 1],
      Home: [i, 0],
      End: [i, end],
    };
    if (event.key === "Escape" && state.open) close(state);
    else if (moves[event.key] && !event.ctrlKey && !event.altKey && !event.metaKey) {
      const [a, b] = moves[event.key].map((v) => Math.max(0, Math.min(end, v)));
      state.cells[a][b].focus();
    } else return;
    event.preventDefault();
  }

  function close(state) {
    const { open } = state;
    if (!open) return;
    state.open = null;
    state.panel.hidden = true;
    state.panel.replaceChildren();
    open.setAttribute("aria-expanded", "false");
    open.focus();
  }

  async function toggle(state, i, j) {
    const button = state.cells[i][j];
    if (state.open === button) {
      close(state);
      return;
    }
    if (state.open) state.open.setAttribute("aria-expanded", "false");
    state.open = button;
    button.setAttribute("aria-expanded", "true");
    const shown = await behind(state, i, j);
    if (state.open !== button) return; // another was opened meanwhile
    const quit = unstuck.el("button", { type: "button", class: "chart-button" }, "Close");
    quit.addEventListener("click", () => close(state));
    const title = unstuck.el("h3", { tabindex: "-1" }, titleOf(state.data, i, j));
    state.panel.replaceChildren(unstuck.el("div", { class: "chart-head" }, title, quit), ...shown);
    state.panel.hidden = false;
    state.panel.scrollIntoView({ block: "nearest" });
  }

  function titleOf({ names }, i, j) {
    return i === j ? `${names[i]}, read rightly` : `${names[i]} read as ${names[j]}`;
  }

  /** The samples of a cell, the surest first, and how many of all of them the page holds. */
  async function behind({ data, all }, i, j) {
    const { el } = unstuck;
    const note = (text) => el("p", { class: "note", role: "status" }, text);
    const count = data.counts[i][j];
    if (count === 0) return [note("No sample: this never happened.")];
    if (!all.samples || !all.samples.guess) {
      return [note(`${plural(count)}. No pictures of them are embedded in this page.`)];
    }
    const { truth, guess, probability } = all.samples;
    const positions = truth.map((_, p) => p).filter((p) => truth[p] === i && guess[p] === j);
    positions.sort((a, b) => probability[b][j] - probability[a][j]);
    const said = note(embedded(positions.length, count));
    if (!positions.length) return [said];
    const got = await unstuck.pictures(all);
    return [said, ...unstuck.sampleList(all, got, positions, FIRST)];
  }

  function plural(count) {
    return count === 1 ? "One sample" : `${count.toLocaleString("en-US")} samples`;
  }

  function embedded(here, count) {
    if (here === count) return count === 1 ? "One sample, and here it is." : `All ${count} samples.`;
    if (here === 0) return `${plural(count)}, none of which is embedded in this page.`;
    return `${here} of ${count.toLocaleString("en-US")} samples are embedded in this page.`;
  }
})();
