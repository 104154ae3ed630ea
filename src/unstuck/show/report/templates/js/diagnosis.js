// The section "diagnosis": notes and folds open and close together, and a link to a note opens it.
// Without this script every note is still there, as HTML's own <details>.
"use strict";

(function () {
  const NOTES = "details.finding";
  const FOLDS = "details.fold";

  function setAll(root, selector, open) {
    for (const one of root.querySelectorAll(selector)) one.open = open;
  }

  /** Open an element and everything that it is folded into. */
  function reveal(target) {
    for (let node = target; node !== null; node = node.parentElement) {
      if (node instanceof HTMLDetailsElement) node.open = true;
    }
  }

  /** The element of the page that the address names, if it is one of ours. */
  function named(root) {
    const found = document.getElementById(window.location.hash.slice(1));
    return found !== null && root.contains(found) ? found : null;
  }

  function follow(root) {
    const target = named(root);
    if (target === null) return;
    reveal(target);
    target.scrollIntoView({ block: "center" });
  }

  unstuck.sections.diagnosis = function (root) {
    for (const button of root.querySelectorAll("button[data-notes]")) {
      button.addEventListener("click", () => setAll(root, NOTES, button.dataset.notes === "open"));
    }
    for (const button of root.querySelectorAll("button[data-folds]")) {
      button.addEventListener("click", () => {
        const open = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(open));
        setAll(root, FOLDS, open);
      });
    }
    for (const link of document.querySelectorAll("#outcome .findings a")) {
      link.addEventListener("click", () => {
        const target = document.getElementById(link.getAttribute("href").slice(1));
        reveal(target);
        window.setTimeout(() => target.querySelector("summary").focus({ preventScroll: true }));
      });
    }
    window.addEventListener("hashchange", () => follow(root));
    follow(root);
  };
})();
