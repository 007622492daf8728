"""Files appear whole or not at all."""

import os
from pathlib import Path

import pytest

from eisfit.errors import OutputError
from eisfit.io import atomic
from eisfit.io.atomic import write_bytes_atomically, write_text_atomically


def test_text_is_utf8_and_keeps_its_line_ends(tmp_path):
    path = write_text_atomically(tmp_path / "a.txt", "Ω\r\nµ\n")
    assert path.read_bytes() == "Ω\r\nµ\n".encode()


def test_an_existing_file_stays_unless_forced(tmp_path):
    path = tmp_path / "a.bin"
    write_bytes_atomically(path, b"first")
    with pytest.raises(OutputError, match=r"a\.bin exists already.*--force"):
        write_bytes_atomically(path, b"second")
    assert path.read_bytes() == b"first"
    write_bytes_atomically(path, b"second", force=True)
    assert path.read_bytes() == b"second"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.bin"]


def test_a_file_made_meanwhile_by_another_process_stays(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    link = os.link

    def other_process_first(source: Path, target: Path) -> None:
        target.write_bytes(b"theirs")
        link(source, target)

    monkeypatch.setattr(atomic.os, "link", other_process_first)
    with pytest.raises(OutputError, match="exists already"):
        write_bytes_atomically(path, b"ours")
    assert path.read_bytes() == b"theirs"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("existing", [False, True])
def test_a_file_system_without_hard_links(tmp_path, monkeypatch, existing):
    path = tmp_path / "a.bin"

    def no_links(source: Path, target: Path) -> None:
        if existing:
            target.write_bytes(b"theirs")
        raise PermissionError("hard links are not supported")

    monkeypatch.setattr(atomic.os, "link", no_links)
    if existing:
        with pytest.raises(OutputError, match="exists already"):
            write_bytes_atomically(path, b"ours")
    else:
        write_bytes_atomically(path, b"ours")
    assert path.read_bytes() == (b"theirs" if existing else b"ours")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.bin"]


def test_a_failure_in_the_middle_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full_disk)
    with pytest.raises(OutputError, match="No space left"):
        write_bytes_atomically(path, b"new", force=True)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.bin"]


def test_missing_folder_and_folder_in_the_way(tmp_path):
    with pytest.raises(OutputError, match="folder exists"):
        write_text_atomically(tmp_path / "no" / "a.txt", "x")
    with pytest.raises(OutputError, match="is a folder"):
        write_text_atomically(tmp_path, "x", force=True)
