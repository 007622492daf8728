"""`eisfit compare`: a study from a manifest or from files, on the screen and into a folder."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eisfit.cli.inputs import Failure
from eisfit.cli.run import print_json, report
from eisfit.cli.screen import Screen, advancing
from eisfit.errors import ReadError, SeriesError, SeriesWarning

if TYPE_CHECKING:
    from eisfit.cli.groups import Study
    from eisfit.comparison import Comparison
    from eisfit.series import Series
    from eisfit.spectrum import Spectrum

PATTERN = "{sample}"


def series_of(study: Study) -> Series:
    """Return the series, cropped, corrected and with the sizes given.

    Raises
    ------
    SeriesError, ReadError, SpectrumError, CorrectionError, GeometryError
        If nothing can be read, or the options make no sense.
    """
    from eisfit.geometry import Geometry
    from eisfit.spectrum import check_window

    check_window(study.f_min, study.f_max)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeriesWarning)  # failures are shown at the end
        series = _read(study)
    if study.f_min is not None or study.f_max is not None:
        series = series.prepared(lambda spectrum: spectrum.crop(study.f_min, study.f_max))
    short, opened = _blank(study.short), _blank(study.open_circuit)
    if short is not None or opened is not None:
        series = series.corrected(short, opened)
    if study.area is not None or study.thickness is not None:
        size = Geometry(area_cm2=study.area, thickness_cm=study.thickness)
        series = series.with_geometry(size)
    return series


def _read(study: Study) -> Series:
    from eisfit.series import Series, is_manifest, is_meant_as_manifest

    paths, pattern = study.paths, study.pattern
    manifests = [path for path in paths if is_manifest(path)]
    if manifests and len(paths) > 1:
        raise SeriesError(f"{manifests[0]} is a manifest: give it alone, it names the files")
    alone = len(paths) == 1 and not pattern
    if not manifests and not (alone and is_meant_as_manifest(paths[0])):
        return Series.from_files(paths, pattern or PATTERN, study.along)
    if pattern:
        raise SeriesError("a manifest says what each file is: leave out --pattern")
    return Series.from_manifest(paths[0], study.along)


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
    series = series_of(study)
    if out is not None and not force:
        check_free(series, Path(out), formats)
    steps = len(series) + (2 + len(planned(series)) if out is not None else 0)
    with advancing(steps, "spectra and figures") as advance:
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
