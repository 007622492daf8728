"""`eisfit compare`: a study from a manifest or from files, on the screen and into a folder."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eisfit.cli.inputs import Failure
from eisfit.cli.run import print_json, report
from eisfit.cli.screen import Screen
from eisfit.errors import ReadError, SeriesError, SeriesWarning

if TYPE_CHECKING:
    from eisfit.comparison import Comparison
    from eisfit.series import Series
    from eisfit.spectrum import Spectrum

PATTERN = "{sample}"


@dataclass(frozen=True)
class Study:
    """What the user gave.

    Attributes
    ----------
    paths : tuple of str
        One manifest, or files.
    along, pattern : str
    blanks : (short, open), files or None
    window : (lowest, highest) frequency in Hz, or None
    size : (area in cm2, thickness in cm), or None
    """

    paths: tuple[str, ...]
    along: str = ""
    pattern: str = ""
    blanks: tuple[str | None, str | None] = (None, None)
    window: tuple[float | None, float | None] = (None, None)
    size: tuple[float | None, float | None] = (None, None)

    def series(self) -> Series:
        """Return the series, cropped, corrected and with the sizes given.

        Raises
        ------
        SeriesError, ReadError, CorrectionError, GeometryError
            If nothing can be read, or the options make no sense.
        """
        from eisfit.geometry import Geometry

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SeriesWarning)  # failures are shown at the end
            series = self._read()
        low, high = self.window
        if low is not None or high is not None:
            if low is not None and high is not None and low > high:
                raise ReadError(f"--f-min {low:g} is above --f-max {high:g}: nothing is between")
            ends = (low or 0.0, float("inf") if high is None else high)
            series = series.prepared(lambda spectrum: spectrum.crop(*ends))
        short, opened = (_blank(file) for file in self.blanks)
        if short is not None or opened is not None:
            series = series.corrected(short, opened)
        area, thickness = self.size
        if area is not None or thickness is not None:
            series = series.with_geometry(Geometry(area_cm2=area, thickness_cm=thickness))
        return series

    def _read(self) -> Series:
        from eisfit.series import Series, is_manifest, is_meant_as_manifest, is_spreadsheet

        manifests = [path for path in self.paths if is_manifest(path)]
        if manifests and len(self.paths) > 1:
            raise SeriesError(f"{manifests[0]} is a manifest: give it alone, it names the files")
        alone = len(self.paths) == 1 and not self.pattern
        if not manifests and not (alone and is_meant_as_manifest(self.paths[0])):
            try:
                return Series.from_files(self.paths, self.pattern or PATTERN, self.along)
            except SeriesError as error:
                if alone and is_spreadsheet(self.paths[0]):
                    hint = "if it is a manifest, save it as CSV"
                    raise SeriesError(f"{error}; {hint}") from None
                raise
        if self.pattern:
            raise SeriesError("a manifest says what each file is: leave out --pattern")
        return Series.from_manifest(self.paths[0], self.along)


def drt_options(regularization: str, seed: int) -> dict[str, Any]:
    """Return the options of the DRT, checked before any file is read."""
    from eisfit.cli.jobs import checked_drt_options

    return checked_drt_options({"regularization": regularization, "seed": seed})


def compare(
    study: Study,
    model: str,
    options: Mapping[str, Any],
    out: str | None,
    formats: Sequence[str],
    force: bool,
    as_json: bool,
) -> int:
    """Compare, show, write, and return the exit status.

    Raises
    ------
    EisfitError
        If nothing could be done; what fails alone is told at the end.
    """
    from eisfit.api import load_model
    from eisfit.comparison import compare_series
    from eisfit.comparison.figures import planned
    from eisfit.comparison.save import check_free, document

    chosen = model if model == "auto" else load_model(model)
    series = study.series()
    if out is not None and not force:
        check_free(series, Path(out), formats)
    steps = len(series) + (2 + len(planned(series)) if out is not None else 0)
    with _progress(steps) as advance:
        comparison = compare_series(series, chosen, progress=advance, **options)
        written = () if out is None else comparison.save(out, formats, force, advance)
    if as_json:
        print_json({**document(comparison), "written": [str(path) for path in written]})
    else:
        _show(comparison, out, len(written))
    done = sum(analysis is not None for analysis in comparison.analyses)
    return report([Failure(f.where, f.error) for f in comparison.failures], done)


def _show(comparison: Comparison, out: str | None, written: int) -> None:
    from eisfit.cli.study import show

    screen = Screen()
    show(comparison, screen)
    screen.plain("")
    if out is None:
        screen.plain("Nothing was written: --out DIR keeps all of it, with figures and a report.")
    else:
        screen.plain(f"Written: {written} files to {out}; begin with {Path(out) / 'report.html'}")


def _blank(file: str | None) -> Spectrum | None:
    if file is None:
        return None
    from eisfit.api import read

    spectra = read(file)
    if len(spectra) > 1:
        raise ReadError(f"{file} has {len(spectra)} sweeps: a blank has one; give a file with one")
    return spectra[0]


@contextmanager
def _progress(steps: int) -> Iterator[Callable[[int], None]]:
    """Give a function that is told what is done, with a bar on standard error on a terminal."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("spectra and figures", total=steps)
        yield lambda count: bar.advance(task, count)
