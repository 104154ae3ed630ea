"""A network: a sequence of layers over ONE flat parameter buffer, and a loss at its end.

`theta` is one vector; ``network["W1"]`` is a view of the part of it that is the first
weight matrix. Gradients and optimiser buffers share the layout, so an optimiser step is one
expression over whole vectors and a checkpoint is a handful of arrays
(docs/decisions/0003-one-flat-buffer.md).

Public methods take data as it comes (pixels 0..255, say) and scale it as the network was told
to (`scaling`); `propagate` and `backpropagate` take the scaled, floating-point batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from unstuck.base.arrays import AnyArray, Array
from unstuck.base.display import Displayed
from unstuck.base.errors import InvalidInputError, lookup
from unstuck.base.rng import generator
from unstuck.core.activations import Activation, get_activation
from unstuck.core.inference import Inference
from unstuck.core.judge import check_finite, check_lengths, check_penalty, decide
from unstuck.core.layers import Activate, Dense, Layer, Pass, Views
from unstuck.core.layout import Parameter, check_widths, dense_widths, lay_out, total_size
from unstuck.core.losses import get_loss
from unstuck.core.scaling import InputScaling
from unstuck.core.targets import encode_targets

DTYPES: dict[str, np.dtype[Any]] = {
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
}


class Cost(NamedTuple):
    """The cost of a network on some data: what the data say and what the penalty adds."""

    data: float
    penalty: float

    @property
    def total(self) -> float:
        """Data term plus penalty: what training minimises."""
        return self.data + self.penalty


@dataclass(slots=True)
class ForwardPass:
    """What one forward pass leaves behind.

    ``values[0]`` is the input batch, ``values[i + 1]`` what layer ``i`` made of it,
    each (n, width).
    """

    values: list[Array]
    runs: list[Pass]

    @property
    def output(self) -> Array:
        """The network's output, (n, n_outputs)."""
        return self.values[-1]


class Network(Displayed):
    """A sequence of layers with a loss, over one flat parameter buffer.

    Parameters
    ----------
    layers : sequence of layers
        `Dense`, `Activate`, `Dropout`, `BatchNorm`; widths must fit end to end.
    loss : str or Loss
        ``"cross_entropy"`` (after softmax), ``"binary_cross_entropy"`` (after sigmoid),
        ``"squared_error"`` or ``"huber"`` (after anything).
    l1, l2 : float
        Penalty ``l1 * sum |W| + l2 / 2 * sum W**2`` over weights; biases are left out.
    dtype : {"float64", "float32"}
        Of parameters and of every computation.
    random_state : None, int or numpy.random.Generator
        Draws the initial parameters.
    scaling : InputScaling, optional
        How raw inputs become the first layer's inputs; part of the model.
    image_shape : (int, int), optional
        When the inputs are images: height and width.
    class_names : sequence of str, optional
        When the outputs are classes: their names, in output order.

    Attributes
    ----------
    theta : numpy.ndarray, shape (n_parameters,)
        All parameters. Write into it, never rebind it.

    Raises
    ------
    InvalidInputError
        When widths do not fit, or the output activation cannot work with the loss.

    Examples
    --------
    >>> net = Network.mlp([64, 20, 10], hidden_activation="relu", random_state=0)
    >>> net["W1"].shape, net.theta.size
    ((64, 20), 1510)
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        loss: Any = "cross_entropy",
        *,
        l1: float = 0.0,
        l2: float = 0.0,
        dtype: Any = "float64",
        random_state: Any = None,
        scaling: InputScaling | None = None,
        image_shape: tuple[int, int] | None = None,
        class_names: Sequence[str] | None = None,
    ) -> None:
        self.layers = tuple(layers)
        check_widths(self.layers)
        self.loss_function = get_loss(loss)
        self.loss_function.check_pairing(self.output_activation)
        self.l1, self.l2 = check_penalty(l1, "l1"), check_penalty(l2, "l2")
        self.dtype: np.dtype[Any] = lookup(np.dtype(dtype).name, DTYPES, "dtype")
        self.scaling = scaling
        self.image_shape = image_shape
        self.class_names = None if class_names is None else tuple(str(c) for c in class_names)
        if self.class_names is not None and len(self.class_names) not in self._class_counts():
            raise InvalidInputError(
                f"class_names has {len(self.class_names)} names, but the network has "
                f"{self.n_outputs} outputs; give one name an output."
            )
        self.parameters = tuple(lay_out(self.layers, "shapes"))
        self._state_layout = tuple(lay_out(self.layers, "state_shapes"))
        self.theta: Array = np.zeros(total_size(self.parameters), self.dtype)
        self.state: Array = np.zeros(total_size(self._state_layout), self.dtype)
        self._make_views()
        self.initialize(random_state)

    def _make_views(self) -> None:
        self._views = self.named(self.theta)
        self._layer_views = self.by_layer(self.theta)
        self._layer_states = self.by_layer(self.state, self._state_layout)
        self._infer = Inference(self.layers, self._layer_views, self._layer_states)
        self._largest_logit_wins = (
            self.n_outputs > 1
            and self.task == "classification"
            and self.output_activation.name in ("softmax", "sigmoid")
        )

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: all but the views, which would become arrays of their own."""
        views = {"_views", "_layer_views", "_layer_states", "_infer"}
        return {name: value for name, value in vars(self).items() if name not in views}

    def __setstate__(self, stored: dict[str, Any]) -> None:
        vars(self).update(stored)
        self._make_views()

    @classmethod
    def mlp(
        cls,
        sizes: Sequence[int],
        hidden_activation: Any = "relu",
        output_activation: Any = None,
        loss: Any = "cross_entropy",
        initializer: Any = None,
        bias_initializer: Any = None,
        *,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        batch_norm: bool = False,
        **options: Any,
    ) -> Network:
        """A multi-layer perceptron, ``sizes[0]`` inputs to ``sizes[-1]`` outputs.

        ``output_activation`` defaults to the one that fits the loss, ``initializer`` to the
        one that fits each layer's activation (`DEFAULT_INITIALIZERS`); ``"auto"`` chooses by
        theory, for any activation and depth, and each `Dense` layer holds what was chosen.
        Biases begin at 0 unless ``bias_initializer`` is given or ``"auto"`` needs others.
        ``dropout`` is of the hidden units, ``input_dropout`` of the inputs. Other options are
        those of `Network`.

        Examples
        --------
        >>> net = Network.mlp(
        ...     [64, 20, 10],
        ...     hidden_activation="relu",
        ...     output_activation="sigmoid",
        ...     loss="binary_cross_entropy",
        ...     initializer="he_normal",
        ...     random_state=0,
        ... )
        >>> [layer.kind for layer in net.layers]
        ['dense', 'activate', 'dense', 'activate']
        """
        from unstuck.core.mlp import mlp_layers  # the recipe for the sequence, one file

        layers = mlp_layers(
            sizes,
            get_activation(hidden_activation),
            get_activation(output_activation or get_loss(loss).fused_activation or "identity"),
            initializer,
            bias_initializer,
            dropout=dropout,
            input_dropout=input_dropout,
            batch_norm=batch_norm,
        )
        return cls(layers, loss, **options)

    # ------------------------------------------------------------------ what it is

    @property
    def n_features(self) -> int:
        """Number of inputs."""
        return self.layers[0].fan_in

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return self.layers[-1].fan_out

    @property
    def output_activation(self) -> Activation:
        """The activation of the last layer (identity when that is not an `Activate`)."""
        last = self.layers[-1]
        return last.activation if isinstance(last, Activate) else get_activation("identity")

    @property
    def fused(self) -> bool:
        """True if the loss is computed from the logits, together with the output activation."""
        return self.loss_function.fused_activation is not None

    @property
    def task(self) -> str:
        """``"classification"``, ``"multilabel"`` or ``"regression"``."""
        if self.loss_function.name == "cross_entropy" or self.class_names is not None:
            return "classification"
        if self.loss_function.name == "binary_cross_entropy":
            return "classification" if self.n_outputs == 1 else "multilabel"
        return "regression"

    def _class_counts(self) -> tuple[int, ...]:
        return (self.n_outputs,) if self.n_outputs > 1 else (2,)

    def __getitem__(self, name: str) -> Array:
        """The parameter of that name, a view of `theta`."""
        return lookup(name, self._views, "parameter")

    def __setitem__(self, name: str, value: Any) -> None:
        """Write values into a parameter, in place: ``network["W1"] *= 0.1`` works too."""
        self[name][...] = value

    def __iter__(self) -> Iterator[str]:
        """The parameters' names, in buffer order."""
        return iter(self._views)

    def __repr__(self) -> str:
        widths = " - ".join(str(w) for w in dense_widths(self.layers))
        return f"<Network {widths}, {self.loss_function.name}, {self.theta.size:,} parameters>"

    def summary(self) -> Any:
        """A table of layers, output shapes and parameters; ``str()`` of it is plain text."""
        from unstuck.core.summary import Summary

        return Summary.of(self)

    # ------------------------------------------------------------------ parameters

    def named(self, flat: Array) -> dict[str, Array]:
        """Views of any vector that has the layout of `theta`, by parameter name."""
        return {p.name: flat[p.start : p.stop].reshape(p.shape) for p in self.parameters}

    def by_layer(self, flat: Array, layout: Sequence[Parameter] | None = None) -> list[Views]:
        """The same views, one mapping a layer, by the layers' own names."""
        views: list[dict[str, Array]] = [{} for _ in self.layers]
        for p in self.parameters if layout is None else layout:
            views[p.layer][p.local] = flat[p.start : p.stop].reshape(p.shape)
        return list(views)

    @property
    def decay_mask(self) -> AnyArray:
        """True where `theta` is a weight (what decays), shape (n_parameters,)."""
        mask = np.zeros(self.theta.size, bool)
        for weight in self.weights(mask):
            weight[...] = True
        return mask

    def weights(self, flat: AnyArray | None = None) -> list[AnyArray]:
        """The weight matrices (what the penalty covers), views of `theta` or of ``flat``."""
        flat = self.theta if flat is None else flat
        return [flat[p.start : p.stop].reshape(p.shape) for p in self.parameters if p.local == "W"]

    def initialize(self, random_state: Any = None) -> None:
        """Draw all parameters afresh, in place."""
        rng = generator(random_state)
        for layer, p, state in zip(self.layers, self._layer_views, self._layer_states, strict=True):
            layer.initialize(rng, p, state)

    # ------------------------------------------------------------------ forward, backward

    def prepare(self, X: Any) -> Array:
        """Raw inputs as the first layer takes them: checked, floats, scaled; (n, features)."""
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != self.n_features:
            X = self._reshape(X)
        if X.dtype.kind not in "fiub":
            raise InvalidInputError(
                f"X has dtype {X.dtype}; allowed: numbers. Convert it, for example X.astype(float)."
            )
        if self.scaling is not None:
            x: Array = self.scaling.apply(X, self.dtype)
        else:
            x = X.astype(self.dtype, copy=False)
        flat = x.ravel()
        # One pass; only when it fails look for the place. vdot, since it warns of no overflow.
        if not math.isfinite(np.vdot(flat, flat)):
            check_finite(x)
        return x

    def _reshape(self, X: Array) -> Array:
        if X.ndim == 3 and math.prod(X.shape[1:]) == self.n_features:
            return X.reshape(len(X), -1)  # images
        hint = " For one sample give X[None, :]." if X.ndim == 1 else ""
        raise InvalidInputError(
            f"X has shape {X.shape}; this network takes (n_samples, {self.n_features}).{hint}"
        )

    def propagate(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
        update_state: bool = False,
        out: Sequence[Array | None] | None = None,
    ) -> ForwardPass:
        """Forward pass of a scaled batch, keeping what `backpropagate` needs.

        ``out`` gives one array a layer to write into (the trainer's preallocated buffers).
        """
        values, runs = [x], []
        for i, layer in enumerate(self.layers):
            run = Pass(training, rng, update_state)
            buffer = None if out is None else out[i]
            x = layer.forward(x, self._layer_views[i], self._layer_states[i], run, buffer)
            values.append(x)
            runs.append(run)
        return ForwardPass(values, runs)

    def backpropagate(
        self,
        forward: ForwardPass,
        targets: Array,
        sample_weight: Array | None = None,
        *,
        gradient: Array | None = None,
        layer_gradients: list[Views] | None = None,
        out: Sequence[Array | None] | None = None,
        penalty: bool = True,
    ) -> Array:
        """The gradient of the cost by the chain rule, layer by layer from the end.

        Starts from dL/dz at the logits where the loss is fused with its activation, else from
        dL/da at the output. Returns a vector with the layout of `theta`.
        """
        if gradient is None:
            gradient = np.zeros_like(self.theta)
        views = self.by_layer(gradient) if layer_gradients is None else layer_gradients
        values, last = forward.values, len(self.layers) - 1
        top = None if out is None else out[last]
        delta = self.loss_function.delta(
            values[-2], values[-1], targets, sample_weight, top
        )  # (n, n_outputs)
        if self.fused:
            last -= 1
        first = min((p.layer for p in self.parameters), default=0)
        for i in range(last, first - 1, -1):
            layer, p, g = self.layers[i], self._layer_views[i], views[i]
            if i == first and isinstance(layer, Dense):
                layer.parameter_gradient(delta, values[i], g)
                break
            buffer = None if out is None or i == 0 else out[i - 1]
            delta = layer.backward(delta, values[i], values[i + 1], p, g, forward.runs[i], buffer)
        if penalty:
            self.add_penalty_gradient(gradient)
        return gradient

    def add_penalty_gradient(self, gradient: Array) -> None:
        """Add ``l2 * W + l1 * sign(W)`` on the weights, in place."""
        if self.l1 == 0.0 and self.l2 == 0.0:
            return
        for W, dW in zip(self.weights(), self.weights(gradient), strict=True):
            if self.l2:
                dW += self.l2 * W
            if self.l1:
                dW += self.l1 * np.sign(W)

    def penalty(self) -> float:
        """``l1 * sum |W| + l2 / 2 * sum W**2``."""
        total = 0.0
        for W in self.weights():
            flat = W.ravel()
            if self.l2:
                total += self.l2 / 2 * float(np.vdot(flat, flat))  # vdot warns of no overflow
            if self.l1:
                total += self.l1 * float(np.abs(flat).sum())
        return total

    # ------------------------------------------------------------------ on raw data

    def forward(self, X: Any) -> Array:
        """Outputs for raw inputs, (n, n_outputs), as prediction computes them."""
        return self._infer(self.prepare(X))

    def loss(self, X: Any, y: Any, sample_weight: Array | None = None) -> Cost:
        """The cost on raw data: the data term (a mean over samples) and the penalty apart."""
        forward = self.propagate(self.prepare(X))
        targets = self.encode(y)
        check_lengths(forward.output, targets)
        data = self.loss_function.value(forward.values[-2], forward.output, targets, sample_weight)
        return Cost(float(data), self.penalty())

    def gradient(self, X: Any, y: Any, sample_weight: Array | None = None) -> dict[str, Array]:
        """The gradient of the cost on raw data, by parameter name (views of one vector)."""
        forward = self.propagate(self.prepare(X))
        targets = self.encode(y)
        check_lengths(forward.output, targets)
        return self.named(self.backpropagate(forward, targets, sample_weight))

    def encode(self, y: Any) -> Array:
        """Labels or target values as the (n, n_outputs) array that the loss compares with."""
        return encode_targets(
            y, self.n_outputs, self.output_activation, self.loss_function, self.dtype
        )

    def predict(self, X: Any) -> Array:
        """Class numbers, 0/1 labels or values for raw inputs.

        Returns (n,) class numbers for classification, (n, n_outputs) zeros and ones for
        several labels at once, else the outputs: (n,) for one output, (n, n_outputs) for more.
        """
        x = self.prepare(X)
        if self._largest_logit_wins:  # the activation at the end changes no order: leave it out
            classes: Array = self._infer.logits(x).argmax(axis=1)
            return classes
        outputs = self._infer(x)
        if self.task == "regression":
            return outputs[:, 0] if self.n_outputs == 1 else outputs
        return decide(outputs, self.output_activation, self.task)

    def predict_proba(self, X: Any) -> Array:
        """Class probabilities, (n, n_outputs), for a softmax or sigmoid output."""
        if self.loss_function.fused_activation is None:
            raise InvalidInputError(
                f"predict_proba needs a softmax or sigmoid output with its cross-entropy; this "
                f"network's loss is {self.loss_function.name}. Use forward() for its outputs."
            )
        return self.forward(X)

    def save(self, path: Any) -> None:
        """Write the model to one ``.safetensors`` file, atomically."""
        from unstuck.core.model_file import save_network

        save_network(self, path)

    @staticmethod
    def load(path: Any, activations: Mapping[str, Any] | None = None) -> Network:
        """Read a model that `save` wrote; ``activations`` names the user's own callables."""
        from unstuck.core.model_file import load_network

        return load_network(path, activations)
