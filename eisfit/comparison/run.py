"""The analyses of a series, track by track."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any

from eisfit.analysis import AREA_OVER_THICKNESS_CM, Analysis, analyze
from eisfit.circuit.models import Model, load_model
from eisfit.comparison.comparison import Comparison
from eisfit.errors import EisfitError, SeriesError
from eisfit.series import Failure, Series
from eisfit.spectrum import Spectrum

Outcome = list[Analysis | EisfitError]
_OPTIONS = ("fit_options", "drt_options", "area_over_thickness_cm", "share")


def compare_series(
    series: Series,
    model: str | Model = "auto",
    *,
    executor: Executor | None = None,
    progress: Callable[[int], None] | None = None,
    **options: Any,
) -> Comparison:
    """Return the comparison of a series: every member analysed, every track followed.

    Parameters
    ----------
    series : Series
    model : str or Model
        For the members that name none of their own.
    executor : concurrent.futures.Executor, optional
        Works on the tracks; any, of threads, processes or a cluster.
    progress : function of int, optional
        Told how many members more are done, when a track is.
    **options
        `fit_options`, `drt_options`, `area_over_thickness_cm` as in `eisfit.analyze`; `share`:
        names of parameters, or roles, that the members of a track have in common.

    Raises
    ------
    SeriesError
        If an option is unknown, or no member could be analysed.
    ModelError, CircuitError
        If a model is unknown or does not parse.
    """
    unknown = [name for name in options if name not in _OPTIONS]
    if unknown:
        raise SeriesError(f"unknown option {', '.join(unknown)}; there are {', '.join(_OPTIONS)}")
    chosen = model if model == "auto" else load_model(model)
    tracks = series.tracks()
    jobs = [_job(series, track, chosen, options) for track in tracks]
    analyses: list[Analysis | None] = [None] * len(series)
    failures = list(series.failures)
    for track, outcome in zip(tracks, _results(jobs, executor), strict=True):
        for index, result in zip(track, outcome, strict=True):
            if isinstance(result, Analysis):
                analyses[index] = result
            else:
                member = series.members[index]
                failures.append(Failure(member.file or member.title(), str(result)))
        if progress is not None:
            progress(len(track))
    if not any(analyses):
        raise SeriesError(
            f"no member could be analysed: {failures[-1].where}: {failures[-1].error}"
        )
    return Comparison(series, chosen, tuple(analyses), tuple(failures), dict(options))


def _results(jobs: Sequence[Callable[[], Outcome]], executor: Executor | None) -> Iterator[Outcome]:
    if executor is None:
        yield from (job() for job in jobs)
    else:
        yield from executor.map(_call, jobs)


def _call(job: Callable[[], Outcome]) -> Outcome:
    return job()


def _job(
    series: Series, track: Sequence[int], model: str | Model, options: Mapping[str, Any]
) -> Callable[[], Outcome]:
    members = [series.members[i] for i in track]
    own = members[0].model
    settings = {"area_over_thickness_cm": AREA_OVER_THICKNESS_CM, **options}
    return partial(
        follow,
        [m.spectrum.with_label(m.sample) for m in members],
        [series.position(i) for i in track],
        load_model(own) if own and own != "auto" else own or model,
        settings,
    )


def follow(
    spectra: Sequence[Spectrum],
    position: Sequence[float],
    model: str | Model,
    options: Mapping[str, Any],
) -> Outcome:
    """Return the analyses of the spectra of one track; an error in place of one that failed."""
    options = {k: v for k, v in options.items() if k != "share"}
    found: Outcome = []
    for spectrum in spectra:
        try:
            found.append(analyze(spectrum, model, **options))
        except EisfitError as error:
            found.append(error)
    return found
