"""The functions that a training program is made of, apart from its loop: one here for each."""

from __future__ import annotations

from unstuck.app.export.initializer_texts import bias_text, weight_text
from unstuck.app.export.text import (
    assign_tuple,
    enclose,
    function,
    number,
    return_tuple,
)
from unstuck.app.export.walk import Walked, is_single
from unstuck.core.layers import BatchNorm, Dense
from unstuck.core.losses import CrossEntropy
from unstuck.core.network import Network


def initial_parameters(network: Network) -> tuple[str, list[str]]:
    """The function that draws all parameters, and the helpers that it calls."""
    body: list[str] = []
    needs: list[str] = []
    names = {(entry.layer, entry.local): entry.name for entry in network.parameters}
    for i, layer in enumerate(network.layers):
        if isinstance(layer, Dense):
            W, b = names[i, "W"], names[i, "b"]
            drawn = weight_text(layer.initializer, W, layer.fan_in, layer.fan_out)
            body += drawn.lines
            needs += drawn.needs
            body.append(bias_text(layer.bias_initializer, b, W, layer.fan_in, layer.fan_out))
        elif isinstance(layer, BatchNorm):
            gamma, beta, n = names[i, "gamma"], names[i, "beta"], layer.fan_out
            body.append(f"{gamma}, {beta} = np.ones({n}), np.zeros({n})")
    pairs = [f'"{name}": {name}' for name in network]
    if is_single(network):
        body += enclose("p = {", pairs, "}")
        body.append("return {name: w.astype(np.float32) for name, w in p.items()}")
    else:
        body += enclose("return {", pairs, "}")
    doc = "The parameters before training, by name; weights are (fan_in, fan_out)."
    return function("initial_parameters", ["rng"], doc, body), needs


def initial_running(network: Network) -> list[str]:
    """The function that starts running means and variances, where there is batch norm."""
    pairs: list[str] = []
    kind = ", np.float32" if is_single(network) else ""
    norms = [layer for layer in network.layers if isinstance(layer, BatchNorm)]
    for count, layer in enumerate(norms, start=1):
        pairs.append(f'"mean{count}": np.zeros({layer.fan_out}{kind})')
        pairs.append(f'"variance{count}": np.ones({layer.fan_out}{kind})')
    doc = "Means and variances that run along in training; prediction uses them."
    body = enclose("return {", pairs, "}")
    return [function("initial_running", [], doc, body)] if norms else []


def one_hot(network: Network) -> list[str]:
    """The function that makes targets of class numbers, where there are such."""
    k = network.n_outputs
    if network.task != "classification" or k == 1:
        return []
    kind = ", dtype=np.float32" if is_single(network) else ""
    value = f"np.eye({k}{kind})[y]"
    doc = "Targets: 1 for the class of each sample, 0 for every other."
    loss = network.loss_function
    if network.output_activation.range == (-1.0, 1.0):
        value = f"2 * {value} - 1"
        doc = "Targets: 1 for the class of each sample, -1 for every other."
    elif isinstance(loss, CrossEntropy) and loss.label_smoothing:
        share = number(loss.label_smoothing)
        value = f"{number(round(1 - loss.label_smoothing, 12))} * {value} + {share} / {k}"
        doc = f"Targets: 1 for the class of each sample, {share} of it shared out among all."
    return [function("one_hot", ["y"], doc, [f"return {value}  # (n, {k})"])]


def forward_function(walked: Walked) -> str:
    """``forward``: all values that the way back needs, the output last."""
    arguments = ["X", "p", *(name for name in ("running", "rng") if name in walked.uses)]
    several = len(walked.values) > 1
    doc = "The values that the backward pass needs, the output last." if several else "The output."
    return function("forward", arguments, doc, [*walked.forward, *return_tuple(walked.values)])


def cost_function(network: Network, walked: Walked) -> str:
    """``cost``: the data term for one batch."""
    names = {"z": walked.logits, "a": walked.output, "k": network.n_outputs}
    body = [text.format(**names) for text in walked.loss.cost]
    wanted = walked.logits if walked.loss.reads_logits else walked.output
    if len(walked.values) == 1:
        return function("cost", [wanted, "T"], walked.loss.doc, body)
    position = walked.values.index(wanted) - len(walked.values)
    what = ", the logits" if walked.loss.reads_logits else ""
    pick = f"{wanted} = values[{position}]  # (n, {network.n_outputs}){what}"
    return function("cost", ["values", "T"], walked.loss.doc, [pick, *body])


def penalty_function(network: Network) -> list[str]:
    """``penalty``: what large weights cost, where there is one."""
    if not (network.l1 or network.l2):
        return []
    weights = [f'p["{entry.name}"]' for entry in network.parameters if entry.local == "W"]
    squares = "L2 / 2 * sum((W**2).sum() for W in weights)"
    sizes = "L1 * sum(np.abs(W).sum() for W in weights)"
    body = enclose("weights = [", weights, "]")
    if network.l1 and network.l2:
        body += [f"squares = {squares}", f"sizes = {sizes}", "return squares + sizes"]
    else:
        body.append(f"return {squares if network.l2 else sizes}")
    return [function("penalty", ["p"], "What large weights cost; biases are free.", body)]


def backward_function(network: Network, walked: Walked) -> str:
    """``backward``: the gradient of the cost by every parameter."""
    several = len(walked.values) > 1
    unpack = assign_tuple(walked.values, "values") if several else []
    pairs = [f'"{name}": d{name}' for name in network]
    what = "cost and penalty" if network.l1 or network.l2 else "the cost"
    doc = f"The gradient of {what} by every parameter, from the output back."
    return function(
        "backward",
        ["X", "T", "values" if several else walked.values[0], "p"],
        doc,
        [*unpack, "n = len(X)", *walked.backward, *enclose("return {", pairs, "}")],
    )


CLIP = function(
    "clip",
    ["g"],
    "Shorten the gradient, in place, where it is longer than CLIP_NORM.",
    [
        "norm = np.sqrt(sum((dw**2).sum() for dw in g.values()))",
        "if norm > CLIP_NORM:",
        "    for name in g:",
        "        g[name] *= CLIP_NORM / norm",
    ],
)
