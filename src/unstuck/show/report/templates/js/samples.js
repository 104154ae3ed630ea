// The embedded samples as small pictures with their captions: what a cell of the confusion matrix
// and the list of mistakes show. The pixels are unpacked once, when they are first wanted.
"use strict";

(function () {
  let unpacked = null;

  /** Pixels as shares of ink, 0 to 1: pictures(all).then((p) => p.canvas(position)). */
  function pictures(all) {
    if (unpacked === null) unpacked = unpack(all);
    return unpacked;
  }

  async function unpack(all) {
    const packed = all.samples;
    const bytes = await unstuck.bytes(packed.pixels, true);
    const values = packed.dtype === "uint8" ? bytes : new Float32Array(bytes.buffer);
    return { canvas: (position) => canvas(packed, values, position) };
  }

  function canvas(packed, values, position) {
    const { width, height, minimum = 0, maximum, ink } = packed;
    const made = unstuck.el("canvas", { width, height, class: "sample-picture" });
    made.setAttribute("aria-hidden", "true");
    const context = made.getContext("2d");
    const image = context.createImageData(width, height);
    for (let i = 0; i < width * height; i += 1) {
      const share = (values[position * width * height + i] - minimum) / (maximum - minimum);
      const grey = 255 * Math.max(0, Math.min(1, ink === "dark" ? share : 1 - share));
      image.data.set([grey, grey, grey, 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
    return made;
  }

  function name(all, k) {
    const names = (all.confusion && all.confusion.names) || (all.network && all.network.class_names);
    return names && names[k] !== undefined ? names[k] : String(k);
  }

  /** A probability: 0.98, and 0.9996 rather than the 1.00 that it is not. */
  function sure(p) {
    if (p === undefined || p === null) return "?";
    if (p >= 0.995 && p < 1) return Math.min(p, 0.9999).toFixed(p >= 0.9995 ? 4 : 3);
    return p.toFixed(2);
  }

  function caption(all, position) {
    const { truth, guess, probability } = all.samples;
    const [is, read] = [truth[position], guess[position]];
    const said = `read as ${name(all, read)} (${sure(probability[position][read])})`;
    return is === read ? said : `${said}, is ${name(all, is)}`;
  }

  /** One sample: a picture with its caption; a button where the page has a canvas to load it into. */
  function sample(all, got, position) {
    const { el } = unstuck;
    const words = caption(all, position);
    const inner = [got.canvas(position), el("span", { class: "sample-caption" }, words)];
    const wrong = all.samples.truth[position] !== all.samples.guess[position];
    const kind = wrong ? "sample sample-wrong" : "sample";
    const numbered = `sample ${all.samples.index[position]}`;
    if (!document.querySelector("#draw canvas")) {
      return el("li", {}, el("div", { class: kind, title: numbered }, ...inner));
    }
    const say = `${words}; ${numbered}: load it into the drawing`;
    const button = el("button", { type: "button", class: kind, title: numbered, "aria-label": say }, ...inner);
    button.addEventListener("click", () => {
      document.dispatchEvent(new CustomEvent("unstuck:sample", { detail: position }));
    });
    return el("li", {}, button);
  }

  /** A list of samples that shows `most` at first and as many again for each press of "more". */
  function sampleList(all, got, positions, most) {
    const { el } = unstuck;
    const list = el("ul", { class: "samples" });
    const more = el("button", { type: "button", class: "chart-button" });
    let shown = 0;
    const grow = () => {
      const next = positions.slice(shown, shown + most).map((p) => sample(all, got, p));
      list.append(...next);
      const first = shown ? next[0] : null;
      shown += next.length;
      const left = positions.length - shown;
      more.hidden = left === 0;
      more.textContent = `Show ${Math.min(most, left)} more of ${left}`;
      if (first && first.querySelector("button")) first.querySelector("button").focus();
    };
    more.addEventListener("click", grow);
    grow();
    return [list, more];
  }

  Object.assign(unstuck, { pictures, sampleList, sampleCaption: caption });
})();
