// Axes: from numbers to places on the screen, and back. Every chart of the page stands on this file,
// so the awkward cases live here and nowhere else: one value, all values equal, values from 1e-300 to
// 1e300, zeros on a logarithmic axis. It knows nothing of the page.
"use strict";

(function () {

  /** The extent of many lists, nulls left out: what both kinds of axis need to know. */
  function extent(lists) {
    const e = { low: Infinity, high: -Infinity, least: Infinity, count: 0, zeros: 0, negative: 0 };
    for (const list of lists) {
      for (const v of list) {
        if (v === null || !Number.isFinite(v)) continue;
        e.count += 1;
        if (v < e.low) e.low = v;
        if (v > e.high) e.high = v;
        if (v > 0 && v < e.least) e.least = v;
        if (v === 0) e.zeros += 1;
        if (v < 0) e.negative += 1;
      }
    }
    return e;
  }

  /** 1, 2 or 5 times a power of ten, at least `rough`. */
  function niceStep(rough) {
    const exponent = Math.floor(Math.log10(rough));
    const unit = Math.pow(10, exponent);
    if (!(unit > 0)) return rough;
    const share = rough / unit;
    const factor = share <= 1.0001 ? 1 : share <= 2.0001 ? 2 : share <= 5.0001 ? 5 : 10;
    return factor * unit;
  }

  /** Numbers as a reader writes them: four figures, 1e-7 and not 1.000e-7. */
  function figure(v, percent) {
    if (v === null || v === undefined || !Number.isFinite(v)) return "no number";
    if (percent) {
      const p = 100 * v;
      if (p !== 0 && Math.abs(p) < 0.01) return trimmed(p.toExponential(1)) + " %";
      return (Math.abs(p) >= 10 ? p.toFixed(1) : p.toFixed(2)) + " %";
    }
    const size = Math.abs(v);
    if (v === 0) return "0";
    if (size >= 1e6 || size < 1e-3) return trimmed(v.toExponential(2));
    if (Number.isInteger(v)) return String(v);
    return String(Number(v.toPrecision(4)));
  }

  function trimmed(text) {
    return text.replace(/\.?0+e/, "e").replace("e+", "e");
  }

  function tickText(v, step, percent) {
    if (percent) return fixed(100 * v, 100 * step) + " %";
    if (v === 0) return "0";
    const size = Math.abs(v);
    if (size >= 1e5 || step < 1e-4) {
      const digits = Math.floor(Math.log10(size)) - Math.floor(Math.log10(step));
      return trimmed(v.toExponential(Math.min(15, Math.max(0, digits))));
    }
    return fixed(v, step);
  }

  function fixed(v, step) {
    const digits = Math.min(12, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
    const text = v.toFixed(digits);
    return Number(text) === 0 ? "0" : text;
  }

  /** Ends that differ and leave a little air; at 0 where the values begin near it. `least` is the
      share of the largest value that the axis spans at least: a cost that stands still between 2.301
      and 2.303 must look as if it stood still. */
  function linearDomain(e, percent, least = 0) {
    if (!e.count) return [0, 1];
    const { low, high } = e;
    if (percent && low >= 0 && high <= 1) return [0, 1];
    const tiny = 1e-290; // below it steps and shares are no longer numbers
    if (high / 2 - low / 2 <= Math.max(Math.abs(high) * 1e-12, tiny)) {
      const pad = Math.abs(high) > tiny ? Math.abs(high) * 0.25 : 1;
      return [limited(low - pad), limited(high + pad)];
    }
    const size = Math.max(Math.abs(low), Math.abs(high));
    const air = Math.max((high / 2 - low / 2) * 0.1, (size * least) / 2 - (high / 2 - low / 2));
    if (low >= 0 && low < 0.4 * high) return [0, limited(high + air)];
    return [limited(low - air), limited(high + air)];
  }

  function limited(v) {
    return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, v));
  }

  /** Half differences: the span of -1e308..1e308 is no number, half of it is one. */
  function linear([low, high], from, to, options = {}) {
    const half = high / 2 - low / 2;
    const at = (v) => from + ((v / 2 - low / 2) / half) * (to - from);
    const invert = (p) => {
      const share = (p - from) / (to - from);
      return low * (1 - share) + high * share;
    };
    const ticks = linearTicks(low, high, options);
    return { at, invert, ticks, low, high };
  }

  function linearTicks(low, high, { count = 5, percent = false, whole = false }) {
    let step = niceStep(high / count - low / count);
    if (whole) step = Math.max(1, step);
    const ticks = [];
    const first = Math.ceil(low / step - 1e-9);
    const last = Math.floor(high / step + 1e-9);
    for (let k = first; k <= last && ticks.length < 60; k += 1) {
      ticks.push({ value: k * step, text: tickText(k * step, step, percent) });
    }
    return ticks;
  }

  /** A logarithmic axis; `floor` is the least number of decades it spans, so that what hardly moves
      looks as if it hardly moves. Exact zeros lie on a line of their own at the bottom. */
  function logarithmic(e, from, to, { count = 5, percent = false, floor = 0.3 } = {}) {
    let low = Math.log10(e.least);
    let high = Math.log10(e.high);
    if (!(e.high > 0)) [low, high] = [-1, 0];
    const air = Math.max(0.04 * (high - low), (floor - (high - low)) / 2);
    low -= air;
    high += air;
    const bottom = e.zeros ? from + Math.sign(to - from) * 14 : from;
    const place = (l) => bottom + ((l - low) / (high - low)) * (to - bottom);
    const at = (v) => (v > 0 ? place(Math.log10(v)) : from);
    const ticks = logTicks(low, high, count, percent);
    if (e.zeros) ticks.unshift({ value: 0, text: "0" });
    return { at, ticks: ticks.filter((t) => Number.isFinite(at(t.value))), logLow: low, logHigh: high };
  }

  function logTicks(low, high, count, percent) {
    const span = high - low;
    const factors = span > 2.2 ? [1] : span > 1.1 ? [1, 3] : [1, 2, 3, 5, 7];
    const every = Math.max(1, Math.ceil(span / (count + 1)));
    const ticks = [];
    for (let k = Math.floor(low); k <= Math.ceil(high); k += 1) {
      if (k % every) continue;
      for (const factor of factors) {
        const place = k + Math.log10(factor);
        if (place < low || place > high) continue;
        const value = Number(factor + "e" + k);
        if (value > 0 && Number.isFinite(value)) ticks.push({ value, text: powerText(value, percent) });
      }
    }
    if (ticks.length >= 2) return ticks;
    return linearTicks(Math.pow(10, low), Math.pow(10, high), { count, percent });
  }

  function powerText(v, percent) {
    const shown = percent ? 100 * v : v;
    const short =
      shown >= 1e4 || shown < 1e-3
        ? trimmed(shown.toExponential(0))
        : String(Number(shown.toPrecision(3)));
    return percent ? short + " %" : short;
  }

  /** The index of the value in an ascending list that lies nearest to x. */
  function nearest(values, x) {
    let low = 0;
    let high = values.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (values[middle] <= x) low = middle;
      else high = middle;
    }
    return Math.abs(values[high] - x) < Math.abs(values[low] - x) ? high : low;
  }

  unstuck.scales = { extent, linear, linearDomain, logarithmic, figure, nearest };
})();
