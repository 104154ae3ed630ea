"""Contents whose every text is hostile: labels, names, source lines, messages, as a program or a
data set could bring them.
"""

import numpy as np
from hypothesis import strategies as st

from unstuck.app.report_program import statement
from unstuck.doctor.diagnosis import (
    Clean,
    Diagnosis,
    Finding,
    Progress,
    Repair,
    Unchecked,
)
from unstuck.doctor.exhibits import Exhibits, Progressed, Steps, Values
from unstuck.record.run_record import LayerInfo, RunRecord, SourceSpan
from unstuck.show.report.contents import Contents, Provenance
from unstuck.show.report.samples import judged_samples

FIRES = "window.__pwned = 1"
ATTACKS = (
    f"<script>{FIRES}</script>",
    f"</script><script>{FIRES}</script>",
    f"</code></pre></title></style><script>{FIRES}</script>",
    f'<img src=x onerror="{FIRES}">',
    f'" autofocus tabindex=0 onfocus="{FIRES}" onmouseover="{FIRES}',
    f"' onload='{FIRES}' x='",
    f"<svg><script>{FIRES}</script></svg>",
    f"<svg onload='{FIRES}'>",
    f"</svg><iframe srcdoc='<script>parent.{FIRES}</script>'>",
    f"javascript:{FIRES}",
    f"<!--><script>{FIRES}</script-->",
    "<!-- <script>",
    "]]>",
    "--!>",
    "{{ 7 * 7 }}{% raw %}{# x #}",
    "${7 * 7}`${7}`",
    "&lt;script&gt;&amp;#60;script>",
    "\u202egnp.exe\u2066\u2028\u2029\ufeff",
    "\x1b[31m\x00\x07\r",
    "alert(1)//\\",
)
texts = st.lists(
    st.sampled_from(ATTACKS) | st.text(min_size=1, max_size=20), min_size=1, max_size=3
).map("".join)
"""Text that tries to get out of its place, alone and joined with anything."""


def hostile(text):
    """Contents of a page on which ``text`` stands wherever a text can stand."""
    found = diagnosis(text)
    return Contents(
        title=text,
        outcome=statement(found),
        dataset=text,
        diagnosis=found,
        record=record(text),
        samples=samples(text),
        provenance=Provenance(
            command=("report", text), options={text: text}, data={"file": text}, notes=(text,)
        ),
        missing={"draw": text},
    )


def diagnosis(text):
    """A diagnosis made of one text."""
    file = text.replace("/", "|") + ".py"
    source = "\n".join(["import numpy", text.replace("\n", " "), "W = W - dW", "x = 1\n" * 30])
    span = SourceSpan(file, 2, 0, 3, 5)
    findings = tuple(
        Finding(
            code, severity, text, span, {text: text, "parameters": [text], "n": {text: 1.0}}, text
        )
        for code, severity in (("G103", "cause"), (text, "fault"), ("W302", "note"))
    )
    nowhere = Finding("T601", "fault", text, None, {"what": [text, text]}, None)
    return Diagnosis(
        file,
        "stuck",
        Progress("accuracy", 0.1, 0.2, 0.1, 10),
        (*findings, nowhere),
        (Clean(text, text),),
        (Unchecked(text, text),),
        Repair((text,), f"--- {text}\n+++ {text}\n-{text}\n+{text}\n", 0.1, 0.9, (0,), 3, True),
        text,
        {file: source},
        exhibits=exhibits(text),
    )


def exhibits(text):
    """Pictures with the text for a title."""
    run = Progressed(np.array([0.0, 5.0]), np.array([1.0, 0.5]), np.array([0.1, 0.2]))
    edges = np.linspace(0.0, 1.0, 5)
    return Exhibits(
        record(text),
        run,
        run,
        steps=(Steps(text, text, np.array([1.0, -1.0]), np.array([-1.0, 1.0]), 0.5, entries=2),),
        values=(Values(text, text, edges, np.arange(4), 0.0, 1.0),),
        loss=text,
    )


def record(text):
    """Two layers of that name."""
    layers = tuple(LayerInfo(text, 2, 2, text, (text,)) for _ in range(2))
    series = {"step": np.arange(3)}
    for name in ("activation_std", "gradient_std", "update_ratio", "saturated", "dead"):
        series[name] = np.array([[1.0, 1e-5]] * 3)
    return RunRecord(text, layers, series)


def samples(text):
    """Four samples in two classes of that name, one of them decided wrongly."""
    outputs = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7]])
    X = np.arange(16, dtype=np.uint8).reshape(4, 4)
    truth = np.array([0, 1, 0, 1])
    names = (text, f"{text} 2")
    return judged_samples("test", X, truth, outputs, outputs.argmax(axis=1), names, (2, 2))
