"""Where a repair of several files goes; nothing is written unless all of it can be."""

import pytest

from unstuck.app.fix_file import FixFile, encoded
from unstuck.base.errors import CheckpointError, InvalidInputError
from unstuck.doctor.diagnosis import Diagnosis, Repair
from unstuck.trace.program import Program


def diagnosis(files):
    return Diagnosis("p.py", "stuck", repair=Repair((), "", 0.0, 1.0, (), 1, True, files))


@pytest.fixture
def program(tmp_path):
    files = {"train.py": "import net\n", "lib/net.py": "x = 1\n"}
    home = tmp_path / "home"
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    return Program(files, "train.py", home)


def test_the_entry_alone_goes_to_a_file(tmp_path, program):
    fix = FixFile.at(str(tmp_path / "fixed.py"), program, force=False)
    said = diagnosis({"train.py": "import net  # mended\n", "lib/net.py": "x = 1\n"})
    assert fix.write(said) == [tmp_path / "fixed.py"]
    assert (tmp_path / "fixed.py").read_text() == "import net  # mended\n"


@pytest.mark.parametrize("entry", ["import net\n", "import net  # mended\n"])
def test_other_files_need_a_folder(tmp_path, program, entry):
    fix = FixFile.at(str(tmp_path / "fixed.py"), program, force=False)
    said = diagnosis({"train.py": entry, "lib/net.py": "x = 2\n"})
    with pytest.raises(InvalidInputError, match=r"lib/net.py; give a folder .*fixed/"):
        fix.write(said)
    assert not (tmp_path / "fixed.py").exists()


def test_a_folder_gets_each_at_its_name(tmp_path, program):
    fix = FixFile.at(f"{tmp_path}/new/", program, force=False)
    fix.write(diagnosis({"train.py": "import net  # mended\n", "lib/net.py": "x = 2\n"}))
    assert (tmp_path / "new" / "lib" / "net.py").read_text() == "x = 2\n"
    assert (tmp_path / "home" / "lib" / "net.py").read_text() == "x = 1\n"


def test_one_file_in_the_way_stops_all(tmp_path, program):
    (tmp_path / "new" / "lib").mkdir(parents=True)
    (tmp_path / "new" / "lib" / "net.py").write_text("mine\n")
    fix = FixFile.at(f"{tmp_path}/new", program, force=False)
    with pytest.raises(InvalidInputError, match="there already"):
        fix.write(diagnosis({"train.py": "import net  # mended\n", "lib/net.py": "x = 2\n"}))
    assert not (tmp_path / "new" / "train.py").exists()


@pytest.mark.parametrize("name", ["../out.py", "/tmp/out.py"])  # noqa: S108 - refused, not used
def test_nothing_is_written_outside(tmp_path, program, name):
    fix = FixFile.at(f"{tmp_path}/new/", program, force=False)
    with pytest.raises(InvalidInputError, match="outside"):
        fix.write(diagnosis({name: "x"}))


def test_another_file_of_the_program_is_refused(tmp_path, program):
    with pytest.raises(InvalidInputError, match="the program itself"):
        FixFile.at(str(tmp_path / "home" / "lib" / "net.py"), program, force=True)


def test_a_failed_write_leaves_the_old_file(tmp_path, program, monkeypatch):
    path = tmp_path / "fixed.py"
    path.write_text("mine\n")
    fix = FixFile.at(str(path), program, force=True)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CheckpointError, match="No space left"):
        fix.write(diagnosis({"train.py": "new\n"}))
    assert path.read_text() == "mine\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fixed.py", "home"]


def test_the_declared_encoding_is_kept():
    assert encoded("# coding: latin-1\nname = 'é'\n").endswith(b"'\xe9'\n")
    assert encoded("name = 'é'\n").endswith(b"'\xc3\xa9'\n")
    assert encoded("# coding: klingon\nx = 1\n") == b"# coding: klingon\nx = 1\n"
    assert encoded("# coding: latin-1\nname = '損'\n").decode().endswith("'損'\n")
