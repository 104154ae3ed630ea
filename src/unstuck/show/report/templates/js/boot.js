// The last file: reads the data, starts every section that is in the page, minds the light switch
// and the buttons that copy. A section that fails says so in its place and stops no other.
"use strict";

(function () {
  const all = JSON.parse(document.getElementById("unstuck-data").textContent);
  unstuck.data = all;

  function failed(root, error) {
    root.append(
      unstuck.el("p", { class: "note", role: "alert" }, `This part could not be drawn: ${error.message}`),
    );
  }

  async function start(name, section) {
    const root = document.getElementById(name);
    if (root === null || all[name] === undefined) return;
    try {
      await section(root, all[name], all);
    } catch (error) {
      failed(root, error);
    }
  }

  unstuck.ready = Promise.all(Object.entries(unstuck.sections).map(([n, s]) => start(n, s))).then(() => {
    document.documentElement.dataset.ready = "yes";
    performance.mark("unstuck-ready"); // how long it took can be read off
  });

  // ---------------------------------------------------------------- light and dark

  const html = document.documentElement;
  const button = document.getElementById("theme");
  const dark = () =>
    html.dataset.theme
      ? html.dataset.theme === "dark"
      : window.matchMedia("(prefers-color-scheme: dark)").matches;

  function label() {
    button.textContent = dark() ? "Light" : "Dark";
  }

  button.addEventListener("click", () => {
    html.dataset.theme = dark() ? "light" : "dark";
    label();
    document.dispatchEvent(new CustomEvent("unstuck-theme"));
  });
  label();

  // ---------------------------------------------------------------- copy

  async function copy(text, from) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(from);
      const selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      return document.execCommand("copy");
    }
    return true;
  }

  for (const copier of document.querySelectorAll("button[data-copy]")) {
    copier.addEventListener("click", async () => {
      const from = document.getElementById(copier.dataset.copy);
      const done = await copy(from.textContent, from);
      copier.textContent = done ? "Copied" : "Press Ctrl+C";
      window.setTimeout(() => {
        copier.textContent = "Copy";
      }, 1600);
    });
  }
})();
