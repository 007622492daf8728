"""One task of a batch: read some files, compute, and give back rows; runs in any process."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from eisfit._version import __version__
from eisfit.batching import rows
from eisfit.batching.inputs import InputFile
from eisfit.batching.recipe import AUTO, Recipe, recipe_of
from eisfit.batching.schema import LEDGER
from eisfit.errors import said_of
from eisfit.spectrum import Spectrum

if TYPE_CHECKING:
    from eisfit.fitting.options import FitOptions
    from eisfit.fitting.result import FitResult

Result = TypeVar("Result")


@dataclass(frozen=True)
class Limits:
    """What a task may take before it is stopped: seconds, and bytes of memory (0 for any)."""

    seconds: float = 300.0
    memory: int = 2 << 30


@dataclass(frozen=True)
class Task:
    """Files to work on together, of the first one from the spectrum `start` (from 0).

    `recipe` is the text of a `Recipe`; `limits` asks for a process of its own, which is stopped at
    them.
    """

    files: tuple[str, ...]
    recipe: str
    start: int = 0
    limits: Limits | None = None


@dataclass(frozen=True)
class Outcome:
    """What a task gave.

    Attributes
    ----------
    tables : mapping of table names to Arrow IPC streams
    left : tuple of (path, first spectrum from 0)
        What the task leaves to others, so that results come soon and evenly.
    """

    tables: dict[str, bytes]
    left: tuple[tuple[str, int], ...] = ()


@dataclass
class _Part:
    """A file, or a stretch of it, that is being worked on."""

    file: InputFile
    sha256: str
    first: int
    spectra: list[Spectrum]
    total: int
    reading_s: float
    failed: int = 0


@dataclass
class _Reading:
    """What reading the files of a task gave."""

    parts: list[_Part] = field(default_factory=list)
    refused: list[tuple[InputFile, str, str]] = field(default_factory=list)
    left: list[tuple[str, int]] = field(default_factory=list)

    @property
    def spectra(self) -> int:
        return sum(len(part.spectra) for part in self.parts)


def work(task: Task) -> Outcome:
    """Do a task here, in this thread; what is wrong with single files is in the ledger's rows."""
    recipe = recipe_of(task.recipe)
    reading = _read_all(task, recipe)
    began = perf_counter()
    book = rows.Book()
    _compute(reading.parts, recipe, book)
    each = (perf_counter() - began) / max(reading.spectra, 1)
    for part in reading.parts:
        book.add(LEDGER, _ledger_head(recipe), [_done_row(part, each * len(part.spectra))])
    for file, sha256, error in reading.refused:
        book.add(LEDGER, _ledger_head(recipe), [failed_row(file, error, sha256)])
    return Outcome(book.sealed(), tuple(reading.left))


def failed_outcome(file: str, start: int, error: str, recipe: Recipe) -> Outcome:
    """Return the outcome of a file that ended its process, or from a spectrum on did so."""
    book = rows.Book()
    row = failed_row(InputFile.of(file), error)
    if start:
        row["first_spectrum"] = start + 1
    book.add(LEDGER, _ledger_head(recipe), [row])
    return Outcome(book.sealed())


def failed_row(file: InputFile, error: str, sha256: str = "") -> dict[str, Any]:
    """Return the ledger's row of a file that gave nothing."""
    return {
        "file": file.key, "sha256": sha256, "status": "failed", "error": error,
        "size_bytes": file.size, "modified_ns": file.modified,
    }  # fmt: skip


def _read_all(task: Task, recipe: Recipe) -> _Reading:
    """Read files until there is a lot of spectra; the rest is left."""
    reading, lot = _Reading(), recipe.lot
    for number, path in enumerate(task.files):
        if reading.spectra >= lot:
            reading.left.append((path, 0))
            continue
        file, began = InputFile.of(path), perf_counter()
        sha256 = ""
        try:
            spectra, sha256 = _spectra_of(file, recipe)
        except Exception as error:  # a fault of ours must not cost the other files
            reading.refused.append((file, sha256, _said(error)))
            continue
        if not spectra:
            reading.refused.append((file, sha256, "holds no spectrum"))
            continue
        start = task.start if number == 0 else 0
        if len(spectra) > lot and reading.spectra:
            reading.left.append((path, 0))
            continue
        chosen = spectra[start : start + lot]
        if start == 0:
            reading.left += [(path, at) for at in range(lot, len(spectra), lot)]
        took = perf_counter() - began
        reading.parts.append(_Part(file, sha256, start, chosen, len(spectra), took))
    return reading


_last_read: tuple[Any, list[Spectrum], str] | None = None


def _spectra_of(file: InputFile, recipe: Recipe) -> tuple[list[Spectrum], str]:
    """Return the spectra of a file and its SHA-256; those of the last long one are at hand."""
    global _last_read
    key = file, recipe.text
    last = _last_read
    if last is not None and last[0] == key:
        return last[1], last[2]
    from eisfit.io.request import Request
    from eisfit.io.source import Source
    from eisfit.io.spectra import read_source

    source = Source.open(Path(file.path))
    spectra, _ = read_source(source, Request.of(**recipe.read_options))
    _last_read = (key, spectra, source.sha256) if len(spectra) > recipe.lot else None
    return spectra, source.sha256


def _compute(parts: Sequence[_Part], recipe: Recipe, book: rows.Book) -> None:
    """Compute what the recipe asks for and write the rows."""
    owners = [(part, i) for part in parts for i in range(len(part.spectra))]
    cropped = [_attempt(part.spectra[i].crop, recipe.f_min, recipe.f_max) for part, i in owners]
    fits = _fits([s if isinstance(s, Spectrum) else None for s in cropped], recipe)
    for (part, i), spectrum, fit in zip(owners, cropped, fits, strict=True):
        given = part.spectra[i]
        head = {
            "file": part.file.key,
            "sweep": given.metadata.get("sweep", part.first + i + 1),
            "sample": given.label,
        }
        if not isinstance(spectrum, Spectrum):
            book.add("spectra", head, [rows.spectrum_row(given, [spectrum])])
            part.failed += 1
            continue
        errors = list(_written(spectrum, fit, recipe, book, head))
        book.add("spectra", head, [rows.spectrum_row(spectrum, errors)])
        part.failed += bool(errors)


def _written(
    spectrum: Spectrum, fit: FitResult | str, recipe: Recipe, book: rows.Book, head: rows.Row
) -> Iterator[str]:
    """Write the rows of one spectrum, and yield what failed."""
    if isinstance(fit, str):
        yield f"fit: {fit}"
    else:
        book.add("fits", head, [rows.fit_row(fit)])
        book.add("parameters", head, rows.parameter_rows(fit))
        book.add("resistances", head, rows.resistance_table(fit))
    if recipe.kk:
        from eisfit.validity import kramers_kronig_spectrum

        verdict = _attempt(kramers_kronig_spectrum, spectrum)
        if isinstance(verdict, str):
            yield f"Kramers-Kronig: {verdict}"
        else:
            book.add("verdicts", head, [rows.verdict_row(verdict)])
    if recipe.drt:
        from eisfit.relaxation import drt_spectrum

        drt = _attempt(drt_spectrum, spectrum, **recipe.drt_options)
        if isinstance(drt, str):
            yield f"DRT: {drt}"
        else:
            book.add("distributions", head, [rows.distribution_row(drt)])
            book.add("peaks", head, rows.peak_table(drt))


def _fits(spectra: Sequence[Spectrum | None], recipe: Recipe) -> list[FitResult | str]:
    """Return the fit of each spectrum, or why there is none; those of one grid go together."""
    from eisfit.fitting.engine import fit_spectra, fit_spectrum
    from eisfit.fitting.options import FitOptions

    options, model = FitOptions(**recipe.fit_options), recipe.model
    found: list[FitResult | str] = [""] * len(spectra)
    grids: dict[tuple[bytes, tuple[str, ...]], list[int]] = {}
    for i, spectrum in enumerate(spectra):
        if spectrum is not None:
            key = spectrum.frequency.tobytes(), tuple(spectrum.reasons)
            grids.setdefault(key, []).append(i)
    for members in grids.values():
        group = [spectrum for i in members if (spectrum := spectra[i]) is not None]
        if isinstance(model, str):
            assert model == AUTO
            together: list[FitResult] | str = ""
        else:
            together = _attempt(fit_spectra, group, model, options)
        for place, (i, one) in enumerate(zip(members, group, strict=True)):
            if not isinstance(together, str):
                found[i] = together[place]
            elif isinstance(model, str):
                found[i] = _attempt(_chosen, one, options)
            else:
                # One that cannot be fitted must not cost its neighbours
                found[i] = _attempt(fit_spectrum, one, model, options)
    return found


def _chosen(spectrum: Spectrum, options: FitOptions) -> FitResult:
    from eisfit.fitting.choose import choose

    return choose(spectrum, options).best


def _attempt(compute: Callable[..., Result], *given: Any, **options: Any) -> Result | str:
    """Return what is computed, or why it cannot be."""
    try:
        return compute(*given, **options)
    except Exception as error:  # a fault of ours on one spectrum must not cost the others
        return _said(error)


def _said(error: BaseException) -> str:
    if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
        return "needs more memory than a task may take"
    return said_of(error)


def _ledger_head(recipe: Recipe) -> dict[str, Any]:
    from eisfit.fitting.backend import SWITCH
    from eisfit.fitting.engine import versions

    compiled = os.environ.get(SWITCH, "1") != "0"
    return {
        "settings": recipe.fingerprint,
        "eisfit": __version__,
        **versions("numpy", "scipy"),
        "numba": versions("numba")["numba"] if compiled else "",
        "python": platform.python_version(),
        "finished_utc": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _done_row(part: _Part, computing_s: float) -> dict[str, Any]:
    metadata = part.spectra[0].metadata
    return {
        "file": part.file.key, "sha256": part.sha256, "status": "done", "error": "",
        "format": metadata.get("format", ""), "size_bytes": part.file.size,
        "modified_ns": part.file.modified, "first_spectrum": part.first + 1,
        "last_spectrum": part.first + len(part.spectra), "spectra": part.total,
        "spectra_failed": part.failed, "reading_s": part.reading_s, "computing_s": computing_s,
    }  # fmt: skip
