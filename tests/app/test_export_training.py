"""The training programs against the library: same weights, same batches, same numbers."""

import ast
import inspect
import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from unstuck.app.export import write_program
from unstuck.base.errors import InvalidInputError
from unstuck.core.activations import ACTIVATIONS, custom_activation
from unstuck.core.initializers import BIAS_INITIALIZERS, INITIALIZERS, Mirrored
from unstuck.core.layers import Activate, BatchNorm, Dense, Dropout
from unstuck.core.losses import LOSSES, CrossEntropy, Huber
from unstuck.core.network import Network
from unstuck.core.optimizers import OPTIMIZERS, SGD, Adam, AdamW
from unstuck.core.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    InverseScaling,
    OneCycle,
    ReduceOnPlateau,
    Step,
    WarmUp,
)
from unstuck.training.trainer import Trainer

N, FEATURES, CLASSES, SEED = 50, 6, 4, 3
UPDATES = 20


class Chance:
    """The trainer's own streams of chance, behind the one generator that a program takes."""

    def __init__(self, seed):
        _, _, self.order, self.masks, _ = np.random.default_rng(seed).spawn(5)

    def permutation(self, n):
        return self.order.permutation(n)

    def random(self, shape):
        return self.masks.random(shape, dtype=np.float32)  # as the library draws its masks


def samples(network, seed=0):
    """Inputs of mixed scales, and targets that suit the network."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, network.n_features)) * rng.uniform(0.3, 2, network.n_features)
    k = network.n_outputs
    if network.task == "classification" and k > 1:
        y = rng.integers(0, k, N)
    elif network.task in ("multilabel", "classification"):
        y = rng.integers(0, 2, (N, k)).astype(float)
    else:
        low, high = network.output_activation.range
        y = rng.uniform(max(low, -1) + 0.05, min(high, 1) - 0.05, (N, k))
    return X.astype(network.dtype), y


def namespace(network, training):
    """The program, executed; nothing runs but the definitions."""
    program = write_program(network, training=training)
    made = {"__name__": "exported"}
    exec(compile(program, "<exported>", "exec"), made)  # noqa: S102 - it is our own
    return made


def run_program(network, training, X, y):
    """The program, and its parameters and running statistics after its ``train``."""
    made = namespace(network, training)
    T = made["one_hot"](y) if "one_hot" in made and y.ndim == 1 else network.encode(y)
    p = {name: network[name].copy() for name in network}
    arguments = {"p": p, "X": X, "T": T, "rng": Chance(SEED)}
    if "initial_running" in made:
        arguments["running"] = made["initial_running"]()
    wanted = inspect.signature(made["train"]).parameters
    made["train"](**{name: arguments[name] for name in wanted})
    return made, p, arguments.get("running")


def agree(network, tolerance=1e-9, **training):
    """Train twice, by the library and by its program, and compare everything."""
    training = {"batch_size": 16, "epochs": 5, "learning_rate": 0.05, **training}
    X, y = samples(network)
    made, p, running = run_program(network, training, X, y)
    options = {k: v for k, v in training.items() if k not in ("data", "left_out")}
    before = network.theta.copy()
    trainer = Trainer(network, random_state=SEED, engine="numpy", record=False, **options)
    trainer.fit(X, y)
    assert np.abs(network.theta - before).max() > 1e-4, "nothing was learned: nothing compared"
    for name in network:
        # Batch norm takes a bias before it away again: its gradient is 0 but for rounding, and
        # Adam, which divides by the gradient's size, makes steps of 1e-9 of that noise.
        noise = 100 if running is not None and name[0] == "b" else 1
        np.testing.assert_allclose(
            p[name], network[name], rtol=tolerance, atol=noise * tolerance, err_msg=name
        )
        assert p[name].dtype == network.dtype
    if running is not None:
        found = np.concatenate([running[name] for name in running])
        np.testing.assert_allclose(found, network.state, rtol=tolerance, atol=100 * tolerance)
    arguments = {"X": X, "p": p, "running": running}
    wanted = inspect.signature(made["predict"]).parameters
    predicted = made["predict"](**{name: arguments[name] for name in wanted})
    expected = network.predict(X)
    if network.task == "regression":
        np.testing.assert_allclose(predicted, expected, rtol=1e-6, atol=1e-6)
    else:
        assert (predicted == expected).mean() == 1
    return made


def mlp(sizes=(FEATURES, 7, 5, CLASSES), **options):
    return Network.mlp(list(sizes), random_state=1, **options)


# ------------------------------------------------------------------ one table after the other


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_every_hidden_activation(activation):
    agree(mlp(hidden_activation=activation, initializer="glorot_uniform"), optimizer="sgd")


OUTPUTS = [
    (loss, output)
    for loss in ("squared_error", "huber")
    for output in ACTIVATIONS
    if output != "softmax" or loss == "squared_error"
]


@pytest.mark.parametrize(
    ("loss", "output"),
    [("cross_entropy", "softmax"), ("binary_cross_entropy", "sigmoid"), *OUTPUTS],
)
def test_every_loss_with_every_output(loss, output):
    network = mlp(hidden_activation="tanh", output_activation=output, loss=loss)
    agree(network, optimizer="sgd", learning_rate=0.2)


@pytest.mark.parametrize("loss", sorted(set(LOSSES) - {"cross_entropy"}))
def test_single_output(loss):
    agree(mlp((FEATURES, 5, 1), loss=loss), optimizer="sgd")


def test_losses_with_options():
    agree(mlp(loss=CrossEntropy(label_smoothing=0.1)), optimizer="sgd")
    agree(mlp(loss=Huber(threshold=0.3), output_activation="identity"), optimizer="sgd")


def test_tanh_output_with_classes_aims_at_minus_one_and_one():
    network = mlp(
        loss="squared_error", output_activation="tanh", class_names=[str(k) for k in range(CLASSES)]
    )
    made = agree(network, optimizer="sgd")
    y = np.array([1, 0, 3])
    np.testing.assert_array_equal(made["one_hot"](y), network.encode(y))


def test_one_hot_is_the_librarys_encoding():
    for loss in ("cross_entropy", CrossEntropy(label_smoothing=0.2)):
        network = mlp(loss=loss)
        made = namespace(network, {})
        T = np.eye(CLASSES)[[2, 1]]
        smoothing = network.loss_function.label_smoothing
        expected = T * (1 - smoothing) + smoothing / CLASSES
        np.testing.assert_allclose(made["one_hot"](np.array([2, 1])), expected, rtol=1e-15)


OPTIMIZER_OBJECTS = [
    *(cls() for cls in OPTIMIZERS.values()),
    SGD(momentum=0.9),
    SGD(momentum=0.8, nesterov=True),
    Adam(beta1=0.7, beta2=0.95, epsilon=1e-6),
    AdamW(weight_decay=0.3),
    AdamW(weight_decay=0.0),
]


@pytest.mark.parametrize("optimizer", OPTIMIZER_OBJECTS, ids=repr)
@pytest.mark.parametrize("batch_size", [16, "all"])
def test_every_optimizer(optimizer, batch_size):
    epochs = 20 if batch_size == "all" else 5
    rate = 0.01
    agree(
        mlp(l2=1e-3), optimizer=optimizer, learning_rate=rate, batch_size=batch_size, epochs=epochs
    )


SCHEDULE_OBJECTS = [
    *(cls() for cls in SCHEDULES.values()),
    Step(factor=0.3, at=(0.3,)),
    Cosine(final=0.1),
    OneCycle(rise=0.5, start_division=10),
    WarmUp(steps=7, then="cosine"),
    WarmUp(steps=1000),
    WarmUp(fraction=0.3, then=WarmUp(fraction=0.2, then=OneCycle())),
    InverseScaling(power=1, delay=3),
    ReduceOnPlateau(patience=0, threshold=0.5),
]


@pytest.mark.parametrize("schedule", SCHEDULE_OBJECTS, ids=repr)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("batch_size", [16, "all"])
def test_every_schedule(schedule, optimizer, batch_size):
    epochs = 20 if batch_size == "all" else 5
    agree(mlp(), optimizer=optimizer, schedule=schedule, batch_size=batch_size, epochs=epochs)


OF_THE_STEP = [s for s in SCHEDULE_OBJECTS if not isinstance(s, Constant | ReduceOnPlateau)]


@pytest.mark.parametrize("schedule", OF_THE_STEP, ids=repr)
def test_schedules_step_by_step(schedule):
    made = namespace(mlp(), {"schedule": schedule, "learning_rate": 0.3})
    for total in (10, 97, 1000):
        found = [made["learning_rate"](step, total) for step in range(total)]
        np.testing.assert_allclose(
            found, schedule.rates(0, total, total, 0.3), rtol=1e-12, atol=1e-15
        )


@pytest.mark.parametrize(("l1", "l2"), [(0, 0.01), (0.003, 0), (0.003, 0.01)])
def test_penalties(l1, l2):
    network = mlp(l1=l1, l2=l2)
    made = agree(network, optimizer="sgd")
    p = {name: network[name] for name in network}
    assert made["penalty"](p) == pytest.approx(network.penalty(), rel=1e-12)


def test_dropout_draws_the_same_masks():
    agree(mlp(dropout=0.3), optimizer="sgd")


def test_batch_norm_and_its_running_statistics():
    agree(mlp(batch_norm=True), optimizer="sgd")
    agree(mlp(batch_norm=True, dropout=0.2, hidden_activation="tanh"), optimizer="adam")


def test_clipping():
    agree(mlp(), optimizer="sgd", clip_norm=0.05)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(
    "length", [{"epochs": 3}, {"epochs": None, "iterations": 9}, {"epochs": 3, "iterations": 6}]
)
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_lengths_and_orders(shuffle, length, schedule):
    agree(mlp(), optimizer="sgd", shuffle=shuffle, schedule=schedule, **length)


def test_one_sample_at_a_time():
    agree(
        mlp(hidden_activation="sigmoid"), optimizer="sgd", batch_size=1, iterations=20, epochs=None
    )


# ----------------------------------------------------------------------- layers in any order


ODD_NETWORKS = {
    "no hidden layer": lambda: Network(
        [Dense(FEATURES, CLASSES), Activate("softmax", CLASSES)], random_state=0
    ),
    "one linear layer": lambda: Network([Dense(FEATURES, 2)], "squared_error", random_state=0),
    "dropout on the inputs": lambda: Network(
        [Dropout(0.2, FEATURES), Dense(FEATURES, 5), Activate("relu", 5), Dense(5, 1)],
        "huber",
        random_state=0,
    ),
    "batch norm on the inputs": lambda: Network(
        [BatchNorm(FEATURES), Dense(FEATURES, 5), Activate("selu", 5), Dense(5, 2)],
        "squared_error",
        random_state=0,
    ),
    "batch norm behind the activation": lambda: Network(
        [Dense(FEATURES, 5), Activate("elu", 5), BatchNorm(5, 0.7, 1e-3), Dense(5, 2)],
        "squared_error",
        random_state=0,
    ),
    "two activations in a row": lambda: Network(
        [Dense(FEATURES, 5), Activate("tanh", 5), Activate("softplus", 5), Dense(5, 2)],
        "squared_error",
        random_state=0,
    ),
    "two dense layers in a row, an identity between": lambda: Network(
        [Dense(FEATURES, 5), Activate("identity", 5), Dense(5, 3), Activate("sigmoid", 3)],
        "binary_cross_entropy",
        random_state=0,
    ),
    "an activation first, dropout last": lambda: Network(
        [Activate("gelu", FEATURES), Dense(FEATURES, 3), Dropout(0.4, 3)],
        "squared_error",
        random_state=0,
    ),
    "batch norm at the end": lambda: Network(
        [Dense(FEATURES, 4), BatchNorm(4), Activate("softmax", 4)], random_state=0
    ),
    "twelve layers": lambda: mlp(
        (FEATURES, *(5,) * 11, CLASSES), hidden_activation="silu", batch_norm=True, dropout=0.1
    ),
}


@pytest.mark.parametrize("kind", ODD_NETWORKS)
def test_layers_in_any_order(kind):
    agree(ODD_NETWORKS[kind](), optimizer="sgd", learning_rate=0.02)


# --------------------------------------------------------------------------- at random, float32


def random_case(seed):
    """A network and a way to train it, anything out of every table."""
    rng = np.random.default_rng(seed)

    def choose(items):
        return list(items)[rng.integers(len(items))]

    loss, output = choose(
        [("cross_entropy", "softmax"), ("binary_cross_entropy", "sigmoid"), *OUTPUTS]
    )
    network = Network.mlp(
        [FEATURES, *rng.integers(1, 9, rng.integers(0, 4)), CLASSES],
        hidden_activation=choose(ACTIVATIONS),
        output_activation=output,
        loss=loss,
        initializer=choose(["glorot_uniform", "orthogonal", "he_normal"]),
        bias_initializer=choose(BIAS_INITIALIZERS),
        dropout=choose([0.0, 0.0, 0.25]),
        batch_norm=bool(rng.integers(4) == 0),
        l2=choose([0.0, 0.01]),
        l1=choose([0.0, 0.0, 0.001]),
        random_state=seed,
    )
    training = {
        "optimizer": choose(OPTIMIZER_OBJECTS),
        "schedule": choose(SCHEDULE_OBJECTS),
        "batch_size": choose([1, 7, 16, "all"]),
        "iterations": UPDATES,
        "epochs": None,
        "learning_rate": 0.01,
        "clip_norm": choose([None, 0.5]),
        "shuffle": bool(rng.integers(2)),
    }
    if training["batch_size"] == 1 and any(la.kind == "batch_norm" for la in network.layers):
        training["batch_size"] = 7  # one sample has no spread
    return network, training


@pytest.mark.parametrize("seed", range(60))
def test_random_networks_agree_after_20_updates(seed):
    network, training = random_case(seed)
    agree(network, **training)


@pytest.mark.parametrize("seed", range(20))
def test_single_precision_stays_single_and_agrees_after_one_update(seed):
    network, training = random_case(seed)
    single = Network(
        network.layers,
        network.loss_function,
        l1=network.l1,
        l2=network.l2,
        dtype="float32",
        random_state=seed,
    )
    # The first step of an optimiser that divides by the gradient's size is not continuous in it.
    training |= {"iterations": 1, "optimizer": "sgd", "schedule": "constant", "learning_rate": 0.1}
    agree(single, tolerance=1e-5, **training)


@pytest.mark.parametrize("optimizer", OPTIMIZER_OBJECTS, ids=repr)
def test_every_optimizer_in_single_precision_after_one_update(optimizer):
    network = mlp(
        hidden_activation="tanh", dtype="float32", l2=1e-3
    )  # no gradient near 0 by chance
    agree(network, 1e-5, optimizer=optimizer, iterations=1, epochs=None, learning_rate=0.01)


# ------------------------------------------------------------------------------- the beginning


@pytest.mark.parametrize("initializer", [*INITIALIZERS, Mirrored(gain=1.5)], ids=str)
@pytest.mark.parametrize("sizes", [(6, 8, 4, 3), (5, 7, 5, 3)])
def test_initial_weights_are_drawn_as_the_library_draws_them(initializer, sizes):
    network = Network.mlp(list(sizes), initializer=initializer, random_state=SEED)
    p = namespace(network, {})["initial_parameters"](np.random.default_rng(SEED))
    assert list(p) == list(network)
    for name in network:
        np.testing.assert_allclose(p[name], network[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("bias", BIAS_INITIALIZERS)
def test_initial_biases_too(bias):
    network = Network.mlp([6, 8, 3], bias_initializer=bias, random_state=SEED)
    p = namespace(network, {})["initial_parameters"](np.random.default_rng(SEED))
    for name in network:
        np.testing.assert_allclose(p[name], network[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    "gain", [{"gain": 0.5}, {"negative_slope": 0.2}, {"mean": 0.1, "std": 2.0}]
)
def test_initializers_with_options(gain):
    for cls in INITIALIZERS.values():
        if set(gain) <= set(cls.__dataclass_fields__):
            network = Network.mlp([6, 8, 3], initializer=cls(**gain), random_state=SEED)
            p = namespace(network, {})["initial_parameters"](np.random.default_rng(SEED))
            np.testing.assert_allclose(p["W1"], network["W1"], rtol=1e-12)


def test_cost_is_the_librarys():
    for loss, output in [("cross_entropy", "softmax"), ("binary_cross_entropy", "sigmoid")]:
        network = mlp(loss=loss, output_activation=output)
        network.theta *= 30  # sure and wrong: the logarithm of a rounded 0 would be infinite
        X, y = samples(network)
        made = namespace(network, {})
        p = {name: network[name] for name in network}
        found = made["cost"](made["forward"](X, p), network.encode(y))
        assert found == pytest.approx(network.loss(X, y).data, rel=1e-12)
        assert np.isfinite(found)


# ------------------------------------------------------------------------------ what is refused


def test_a_wrong_program_is_noticed():
    """The comparison itself: a factor 2 in one gradient must fail it."""
    network = mlp()
    X, y = samples(network)
    program = write_program(network, training={"optimizer": "sgd"})
    assert "dW1 = X.T @ dz1" in program
    made = {"__name__": "exported"}
    exec(program.replace("dW1 = X.T @ dz1", "dW1 = 2 * X.T @ dz1"), made)  # noqa: S102
    p = {name: network[name].copy() for name in network}
    T = network.encode(y)
    g = made["backward"](X, T, made["forward"](X, p), p)
    true = network.gradient(X, y)
    assert np.abs(g["W1"] - true["W1"]).max() > 1e-3
    np.testing.assert_allclose(g["W2"], true["W2"], rtol=1e-12)


def test_functions_of_ones_own_cannot_be_written_out():
    cube = custom_activation(lambda z: z**3, name="cube")
    with pytest.raises(InvalidInputError, match="function of your own"):
        write_program(mlp(hidden_activation=cube), training={})
    with pytest.raises(InvalidInputError, match="function of your own"):
        write_program(mlp(initializer=lambda rng, i, o, dtype: np.ones((i, o))), training={})


def test_options_that_cannot_be_written_out():
    with pytest.raises(InvalidInputError, match="L-BFGS"):
        write_program(mlp(), training={"optimizer": "lbfgs"})
    with pytest.raises(InvalidInputError, match="Did you mean 'epochs'"):
        write_program(mlp(), training={"epoch": 3})


@pytest.mark.parametrize("seed", range(12))
def test_only_what_the_network_needs_stands_in_the_program(seed):
    """Every function is called, every constant is read, every argument is used."""
    network, training = random_case(seed)
    tree = ast.parse(write_program(network, training=training))
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            assert node.name in read, f"{node.name} is never called"
        elif isinstance(node, ast.Assign):
            names = [n.id for n in ast.walk(node.targets[0]) if isinstance(n, ast.Name)]
            assert set(names) <= read
        elif isinstance(node, ast.Import | ast.ImportFrom):
            assert {a.asname or a.name for a in node.names} <= read


def test_every_function_uses_every_argument():
    for seed in range(12):
        network, training = random_case(seed)
        tree = ast.parse(write_program(network, training=training))
        for function in (n for n in tree.body if isinstance(n, ast.FunctionDef)):
            used = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
            spare = {a.arg for a in function.args.args} - used
            # These keep their form: initial_parameters(rng), backward(..., p), learning_rate(...).
            assert spare <= {"rng", "p", "X", "n_steps"}, (function.name, spare)


def test_options_change_what_is_written():
    network = mlp()
    plain = write_program(network, training={"optimizer": "sgd", "batch_size": "all"})
    assert "MOMENTUM" not in plain
    assert "learning_rate(" not in plain
    assert "permutation" not in plain
    assert "L2" not in plain
    assert len(plain.splitlines()) < 125


def test_programs_of_all_tables_compile_together():
    for hidden, optimizer in itertools.product(ACTIVATIONS, OPTIMIZERS):
        text = write_program(
            mlp(hidden_activation=hidden), training={"optimizer": optimizer, "schedule": "warm_up"}
        )
        compile(text, "<exported>", "exec")
        assert max(len(row) for row in text.splitlines()) <= 88


def test_a_formatter_would_change_nothing(tmp_path):
    ruff = shutil.which(
        "ruff", path=os.pathsep.join([str(Path(sys.executable).parent), os.defpath])
    )
    if ruff is None:
        pytest.skip("ruff is not installed")
    for seed in range(25):
        network, training = random_case(seed)
        (tmp_path / f"trains_{seed}.py").write_text(write_program(network, training=training))
        (tmp_path / f"predicts_{seed}.py").write_text(write_program(network))
    for command in (["format", "--check"], ["check", "--select", "E,F,I,W,B,UP,SIM,C4"]):
        done = subprocess.run(
            [ruff, *command, "--isolated", "--line-length", "88", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
