"""Pages for the tests of charts and matrix: the report's own style, script and policy around data
made for the case, which can be as odd as no training run would be.
"""

import base64
import json
import math
import random
import zlib

from unstuck.show.report.page import STYLES, as_json, joined_script, policy, template_text

NAMES = [str(k) for k in range(10)]


def page_with(title="a case", extra="", **data):
    """A whole page whose sections are the names in ``data``."""
    script = joined_script()
    shared = ("samples", "network")
    sections = "".join(
        f'<section id="{name}" aria-labelledby="{name}-title">'
        f'<h2 id="{name}-title">{name}</h2></section>'
        for name in data
        if name not in shared
    )
    style = "".join(template_text(name) for name in STYLES)
    return (
        '<!doctype html><html lang="en" class="no-js"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(script)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style}</style></head><body>"
        f'<header class="top"><h1>{title}</h1>'
        '<button type="button" id="theme">Dark</button></header>'
        f'<main id="main">{sections}{extra}</main>'
        f'<script type="application/json" id="unstuck-data">{as_json(data)}</script>'
        f"<script>{script}</script></body></html>"
    )


def curves_data(values, *, x=None, percent=False, log=True, marks=(), title="Cost"):
    """One panel: ``values`` is a list, or lists by name."""
    series = values if isinstance(values, dict) else {"training": values}
    length = max((len(v) for v in series.values()), default=0)
    panel = {
        "title": title,
        "percent": percent,
        "log": log,
        "series": [{"name": name, "values": list(v)} for name, v in series.items()],
        "marks": [dict(m) for m in marks],
    }
    places = list(range(1, length + 1)) if x is None else list(x)
    return {"x": {"name": "epoch", "values": places}, "panels": [panel]}


def falling(n, start=2.3, end=0.02):
    """A cost that falls the way costs do."""
    return [end + (start - end) * math.exp(-5 * i / max(1, n - 1)) for i in range(n)]


def layers_data(depth, steps, factor=1.0):
    """Spread of activations and gradients: ``factor`` times as large in each further layer."""
    rng = random.Random(depth)  # noqa: S311  # no secret
    x = list(range(0, 10 * steps, 10))

    def spread(power):
        return [
            [factor ** power(i) * math.exp(rng.gauss(0, 0.05)) for _ in x] for i in range(depth)
        ]

    panels = [
        ("activation_std", "Activation spread", "Healthy: alike.", False, spread(int)),
        ("gradient_std", "Gradient spread", "Healthy: alike.", False,
         spread(lambda i: depth - 1 - i)),
        ("saturated", "Saturated share", "Healthy: below half.", True,
         [[0.1 + 0.01 * (i % 7) for _ in x] for i in range(depth)]),
        ("update_ratio", "Update to weight", "Healthy: about 0.1 %.", False,
         [[1e-3 * math.exp(rng.gauss(0, 0.3)) for _ in x] for _ in range(depth)]),
    ]  # fmt: skip
    return {
        "x": {"name": "update", "values": x},
        "layers": [f"dense{i + 1} tanh" for i in range(depth)],
        "panels": [
            {"key": key, "title": title, "what": what, "log": not share, "percent": share,
             "values": values}
            for key, title, what, share, values in panels
        ],
    }  # fmt: skip


def samples_data(pairs, height=8, width=8, ink="bright"):
    """Embedded samples with the given (truth, guess); the pixels tell their position."""
    size = height * width
    pixels = bytes(((p * 37 + k * 5) % 17) for p in range(len(pairs)) for k in range(size))
    probability = []
    for position, (_, guess) in enumerate(pairs):
        sure = 0.5 + 0.49 * ((position * 7) % 10) / 10
        probability.append([sure if k == guess else (1 - sure) / 9 for k in range(10)])
    return {
        "height": height,
        "width": width,
        "minimum": 0,
        "maximum": 16,
        "ink": ink,
        "pixels": base64.b64encode(zlib.compress(pixels)).decode(),
        "dtype": "uint8",
        "index": [100 + p for p in range(len(pairs))],
        "truth": [t for t, _ in pairs],
        "guess": [g for _, g in pairs],
        "probability": probability,
        "said": "some",
    }


def matrix_data(names=None):
    """Counts, and samples behind some of the cells: ten of cell (0, 0)'s 40, both of (7, 1)."""
    names = NAMES if names is None else names
    counts = [[40 if i == j else 0 for j in range(len(names))] for i in range(len(names))]
    counts[7][1] = 2
    counts[3][5] = 1
    counts[9][4] = 3  # none of them is embedded
    pairs = [(0, 0)] * 10 + [(7, 1)] * 2 + [(3, 5)]
    return {
        "confusion": {"names": names, "counts": counts},
        "samples": samples_data(pairs),
        "mistakes": {"order": [11, 10, 12]},
    }


def written(path, html):
    """The address of the page after it was written."""
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


def unpacked(html):
    """The data that a page carries."""
    start = html.index('id="unstuck-data">') + len('id="unstuck-data">')
    return json.loads(html[start : html.index("</script>", start)])
