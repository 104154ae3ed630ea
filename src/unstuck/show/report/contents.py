"""What one page shows, in neutral terms: `app` fills it in, the sections read it.

Any part may be missing. What is missing for a reason is named in ``missing``, and the page says
why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from unstuck.base.arrays import AnyArray, Array
from unstuck.core.network import Network
from unstuck.doctor.diagnosis import Diagnosis
from unstuck.record.run_record import RunRecord
from unstuck.training.history import History

Tone = Literal["good", "fair", "bad", "plain"]
"""How the outcome is coloured: it works, it half works, it does not, or nobody can say."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The outcome: one sentence, what else is to be known, and the numbers below it.

    ``advice`` is what to do next, one sentence each; ``facts`` are (name, value) as they are shown.
    """

    sentence: str
    tone: Tone = "plain"
    advice: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The judged samples that are embedded, and the counts over all that were judged.

    Attributes
    ----------
    part : ``"test"``, ``"validation"`` or ``"training"``.
    total, wrong : how many samples were judged, how many of them wrongly (0 for values).
    said : which of them are embedded, in words.
    X : the embedded ones as they are in the data set, (n, features).
    index : their rows in the part, (n,).
    truth : classes (n,), or values (n, n_outputs).
    guess : classes (n,); None for values.
    outputs : (n, n_outputs).
    class_names : None for values.
    image_shape : (height, width) where a sample is a picture.
    counts : confusion over ALL judged samples, (k, k); None for values.
    mistakes : positions in ``X`` of what was decided wrongly, the surest first.
    """

    part: str
    total: int
    wrong: int
    said: str
    X: AnyArray
    index: AnyArray
    truth: AnyArray
    guess: AnyArray | None
    outputs: Array
    class_names: tuple[str, ...] | None = None
    image_shape: tuple[int, int] | None = None
    counts: AnyArray | None = None
    mistakes: tuple[int, ...] = ()


USUAL = "usual"  # the candidate that would have been taken unasked


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to begin: the spread of z and the size of dL/dz in each layer, before training.

    ``name`` is `USUAL` for what would have been taken without a look at the data.
    """

    name: str
    title: str
    signals: tuple[float, ...]
    gradients: tuple[float, ...]
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class InitialWeights:
    """How the weights were chosen by the adviser: the reason, and what each candidate would do."""

    name: str
    reason: str
    weights: tuple[str, ...] = ()
    biases: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers come from: enough to get them again.

    ``command`` is what was typed, word by word, without ``unstuck``; empty where nothing was.
    """

    command: tuple[str, ...] = ()
    seed: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    started: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """Everything one page shows.

    Attributes
    ----------
    title : str
        What the page is about: a run's folder, a program's name.
    outcome : Statement
    dataset : str
        What the data set is called (``"mnist"``, ``"digits"``, a file); how drawings are prepared
        hangs on it.
    regression : bool
        True where values are predicted, not classes.
    history, record, network, samples, diagnosis, initial, provenance
        None where there is none.
    missing : mapping of str to str
        Name of a section -> why it is not there, one sentence.

    Examples
    --------
    >>> Contents("runs/first", Statement("98.1 % of 1,797 test samples are right.", "good")).title
    'runs/first'
    """

    title: str
    outcome: Statement
    dataset: str = ""
    regression: bool = False
    history: History | None = None
    record: RunRecord | None = None
    network: Network | None = None
    samples: Samples | None = None
    diagnosis: Diagnosis | None = None
    initial: InitialWeights | None = None
    provenance: Provenance | None = None
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the page, ready for its template and its script.

    ``name`` is the id of the section, the name of its template and of its function in JavaScript;
    ``context`` is ``s`` in the template; ``data`` goes into the page's JSON under ``name``, or not
    at all when it is None.
    """

    name: str
    title: str
    context: Mapping[str, Any] = field(default_factory=dict)
    data: Any = None
