// What every section uses: elements made without HTML, packed numbers unpacked, one way to write
// a number, one tooltip. Text reaches the page as text; nothing is ever parsed as HTML.
"use strict";

window.unstuck = window.unstuck || {};
unstuck.sections = unstuck.sections || {};

(function () {
  document.documentElement.classList.replace("no-js", "js");

  const SVG = "http://www.w3.org/2000/svg";

  function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : String(value));
    }
    for (const child of children.flat()) {
      if (child === null || child === undefined) continue;
      node.append(child instanceof Node ? child : String(child));
    }
    return node;
  }

  // el("button", {type: "button", onclick: run}, "Run"): an element with attributes and children.
  unstuck.el = (tag, attributes, ...children) =>
    fill(document.createElement(tag), attributes, children);

  // The same for SVG.
  unstuck.svg = (tag, attributes, ...children) =>
    fill(document.createElementNS(SVG, tag), attributes, children);

  // Base64 to bytes, inflated when they were deflated (zlib).
  unstuck.bytes = async function (text, deflated) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    if (!deflated) return bytes;
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };

  // Base64 of little-endian float32 to numbers.
  unstuck.floats = function (text) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const values = new Float32Array(bytes.length / 4);
    for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(4 * i, true);
    return values;
  };

  // A number as a person writes it: 0.0312, 12,400, 3.1e-9.
  unstuck.number = function (x) {
    if (x === null || x === undefined || !Number.isFinite(x)) return "–";
    const size = Math.abs(x);
    if (size !== 0 && (size < 1e-4 || size >= 1e7)) return x.toExponential(1).replace("e+", "e");
    if (Number.isInteger(x)) return x.toLocaleString("en-US");
    if (size >= 1000) return Math.round(x).toLocaleString("en-US");
    return String(Number(x.toPrecision(3)));
  };

  unstuck.percent = (x) =>
    x === null || x === undefined || !Number.isFinite(x)
      ? "–"
      : `${(100 * x).toFixed(x > 0.999 && x < 1 ? 2 : 1)} %`;

  // One tooltip for the page: tip.show(x, y, lines) beside a place in the window, tip.hide().
  const box = unstuck.el("div", { id: "tip", role: "status", hidden: true });
  unstuck.tip = {
    show(x, y, lines) {
      box.replaceChildren(...lines.map((line) => (line instanceof Node ? line : unstuck.el("div", {}, line))));
      if (!box.isConnected) document.body.append(box);
      box.hidden = false;
      const { width, height } = box.getBoundingClientRect();
      const left = x + 14 + width > window.innerWidth ? x - 14 - width : x + 14;
      const top = Math.min(Math.max(4, y - height / 2), window.innerHeight - height - 4);
      box.style.left = `${Math.max(4, left)}px`;
      box.style.top = `${top}px`;
    },
    hide() {
      box.hidden = true;
    },
  };
})();
