"""Spectra to files of other formats, or to the screen."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eisfit.cli import DONE
from eisfit.cli.groups import Selection, Target
from eisfit.cli.inputs import Failure, Item, gather
from eisfit.cli.run import report
from eisfit.cli.screen import Screen
from eisfit.cli.text import clean
from eisfit.errors import EisfitError, OutputError
from eisfit.io.paths import key, make_folder, refuse_existing, safe_name, unused

if TYPE_CHECKING:
    from eisfit.spectrum import Spectrum

SUFFIXES = {"csv": ".csv", "json": ".json", "eclab": ".txt"}
_KINDS = {".csv": "csv", ".json": "json", ".txt": "eclab", ".mpt": "eclab"}


def convert(selection: Selection, target: Target) -> int:
    """Convert what is selected and return the exit status.

    Raises
    ------
    OutputError
        If there are several files for one EC-Lab text, or a file exists and is not to be replaced.
    """
    items, failures = gather(selection)
    if not items:
        return report(failures, 0)
    if target.out is None or _kind(Path(target.out)) is not None:
        if len({item.file for item in items}) > 1 and _format(target) == "eclab":
            raise OutputError(
                "EC-Lab text holds one measurement: give a folder as --out, for one file an input"
            )
        deliver([item.spectrum for item in items], target)
        return report(failures, len({item.file for item in items}))
    written = _into_folder(items, Path(target.out), target, failures)
    return report(failures, written)


def deliver(spectra: Sequence[Spectrum], target: Target, comments: Sequence[str] = ()) -> int:
    """Write spectra to one file, or to the screen without a name, and return the exit status.

    Raises
    ------
    OutputError
        If neither suffix nor option tells a format, or it cannot be written.
    """
    kind = _format(target)
    if target.out is None:
        with tempfile.TemporaryDirectory() as folder:
            path = _write(spectra, Path(folder) / "spectra", kind, comments, False)
            text = path.read_bytes().decode("latin-1" if kind == "eclab" else "utf-8")
        text = text.replace("\r\n", "\n")
        # In a pipe the names of samples stay as they are
        sys.stdout.write(clean(text, lines=True) if sys.stdout.isatty() else text)
        return DONE
    make_folder(Path(target.out).parent)
    _say([_write(spectra, Path(target.out), kind, comments, target.force)])
    return DONE


def _into_folder(
    items: Sequence[Item], folder: Path, target: Target, failures: list[Failure]
) -> int:
    kind = target.kind or "csv"
    by_file: dict[str, list[Item]] = {}
    for item in items:
        by_file.setdefault(item.file, []).append(item)
    taken: set[str] = set()
    paths = {}
    for file, members in by_file.items():
        name = unused(safe_name(members[0].spectrum.label), taken)
        taken.add(key(name))
        paths[file] = folder / f"{name}{SUFFIXES[kind]}"
    refuse_existing(paths.values(), target.force)
    make_folder(folder)
    written = []
    for file, members in by_file.items():
        spectra = [member.spectrum for member in members]
        try:
            written.append(_write(spectra, paths[file], kind, (), target.force))
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


def _format(target: Target) -> str:
    kind = target.kind or (None if target.out is None else _kind(Path(target.out)))
    if kind is None and target.out is not None:
        raise OutputError(
            f"the name {target.out} tells no format: end it in {', '.join(_KINDS)}, or give --to"
        )
    return kind or "csv"


def _kind(path: Path) -> str | None:
    return None if path.is_dir() else _KINDS.get(path.suffix.lower())


def _say(paths: Sequence[Path]) -> None:
    screen = Screen()
    for path in paths:
        screen.plain(f"Written: {path}")
