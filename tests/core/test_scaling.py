import numpy as np
import pytest

from unstuck.base.errors import InvalidInputError
from unstuck.core import scaling as module
from unstuck.core.scaling import InputScaling

RNG = np.random.default_rng(0)
DIGITS = RNG.integers(0, 17, (50, 6)).astype(float)
DIGITS[0, 0] = 16


@pytest.mark.parametrize(
    ("X", "kind", "scale"),
    [
        (RNG.integers(0, 256, (9, 4), dtype=np.uint8), "unit", 1 / 255),
        (np.array([[3, 200]], dtype=np.uint8), "unit", 1 / 255),  # a dark picture stays dark
        (DIGITS, "unit", 1 / 16),
        (DIGITS.astype(np.int64), "unit", 1 / 16),
        (DIGITS.astype(np.uint8), "unit", 1 / 16),
        (np.array([[0.0, 255.0], [7.0, 1.0]]), "unit", 1 / 255),
        (np.array([[0, 1], [1, 1]]), "unit", 1.0),
        (np.array([[True, False]]), "unit", 1.0),
        (np.array([[0, 4095]], dtype=np.uint16), "unit", 1 / 4095),
        (np.array([[0.0, 0.5], [1.0, 0.2]]), "unit", 1.0),  # already scaled
        (np.array([[0.1, 0.5], [0.9, 0.2]]), "standard", None),
        (np.array([[-1, 255], [3, 4]]), "standard", None),
        (np.array([[0, 37], [3, 4]]), "standard", None),  # whole numbers, but no picture's
        (RNG.normal(size=(9, 4)), "standard", None),
    ],
)
def test_auto_tells_pixels_from_measurements(X, kind, scale):
    fitted = InputScaling.fit(X, "auto")
    assert fitted.kind == kind
    if scale is not None:
        assert fitted.shift == 0
        assert fitted.scale == pytest.approx(scale, rel=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_standard_gives_mean_zero_and_variance_one(dtype):
    X = RNG.normal(size=(500, 5)) * [1, 10, 1e-6, 1e6, 3] + [0, 5, 1e-3, 1e7, -2]
    Z = InputScaling.fit(X, "standard").apply(X, dtype)
    assert Z.dtype == dtype
    tolerance = 1e-5 if dtype == np.float32 else 1e-9
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=tolerance)
    np.testing.assert_allclose(Z.std(axis=0), 1, rtol=tolerance)


def test_many_chunks_find_what_one_finds(monkeypatch):
    X = RNG.normal(size=(103, 7)) * 3 + 1e6
    whole = InputScaling.fit(X, "standard")
    for chunk in (1, 7, 50, 7 * 102):
        monkeypatch.setattr(module, "CHUNK", chunk)
        parts = InputScaling.fit(X, "standard")
        np.testing.assert_allclose(parts.shift, whole.shift, rtol=1e-14)
        np.testing.assert_allclose(parts.scale, whole.scale, rtol=1e-9)
    np.testing.assert_allclose(whole.scale, 1 / X.std(axis=0), rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e-300, 1e8 + 0.1, 255.0])
@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_a_constant_feature_is_centred_and_never_blown_up(value, chunk, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", chunk)
    X = RNG.normal(size=(1000, 2))
    X[:, 1] = value
    fitted = InputScaling.fit(X, "standard")
    assert fitted.scale[1] == 1.0
    np.testing.assert_allclose(fitted.apply(X, np.float64)[:, 1], 0, atol=1e-7)


def test_a_spread_far_from_zero_is_still_seen():
    X = 1e6 + np.array([[0.0], [1e-3], [2e-3]])
    assert InputScaling.fit(X, "standard").scale[0] == pytest.approx(1 / np.std(X), rel=1e-6)


@pytest.mark.parametrize(
    ("X", "shift", "scale"),
    [
        (np.array([[-2.0, 2.0]]), -2.0, 0.25),
        (np.array([[0.0, 8.5]]), 0.0, 1 / 8.5),
        (np.array([[3.0, 40.0]]), 0.0, 1 / 255),
        (np.array([[0, 70000]]), 0.0, 1 / 70000),
        (np.array([[0.25, 0.5]]), 0.0, 1.0),
        (np.array([[0.0, 0.0]]), 0.0, 1.0),
        (np.array([[-3.0, -3.0]]), -3.0, 1.0),
    ],
)
def test_unit_brings_everything_into_zero_and_one(X, shift, scale):
    fitted = InputScaling.fit(X, "unit")
    assert (fitted.kind, fitted.shift) == ("unit", shift)
    assert fitted.scale == pytest.approx(scale)
    Z = fitted.apply(X, np.float64)
    assert Z.min() >= 0
    assert Z.max() <= 1


@pytest.mark.parametrize("how", ["none", "unit", "standard"])
@pytest.mark.parametrize("raw", [np.uint8, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_apply_is_the_formula_in_the_dtype_asked_for(how, raw, dtype):
    X = RNG.integers(0, 256, (20, 5)).astype(raw)
    fitted = InputScaling.fit(X, how)
    expected = (X.astype(np.float64) - fitted.shift) * fitted.scale
    Z = fitted.apply(X, dtype)
    assert Z.dtype == dtype
    np.testing.assert_allclose(Z, expected, rtol=1e-5 if dtype == np.float32 else 1e-13, atol=1e-6)
    out = np.full(X.shape, np.nan, dtype)
    assert fitted.apply(X, dtype, out) is out
    np.testing.assert_array_equal(out, Z)
    if raw == dtype:
        before = X.copy()
        assert fitted.apply(X, dtype) is not X
        np.testing.assert_array_equal(X, before)
        assert fitted.apply(X, dtype, out=X) is X
        np.testing.assert_array_equal(X, Z)


def test_a_memory_mapped_array_is_read_chunk_by_chunk(tmp_path, monkeypatch):
    path = tmp_path / "X.npy"
    X = RNG.normal(size=(1000, 8))
    np.save(path, X)
    mapped = np.load(path, mmap_mode="r")
    sizes = []
    merge = module.Moments._merge

    def spy(self, chunk):
        sizes.append(chunk.size)
        assert isinstance(chunk, np.memmap)
        merge(self, chunk)

    monkeypatch.setattr(module.Moments, "_merge", spy)
    monkeypatch.setattr(module, "CHUNK", 800)
    fitted = InputScaling.fit(mapped, "standard")
    assert sizes == [800] * 10
    np.testing.assert_allclose(fitted.shift, X.mean(axis=0), atol=1e-15)


def test_images_count_as_rows_of_pixels():
    X = RNG.integers(0, 256, (5, 4, 4), dtype=np.uint8)
    assert InputScaling.fit(X).kind == "unit"
    assert InputScaling.fit(X.astype(float) + 0.5).shift.shape == (16,)


@pytest.mark.parametrize("how", ["none", "unit", "standard"])
def test_to_dict_and_back(how):
    X = RNG.normal(size=(9, 3))
    fitted = InputScaling.fit(X, how)
    stored = fitted.to_dict()
    assert {k: type(v) for k, v in stored.items()} == {
        "kind": str,
        "shift": np.ndarray,
        "scale": np.ndarray,
    }
    back = InputScaling.from_dict(stored)
    assert back.kind == fitted.kind
    np.testing.assert_array_equal(back.apply(X, np.float32), fitted.apply(X, np.float32))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: InputScaling.fit(DIGITS, "minmax"),
            "unknown scaling 'minmax'; allowed: auto, none",
        ),
        (lambda: InputScaling.fit(np.array([["a"]])), "must hold numbers"),
        (lambda: InputScaling.fit(np.zeros((0, 3))), "at least one sample"),
        (lambda: InputScaling.fit(np.array([[1.0, 2], [3, np.nan]])), "row 1, column 1 holds nan"),
        (lambda: InputScaling.fit(np.array([[np.inf, 2.0]])), "row 0, column 0 holds inf"),
        (
            lambda: InputScaling.fit(RNG.normal(size=(4, 3))).apply(np.ones((2, 4)), np.float64),
            r"4 features \(shape \(2, 4\)\).*fitted to 3",
        ),
        (lambda: InputScaling.from_dict({"kind": "x", "shift": 0, "scale": 1}), "unknown scaling"),
        (
            lambda: InputScaling.from_dict({"kind": "unit", "shift": np.nan, "scale": 1}),
            "finite numbers",
        ),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()


def test_the_row_of_a_nan_counts_from_the_first_chunk(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 4)
    X = RNG.normal(size=(9, 2))
    X[7, 1] = np.nan
    for how in ("auto", "unit", "standard"):
        with pytest.raises(InvalidInputError, match="row 7, column 1"):
            InputScaling.fit(X, how)
