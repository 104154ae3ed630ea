"""Programs as files: those that predict, and those that train on every kind of data."""

import contextlib
import io
import runpy
import subprocess
import sys

import numpy as np
import pytest

from unstuck.app.export import export, write_program
from unstuck.base.errors import InvalidInputError
from unstuck.core.layers import Activate, BatchNorm, Dense
from unstuck.core.network import Network
from unstuck.core.scaling import InputScaling
from unstuck.data.idx import write_idx
from unstuck.data.load import load
from unstuck.training.history import History
from unstuck.training.runs import Run, save_run
from unstuck.training.trainer import Trainer


def run_alone(path, *arguments):
    """What a program prints in a Python of its own, where importing unstuck is an error."""
    blocked = path.parent / "unstuck.py"
    blocked.write_text('raise ImportError("the program must run without unstuck")\n')
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=path.parent,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(path, *arguments):
    """What a program prints, run in this Python: a second faster."""
    assert "unstuck" not in path.read_text()
    printed, before = io.StringIO(), sys.argv
    sys.argv = [str(path), *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(printed):
            runpy.run_path(str(path), run_name="__main__")
    finally:
        sys.argv = before
    return printed.getvalue()


def score(printed, name="test accuracy"):
    """The number behind a name in what a program prints."""
    return next(float(row.split()[-1]) for row in printed.splitlines() if row.startswith(name))


# ---------------------------------------------------------------------------------- prediction


def trained(sizes, X, y, names=None, **options):
    network = Network.mlp(
        sizes, scaling=InputScaling.fit(X), class_names=names, random_state=0, **options
    )
    Trainer(network, "adam", epochs=2, random_state=0, engine="numpy", record=False).fit(X, y)
    return network


CASES = {
    "pixels": ("0..16", {}),
    "columns": ("standard", {}),
    "single precision": ("standard", {"dtype": "float32"}),
    "batch norm and dropout": ("standard", {"batch_norm": True, "dropout": 0.3}),
    "several labels": ("standard", {"loss": "binary_cross_entropy"}),
    "two classes, one output": ("standard", {"loss": "binary_cross_entropy", "outputs": 1}),
    "values": ("standard", {"loss": "squared_error"}),
    "one value": ("standard", {"loss": "huber", "outputs": 1}),
    "selu": ("standard", {"hidden_activation": "selu"}),
    "gelu": ("none", {"hidden_activation": "gelu"}),
}


@pytest.mark.parametrize("case", CASES)
def test_prediction_program_agrees(case, tmp_path):
    kind, options = CASES[case]
    options = dict(options)
    k = options.pop("outputs", 3)
    rng = np.random.default_rng(0)
    X = rng.integers(0, 17, (40, 9)) if kind == "0..16" else rng.normal(5, 3, (40, 9))
    loss = options.get("loss", "cross_entropy")
    if loss == "cross_entropy":
        y = rng.integers(0, k, 40)
    elif loss == "binary_cross_entropy":
        y = rng.integers(0, 2, (40, k)).astype(float)
    else:
        y = rng.normal(size=(40, k))
    names = ["ant", "bée", 'c"at'] if loss == "cross_entropy" else None
    network = trained([9, 8, k], X, y, names, **options)

    files = export(network, tmp_path / "net.py")
    assert [file.name for file in files] == ["net.py", "net.npz"]
    np.savetxt(tmp_path / "samples.csv", X, delimiter=",")
    np.save(tmp_path / "samples.npy", X.reshape(40, 3, 3))
    printed = run(tmp_path / "net.py", tmp_path / "samples.csv")
    assert printed == run(tmp_path / "net.py", tmp_path / "samples.npy")
    if case in ("pixels", "gelu"):
        assert printed == run_alone(tmp_path / "net.py", tmp_path / "samples.csv")
    expected = network.predict(X)
    if names:
        assert printed.split() == [names[c] for c in expected]
    else:
        found = [float(word) for word in printed.replace("[", " ").replace("]", " ").split()]
        np.testing.assert_allclose(found, expected.ravel(), rtol=1e-6, atol=1e-6)


def test_outputs_are_the_networks_own(tmp_path):
    network = Network(
        [Dense(4, 5), BatchNorm(5), Activate("tanh", 5), Dense(5, 2), Activate("softmax", 2)],
        random_state=0,
    )
    X = np.random.default_rng(0).normal(size=(20, 4))
    Trainer(network, epochs=2, record=False, engine="numpy").fit(X, np.arange(20) % 2)
    made = {"__name__": "exported", "__file__": str(tmp_path / "net.py")}
    export(network, tmp_path / "net.py")
    exec((tmp_path / "net.py").read_text(), made)  # noqa: S102 - it is our own
    found = made["forward"](X, made["load_parameters"]())
    np.testing.assert_allclose(found, network.forward(X), rtol=1e-13)


def test_weights_hold_no_pickle(tmp_path):
    export(Network.mlp([4, 3, 2], random_state=0), tmp_path / "net.py")
    with np.load(tmp_path / "net.npz", allow_pickle=False) as file:
        assert sorted(file) == ["W1", "W2", "b1", "b2"]


def test_a_name_without_py_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"ending in \.py"):
        export(Network.mlp([4, 3, 2], random_state=0), tmp_path / "net.txt")


# -------------------------------------------------------------------------- training, from files


def network_for(data, **options):
    return Network.mlp(
        [data.n_features, 12, data.n_outputs],
        scaling=InputScaling.fit(data.X_train),
        class_names=data.class_names,
        random_state=0,
        **({"loss": "squared_error"} if data.task == "regression" else {}),
        **options,
    )


def test_digits_learn_as_well_as_in_the_library(tmp_path):
    data = load("digits")
    network = network_for(data, dtype="float32")
    training = {"learning_rate": 0.01, "epochs": 10}
    (tmp_path / "digits.py").write_text(write_program(network, training=training))
    printed = run_alone(tmp_path / "digits.py")
    Trainer(network, "adam", random_state=0, record=False, **training).fit(
        data.X_train, data.y_train
    )
    ours = (network.predict(data.X_test) == data.y_test).mean()
    assert ours > 0.93
    assert abs(score(printed) - ours) < 0.03  # another split: two standard errors of 449 samples
    assert printed.count("epoch") == 10


def blobs(n=90, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    return rng.normal(size=(n, 4)) + 3 * np.eye(4)[y], y


def write_table(path, X, labels, header=None, sep=",", first=False):
    rows = [sep.join(header)] if header else []
    for x, label in zip(X, labels, strict=True):
        cells = [f"{v:.6f}" for v in x]
        rows.append(sep.join([str(label), *cells] if first else [*cells, str(label)]))
    path.write_text("\n".join(rows) + "\n")


WORDS = np.array(["tern", "auk", "gull"])


@pytest.mark.parametrize(
    ("labels", "layout"),
    [
        (np.arange(3), {}),
        (np.array([10, 2, 30]), {"header": ["a", "b", "c", "d", "class"]}),
        (WORDS, {"header": ["a", "b", "c", "d", "class"], "sep": ";"}),
        (WORDS, {"header": ["class", "a", "b", "c", "d"], "first": True, "sep": "\t"}),
        (np.array(['"tern"', '"auk"', '"gull"']), {}),
    ],
)
def test_tables(labels, layout, tmp_path):
    X, y = blobs()
    write_table(tmp_path / "birds.csv", X, labels[y], **layout)
    data = load(tmp_path / "birds.csv", test=0.25)
    training = {"epochs": 30, "data": {"spec": tmp_path / "birds.csv"}, "learning_rate": 0.02}
    (tmp_path / "p.py").write_text(write_program(network_for(data), training=training))
    assert score(run(tmp_path / "p.py")) > 0.9


def test_tables_with_a_test_table_of_their_own(tmp_path):
    for name, seed in (("train.csv", 0), ("test.csv", 1)):
        X, y = blobs(seed=seed)
        write_table(tmp_path / name, X, WORDS[y])
    source = {"spec": str(tmp_path / "train.csv"), "test": str(tmp_path / "test.csv")}
    network = network_for(load(**source))
    training = {"epochs": 30, "data": source, "learning_rate": 0.02}
    text = write_program(network, training=training)
    assert "train_test_split" not in text
    (tmp_path / "p.py").write_text(text)
    assert score(run(tmp_path / "p.py")) > 0.9


def test_no_test_part_when_none_is_wanted(tmp_path):
    X, y = blobs()
    write_table(tmp_path / "t.csv", X, y)
    network = network_for(load(tmp_path / "t.csv"))
    training = {"epochs": 5, "data": {"spec": str(tmp_path / "t.csv"), "test": 0}}
    (tmp_path / "p.py").write_text(write_program(network, training=training))
    assert "test" not in run(tmp_path / "p.py")


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values_are_standardised_where_the_run_did_so(columns, dtype, tmp_path):
    X, _ = blobs(200)
    y = X[:, :columns] * 1000 + 5000
    np.savez(tmp_path / "d.npz", X=X, y=y if columns > 1 else y[:, 0])
    data = load(tmp_path / "d.npz", test=0.25)
    training = {
        "epochs": 60,
        "learning_rate": 0.01,
        "data": {"spec": str(tmp_path / "d.npz")},
        "scale_targets": True,
    }
    (tmp_path / "p.py").write_text(write_program(network_for(data, dtype=dtype), training=training))
    assert score(run(tmp_path / "p.py"), "test r2") > 0.9


@pytest.mark.parametrize(
    "arrays", ["X, y", "train and test", "pictures", "one-hot", "column", "named"]
)
def test_archives(arrays, tmp_path):
    X, y = blobs()
    held, y_held = blobs(seed=1)
    target = None
    content = {"X": X, "y": y}
    if arrays == "train and test":
        content = {"x_train": X, "y_train": y, "x_test": held, "y_test": y_held}
    elif arrays == "pictures":
        content["X"] = X.reshape(-1, 2, 2)
    elif arrays == "one-hot":
        content["y"] = np.eye(3)[y]
    elif arrays == "column":
        content["y"] = y[:, None]
    elif arrays == "named":
        content, target = {"X": X, "birds": WORDS[y]}, "birds"
    np.savez(tmp_path / "d.npz", **content)
    source = {"spec": str(tmp_path / "d.npz"), "target": target}
    network = network_for(load(**source))
    training = {"epochs": 30, "data": source, "learning_rate": 0.02}
    (tmp_path / "p.py").write_text(write_program(network, training=training))
    assert score(run(tmp_path / "p.py")) > 0.9


@pytest.mark.parametrize("kind", ["pair", "four", "table"])
def test_npy_files(kind, tmp_path):
    X, y = blobs()
    if kind == "table":
        np.save(tmp_path / "X.npy", np.column_stack([X[:, :2], y, X[:, 2:]]))
    elif kind == "pair":
        np.save(tmp_path / "X.npy", X)
        np.save(tmp_path / "y.npy", y)
    else:
        for part, seed in (("train", 0), ("test", 1)):
            X, y = blobs(seed=seed)
            np.save(tmp_path / f"X_{part}.npy", X)
            np.save(tmp_path / f"y_{part}.npy", y)
    name = "X_train.npy" if kind == "four" else "X.npy"
    source = {"spec": str(tmp_path / name), "target": 2 if kind == "table" else None}
    network = network_for(load(**source))
    training = {"epochs": 30, "data": source, "learning_rate": 0.02}
    (tmp_path / "p.py").write_text(write_program(network, training=training))
    assert score(run(tmp_path / "p.py")) > 0.9


@pytest.mark.parametrize("endings", [("", ""), (".gz", ".gz"), (".gz", "")])
@pytest.mark.parametrize("spec", ["folder", "file", "mnist"])
def test_idx_files(endings, spec, tmp_path):
    data = load("digits")
    side = 28 if spec == "mnist" else 8
    for part, X, y in (
        ("train", data.X_train[:300], data.y_train[:300]),
        ("t10k", data.X_test[:100], data.y_test[:100]),
    ):
        pictures = np.zeros((len(X), side, side), np.uint8)
        pictures[:, :8, :8] = X.reshape(-1, 8, 8) * 15
        write_idx(tmp_path / f"{part}-images-idx3-ubyte{endings[0]}", pictures)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte{endings[1]}", y.astype(np.uint8))
    source = {
        "folder": {"spec": str(tmp_path)},
        "file": {"spec": str(tmp_path / f"train-images-idx3-ubyte{endings[0]}")},
        "mnist": {"spec": "mnist", "data_dir": str(tmp_path)},
    }[spec]
    network = network_for(load(**source), dtype="float32")
    training = {"epochs": 20, "data": source, "learning_rate": 0.01}
    (tmp_path / "p.py").write_text(write_program(network, training=training))
    assert score(run(tmp_path / "p.py")) > 0.8


def test_mnist_without_a_folder_says_where_the_files_are(monkeypatch):
    monkeypatch.delenv("UNSTUCK_DATA", raising=False)
    network = Network.mlp([784, 8, 10], random_state=0)
    text = write_program(network, training={"data": {"spec": "mnist"}})
    assert 'FOLDER = "mnist"' in text
    assert "https://" in text
    assert max(len(row) for row in text.splitlines()) <= 88


def test_a_missing_file_is_named():
    with pytest.raises(InvalidInputError, match=r"gone\.csv"):
        write_program(
            Network.mlp([4, 3, 2], random_state=0), training={"data": {"spec": "gone.csv"}}
        )


# ---------------------------------------------------------------------------------------- runs


def test_a_run_exports_its_own_training(tmp_path):
    data = load("digits")
    network = network_for(data)
    options = {
        "optimizer": "sgd",
        "momentum": 0.9,
        "learning_rate": 0.05,
        "schedule": "cosine",
        "batch_size": 50,
        "epochs": 7,
        "iterations": None,
        "clip_norm": None,
        "patience": 4,
        "validation_fraction": 0.1,
        "seed": 5,
    }
    folder = tmp_path / "run"
    folder.mkdir()
    source = {"spec": "digits", "data_dir": None, "target": None, "test": None, "task": None}
    save_run(folder, network, History(), {"options": options, "data": source, "status": "finished"})
    [program] = export(folder, tmp_path / "train.py", training=True)
    text = " ".join(program.read_text().split())
    for expected in (
        "EPOCHS = 7",
        "BATCH_SIZE = 50",
        "MOMENTUM = 0.9",
        "SEED = 5",
        "math.cos",
        "Left out of the run that this program comes from",
        "early stopping",
    ):
        assert expected in text
    assert score(run(program)) > 0.9
    program, weights = export(Run.load(folder), tmp_path / "predict.py")
    assert weights.is_file()
