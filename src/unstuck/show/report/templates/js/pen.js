// The paper and the pen: strokes by mouse, finger, pen or keyboard, what can be undone, and the ink
// as numbers. What lies on the paper is a list of acts, drawn again from its start whenever one is
// taken back.
"use strict";

(function () {
  const STEP = 12; // pixels that an arrow key moves the pen; four times as many with Shift
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  const ends = (act) => act.kind !== "stroke" || act.fresh; // nothing before it is seen any more

  // paper(canvas, pen, changed): `pen` is the width in the canvas's own pixels; `changed(act)` is
  // called after every change, with the last act or undefined on an empty sheet.
  unstuck.paper = function (canvas, pen, changed) {
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const { width, height } = canvas;
    const acts = [];
    let held = null; // the pointer that draws
    let stroke = null; // the act it draws
    let cursor = null; // the keyboard's pen: {x, y, down}

    // ------------------------------------------------------------------ what is on it

    function dip() {
      const colour = getComputedStyle(canvas).color;
      Object.assign(context, { strokeStyle: colour, fillStyle: colour });
      Object.assign(context, { lineWidth: pen, lineCap: "round", lineJoin: "round" });
    }

    function dot([x, y]) {
      context.beginPath();
      context.arc(x, y, pen / 2, 0, 2 * Math.PI);
      context.fill();
    }

    function line(from, to) {
      context.beginPath();
      context.moveTo(...from);
      context.lineTo(...to);
      context.stroke();
    }

    function drawStroke(points) {
      dot(points[0]);
      points.slice(1).forEach((point, i) => line(points[i], point));
    }

    // A picture, one opacity a pixel, over the whole sheet.
    function drawPicture({ shares, columns, rows }) {
      shares.forEach((share, i) => {
        if (share <= 0) return;
        const x = i % columns, y = Math.floor(i / columns);
        const left = Math.round((x * width) / columns), top = Math.round((y * height) / rows);
        context.globalAlpha = Math.min(1, share);
        context.fillRect(left, top, Math.round(((x + 1) * width) / columns) - left,
          Math.round(((y + 1) * height) / rows) - top);
      });
      context.globalAlpha = 1;
    }

    function last(wanted) {
      for (let i = acts.length - 1; i >= 0; i--) if (wanted(acts[i])) return i;
      return -1;
    }

    function redraw() {
      drawActs();
      if (cursor) showCursor();
    }

    function drawActs() {
      context.clearRect(0, 0, width, height);
      dip();
      for (const act of acts.slice(Math.max(0, last(ends)))) {
        if (act.kind === "stroke") drawStroke(act.points);
        if (act.kind === "picture") drawPicture(act);
      }
    }

    function tell() {
      changed(acts[acts.length - 1]);
    }

    function done(act) {
      acts.push(act);
      redraw();
      tell();
    }

    // ------------------------------------------------------------------ a stroke

    function begin(point) {
      const before = acts[acts.length - 1];
      stroke = { kind: "stroke", points: [point], fresh: before?.kind === "picture" };
      done(stroke);
    }

    function goOn(points) {
      for (const point of points) {
        line(stroke.points[stroke.points.length - 1], point);
        stroke.points.push(point);
      }
      tell();
    }

    function place(event) {
      const seen = canvas.getBoundingClientRect();
      const edge = canvas.clientLeft; // the border is no paper
      return [
        ((event.clientX - seen.left - edge) / (seen.width - 2 * edge)) * width,
        ((event.clientY - seen.top - edge) / (seen.height - 2 * edge)) * height,
      ];
    }

    // The pen is asked for all the places it passed since the last event, not for the last alone.
    function passed(event) {
      const all = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      return (all.length ? all : [event]).map(place);
    }

    function hold(event) {
      try {
        canvas.setPointerCapture(event.pointerId);
      } catch {
        // A pointer that is gone already: the stroke is a dot then.
      }
    }

    canvas.addEventListener("pointerdown", (event) => {
      if (held !== null || event.button !== 0) return;
      cursor = null;
      held = event.pointerId;
      hold(event);
      begin(place(event));
    });

    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== held) return;
      goOn(passed(event));
    });

    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(name, (event) => {
        if (event.pointerId === held) held = null;
      });
    }

    // ------------------------------------------------------------------ the keyboard

    function showCursor() {
      context.save(); // the pen itself stays as it was dipped
      Object.assign(context, { lineWidth: 3, globalAlpha: 0.5 });
      context.beginPath();
      context.arc(cursor.x, cursor.y, pen / 2 + 4, 0, 2 * Math.PI);
      context.stroke();
      context.restore();
    }

    function move([dx, dy], far) {
      const step = far ? 4 * STEP : STEP;
      cursor = cursor || { x: width / 2, y: height / 2, down: false };
      cursor.x = Math.min(width, Math.max(0, cursor.x + dx * step));
      cursor.y = Math.min(height, Math.max(0, cursor.y + dy * step));
      if (cursor.down) stroke.points.push([cursor.x, cursor.y]);
      redraw();
      if (cursor.down) tell();
    }

    function lowerOrLift() {
      cursor = cursor || { x: width / 2, y: height / 2, down: false };
      cursor.down = !cursor.down;
      if (cursor.down) begin([cursor.x, cursor.y]);
    }

    canvas.addEventListener("keydown", (event) => {
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
      if (plain && event.key in ARROWS) move(ARROWS[event.key], event.shiftKey);
      else if (plain && event.key === " ") lowerOrLift();
      else if (plain && (event.key === "Delete" || event.key === "Backspace")) self.clear();
      else if ((event.ctrlKey || event.metaKey) && event.key === "z") self.undo();
      else return;
      event.preventDefault();
    });

    canvas.addEventListener("blur", () => {
      cursor = null;
      redraw();
    });

    // ------------------------------------------------------------------ what others may do

    const self = {
      undo() {
        cursor = held = null;
        acts.pop();
        redraw();
        tell();
      },
      clear() {
        cursor = held = null;
        if (acts.length && acts[acts.length - 1].kind !== "clear") done({ kind: "clear" });
      },
      // picture: {shares, columns, rows}, shares 0..1 of ink; the rest comes back with `changed`.
      load(picture) {
        cursor = held = null;
        done({ ...picture, kind: "picture" });
      },
      // How much ink is on each pixel, 0..1, row after row.
      ink() {
        if (cursor) drawActs();
        const { data } = context.getImageData(0, 0, width, height);
        if (cursor) showCursor();
        const ink = new Float32Array(width * height);
        for (let i = 0; i < ink.length; i++) ink[i] = data[4 * i + 3] / 255;
        return ink;
      },
      redraw,
    };
    return self;
  };
})();
