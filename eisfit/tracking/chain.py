"""A track: the spectra of one cell along time, cycles, temperature or state, analysed together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from eisfit.analysis import AREA_OVER_THICKNESS_CM, Analysis, Decided, assemble
from eisfit.circuit.models import Model, load_model
from eisfit.errors import EisfitError, FitError
from eisfit.fitting.options import FitOptions, options_from
from eisfit.fitting.prune import Pruned
from eisfit.remarks import processes
from eisfit.roles import Process, peak_roles
from eisfit.spectrum import Spectrum
from eisfit.tracking.common import Common, choose_common
from eisfit.tracking.fits import TrackedFits, track_fits
from eisfit.tracking.joint import Sharing, fit_jointly, shared_names
from eisfit.tracking.peaks import Distributions, distributions, name_peaks
from eisfit.tracking.viterbi import distances
from eisfit.weights import needs_test, weighted


@dataclass(frozen=True, eq=False)
class Track:
    """The analyses of a track's spectra, in their order; behaves like a tuple of them.

    Attributes
    ----------
    analyses : tuple of Analysis, or None where a spectrum failed
    failures : tuple of str
        Why there is none; "" for the others.
    notes : tuple of str
        What was decided for the track as a whole: circuit, arcs kept, names, sharing, lambda.
    sharing : Sharing or None
        What the shared parameters cost, where there are any.
    """

    analyses: tuple[Analysis | None, ...]
    failures: tuple[str, ...]
    notes: tuple[str, ...] = ()
    sharing: Sharing | None = None

    def __len__(self) -> int:
        return len(self.analyses)

    def __iter__(self) -> Iterator[Analysis | None]:
        return iter(self.analyses)

    def __getitem__(self, index: int) -> Analysis | None:
        return self.analyses[index]


def track(
    spectra: Sequence[Spectrum],
    position: ArrayLike,
    model: str | Model = "auto",
    *,
    fit_options: Mapping[str, Any] | None = None,
    drt_options: Mapping[str, Any] | None = None,
    area_over_thickness_cm: float = AREA_OVER_THICKNESS_CM,
    share: Sequence[str] = (),
    progress: Callable[[float], None] | None = None,
) -> Track:
    """Return the analyses of the spectra of one track, with arcs and peaks that keep their names.

    Each spectrum is fitted alone and again from its neighbours' values, forward and back; names
    are given by the path of least change in C and R, and so in tau. No fit is worse than alone.
    The distributions of relaxation times have one lambda.

    Parameters
    ----------
    spectra : in the order of the track
    position : (T,) numbers along it (time, cycle, temperature); NaN or equal where there are none
    model, fit_options, drt_options, area_over_thickness_cm
        As for `eisfit.analyze`; one circuit for all, with "auto" the smallest that no spectrum
        rejects.
    share : what has one value in all spectra, such as ("R_bulk", "alphas"): see
        `eisfit.tracking.shared_names`. Such fits may be worse than alone; the cost is tested.
    progress : told of spectra done: a half each when all are fitted, and with its distribution

    Returns
    -------
    Track
        A spectrum that cannot be analysed is None there, with the reason in `failures`.

    Raises
    ------
    ModelError, CircuitError
        If the model is wrong.
    FitError
        If an option is unknown, positions are not one a spectrum, or what is to be shared is
        unknown or cannot be.
    """
    spectra, tell = tuple(spectra), progress or (lambda done: None)
    place = _positions(position, len(spectra))
    failures: dict[int, str] = {}
    options = _options(spectra, fit_options or {}, failures)
    usable = {i: spectra[i] for i in options}
    common = choose_common(usable, options) if model == "auto" else None
    asked = load_model(model) if common is None else common.model
    if common is not None:
        failures |= common.failures
        usable = {i: usable[i] for i in common.choices}
    names = shared_names(asked, share) if usable else ()
    tracked = track_fits(
        usable, [place[i] for i in usable], asked, options,
        area_over_thickness_cm=area_over_thickness_cm, pruning=common is None,
    )  # fmt: skip
    failures |= tracked.failures
    tracked, sharing = _joined(tracked, names, options)
    tell(0.5 * len(spectra))
    fitted = {i: spectra[i] for i in tracked.fits}
    drts = distributions(fitted, drt_options or {}, partial(tell, 0.5))
    failures |= drts.failures
    parts = _Parts(asked, tracked, drts, common, area_over_thickness_cm)
    return replace(parts.put_together(len(spectra), place, failures), sharing=sharing)


def _joined(
    tracked: TrackedFits, names: Sequence[str], options: Mapping[int, FitOptions]
) -> tuple[TrackedFits, Sharing | None]:
    """Return joint fits in place of those alone where parameters are shared, and what it costs."""
    joint, sharing = fit_jointly(tracked.fits, names, options)
    if sharing is None:
        return tracked, None
    return replace(tracked, fits=joint, notes=(*tracked.notes, sharing.sentence())), sharing


@dataclass(frozen=True)
class _Parts:
    """What a track's analyses are made of."""

    model: Model
    tracked: TrackedFits
    drts: Distributions
    common: Common | None
    geometry_cm: float

    def put_together(self, count: int, place: Sequence[float], failures: dict[int, str]) -> Track:
        peaks = self._peaks(place)
        found: list[Analysis | None] = [None] * count
        for i, names in peaks.items():
            decided = Decided(self.tracked.names[i], names, self.notes_on_circuit())
            try:
                found[i] = assemble(
                    self.model, self._pruned(i), self.drts.results[i], self.geometry_cm,
                    self.common.choices[i] if self.common else None, decided,
                )  # fmt: skip
            except EisfitError as error:
                failures[i] = str(error)
        return Track(tuple(found), tuple(failures.get(i, "") for i in range(count)), self.notes())

    def notes(self) -> tuple[str, ...]:
        return (*self.notes_on_circuit(), *([self.drts.policy] if self.drts.policy else []))

    def notes_on_circuit(self) -> tuple[str, ...]:
        said = [self.common.reason] if self.common and self.common.reason else []
        return (*said, *self.tracked.notes)

    def _pruned(self, i: int) -> Pruned:
        fit, full = self.tracked.fits[i], self.tracked.full[i]
        kept = {arc.label for arc in fit.arcs}
        dropped = tuple(arc.label for arc in self.model.arcs if arc.label not in kept)
        return Pruned(fit, dropped, full if dropped else None)

    def _peaks(self, place: Sequence[float]) -> dict[int, dict[int, str]]:
        """Return the role of each peak of each spectrum that has both a fit and a DRT."""
        line = list(self.drts.results)
        arcs = {i: self._arcs(i) for i in line}
        rows = [self.drts.results[i].peak_rows for i in line]
        far = distances([place[i] for i in line])
        named = name_peaks(rows, list(arcs.values()), far)
        return {
            i: self._roles(i, arcs[i], elements) for i, elements in zip(line, named, strict=True)
        }

    def _arcs(self, i: int) -> list[Process]:
        fit = self.tracked.fits[i]
        found = processes(fit, self.tracked.names[i])
        return [process for process in found if np.isfinite(process.tau)]

    def _roles(self, i: int, arcs: list[Process], elements: Mapping[int, str]) -> dict[int, str]:
        """Return roles of peaks: those of their arcs; for others, that of the span they lie in."""
        drt = self.drts.results[i]
        by_element = {process.element: process.role for process in arcs}
        roles = {number: by_element[element] for number, element in elements.items()}
        rest = [n for n in range(1, len(drt.peak_rows) + 1) if n not in roles]
        taus = [drt.peak_rows[n - 1]["tau_s"] for n in rest]
        gone = [replace(process, tau=float("nan")) for process in arcs]
        window = drt.spectrum.tau_window
        left = peak_roles(taus, gone, self.model, window)
        taken = set(self.tracked.names[i].values())
        roles |= {rest[k - 1]: role for k, role in left.items() if role not in taken}
        return dict(sorted(roles.items()))


def _positions(position: ArrayLike, count: int) -> list[float]:
    place = np.asarray(position, dtype=np.float64)
    if place.shape != (count,):
        raise FitError(
            f"a track of {count} spectra needs {count} positions, found shape {place.shape}"
        )
    return [float(x) for x in place]


def _options(
    spectra: Sequence[Spectrum], given: Mapping[str, Any], failures: dict[int, str]
) -> dict[int, FitOptions]:
    """Return options by index: one object for all, but for weights that each spectrum makes."""
    if not needs_test(given):
        return dict.fromkeys(range(len(spectra)), options_from(given))
    found = {}
    for i, spectrum in enumerate(spectra):
        try:
            found[i] = options_from(weighted(spectrum, given))
        except EisfitError as error:
            failures[i] = str(error)
    return found
