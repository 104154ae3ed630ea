// From a drawing to what the network was trained on: the steps by which the pictures of the data
// set were made, in their order. A network knows nothing but such pictures; a drawing that skips
// one step looks foreign to it.
//
// A drawing is an ink map: `ink[y * width + x]`, 0 paper to 1 full ink, much finer than the picture.
"use strict";

(function () {
  const isInk = (value) => value >= 0.5; // what a scanner calls black

  // The smallest box around the ink: {left, top, width, height}, or null on empty paper.
  function box(ink, width, height) {
    let left = width, top = height, right = -1, bottom = -1;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (!isInk(ink[y * width + x])) continue;
        if (x < left) left = x;
        if (x > right) right = x;
        if (y < top) top = y;
        bottom = y;
      }
    }
    return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
  }

  // Which old pixels a new one covers, with their shares: for each new one [[old, share], ...].
  function overlaps(start, length, count) {
    const step = length / count;
    return Array.from({ length: count }, (_, k) => {
      const from = start + k * step, to = from + step, parts = [];
      for (let old = Math.floor(from); old < to; old++) {
        const share = Math.min(old + 1, to) - Math.max(old, from);
        if (share > 1e-9) parts.push([old, share / step]);
      }
      return parts;
    });
  }

  // The mean over the area of each new pixel: anti-aliasing in its plainest form. The part may
  // stick out over the paper, which has no ink there.
  function resample(ink, width, height, part, columns, rows) {
    const out = new Float64Array(rows * columns);
    const across = overlaps(part.left, part.width, columns);
    const band = new Float64Array(columns);
    overlaps(part.top, part.height, rows).forEach((lines, row) => {
      for (const [y, share] of lines) {
        if (y < 0 || y >= height) continue;
        across.forEach((cells, column) => {
          band[column] = 0;
          for (const [x, part_] of cells) {
            if (x >= 0 && x < width) band[column] += part_ * ink[y * width + x];
          }
          out[row * columns + column] += share * band[column];
        });
      }
    });
    return out;
  }

  // ------------------------------------------------------------------------------ MNIST
  // LeCun, Cortes and Burges: the digit in a box of 20 x 20 with its shape kept, in grey by the
  // area each pixel covers; that box in 28 x 28, its centre of mass in the middle. The details
  // are those of Yadav and Bottou's reconstruction (arXiv:1905.10498): a square box around the
  // digit, bytes, and a shift by whole pixels.

  const BOX = 20;

  function mnist(ink, width, height, shape) {
    const found = box(ink, width, height);
    if (!found) return null;
    const side = Math.max(found.width, found.height);
    const square = {
      left: found.left - Math.floor((side - found.width) / 2),
      top: found.top - Math.floor((side - found.height) / 2),
      width: side,
      height: side,
    };
    const grey = resample(ink, width, height, square, BOX, BOX);
    const most = grey.reduce((a, b) => Math.max(a, b), 0);
    return byMass(grey.map((value) => Math.round((255 * value) / most)), shape);
  }

  // The box of bytes laid into the picture so that its centre of mass comes to lie in the middle.
  function byMass(grey, shape) {
    let mass = 0, x = 0, y = 0;
    grey.forEach((value, i) => {
      mass += value;
      x += value * ((i % BOX) + 0.5);
      y += value * (Math.floor(i / BOX) + 0.5);
    });
    const [rows, columns] = shape;
    const left = Math.trunc(columns / 2 + 1 - x / mass);
    const top = Math.trunc(rows / 2 + 1 - y / mass);
    const out = new Float64Array(rows * columns);
    grey.forEach((value, i) => {
      const column = left + (i % BOX), row = top + Math.floor(i / BOX);
      const inside = column >= 0 && column < columns && row >= 0 && row < rows;
      if (inside) out[row * columns + column] = value / 255;
    });
    return out;
  }

  // ------------------------------------------------------------------------------ digits
  // Alpaydin and Kaynak's digits were normalised by NIST's programs (Garris et al., NISTIR 5469)
  // to bitmaps of 32 x 32: the digit stretched to 20 x 32, strokes made thinner where there is
  // much ink and thicker where there is little, then straightened. Of each block of 4 x 4 the
  // black pixels are counted: 8 x 8 numbers of 0..16.

  const SIDE = 32, STRETCHED = 20, BLOCK = 4;
  const MUCH = 412, VERY_MUCH = 560, LITTLE = 256, VERY_LITTLE = 108; // black pixels

  function digits(ink, width, height) {
    const found = box(ink, width, height);
    if (!found) return null;
    const bitmap = straighten(evenStrokes(stretch(ink, width, height, found)));
    const counts = new Float64Array((SIDE / BLOCK) ** 2);
    bitmap.forEach((black, i) => {
      const column = Math.floor((i % SIDE) / BLOCK), row = Math.floor(i / SIDE / BLOCK);
      counts[(row * SIDE) / BLOCK + column] += black;
    });
    return counts.map((count) => count / BLOCK ** 2);
  }

  function stretch(ink, width, height, found) {
    const grey = resample(ink, width, height, found, STRETCHED, SIDE);
    const bitmap = new Uint8Array(SIDE * SIDE);
    const margin = (SIDE - STRETCHED) / 2;
    grey.forEach((value, i) => {
      const at = Math.floor(i / STRETCHED) * SIDE + margin + (i % STRETCHED);
      bitmap[at] = isInk(value) ? 1 : 0;
    });
    return bitmap;
  }

  function evenStrokes(bitmap) {
    const black = bitmap.reduce((sum, pixel) => sum + pixel, 0);
    if (black > VERY_MUCH) return grow(grow(bitmap, 0), 0);
    if (black > MUCH) return grow(bitmap, 0);
    if (black < VERY_LITTLE) return grow(grow(bitmap, 1), 1);
    if (black < LITTLE) return grow(bitmap, 1);
    return bitmap;
  }

  // Every pixel that has a neighbour (left, right, above, below) of this colour takes it on; what
  // lies outside is paper.
  function grow(bitmap, colour) {
    return bitmap.map((pixel, i) => {
      const x = i % SIDE, y = Math.floor(i / SIDE);
      const around = [
        x > 0 ? bitmap[i - 1] : 0,
        x < SIDE - 1 ? bitmap[i + 1] : 0,
        y > 0 ? bitmap[i - SIDE] : 0,
        y < SIDE - 1 ? bitmap[i + SIDE] : 0,
      ];
      return around.includes(colour) ? colour : pixel;
    });
  }

  const rowOf = (bitmap, y) => bitmap.subarray(y * SIDE, (y + 1) * SIDE);

  // Rows pushed sideways until the left edges near the top and near the bottom stand above each
  // other; two rows at each end are passed over, where the pen comes and goes.
  function straighten(bitmap) {
    const inked = Array.from({ length: SIDE }, (_, y) => y).filter((y) => rowOf(bitmap, y).includes(1));
    if (inked.length === 0) return bitmap;
    const first = inked[0], last = inked[inked.length - 1];
    if (last - first < 5) return bitmap;
    const top = first + 2, bottom = last - 2;
    const topLeft = rowOf(bitmap, top).indexOf(1), bottomLeft = rowOf(bitmap, bottom).indexOf(1);
    if (topLeft < 0 || bottomLeft < 0 || topLeft === bottomLeft) return bitmap;
    const lean = (topLeft - bottomLeft) / (bottom - top);
    const out = new Uint8Array(SIDE * SIDE);
    for (let y = 0; y < SIDE; y++) {
      const shift = awayFromZero((y - SIDE / 2) * lean);
      for (let x = 0; x < SIDE; x++) {
        if (bitmap[y * SIDE + x] && x + shift >= 0 && x + shift < SIDE) out[y * SIDE + x + shift] = 1;
      }
    }
    return out;
  }

  const awayFromZero = (value) => Math.sign(value) * Math.round(Math.abs(value));

  // ------------------------------------------------------------------------------ others
  // Nothing is known of how they were made: the whole paper, made smaller.

  function plain(ink, width, height, shape) {
    if (!ink.some(isInk)) return null;
    return resample(ink, width, height, { left: 0, top: 0, width, height }, shape[1], shape[0]);
  }

  const HOW = { mnist, digits, plain };

  // picture(how, ink, width, height, target) -> pixels as the data set has them, or null without
  // ink. `target` is {height, width, minimum, maximum, ink, whole}.
  unstuck.prepare = function (how, ink, width, height, target) {
    const shares = HOW[how](ink, width, height, [target.height, target.width]);
    if (shares === null) return null;
    const span = target.maximum - target.minimum;
    return shares.map((share) => {
      const filled = target.ink === "dark" ? 1 - share : share;
      const value = target.minimum + span * filled;
      return target.whole ? Math.round(value) : value;
    });
  };
})();
