// The network itself, in the page: the forward pass that Python's `predict_proba` makes, in double
// precision, with what every layer answers on the way. Each formula is the one of
// core/activation_formulas.py, so that the numbers here are the numbers there.
"use strict";

(function () {
  const SERIES_UP_TO = 1.5; // below it erf by its series, above it erfc by its continued fraction

  // erf(x) = 2/sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (1 3 5 ... (2n+1)): all terms of one sign.
  function erfBySeries(x) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }

  // erfc(x) = exp(-x^2)/sqrt(pi) / (x + 1/2 / (x + 1 / (x + 3/2 / (x + ...)))), for large x > 0.
  function erfcByFraction(x) {
    let tail = x;
    for (let n = 60; n > 0; n--) tail = x + n / 2 / tail;
    return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
  }

  // The normal distribution function, exact to the last digits on both sides.
  function normal(z) {
    const x = Math.abs(z) / Math.SQRT2;
    if (x < SERIES_UP_TO) return 0.5 + Math.sign(z) * 0.5 * erfBySeries(x);
    const tail = 0.5 * erfcByFraction(x);
    return z < 0 ? tail : 1 - tail;
  }

  const sigmoid = (z) => 1 / (1 + Math.exp(-z));

  // Each takes z and the parameters of the layer.
  const ELEMENTWISE = {
    identity: (z) => z,
    sigmoid,
    tanh: Math.tanh,
    relu: (z) => Math.max(z, 0),
    leaky_relu: (z, p) => Math.max(z, z * p.slope),
    elu: (z, p) => (z > 0 ? z : p.alpha * Math.expm1(z)),
    selu: (z, p) => p.scale * (z > 0 ? z : p.alpha * Math.expm1(z)),
    gelu: (z) => (z === 0 ? 0 : z * normal(z)),
    softplus: (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))),
    silu: (z) => (z === 0 ? 0 : z * sigmoid(z)),
  };

  function softmax(z) {
    const largest = z.reduce((a, b) => Math.max(a, b), -Infinity);
    const a = z.map((value) => Math.exp(value - largest));
    const sum = a.reduce((total, value) => total + value, 0);
    return a.map((value) => value / sum);
  }

  // What each kind of layer makes of its input, a Float64Array.
  const KINDS = {
    dense(layer) {
      const { n_in: rows, n_out: columns } = layer;
      const weights = unstuck.floats(layer.weights); // row after row: weights[i * columns + j]
      const bias = layer.bias ? unstuck.floats(layer.bias) : new Float32Array(columns);
      return function (x) {
        const z = Float64Array.from(bias);
        for (let i = 0; i < rows; i++) {
          const value = x[i];
          if (value === 0) continue; // paper: most of a picture
          for (let j = 0, at = i * columns; j < columns; j++, at++) z[j] += value * weights[at];
        }
        return z;
      };
    },
    affine(layer) {
      const scale = unstuck.floats(layer.scale);
      const shift = unstuck.floats(layer.shift);
      return (x) => x.map((value, i) => scale[i] * value + shift[i]);
    },
    activation(layer) {
      if (layer.name === "softmax") return softmax;
      const phi = ELEMENTWISE[layer.name];
      if (!phi) throw new Error(`this page does not know the activation ${layer.name}`);
      return (x) => x.map((z) => phi(z, layer.parameters));
    },
  };

  // A number, or one for each input: a function from the position to it.
  function constant(value) {
    if (typeof value === "number") return () => value;
    const values = unstuck.floats(value);
    return (i) => values[i];
  }

  // One sigmoid output over two classes says the probability of the second.
  function asClasses(outputs, names) {
    if (outputs.length !== 1 || !names || names.length !== 2) return outputs;
    return Float64Array.of(1 - outputs[0], outputs[0]);
  }

  // load(data).run(raw) -> {values, outputs, answers}: what each layer answers, in order; the
  // network's outputs; the same, one a class. `raw` are numbers as the data set has them.
  unstuck.network = {
    load(data) {
      const steps = data.layers.map((layer) => KINDS[layer.kind](layer));
      const shift = constant(data.scaling.shift);
      const scale = constant(data.scaling.scale);
      return {
        layers: data.layers,
        run(raw) {
          let x = Float64Array.from(raw, (value, i) => (value - shift(i)) * scale(i));
          const values = steps.map((step) => (x = step(x)));
          return { values, outputs: x, answers: asClasses(x, data.class_names) };
        },
      };
    },
    normal,
  };
})();
