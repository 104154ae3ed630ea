// How a chart is pointed at: mouse, pen, finger and keyboard. A mouse that is dragged marks a range
// and zooms to it; a finger that is dragged reads the numbers, since it must also scroll the page.
// Arrow keys read, plus and minus zoom, Escape and a double click show the whole run again.
"use strict";

(function () {
  const LEAST = 6; // pixels: less than this was a click

  function pointing(made) {
    const { svg } = made;
    svg.addEventListener("pointerdown", (event) => begin(made, event));
    svg.addEventListener("pointermove", (event) => move(made, event));
    svg.addEventListener("pointerup", (event) => end(made, event));
    svg.addEventListener("pointercancel", () => stop(made));
    svg.addEventListener("pointerleave", (event) => {
      if (made.dragged === undefined && event.pointerType !== "touch") made.show(null);
    });
    svg.addEventListener("blur", () => made.show(null));
    svg.addEventListener("dblclick", () => made.zoomTo(null));
    svg.addEventListener("keydown", (event) => pressed(made, event));
  }

  function across(made, event) {
    const { box } = made.view;
    const at = event.clientX - made.svg.getBoundingClientRect().left;
    return Math.max(box.left, Math.min(box.right, at));
  }

  function begin(made, event) {
    if (event.pointerType === "touch") move(made, event);
    if (event.button !== 0 || event.pointerType === "touch" || !made.values.length) return;
    made.dragged = across(made, event);
    made.svg.setPointerCapture(event.pointerId);
  }

  function move(made, event) {
    const { values, view } = made;
    if (!values.length || !view) return;
    const at = across(made, event);
    made.pointer = event.clientY - made.svg.getBoundingClientRect().top;
    made.show(within(made, unstuck.scales.nearest(values, view.x.invert(at))), {});
    if (made.dragged === undefined) return;
    const [low, high] = [Math.min(at, made.dragged), Math.max(at, made.dragged)];
    const place = { x: low, width: high - low, y: view.box.top };
    place.height = view.box.bottom - view.box.top;
    place.visibility = high - low < LEAST ? "hidden" : "visible";
    for (const [name, value] of Object.entries(place)) made.marked.setAttribute(name, value);
  }

  function within(made, index) {
    const [first, last] = made.view.inner;
    return Math.max(first, Math.min(last, index));
  }

  function stop(made) {
    made.dragged = undefined;
    made.marked.setAttribute("visibility", "hidden");
  }

  function end(made, event) {
    if (made.dragged === undefined) return;
    const [a, b] = [made.dragged, across(made, event)];
    stop(made);
    if (Math.abs(a - b) < LEAST) return;
    const { x } = made.view;
    made.zoomTo(holding(made.values, x.invert(Math.min(a, b)), x.invert(Math.max(a, b))));
  }

  /** From the first to the last moment in a range; two at least, since a zoom into the space
      between two would show nothing. */
  function holding(values, low, high) {
    const inside = values.filter((v) => v >= low && v <= high);
    if (values.length < 3) return null;
    if (inside.length >= 2) return [inside[0], inside[inside.length - 1]];
    const middle = unstuck.scales.nearest(values, (low + high) / 2);
    const a = Math.max(0, middle - 1);
    return [values[a], values[Math.min(values.length - 1, a + 2)]];
  }

  /** Twice as near, or half as near, around what is read (or the middle). */
  function nearer(made, factor) {
    const { values } = made;
    if (values.length < 3) return;
    const [low, high] = made.zoom || [values[0], values[values.length - 1]];
    const middle = made.index === null ? (low + high) / 2 : values[made.index];
    const half = ((high - low) / 2) * factor;
    const [first, end] = [values[0], values[values.length - 1]];
    const start = Math.max(first, Math.min(middle - half, end - 2 * half));
    const stop = Math.min(end, start + 2 * half);
    const all = start <= first && stop >= end;
    made.zoomTo(all ? null : holding(values, start, stop));
  }

  function pressed(made, event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !made.values.length) return;
    if (!act(made, event.key, event.shiftKey ? 10 : 1)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  function act(made, key, stride) {
    const [first, last] = made.view.inner;
    const here = made.index;
    const read = (index) => made.show(within(made, index), { spoken: true });
    if (key === "ArrowRight") read(here === null ? first : here + stride);
    else if (key === "ArrowLeft") read(here === null ? last : here - stride);
    else if (key === "Home") read(first);
    else if (key === "End") read(last);
    else if (key === "+" || key === "=") nearer(made, 0.5);
    else if (key === "-") nearer(made, 2);
    else if (key === "Escape") return escape(made);
    else return made.painter.pressed ? made.painter.pressed(made, key) : false;
    return true;
  }

  function escape(made) {
    if (made.dragged !== undefined) stop(made);
    else if (made.zoom) made.zoomTo(null);
    else if (made.index !== null) made.show(null);
    else return false;
    return true;
  }

  /** The buttons above a group of charts, for those who do not drag. */
  function zoomTools(group) {
    const { el } = unstuck;
    const inward = el("button", { type: "button", class: "chart-button" }, "Zoom in");
    const whole = el("button", { type: "button", class: "chart-button", hidden: "" }, "Whole run");
    const one = () => group.charts.find((c) => c.index !== null) || group.charts[0];
    inward.addEventListener("click", () => nearer(one(), 0.5));
    whole.addEventListener("click", () => {
      one().zoomTo(null);
      inward.focus();
    });
    group.zoomed = (is) => {
      whole.hidden = !is;
    };
    inward.hidden = group.charts.every((c) => c.values.length < 3);
    return [inward, whole];
  }

  Object.assign(unstuck, { pointing, zoomTools });
})();
