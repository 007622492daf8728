"""What paths, globs, folders and manifests stand for, and how files are grouped."""

import os
from pathlib import Path

import pytest

from eisfit.batching.inputs import GROUP_FILES, SWEEP_BYTES, InputFile, find_files, groups
from eisfit.batching.plan import Plan
from eisfit.errors import ReadError


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "b/two.txt",
        "a/one.txt",
        "a/deep/three.mpr",
        "a/.hidden",
        ".git/x",
        "out/old.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("f/Hz,Re(Z)/Ohm,Im(Z)/Ohm\n1,1,-1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*given: str) -> list[str]:
    here = Path.cwd()
    return [str(Path(f.path).relative_to(here)) for f in find_files(given, here / "out")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a"], ["a/deep/three.mpr", "a/one.txt"]),
        (["."], ["a/deep/three.mpr", "a/one.txt", "b/two.txt"]),
        (["a/*.txt", "b/two.txt"], ["a/one.txt", "b/two.txt"]),
        (["**/*.txt"], ["a/one.txt", "b/two.txt"]),
        (["a/one.txt", "./a/../a/one.txt"], ["a/one.txt"]),
    ],
)
def test_paths(given: list[str], expected: list[str], tree: Path) -> None:
    assert found(*given) == expected


@pytest.mark.parametrize(
    "text",
    [
        "# the cells of May\n../a/one.txt\n\n../b/two.txt\n",
        "\ufeff../a/one.txt\r\n../b/two.txt",
        'cell,file\n1,../a/one.txt\n2,"../b/two.txt"\n3,\n',
    ],
)
def test_manifests(text: str, tree: Path) -> None:
    (tree / "lists").mkdir()
    (tree / "lists" / "may.txt").write_text(text, encoding="utf-8")
    assert found("lists/may.txt") == ["a/one.txt", "b/two.txt"]


def test_a_manifest_may_list_what_is_gone(tree: Path) -> None:
    (tree / "list.txt").write_text("a/one.txt\na/gone.txt\n")
    assert found("list.txt") == ["a/gone.txt", "a/one.txt"]  # the ledger will say it


@pytest.mark.parametrize("given", [[], ["nothing.txt"], ["*.dta"], ["empty"]])
def test_nothing_to_do_is_an_error(given: list[str], tree: Path) -> None:
    (tree / "empty").mkdir()
    with pytest.raises(ReadError):
        found(*given)


def test_measurements_are_no_manifests(tree: Path) -> None:
    assert found("a/one.txt") == ["a/one.txt"]
    (tree / "raw.bin").write_bytes(bytes(range(256)) * 8)
    assert found("raw.bin") == ["raw.bin"]


def test_groups_are_neighbours_of_bounded_size() -> None:
    most = 64 * SWEEP_BYTES
    sizes = [100] * 150 + [most * 2] + [most // 3] * 7 + [-1, 5]
    files = [InputFile(f"/x/{i:04d}", size) for i, size in enumerate(sizes)]
    grouped = list(groups(files, 64))
    assert [file for group in grouped for file in group] == files
    for group in grouped:
        assert len(group) <= GROUP_FILES
        assert len(group) == 1 or sum(max(f.size, 0) for f in group) <= most


def row(file: InputFile, **entries: object) -> dict:
    return {
        "file": file.key, "sha256": "00", "status": "done", "size_bytes": file.size,
        "modified_ns": file.modified, "first_spectrum": 1, "last_spectrum": 2, "spectra": 2,
        "spectra_failed": 0, "error": "",
    } | entries  # fmt: skip


def test_a_plan_does_what_is_missing(tree: Path) -> None:
    files = find_files(["."], tree / "out")
    deep, one, two = files
    ledger = [
        row(deep, first_spectrum=1, last_spectrum=64, spectra=200),
        row(deep, first_spectrum=129, last_spectrum=192, spectra=200),
        row(one, size_bytes=one.size + 1),
        row(two),
    ]
    plan = Plan.of(files, ledger, retry=False, lot=64)
    assert plan.todo == {deep.path: (64, 192), one.path: (0,)}
    assert plan.stale == {one.key}
    tasks = list(plan.tasks("", None))
    assert [(task.files, task.start) for task in tasks] == [
        ((one.path,), 0), ((deep.path,), 64), ((deep.path,), 192),
    ]  # fmt: skip


def test_failed_files_wait_until_asked(tree: Path) -> None:
    files = find_files(["b"], tree / "out")
    nothing = {"first_spectrum": None, "last_spectrum": None, "spectra": None}
    ledger = [row(files[0], status="failed", error="is empty", **nothing)]
    left = Plan.of(files, ledger, retry=False, lot=64)
    assert (left.todo, left.failed) == ({}, ((files[0].key, "is empty"),))
    again = Plan.of(files, ledger, retry=True, lot=64)
    assert (again.stale, again.failed) == ({files[0].key}, ())


def test_the_same_bytes_at_another_time_are_done(tree: Path) -> None:
    from hashlib import sha256

    (file,) = find_files(["b"], tree / "out")
    digest = sha256(Path(file.path).read_bytes()).hexdigest()
    os.utime(file.path, (1, 1))
    (now,) = find_files(["b"], tree / "out")
    assert now.modified != file.modified
    assert Plan.of([now], [row(file, sha256=digest)], retry=False, lot=64).todo == {}
    assert Plan.of([now], [row(file, sha256="ff")], retry=False, lot=64).todo == {file.path: (0,)}
