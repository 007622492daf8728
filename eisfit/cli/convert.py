"""Spectra to files of other formats, or to the screen."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eisfit.cli.inputs import Failure, Item, Selection, gather, key, unused
from eisfit.cli.run import report
from eisfit.cli.screen import Screen
from eisfit.errors import EisfitError, OutputError
from eisfit.io.paths import make_folder, safe_name

if TYPE_CHECKING:
    from eisfit.spectrum import Spectrum

SUFFIXES = {"csv": ".csv", "json": ".json", "eclab": ".txt"}
_KINDS = {".csv": "csv", ".json": "json", ".txt": "eclab", ".mpt": "eclab"}


def convert(selection: Selection, out: str | None, to: str | None, force: bool) -> int:
    """Convert what is selected and return the exit status.

    Raises
    ------
    OutputError
        If there are several files for one EC-Lab text, or a file exists and `force` is false.
    """
    items, failures = gather(selection)
    if not items:
        return report(failures, 0)
    if out is None or _kind(Path(out)) is not None:
        if len({item.file for item in items}) > 1 and _format(out, to) == "eclab":
            raise OutputError(
                "EC-Lab text holds one measurement: give a folder as --out, for one file an input"
            )
        deliver([item.spectrum for item in items], out, to, force)
        return report(failures, len({item.file for item in items}))
    done = _into_folder(items, Path(out), to or "csv", force, failures)
    return report(failures, done)


def deliver(
    spectra: Sequence[Spectrum],
    out: str | None,
    to: str | None,
    force: bool,
    comments: Sequence[str] = (),
) -> int:
    """Write spectra to one file, or to the screen without a name, and return the exit status.

    Raises
    ------
    OutputError
        If the suffix tells no format and `to` neither, or it cannot be written.
    """
    kind = _format(out, to)
    if out is None:
        with tempfile.TemporaryDirectory() as folder:
            path = _write(spectra, Path(folder) / "spectra", kind, comments, False)
            text = path.read_bytes().decode("latin-1" if kind == "eclab" else "utf-8")
        sys.stdout.write(text.replace("\r\n", "\n"))
        return 0
    make_folder(Path(out).parent)
    _say([_write(spectra, Path(out), kind, comments, force)])
    return 0


def _into_folder(
    items: Sequence[Item], folder: Path, to: str, force: bool, failures: list[Failure]
) -> int:
    by_file: dict[str, list[Item]] = {}
    for item in items:
        by_file.setdefault(item.file, []).append(item)
    taken: set[str] = set()
    targets = {}
    for file, members in by_file.items():
        name = unused(safe_name(members[0].spectrum.label), taken)
        taken.add(key(name))
        targets[file] = folder / f"{name}{SUFFIXES[to]}"
    there = [str(target) for target in targets.values() if target.exists()]
    if there and not force:
        raise OutputError(
            f"{', '.join(there)} exist already: give another --out, or --force to replace them"
        )
    make_folder(folder)
    written = []
    for file, members in by_file.items():
        spectra = [member.spectrum for member in members]
        try:
            written.append(_write(spectra, targets[file], to, (), force))
        except EisfitError as error:
            failures.append(Failure(file, str(error)))
    _say(written)
    return len(written)


def _write(
    spectra: Sequence[Spectrum], path: Path, kind: str, comments: Sequence[str], force: bool
) -> Path:
    from eisfit.io.write import write_csv, write_eclab, write_json

    if kind == "eclab":
        return write_eclab(spectra, path, comments=comments, force=force)
    return (write_json if kind == "json" else write_csv)(spectra, path, force=force)


def _format(out: str | None, to: str | None) -> str:
    kind = to or (None if out is None else _kind(Path(out)))
    if kind is None and out is not None:
        raise OutputError(
            f"the name {out} tells no format: end it in {', '.join(_KINDS)}, or give --to"
        )
    return kind or "csv"


def _kind(path: Path) -> str | None:
    return None if path.is_dir() else _KINDS.get(path.suffix.lower())


def _say(paths: Sequence[Path]) -> None:
    screen = Screen()
    for path in paths:
        screen.plain(f"Written: {path}")
