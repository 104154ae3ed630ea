"""The recommendation as NumPy to paste: for every layer the line that draws what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from unstuck.weights.recipe import Rule

ORTHOGONAL = """\
def orthogonal(rng, fan_in, fan_out, gain):
    Q, R = np.linalg.qr(rng.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out))))
    Q = gain * Q * np.sign(np.diag(R))
    return Q if fan_in >= fan_out else Q.T"""

MIRRORED = """\
def mirrored(rng, fan_in, fan_out, gain, first=False, last=False):  # units in pairs: u and -u
    rows, columns = fan_in if first else fan_in // 2, fan_out if last else fan_out // 2
    M = orthogonal(rng, rows, columns, gain)
    M = M if last else np.hstack([M, -M])
    M = M if first else np.vstack([M, -M])
    W = np.zeros((fan_in, fan_out))
    W[: M.shape[0], : M.shape[1]] = M
    if fan_out % 2 and not last:  # the unit that is left over looks at everything
        W[: M.shape[0], -1] = rng.normal(0.0, gain / np.sqrt(M.shape[0]), M.shape[0])
    return W"""

GENERATOR = "rng = np.random.default_rng()"
BATCH = "H = X[:256]  # some of your inputs, as the network sees them"


def numpy_lines(
    rules: Sequence[Rule],
    sizes: Sequence[tuple[int, int]],
    weights: Sequence[str] = (),
    biases: Sequence[str] = (),
) -> tuple[str, ...]:
    """NumPy that draws the weights of ``rules``; helpers first, then each layer's W and b.

    ``sizes`` are (fan_in, fan_out); ``weights`` and ``biases`` what the program calls its arrays
    (default W1, b1, ...). Lines that look at data take ``X``, the inputs as the network sees them,
    and ``activation``, the function between the layers.

    >>> numpy_lines([Rule("normal", 0.05, "np.sqrt(2 / 784)")], [(784, 64)])[1:]
    ('W1 = rng.normal(0.0, np.sqrt(2 / 784), (784, 64))', 'b1 = np.zeros(64)')
    """
    if not rules:
        return ()
    kinds = {rule.kind for rule in rules}
    lines = [GENERATOR]
    if kinds & {"orthogonal", "mirrored"}:
        lines.append(ORTHOGONAL)
    if "mirrored" in kinds:
        lines.append(MIRRORED)
    by_unit = any(rule.fit == "units" for rule in rules)
    if by_unit:
        lines.append(BATCH)
    for k, (rule, (fan_in, fan_out)) in enumerate(zip(rules, sizes, strict=True)):
        W = weights[k] if k < len(weights) else f"W{k + 1}"
        b = biases[k] if k < len(biases) else f"b{k + 1}"
        lines.append(f"{W} = {matrix(rule, fan_in, fan_out)}")
        if rule.fit == "units":
            lines.append(f"{W} /= (H @ {W}).std(axis=0) + 1e-12")
            lines.append(f"{b} = -(H @ {W}).mean(axis=0)")
            if k + 1 < len(rules):
                lines.append(f"H = activation(H @ {W} + {b})")
        else:
            lines.append(f"{b} = {bias(rule, W, fan_out)}")
    return tuple(lines)


def matrix(rule: Rule, fan_in: int, fan_out: int) -> str:
    """The expression that draws the matrix of one layer."""
    scale, shape = rule.text, f"({fan_in}, {fan_out})"
    fitted = abs(rule.factor - 1.0) > 1e-3
    if rule.kind in ("orthogonal", "mirrored"):
        where = ", first=True" * rule.first + ", last=True" * rule.last
        gain = f"{rule.scale * rule.factor:.4g}"
        return f"{rule.kind}(rng, {fan_in}, {fan_out}, {gain}{where * (rule.kind == 'mirrored')})"
    if fitted:
        scale = f"{rule.factor:.4g} * {scale}"
    return {
        "normal": f"rng.normal(0.0, {scale}, {shape})",
        "uniform": f"rng.uniform(-{scale}, {scale}, {shape})",
        "rand": f"rng.random({shape})",
    }[rule.kind]


def bias(rule: Rule, W: str, fan_out: int) -> str:
    """The expression for the biases of one layer, whose weights are called ``W``."""
    noise = f" + rng.normal(0.0, {rule.bias_noise:.4g}, {fan_out})" if rule.bias_noise else ""
    return {
        "zeros": f"np.zeros({fan_out})",
        "uniform": f"rng.uniform(-{rule.text}, {rule.text}, {fan_out})",
        "normal": f"rng.normal(0.0, {rule.bias_scale:.4g}, {fan_out})",
        "centre": f"{-rule.bias_scale:.4g} * {W}.sum(axis=0){noise}",
        "data": f"-X.mean(axis=0) @ {W}",
    }[rule.bias]
