"""Whatever bytes a file holds, a loader reads them or says what is wrong, within bounded memory."""

import gzip
import io
import struct
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unstuck.base.errors import InvalidInputError
from unstuck.data.load import LOADERS, load
from unstuck.data.raw import RawData, Wanted

MEMORY = 8 << 20  # bytes: far more than any file here holds, far less than their headers claim


def outcome(content, ending, wanted=Wanted()):  # noqa: B008 - frozen
    """What the loader for ``ending`` makes of ``content``; anything but ours is an error here."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{ending}"
        path.write_bytes(content)
        tracemalloc.start()
        try:
            found = LOADERS[ending](path, wanted)
            assert isinstance(found, RawData)
        except InvalidInputError as error:
            found = error
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < MEMORY
        if isinstance(found, RawData):
            found = RawData(np.array(found.X), None if found.y is None else np.array(found.y))
        return found


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(method, **arrays):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, array in arrays.items():
            archive.writestr(f"{name}.npy", npy(array))
    return stream.getvalue()


GOOD = {
    ".idx": struct.pack(">BBBBII", 0, 0, 8, 2, 4, 3) + bytes(range(12)),
    ".idx.gz": gzip.compress(struct.pack(">BBBBII", 0, 0, 8, 2, 4, 3) + bytes(range(12))),
    ".npy": npy(np.arange(12.0).reshape(4, 3)),
    ".npz": npz(zipfile.ZIP_DEFLATED, X=np.arange(12.0).reshape(4, 3), y=np.arange(4)),
    ".csv": b"a,b,y\n1,2,0\n3,4,1\n1,2,0\n3,4,1\n",
}


@pytest.mark.parametrize("ending", GOOD)
def test_the_files_that_are_damaged_below_are_good(ending):
    assert isinstance(outcome(GOOD[ending], ending), RawData)


@pytest.mark.parametrize("ending", LOADERS)
@given(content=st.binary(max_size=300))
def test_any_bytes(ending, content):
    outcome(content, ending)


@pytest.mark.parametrize("ending", GOOD)
@settings(max_examples=150)
@given(data=st.data())
def test_good_files_with_some_bytes_changed_cut_or_added(ending, data):
    content = bytearray(GOOD[ending])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, max(0, len(content) - 1)))
        change = data.draw(st.sampled_from(["set", "cut", "insert", "delete"]))
        byte = data.draw(st.integers(0, 255))
        if change == "set" and content:
            content[place] = byte
        elif change == "cut":
            del content[place:]
        elif change == "insert":
            content[place:place] = bytes([byte]) * data.draw(st.integers(1, 9))
        else:
            del content[place : place + data.draw(st.integers(1, 9))]
    outcome(bytes(content), ending)


SIZES = st.one_of(st.integers(0, 5), st.sampled_from([255, 2**16, 2**31 - 1, 2**31, 2**32 - 1]))


@settings(max_examples=200)
@given(
    code=st.one_of(st.sampled_from([8, 9, 0x0B, 0x0C, 0x0D, 0x0E]), st.integers(0, 255)),
    shape=st.lists(SIZES, max_size=9),
    body=st.binary(max_size=200),
    packed=st.booleans(),
)
def test_idx_headers_that_promise_anything(code, shape, body, packed):
    content = struct.pack(f">BBBB{len(shape)}I", 0, 0, code, len(shape), *shape) + body
    outcome(gzip.compress(content) if packed else content, ".idx.gz" if packed else ".idx")


DESCRIPTIONS = st.one_of(
    st.sampled_from(["<f8", ">f4", "|u1", "|O", "<U5", "<U0", "|V8", "<c16", "<M8[s]", "<U999999"]),
    st.text(max_size=8),
)
HUGE = st.one_of(st.integers(-3, 5), st.sampled_from([2**31, 2**63 - 1, 2**64, 10**40]))


@settings(max_examples=200)
@given(
    descr=DESCRIPTIONS,
    fortran=st.sampled_from([True, False, 1, None, "x"]),
    shape=st.lists(HUGE, max_size=9),
    body=st.binary(max_size=200),
    ending=st.sampled_from([".npy", ".npz"]),
)
def test_npy_headers_that_promise_anything(descr, fortran, shape, body, ending):
    text = repr({"descr": descr, "fortran_order": fortran, "shape": tuple(shape)}).encode()
    content = b"\x93NUMPY\2\0" + struct.pack("<I", len(text)) + text + body
    if ending == ".npz":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("X.npy", content)
            archive.writestr("y.npy", npy(np.arange(4)))
        content = stream.getvalue()
    outcome(content, ending)


CELLS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.text(alphabet='ab,;"\t \0\r\x0b\u2028é', max_size=4),
)


@settings(max_examples=200)
@given(
    rows=st.lists(st.lists(CELLS, max_size=5), max_size=6),
    delimiter=st.sampled_from([",", ";", "\t"]),
    target=st.one_of(st.none(), st.integers(-6, 6), st.text(max_size=2)),
    task=st.sampled_from([None, "classification", "regression"]),
    n_features=st.one_of(st.none(), st.integers(1, 5)),
)
def test_tables_of_anything(rows, delimiter, target, task, n_features):
    text = "\n".join(delimiter.join(row) for row in rows)
    found = outcome(text.encode(), ".csv", Wanted(target, task, n_features))
    if isinstance(found, RawData):
        assert np.isfinite(found.X).all()
        assert found.y is None or len(found.y) == len(found.X)


@settings(max_examples=100)
@given(
    table=st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False),
            st.integers(-(2**40), 2**40),
            st.sampled_from(["red", "blue", "green, dark", 'say "hi"']),
        ),
        min_size=2,
        max_size=8,
    )
)
def test_what_python_writes_as_csv_is_read_exactly(table):
    import csv

    stream = io.StringIO()
    csv.writer(stream).writerows(table)
    found = outcome(stream.getvalue().encode(), ".csv")
    assert isinstance(found, RawData)
    assert found.X.tolist() == [[a, b] for a, b, _ in table]
    assert found.y.tolist() == [word for _, _, word in table]


@given(content=st.binary(max_size=100))
def test_load_says_it_in_our_words_too(content):
    with tempfile.TemporaryDirectory() as folder:
        for ending in LOADERS:
            path = Path(folder) / f"file{ending}"
            path.write_bytes(content)
            with pytest.raises(InvalidInputError):
                load(path, test=0.5)
