"""The synthetic spectra as files, and beside them what is published and what is assumed."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eisfit.demo.cells import CELLS
from eisfit.demo.given import F_MAX_HZ, F_MIN_HZ, MARK, NOISE, POINTS, REFERENCE, Cell
from eisfit.demo.studies import STUDIES, Study

_NOTES = "assumptions"


def make_files(folder: str | os.PathLike[str], force: bool = False) -> list[Path]:
    """Write the spectra of `CELLS` as EC-Lab text, and beside them what is published or assumed.

    Parameters
    ----------
    folder : path
        Made where it is missing.
    force : bool
        Replace files of the same names.

    Returns
    -------
    list of Path, the four files of data in the order of `CELLS`; `assumptions.txt` and
    `assumptions.json` lie beside them.

    Raises
    ------
    OutputError
        If a file exists and `force` is false, or the folder cannot be written to.
    """
    return _write(Path(folder), CELLS, (), force)


def make_series(folder: str | os.PathLike[str], force: bool = False) -> list[Path]:
    """Write the spectra of `STUDIES` as EC-Lab text, each study in a folder with its manifest.

    Parameters
    ----------
    folder : path
        Made where it is missing.
    force : bool
        Replace files of the same names.

    Returns
    -------
    list of Path, the manifests in the order of `STUDIES`: `aging/manifest.csv` and
    `states/manifest.csv`, for `eisfit compare` or `eisfit.Series.from_manifest`. The data,
    `assumptions.txt` and `assumptions.json` lie beside each.

    Raises
    ------
    OutputError
        If a file exists and `force` is false, or the folder cannot be written to.
    """
    return [_write_study(study, Path(folder) / study.name, force) for study in STUDIES]


def series_files() -> list[str]:
    """Return the names of all files of `make_series`, relative to its folder."""
    return [
        f"{study.name}/{name}"
        for study in STUDIES
        for name in (
            *(cell.file_name for cell in study.cells), "manifest.csv", f"{_NOTES}.txt",
            f"{_NOTES}.json",
        )
    ]  # fmt: skip


def assumptions(cells: Sequence[Cell] = CELLS, words: Sequence[str] = ()) -> str:
    """Return, in words, which numbers of the demo are published and which are assumed."""
    return "\n".join(_lines(cells, words)) + "\n"


def _write_study(study: Study, folder: Path, force: bool) -> Path:
    from eisfit.io.atomic import write_text_atomically

    _write(folder, study.cells, study.assumptions, force)
    return write_text_atomically(folder / "manifest.csv", _manifest(study), force)


def _write(folder: Path, cells: Sequence[Cell], words: Sequence[str], force: bool) -> list[Path]:
    from eisfit.io.atomic import write_text_atomically
    from eisfit.io.paths import make_folder
    from eisfit.io.write import write_eclab

    make_folder(folder)
    paths = [
        write_eclab(cell.spectrum(), folder / cell.file_name, _comments(cell), force)
        for cell in cells
    ]
    write_text_atomically(folder / f"{_NOTES}.txt", assumptions(cells, words), force)
    write_text_atomically(folder / f"{_NOTES}.json", _as_json(cells, words), force)
    return paths


def _manifest(study: Study) -> str:
    """Return the manifest of a study: what each file is, and what is published of it."""
    text = io.StringIO()
    text.write(f"# {MARK}: {study.title.lower()}, computed by eisfit\n")
    text.write(f"# reference_..._ohm: as published in {REFERENCE}\n")
    writer = csv.writer(text, lineterminator="\n")
    roles = study.reference_roles
    columns = list(study.conditions[0])
    writer.writerow(["file", *columns, *(f"reference_{role}_ohm" for role in roles)])
    for cell, conditions in zip(study.cells, study.conditions, strict=True):
        known = [f"{cell.published[role]:g}" if role in cell.published else "" for role in roles]
        writer.writerow([cell.file_name, *(_cell(conditions[c]) for c in columns), *known])
    return text.getvalue()


def _cell(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _lines(cells: Sequence[Cell], words: Sequence[str]) -> Iterator[str]:
    yield f"{MARK}."
    yield f"Spectra computed by eisfit from resistances in the text of {REFERENCE}."
    yield (
        f"{POINTS} points from {F_MAX_HZ:g} to {F_MIN_HZ:g} Hz; noise {100 * NOISE:g} % of |Z|, "
        "Gaussian, independent, on the real and on the imaginary part."
    )
    yield "An arc is R parallel to a CPE with Q = tau^alpha / R, which is Z = R / (1 + (jw tau)^a)."
    yield from words
    for cell in cells:
        yield ""
        yield f"{cell.label}: {cell.file_name}"
        yield f"made from {cell.circuit}, seed {cell.seed}; fitted with the card {cell.model}"
        if cell.published:
            yield "published: " + ", ".join(f"{k} {v:g} ohm" for k, v in cell.published.items())
        for item in cell.given:
            kind = "published" if item.published else "assumed"
            number = f"{item.value:g} {item.unit}".strip()
            yield f"  {item.name:7} {number:20} {kind:9}  {item.why}"


def _as_json(cells: Sequence[Cell], words: Sequence[str]) -> str:
    entries: list[dict[str, Any]] = [
        {**vars(cell), "given": [asdict(item) for item in cell.given],
         "published_ohm": dict(cell.published)}
        for cell in cells
    ]  # fmt: skip
    for entry in entries:
        del entry["published"]
    document: dict[str, Any] = {
        "synthetic": True, "reference": REFERENCE, "noise_relative": NOISE,
        "frequency_hz": [F_MAX_HZ, F_MIN_HZ], "points": POINTS, "cells": entries,
    }  # fmt: skip
    if words:
        document["assumptions"] = list(words)
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _comments(cell: Cell) -> list[str]:
    return [
        f"{MARK}: {cell.label}",
        f"Computed by eisfit from resistances in the text of {REFERENCE}",
        f"Circuit {cell.circuit}, seed {cell.seed}, noise {100 * NOISE:g} % of |Z|",
        "Published and assumed numbers: assumptions.txt beside this file",
    ]
