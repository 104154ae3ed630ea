"""The example notebooks: made from their texts, with outputs, and every cell runs and holds.

What a notebook claims stands in it as `assert`, so that a claim that no longer holds is a cell that
fails.
"""

import importlib.util
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

NOTEBOOKS = Path(__file__).resolve().parents[2] / "examples" / "notebooks"
SPEC = importlib.util.spec_from_file_location("make_notebooks", NOTEBOOKS / "make.py")
maker = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(maker)

TEXTS = [pytest.param(path, id=path.stem) for path in maker.texts()]
DIAGNOSED = {  # what the doctor found, and what the repair reaches, when the notebook was made
    "1-the-cost-never-changes": {"W302", "D401", "T607", "P704"},
    "2-one-wrong-value": {"G103", "W302", "D401"},
    "3-the-cost-never-moves": {"U201", "P701", "G111"},
    "5-from-numpy-to-your-own-network": {"G103"},
}


def stored(path):
    return nbformat.read(path.with_suffix(".ipynb"), as_version=4)


def plain(cell):
    """All that a cell showed, as text."""
    return "".join(
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )


def diagnoses(notebook):
    return [plain(c) for c in notebook.cells if c.source.startswith("%%doctor")]


def test_there_are_five():
    assert len(TEXTS) == 5
    assert len(list(NOTEBOOKS.glob("*.ipynb"))) == 5


@pytest.mark.parametrize("path", TEXTS)
def test_it_is_made_from_its_text(path):
    kept, made = stored(path), maker.notebook_of(path)
    assert [(c.cell_type, c.id, c.source) for c in kept.cells] == [
        (c.cell_type, c.id, c.source) for c in made.cells
    ], "make notebooks"


@pytest.mark.parametrize("path", TEXTS)
def test_it_is_kept_with_its_outputs_and_without_the_machine(path):
    notebook = stored(path)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [o for cell in code for o in cell.outputs if o.output_type == "error"]
    assert sum(bool(cell.outputs) for cell in code) >= len(code) / 2
    kinds = {kind for cell in code for o in cell.outputs for kind in o.get("data", {})}
    assert {"text/plain", "text/html"} <= kinds
    shown = "".join(plain(cell) for cell in code)
    assert not maker.PRIVATE.search(shown)
    assert not re.search(r"accuracy +\d+\.\d+%  \d+(\.\d+)? m?s", shown)


@pytest.mark.parametrize("path", TEXTS)
def test_the_doctor_found_the_causes_and_a_repair(path):
    shown = diagnoses(stored(path))
    assert len(shown) == (path.stem in DIAGNOSED)
    for text in shown:
        codes = set(re.findall(r"^(?:cause|fault|note) (\w+):", text, re.MULTILINE))
        assert codes >= DIAGNOSED[path.stem]
        assert re.search(r"^repair: accuracy", text, re.MULTILINE)


@pytest.mark.parametrize("path", TEXTS)
def test_every_cell_runs_and_every_claim_holds(path, tmp_path):
    notebook = maker.clean(maker.run(maker.notebook_of(path), tmp_path))
    for text in diagnoses(notebook):
        assert text.startswith(("does not learn", "learns"))
        assert "nothing in your notebook has changed" in text
    assert not list(tmp_path.iterdir()), "nothing is left behind"


# -------------------------------------------------------------------------- the maker itself


def test_a_claim_that_does_not_hold_fails(tmp_path):
    text = tmp_path / "0-wrong.md"
    text.write_text("# Wrong\n\n```python\nassert 1 == 2\n```\n", encoding="utf-8")
    with pytest.raises(CellExecutionError, match="AssertionError"):
        maker.run(maker.notebook_of(text), tmp_path)


def test_a_text_that_was_changed_is_noticed(tmp_path):
    path = maker.texts()[0]
    text = path.read_text(encoding="utf-8").replace("print(", "print( ", 1)
    changed = tmp_path / path.name
    changed.write_text(text, encoding="utf-8")
    shutil.copy(path.with_suffix(".ipynb"), tmp_path)
    with pytest.raises(AssertionError, match="make notebooks"):
        test_it_is_made_from_its_text(changed)


def test_the_author_is_quoted_word_for_word():
    for name in ("per_sample_class.py", "summed_gradients.py", "two_layer_model.py"):
        quoted = maker.author(name)
        whole = (maker.ORIGINALS / name).read_text(encoding="utf-8")
        assert quoted in whole
        assert quoted.startswith("import numpy as np")
        assert "__main__" not in quoted


@pytest.mark.parametrize(
    ("shown", "kept"),
    [
        ("epoch 1/2  90.00%  0.73 s\nepoch 2/2  18 ms", "epoch 1/2  90.00%\nepoch 2/2"),
        ("<pre>epoch 2/2  cost 2.1  1 min 3 s</pre>", "<pre>epoch 2/2  cost 2.1</pre>"),
        ("race: 140 short trainings in 3.89 s", "race: 140 short trainings"),
        ("it took 5 seconds\nand 3 s more", "it took 5 seconds\nand 3 s more"),
    ],
)  # fmt: skip
def test_durations_are_taken_out(shown, kept):
    assert maker.without_machine(shown) == kept


def test_a_path_of_the_machine_is_refused():
    with pytest.raises(RuntimeError, match="path of this machine"):
        maker.without_machine("/" + "home/somebody/x.py:1: UserWarning")
