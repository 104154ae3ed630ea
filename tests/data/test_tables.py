import numpy as np
import pytest

from unstuck.base.errors import DataFormatError, InvalidInputError
from unstuck.data import tables as tables_module
from unstuck.data.raw import Wanted
from unstuck.data.tables import load_csv


@pytest.fixture
def read(tmp_path):
    """Write text to a CSV file and load it."""

    def write_and_load(text, name="data.csv", **wanted):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_csv(path, Wanted(**wanted))

    return write_and_load


def test_numbers_with_a_header(read):
    raw = read("width,height,species\n1.5,2,iris\n3,4,rose\n")
    assert raw.X.tolist() == [[1.5, 2], [3, 4]]
    assert raw.X.dtype == np.float64
    assert raw.y.tolist() == ["iris", "rose"]
    assert raw.feature_names == ("width", "height")


@pytest.mark.parametrize(
    "text",
    [
        "1,2,0\n3,4,1\n",
        "1,2,0\r\n3,4,1\r\n",
        "1,2,0\n3,4,1",
        "\n1,2,0\n\n   \n3,4,1\n\n",
        "\ufeff1,2,0\n3,4,1\n",
        "1;2;0\n3;4;1\n",
        "1\t2\t0\n3\t4\t1\n",
        " 1 , 2 , 0\n 3 , 4 , 1 \n",
        '"1","2","0"\n"3","4","1"\n',
        "a,b,c\n1,2,0\n3,4,1\n",
        "a,b,y\n1e0,2.0,0.0\n+3,4,1\n",
        "0,1,2\n1,2,0\n3,4,1\n0,1,2\n"[6:-6],
    ],
)
def test_ways_to_write_the_same_table(read, text):
    raw = read(text)
    assert raw.X.tolist() == [[1, 2], [3, 4]]
    assert raw.y.tolist() == [0, 1]
    assert raw.y.dtype == np.int64


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a,b,y\n1,2,3\n1,2,3\n", ("a", "b")),
        ("a,2,y\n1,2,3\n1,2,3\n", ("a", "2")),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", None),
        ("1,2,3\n1,2,3\n", None),
        ("0,1,2,3,4\n9,9,9,9,9\n", ("0", "1", "2", "3")),  # as data frames are saved
        ("0,1\n9,9\n", None),
        ("nan,1\n9,9\n", None),
    ],
)
def test_what_is_taken_for_a_header(read, text, names):
    if text.startswith("nan"):
        with pytest.raises(DataFormatError, match="line 1"):
            read(text)
        return
    assert read(text).feature_names == names


@pytest.mark.parametrize(
    ("header", "options", "y"),
    [
        ("a,b,c", {}, 3),
        ("label,b,c", {}, 1),
        ("a,Target,c", {}, 2),
        ("y,label,c", {}, 3),  # two of the names: nothing is clear, so the last
        ("a,b,c", {"target": "b"}, 2),
        ("a,b,c", {"target": 0}, 1),
        ("a,b,c", {"target": "-2"}, 2),
        ("a,0,c", {"target": "0"}, 2),  # a name comes before an index
    ],
)
def test_which_column_is_the_target(read, header, options, y):
    raw = read(f"{header}\n1,2,3\n1,2,3\n", **options)
    assert raw.y.tolist() == [y, y]
    assert raw.X.tolist() == [[v for v in (1, 2, 3) if v != y]] * 2


def test_a_column_that_is_not_there(read):
    with pytest.raises(
        InvalidInputError, match=r"no column 'specis'.*a, species. Did you mean 'sp"
    ):
        read("a,species\n1,2\n", target="specis")
    with pytest.raises(InvalidInputError, match="has 2 columns; target 2 is none"):
        read("a,species\n1,2\n", target=2)
    with pytest.raises(InvalidInputError, match=r"Its 784 columns: p0.*p11, ...\.$"):
        read(",".join(f"p{i}" for i in range(784)) + "\n", target="label")


def test_pixels_become_bytes(read):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 64))
    raw = read("\n".join(",".join(map(str, [*row, i])) for i, row in enumerate(pixels)))
    assert raw.X.dtype == np.uint8
    np.testing.assert_array_equal(raw.X, pixels)


@pytest.mark.parametrize("odd", ["256", "-1", "0.5"])
def test_what_no_byte_can_hold_stays_a_float(read, odd, monkeypatch):
    monkeypatch.setattr(tables_module, "BLOCK_LINES", 2)  # earlier blocks fit in bytes
    line = ",".join(["7"] * 65) + "\n"
    raw = read(line * 4 + f"{odd}," + ",".join(["7"] * 64) + "\n")
    assert raw.X.dtype == np.float64
    assert raw.X[4, 0] == float(odd)
    assert (raw.X[:4] == 7).all()


def test_small_whole_numbers_in_few_columns_are_no_pixels(read):
    assert read("1,200,0\n2,100,1\n").X.dtype == np.float64


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("red", r"line 7, column 'b': 'red' is not a number\. Encode"),
        ("", r"line 7, column 'b': the cell is empty"),
        ("nan", r"line 7, column 'b': nan is not a finite number"),
        ("-inf", r"line 7, column 'b': -inf is not a finite"),
        ("1 2", r"line 7, column 'b': '1 2' is not a number"),
        ("0x1f", r"line 7, column 'b': '0x1f' is not a number"),
    ],
)
def test_a_cell_that_is_no_number_is_found(read, cell, words, quoted, monkeypatch):
    monkeypatch.setattr(tables_module, "BLOCK_LINES", 3)
    cell = f'"{cell}"' if quoted else cell
    text = f"a,b,y\n\n1,2,0\n1,2,0\n1,2,1\n1,2,1\n1,{cell},0\n"
    with pytest.raises(DataFormatError, match=words):
        read(text)


def test_without_a_header_columns_are_counted_from_one(read):
    with pytest.raises(DataFormatError, match="line 2, column 2: 'x'"):
        read("1,2,0\n1,x,0\n")


def test_a_decimal_comma_is_explained(read):
    with pytest.raises(
        DataFormatError, match=r"'1,5' is not a number. Write decimals with a point"
    ):
        read("a;b\n1;2\n1,5;3\n")


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize(("line", "n_cells"), [("1,2", 2), ("1,2,3,4", 4), ("1", 1)])
def test_a_ragged_line_is_found(read, line, n_cells, quoted):
    line = ",".join(f'"{cell}"' for cell in line.split(",")) if quoted else line
    with pytest.raises(DataFormatError, match=f"line 3: {n_cells} cells, but the first line has 3"):
        read(f"a,b,y\n1,2,0\n{line}\n")


@pytest.mark.parametrize(
    ("cells", "task", "words"),
    [
        (["1.5", "abc"], None, "line 3, target column 'y': the cell is 'abc', not a number"),
        (["1", "abc"], "regression", "line 3, target column 'y': the cell is 'abc'"),
        (["1", ""], None, "line 3, target column 'y': the cell is empty"),
        (["a", ""], None, "the cell is empty"),
        (["1", "nan"], None, "the cell is 'nan', not a finite number"),
        (["a", "inf"], None, "the cell is 'inf', not a finite number"),
    ],
)
def test_a_target_that_cannot_be_used_is_found(read, cells, task, words):
    with pytest.raises(DataFormatError, match=words):
        read("a,y\n" + "".join(f"1,{cell}\n" for cell in cells), task=task)


def test_numbers_and_words_together_are_classes(read):
    assert read("a,y\n1,1\n1,2\n1,many\n").y.tolist() == ["1", "2", "many"]


def test_quoted_words_may_hold_the_delimiter(read):
    assert read('a,y\n1,"red, dark"\n2,blue\n').y.tolist() == ["red, dark", "blue"]


@pytest.mark.parametrize("target", [0, 1, 2])
def test_words_in_any_column(read, target):
    cells = [["1", "2"], ["1", "2"]]
    for row, word in zip(cells, ("b", "a"), strict=True):
        row.insert(target, word)
    raw = read("\n".join(map(",".join, cells)), target=target)
    assert raw.y.tolist() == ["b", "a"]
    assert raw.X.tolist() == [[1, 2], [1, 2]]


def test_large_labels_stay_exact_or_stay_floats(read):
    assert read(f"1,{2**52}\n1,{2**52 + 1}\n").y.tolist() == [2**52, 2**52 + 1]
    assert read("1,1e300\n1,2\n").y.dtype == np.float64


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("a,b\n", "a header and no samples"),
        ("1\n2\n", "one column"),
        ("a b c\n1 2 3\n", "separated by a comma, semicolon or tab"),
        (b"a,b\n\xff,1\n", "not UTF-8 text"),
        (b"\x1f\x8b\x08binary", "not UTF-8 text"),
        ('1,2\n"' + "9" * 200_000 + '",2\n', "cannot be read as CSV: field larger"),
    ],
)
def test_files_that_are_no_table(read, text, words):
    with pytest.raises(DataFormatError, match=words):
        read(text)


def test_a_file_without_a_target_for_a_network_that_knows_its_width(read):
    raw = read("a,b\n1,2\n", n_features=2)
    assert raw.y is None
    assert raw.X.tolist() == [[1, 2]]
    assert raw.feature_names == ("a", "b")
    assert read("5\n6\n", n_features=1).X.tolist() == [[5], [6]]
    assert read("a,b,y\n1,2,3\n", n_features=2).y.tolist() == [3]
