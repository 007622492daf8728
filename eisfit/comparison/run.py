"""The analyses of a series, track by track."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any

from eisfit.analysis import Analysis
from eisfit.circuit.models import Model, load_model
from eisfit.comparison.comparison import Comparison
from eisfit.comparison.words import conditions, named
from eisfit.errors import SeriesError, located, said_of
from eisfit.series import Failure, Series
from eisfit.series.doubts import doubts
from eisfit.spectrum import Spectrum
from eisfit.tracking import Track, track

_OPTIONS = ("fit_options", "drt_options", "area_over_thickness_cm", "share")


def compare_series(
    series: Series,
    model: str | Model = "auto",
    *,
    executor: Executor | None = None,
    progress: Callable[[float], None] | None = None,
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
    progress : function of float, optional
        Told how many members more are done; in all their number. Parts of a member, too, where the
        work is done here; with an executor whole tracks.
    **options
        `fit_options`, `drt_options` as in `eisfit.analyze`; `area_over_thickness_cm` too, by
        default from the cell's geometry, else as there; `share`: names of parameters, or symbols of
        roles, that have one value in all members of a track.

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
    notes = [*series.notes, *doubts(series)]
    count = _Count(progress)
    for members, found in zip(tracks, _results(jobs, executor, count), strict=True):
        for index, analysis, error in zip(members, found, found.failures, strict=True):
            analyses[index] = analysis
            if analysis is None:
                member = series.members[index]
                failures.append(Failure(member.file or member.title(), error))
        where = "" if len(tracks) == 1 else f"{_named(series, members)}: "
        notes += [f"{where}{note}" for note in found.notes]
        count.up_to_next(len(members))
    if not any(analyses):
        last = failures[-1]
        raise SeriesError(f"no member could be analysed: {located(last.where, last.error)}")
    return Comparison(series, chosen, tuple(analyses), tuple(failures), tuple(notes), dict(options))


def _named(series: Series, members: Sequence[int]) -> str:
    """Return what the members of a track have in common, in a few words."""
    first = series.members[members[0]]
    return named(first.sample, conditions({"cell": first.cell, "state": first.state}))


class _Count:
    """Tells of work done, and of what a track did not tell itself when it ends."""

    def __init__(self, progress: Callable[[float], None] | None) -> None:
        self._progress = progress or (lambda done: None)
        self._told = 0.0

    def __call__(self, done: float) -> None:
        self._told += done
        self._progress(done)

    def up_to_next(self, members: int) -> None:
        """Tell of the rest of a track of so many members."""
        self._progress(members - self._told)
        self._told = 0.0


def _results(
    jobs: Sequence[Callable[..., Track]], executor: Executor | None, count: _Count
) -> Iterator[Track]:
    if executor is None:
        yield from (job(progress=count) for job in jobs)
    else:
        yield from executor.map(_call, jobs)


def _call(job: Callable[..., Track]) -> Track:
    return job()


def _job(
    series: Series, members: Sequence[int], model: str | Model, options: Mapping[str, Any]
) -> Callable[..., Track]:
    first = series.members[members[0]]
    size = first.geometry
    known = size is not None and size.area_cm2 is not None and size.has_thickness
    of_cell = {"area_over_thickness_cm": size.area_over_thickness_cm} if size and known else {}
    return partial(
        follow,
        [series.members[i].spectrum.with_label(series.members[i].sample) for i in members],
        [series.position(i) for i in members],
        first.model or model,
        {**of_cell, **options},
    )


def follow(
    spectra: Sequence[Spectrum],
    position: Sequence[float],
    model: str | Model,
    options: Mapping[str, Any],
    progress: Callable[[float], None] | None = None,
) -> Track:
    """Return a track; one that cannot be followed at all, as by a wrong model, has failed whole."""
    try:
        return track(spectra, position, model, progress=progress, **options)
    except Exception as error:  # of one track: the others still have their results
        return Track((None,) * len(spectra), (said_of(error),) * len(spectra))
