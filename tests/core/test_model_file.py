"""A network comes back from its file as it was; a file that lies is refused before it costs."""

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from unstuck.base.errors import CheckpointError, DataFormatError, InvalidInputError
from unstuck.core.activations import custom_activation
from unstuck.core.initializers import INITIALIZERS, get_initializer
from unstuck.core.layers import Activate, BatchNorm, Dense, Dropout
from unstuck.core.losses import LOSSES, CrossEntropy, Huber, SquaredError
from unstuck.core.model_file import HEADER, load_network, save_network
from unstuck.core.network import Network
from unstuck.core.scaling import InputScaling

X = np.random.default_rng(0).integers(0, 17, (40, 16)).astype(np.uint8)


def network(**options):
    settings = {
        "scaling": InputScaling.fit(X, "standard"),
        "image_shape": (4, 4),
        "dtype": "float32",
    }
    return Network.mlp(
        [16, 8, 3], random_state=0, class_names=["a", "b", "ç"], **settings | options
    )


def rewritten(path, **changes):
    """The file's bytes with other entries in its description."""
    with path.open("rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        description = json.loads(json.loads(file.read(size))["__metadata__"][HEADER])
    return save_arrays(load_arrays(path.read_bytes()), {HEADER: json.dumps(description | changes)})


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.safetensors"
    save_network(network(), path)
    return path


@pytest.mark.parametrize("how", ["none", "unit", "standard", None])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predictions_survive_bit_for_bit(tmp_path, how, dtype):
    scaling = None if how is None else InputScaling.fit(X, how)
    net = network(scaling=scaling, dtype=dtype, l1=1e-3, l2=0.5)
    save_network(net, tmp_path / "m.safetensors")
    back = load_network(tmp_path / "m.safetensors")
    assert (back.forward(X) == net.forward(X)).all()
    assert (back.l1, back.l2, back.dtype) == (net.l1, net.l2, net.dtype)
    assert (back.image_shape, back.class_names) == ((4, 4), ("a", "b", "ç"))
    assert back.penalty() == net.penalty()


def test_running_statistics_and_rates_survive(tmp_path):
    net = Network(
        [Dense(16, 5), BatchNorm(5, momentum=0.7, epsilon=1e-3), Activate("tanh", 5),
         Dropout(0.25, 5), Dense(5, 2)],
        "squared_error", random_state=1,
    )  # fmt: skip
    net.state[...] = np.arange(1, 11)
    save_network(net, tmp_path / "m.safetensors")
    back = load_network(tmp_path / "m.safetensors")
    assert (back.state == net.state).all()
    assert (back.layers[1].momentum, back.layers[1].epsilon) == (0.7, 1e-3)
    assert back.layers[3].rate == 0.25
    assert (back.forward(X) == net.forward(X)).all()


@pytest.mark.parametrize("loss", [CrossEntropy(0.1), Huber(2.5), SquaredError()])
def test_options_of_the_loss_survive(tmp_path, loss):
    save_network(Network.mlp([4, 3], loss=loss, random_state=0), tmp_path / "m.safetensors")
    assert load_network(tmp_path / "m.safetensors").loss_function == loss


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initialisers_draw_again_what_they_drew(tmp_path, name):
    net = Network.mlp([4, 6, 3], initializer=name, random_state=3)
    save_network(net, tmp_path / "m.safetensors")
    back = load_network(tmp_path / "m.safetensors")
    for each in (net, back):
        each.initialize(9)
    assert (back.theta == net.theta).all()


def test_options_of_an_initialiser_survive(tmp_path):
    draw = get_initializer("normal", std=0.3)
    save_network(Network.mlp([4, 3], initializer=draw, random_state=0), tmp_path / "m.safetensors")
    assert load_network(tmp_path / "m.safetensors").layers[0].initializer == draw


def test_an_activation_of_the_users_own_is_asked_for_by_name(tmp_path):
    def cube(z):
        return z**3

    path = tmp_path / "m.safetensors"
    net = Network.mlp([16, 4, 3], hidden_activation=cube, random_state=0)
    net.save(path)
    with pytest.raises(InvalidInputError, match=r"activation 'cube'.*activations=\{'cube'"):
        load_network(path)
    for given in (cube, custom_activation(cube, name="cube"), lambda z: z**3):
        back = Network.load(path, activations={"cube": given})
        assert (back.forward(X) == net.forward(X)).all()
        assert back.layers[1].activation.name == "cube"


def test_a_function_named_like_a_known_activation_is_not_mistaken_for_it(tmp_path):
    def relu(z):
        return np.maximum(z, 0.5 * z)

    net = Network.mlp([16, 4, 3], hidden_activation=relu, random_state=0)
    net.save(tmp_path / "m.safetensors")
    with pytest.raises(InvalidInputError, match="a function of your own"):
        load_network(tmp_path / "m.safetensors")


def test_a_loss_of_the_users_own_is_refused(tmp_path):
    class MyError(SquaredError):
        pass

    with pytest.raises(InvalidInputError, match=r"is your own.*allowed: cross_entropy"):
        save_network(
            Network.mlp([4, 3], loss=MyError(), random_state=0), tmp_path / "m.safetensors"
        )
    assert not list(tmp_path.iterdir())


def test_saving_twice_writes_the_same_bytes(saved, tmp_path):
    save_network(network(), tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == saved.read_bytes()


def test_a_failed_save_keeps_the_old_file(saved, monkeypatch):
    before = saved.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CheckpointError, match="No space left"):
        save_network(network(l2=1.0), saved)
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


# ----------------------------------------------------------------------------- files that lie


def test_no_file_is_said_in_one_line(tmp_path):
    with pytest.raises(InvalidInputError, match="there is no model"):
        load_network(tmp_path / "none.safetensors")


@pytest.mark.parametrize("keep", [0, 4, 8, 100, -1])
def test_a_truncated_file_is_refused(saved, keep):
    saved.write_bytes(saved.read_bytes()[:keep])
    with pytest.raises(DataFormatError, match="no model of unstuck, or it is damaged"):
        load_network(saved)


@pytest.mark.parametrize("data", [b"\x80\x04\x95pickle", b"x" * 1000, b"\xff" * 64])
def test_other_files_are_refused(tmp_path, data):
    path = tmp_path / "m.safetensors"
    path.write_bytes(data)
    with pytest.raises(DataFormatError):
        load_network(path)


def test_a_header_that_promises_more_than_the_file_holds_is_refused(tmp_path):
    shape = [10**12]
    header = {"theta": {"dtype": "F64", "shape": shape, "data_offsets": [0, 8 * 10**12]}}
    text = json.dumps(header).encode()
    path = tmp_path / "m.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"\0" * 64)
    with pytest.raises(DataFormatError):
        load_network(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "unstuck model 99"}, "its format is 'unstuck model 99'"),
        ({"layers": [{"kind": "dense", "fan_in": 10**9, "fan_out": 10**9}]}, "need 1000000001"),
        ({"layers": [{"kind": "dense", "fan_in": -1, "fan_out": 3}]}, "fan_in is -1"),
        ({"layers": [{"kind": "exec", "width": 3}]}, "unknown kind 'exec'"),
        ({"layers": [{"kind": "activate", "activation": "rleu", "width": 3}]}, "unknown activ"),
        ({"layers": []}, "damaged"),
        ({"layers": 3}, "damaged"),
        ({"layers": [[]]}, "damaged"),
        ({"loss": {"name": "cross_entropy", "delta": 1}}, "no option|unknown option"),
        ({"loss": "x"}, "damaged"),
        ({"l2": -1}, "l2 is -1"),
        ({"dtype": "float16"}, "unknown dtype"),
        ({"dtype": "float64"}, "F32"),
        ({"scaling": "cosmic"}, "unknown scaling"),
        ({"scaling": None}, "arrays that its layers do not need"),
        ({"class_names": ["a"]}, "class_names has 1"),
        ({"image_shape": [4]}, "damaged"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(saved, changes, said):
    saved.write_bytes(rewritten(saved, **changes))
    with pytest.raises(DataFormatError, match=said):
        load_network(saved)


def test_no_memory_is_taken_for_a_promise(saved):
    layer = {"kind": "dense", "fan_in": 10**7, "fan_out": 10**7}
    saved.write_bytes(rewritten(saved, layers=[layer]))
    with pytest.raises(DataFormatError, match="need 100000010000000 numbers"):
        load_network(saved)


def test_a_file_without_description_is_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(save_arrays({"theta": np.zeros(3)}))
    with pytest.raises(DataFormatError, match="does not say what network"):
        load_network(path)


def test_every_loss_of_the_table_can_be_saved(tmp_path):
    for name in LOSSES:
        save_network(Network.mlp([4, 3], loss=name, random_state=0), tmp_path / f"{name}.x")
        assert load_network(tmp_path / f"{name}.x").loss_function.name == name
