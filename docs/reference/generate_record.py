"""Write run-record.md from the tables of the record and the history: `make docs-reference`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from markdown import literal, table

from unstuck.record.run_record import LAYER_SERIES, RUN_SERIES
from unstuck.training.history import COLUMNS
from unstuck.training.observe import PROBE_ROWS, SHARE

PAGE = Path(__file__).with_name("run-record.md")

OPENING = f"""\
# The run record and the history

A training leaves two accounts. The **history** has one row an epoch. The **record** looks into the
layers, at steps 0, 1, 2, 4, 8, ... and then evenly, in so many places that looking costs about
{SHARE:.0%} of training time. What it is for: [The run record](../explanation/the-run-record.md).
Written by `make docs-reference` from the tables in the source.

```python
from unstuck import Network, Trainer, load

digits = load("digits")
network = Network.mlp([64, 20, 10], hidden_activation="tanh", random_state=0)
history = Trainer(network, epochs=2, random_state=0).fit(digits.X_train / 16, digits.y_train)
record = history.record

print(len(history), "epochs;", len(record) > 5, "observations")
print(record["step"][:5], record["saturated"][0].round(2))
print([layer.name for layer in record.layers], record.facts["batch_size"])
```

```text
2 epochs; True observations
[0 1 2 4 8] [ 0. nan]
['layer 1', 'layer 2'] 32
```

In a run folder they are `record.npz` (arrays and a JSON header, no pickle) and `history.csv`;
`unstuck.training.runs.Run.load(folder)` reads both.

## The record: one number an observation

`record["cost"]` has shape (observations,). All numbers are taken on the same {PROBE_ROWS} training
samples, drawn once, so that what changes is the network and not the sample.
"""

LAYERS = """\
## The record: one number an observation and layer

`record["dead"]` has shape (observations, layers); the layers are those with weights, first to last.
NaN where a number does not apply: a relu does not saturate, only a relu dies.
"""

FACTS = """\
## The record: facts

`record.facts` holds what is true of the whole run: loss, output activation, task, l1, l2, dtype,
optimizer, schedule, learning rate, batch size, samples, features, outputs, engine, threads, the
range of the raw inputs, mean and standard deviation of the scaled ones, the range of the targets.
`record.layers` names every layer: `name`, `fan_in`, `fan_out`, `activation`, `parameters`.
"""

HISTORY = """\
## The history: one number an epoch

`history.cost` and `history["cost"]` are the same array. `history.stopped` says why training ended,
`history.best_epoch` which epoch's weights were kept (early stopping), `history.engine` and
`history.threads` what ran it; `history.plot()` draws it.
"""


def page() -> str:
    """The whole page as text."""
    return "\n".join(
        [OPENING, rows(RUN_SERIES), LAYERS, rows(LAYER_SERIES), FACTS, HISTORY, rows(COLUMNS)]
    )


def rows(series: Mapping[str, str]) -> str:
    """Name and meaning."""
    return table(("name", "meaning"), ((f"`{name}`", literal(t)) for name, t in series.items()))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
