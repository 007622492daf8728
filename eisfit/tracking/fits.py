"""Circuit fits along a track, arcs under names that last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from eisfit.analysis import AREA_OVER_THICKNESS_CM, in_its_roles
from eisfit.circuit.models import Model
from eisfit.fitting.constraints import Demands
from eisfit.fitting.options import FitOptions
from eisfit.fitting.prune import arc_labels
from eisfit.fitting.result import FitResult
from eisfit.roles import is_far
from eisfit.spectrum import Spectrum
from eisfit.tracking.candidates import fit_alone, with_neighbours
from eisfit.tracking.naming import DRIFT, Names, Naming
from eisfit.tracking.support import Support, supported
from eisfit.tracking.viterbi import cheapest_path, distances

JUMP = 2.0  # decades of tau between neighbours that no process drifts by
Called = Mapping[int, Mapping[str, str]]


@dataclass(frozen=True)
class TrackedFits:
    """Fits of the spectra of a track, by the spectrum's index.

    Attributes
    ----------
    fits : with the elements that the track supports, under names that last
    full : of the whole model
    names : what elements with a role are called in each spectrum: the role, or the element where it
        is not that
    failures : why there is no fit
    notes : what was decided for the track as a whole
    """

    fits: Mapping[int, FitResult]
    full: Mapping[int, FitResult]
    names: Called
    failures: Mapping[int, str]
    notes: tuple[str, ...] = ()


def track_fits(
    spectra: Mapping[int, Spectrum] | Sequence[Spectrum],
    position: ArrayLike,
    model: Model,
    options: Mapping[int, FitOptions] | FitOptions | None = None,
    *,
    area_over_thickness_cm: float = AREA_OVER_THICKNESS_CM,
    pruning: bool = True,
) -> TrackedFits:
    """Return fits of one model along a track.

    Parameters
    ----------
    spectra : in the order of the track; a mapping of index to spectrum, or a sequence
    position : numbers along the track, one a spectrum; NaN or all equal where there are none
    options : for all, or by index
    area_over_thickness_cm : of the cell, in cm; scales capacitances before they are compared
    pruning : whether arcs that most spectra do not support are left out
    """
    line = dict(spectra) if isinstance(spectra, Mapping) else dict(enumerate(spectra))
    single = FitOptions() if options is None else options
    own = dict.fromkeys(line, single) if isinstance(single, FitOptions) else dict(single)
    where = dict(zip(line, np.asarray(position, dtype=np.float64).tolist(), strict=True))
    alone = fit_alone(line, model, own)
    candidates = with_neighbours(alone.fits, own)
    full = {i: found[0] for i, found in candidates.items()}
    support: Support | None = None
    if pruning and full and not any(own[i].names_parameters for i in full):
        support = supported(full, model, own)
        candidates = _of_support(support, candidates, own)
    candidates = {i: _in_roles(found, own[i]) for i, found in candidates.items()}
    if not candidates:
        return TrackedFits({}, {}, {}, alone.failures)
    options_of_all = next(iter(own.values()))
    names = Names(model, _held(model, options_of_all), area_over_thickness_cm)
    fits = _named(names, candidates, [where[i] for i in candidates])
    called, said = _called(model, fits)
    said += _said(model, fits, support)
    return TrackedFits(fits, full, called, alone.failures, tuple(said))


def _of_support(
    support: Support, whole: Mapping[int, list[FitResult]], options: Mapping[int, FitOptions]
) -> dict[int, list[FitResult]]:
    """Return the candidates of the fits that a track supports."""
    found: dict[int, list[FitResult]] = {}
    size = {i: len(fit.names) for i, fit in support.fits.items()}
    for count in set(size.values()):
        members = [i for i in support.fits if size[i] == count]
        if count == len(whole[members[0]][0].names):
            found |= {i: whole[i] for i in members}
        else:
            found |= with_neighbours({i: support.fits[i] for i in members}, options)
    return {i: found[i] for i in support.fits}


def _in_roles(found: list[FitResult], options: FitOptions) -> list[FitResult]:
    """Return candidates, with what `analyze` takes instead of the fit alone, the worst of them."""
    other = in_its_roles(found[-1], options)
    return found if other is found[-1] else [*found, other]


def _held(model: Model, options: FitOptions) -> frozenset[int]:
    return frozenset(Demands.of(model, replace(options, start={})).touched)


def _named(
    names: Names, candidates: Mapping[int, list[FitResult]], position: Sequence[float]
) -> dict[int, FitResult]:
    """Return the chosen candidate of each spectrum under the names of the cheapest path."""
    layers, namings = [], []
    for found in candidates.values():
        layer, ways = names.layer(found)
        layers.append(layer)
        namings.append(ways)
    path = cheapest_path(layers, distances(position), DRIFT)
    chosen: list[Naming] = [ways[s] for ways, s in zip(namings, path, strict=True)]
    return {i: one.named() for i, one in zip(candidates, chosen, strict=True)}


def _called(model: Model, fits: Mapping[int, FitResult]) -> tuple[Called, list[str]]:
    """Return what elements with a role are called in each spectrum, and what there is to say of it.

    An arc keeps its role where it lies in or near the role's span in at least half of the track. A
    jump by decades parts the track for that: what lies on either side is not one process.
    """
    called: dict[int, dict[str, str]] = {i: {} for i in fits}
    said = []
    for arc in model.arcs:
        role = model.role_of(arc.label)
        if role is None or not arc.has_tau:
            continue
        taus = {i: _tau(fit, arc.label) for i, fit in fits.items()}
        known = {i: tau for i, tau in taus.items() if np.isfinite(tau)}
        lost = []
        for stretch in _stretches(known):
            far = [is_far(known[i], role) for i in stretch]
            lost += stretch if 2 * sum(far) > len(far) else []
        for i in fits:
            gone = i in lost or (i not in known and 2 * len(lost) > len(known))
            called[i][arc.label] = arc.label if gone else role.name
        if lost:
            where = "" if len(lost) < len(known) else " of the track"
            said.append(
                f"{arc.label} is not called {role.name} in {len(lost)} of {len(known)} "
                f"spectra{where}: it lies far outside of this role's span of tau"
            )
    return called, said


def _stretches(taus: Mapping[int, float]) -> list[list[int]]:
    """Return the spectra of a track in stretches within which tau (s) never jumps."""
    found: list[list[int]] = []
    last = np.nan
    for i, tau in taus.items():
        if found and abs(np.log10(tau / last)) <= JUMP:
            found[-1].append(i)
        else:
            found.append([i])
        last = tau
    return found


def _tau(fit: FitResult, label: str) -> float:
    arc = next((arc for arc in fit.arcs if arc.label == label), None)
    if arc is None or fit.status[fit.names[arc.resistance]] == "not determined":
        return float("nan")
    return float(arc.tau_of(fit.value_array()))


def _said(model: Model, fits: Mapping[int, FitResult], support: Support | None) -> Iterator[str]:
    if support is None or len(fits) < 2:
        return
    own, count = support.own, len(arc_labels(model))
    if support.kept == count and all(n == count for n in own.values()):
        return
    for k in range(1, count + 1):
        have = sum(n >= k for n in own.values())
        if have == len(own):
            continue
        if k <= support.kept:
            yield (
                f"{have} of {len(own)} spectra of the track support {k} arcs by themselves; as "
                "that is most, all are fitted with as many"
            )
        elif have:
            yield (
                f"only {have} of {len(own)} spectra of the track support {k} arcs: these are "
                f"fitted with as many, the others with fewer"
            )
