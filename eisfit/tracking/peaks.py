"""Peaks of the distributions of a track: one strength of smoothing, and names that last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.errors import EisfitError
from eisfit.relaxation import drt_spectrum
from eisfit.relaxation.drt import chosen_lambda
from eisfit.relaxation.result import DRTResult
from eisfit.roles import Process
from eisfit.spectrum import Spectrum
from eisfit.tracking.viterbi import Layer, cheapest_path

Array = NDArray[Any]

REACH = 1.0  # decades from its arc at which a peak may still be that arc's
SPREAD = 0.2  # decades: typical distance between a peak and its arc
LIKE = 1.0  # e-folds: typical difference between their resistances
UNSEEN = 3.2  # cost of an arc without a peak: one half a decade off costs as much
# A peak follows its arc, whose name is settled; continuity decides where several could be meant
DRIFT = np.array([1.0, 1.5])  # e-folds a step, of ln tau and ln R
GONE = 0.5
TRUST = 3.0  # weight of the arcs against that of continuity
LEAST_TAU, LEAST_R = 0.05, 0.05  # e-folds: errors that a peak has at least
MOST_STATES = 400


@dataclass(frozen=True)
class Distributions:
    """The distributions of a track, by index, why others failed, and the policy in words."""

    results: Mapping[int, DRTResult]
    failures: Mapping[int, str]
    policy: str


def distributions(
    spectra: Mapping[int, Spectrum], options: Mapping[str, Any], tell: Callable[[], None]
) -> Distributions:
    """Return the distributions of spectra, all with one lambda.

    The criterion asked for (evidence unless told otherwise) chooses lambda for each spectrum; the
    median of ln lambda holds for all. A lambda that is given holds as it is. `tell` is called after
    each.
    """
    given = options.get("regularization", "auto")
    failures: dict[int, str] = {}
    common: dict[str, Any] = dict(options)
    policy = ""
    if isinstance(given, str) and len(spectra) > 1:
        lambdas = []
        for i, spectrum in spectra.items():
            try:
                lambdas.append(chosen_lambda(spectrum, **options))
            except EisfitError as error:
                failures[i] = str(error)
        if lambdas:
            lam = float(np.exp(np.median(np.log(lambdas))))
            common |= {"regularization": lam, "method": _method(options)}
            name = "evidence" if given == "auto" else given
            policy = (
                f"one lambda for the DRT of all spectra of the track, {lam:.2g}: the median of "
                f"what the criterion ({name}) chooses for each ({min(lambdas):.2g} to "
                f"{max(lambdas):.2g})"
            )
    results = {}
    for i, spectrum in spectra.items():
        if i in failures:
            continue
        try:
            results[i] = drt_spectrum(spectrum, **common)
        except EisfitError as error:
            failures[i] = str(error)
        tell()
    return Distributions(results, failures, policy)


def _method(options: Mapping[str, Any]) -> str:
    from eisfit.relaxation.settings import Settings

    return Settings.of(dict(options)).chosen_method


def name_peaks(
    rows: Sequence[Sequence[Mapping[str, Any]]],
    processes: Sequence[Sequence[Process]],
    far: Array,
) -> list[dict[int, str]]:
    """Return which arc each peak belongs to, along a track.

    Parameters
    ----------
    rows : rows of the peaks of each spectrum (T)
    processes : arcs with a time constant of each spectrum, elements being the tracked names
    far : (T - 1,) distances between spectra

    Returns
    -------
    list of mappings of peak number (from 1) to element
    """
    names = sorted({p.element for found in processes for p in found})
    if not names or not rows:
        return [{} for _ in rows]
    ways = [_ways(peaks, found, names) for peaks, found in zip(rows, processes, strict=True)]
    layers = [
        _layer(peaks, found, names, choices)
        for peaks, found, choices in zip(rows, processes, ways, strict=True)
    ]
    path = cheapest_path(layers, far, DRIFT, GONE)
    return [
        {peak + 1: name for name, peak in zip(names, choices[s], strict=True) if peak is not None}
        for choices, s in zip(ways, path, strict=True)
    ]


def _ways(
    peaks: Sequence[Mapping[str, Any]], found: Sequence[Process], names: Sequence[str]
) -> list[tuple[int | None, ...]]:
    """Return the ways to give each name a peak near its arc, or none, no peak twice."""
    arcs = {p.element: p for p in found}
    options: list[list[int | None]] = []
    for name in names:
        near: list[int | None] = [None]
        if name in arcs and np.isfinite(arcs[name].tau) and arcs[name].tau > 0:
            away = [abs(np.log10(row["tau_s"] / arcs[name].tau)) for row in peaks]
            near += [i for i in np.argsort(away).tolist() if away[i] <= REACH]
        options.append(near)
    while np.prod([len(near) for near in options]) > MOST_STATES * 10:
        longest = max(options, key=lambda near: len(near))
        longest.pop()
    chosen = []
    for way in product(*options):
        taken = [i for i in way if i is not None]
        if len(set(taken)) == len(taken):
            chosen.append(way)
    return chosen


def _layer(
    peaks: Sequence[Mapping[str, Any]],
    found: Sequence[Process],
    names: Sequence[str],
    ways: Sequence[tuple[int | None, ...]],
) -> Layer:
    arcs = {p.element: p for p in found}
    place = np.full((len(ways), len(names), 2), np.nan)
    error = np.full_like(place, np.nan)
    cost = np.zeros(len(ways))
    for s, way in enumerate(ways):
        for a, (name, peak) in enumerate(zip(names, way, strict=True)):
            if peak is None:
                cost[s] += UNSEEN if name in arcs else 0.0
                continue
            row, arc = peaks[peak], arcs[name]
            place[s, a] = np.log(row["tau_s"]), np.log(row["resistance_ohm"])
            error[s, a] = _errors(row)
            miss = np.log10(row["tau_s"] / arc.tau) / SPREAD
            unlike = np.log(row["resistance_ohm"] / max(arc.resistance, 1e-300)) / LIKE
            cost[s] += 0.5 * miss**2 + 2.0 * np.log1p(unlike**2 / 3.0)
    return Layer(place, error, TRUST * cost)


def _errors(row: Mapping[str, Any]) -> tuple[float, float]:
    """Return the standard errors of ln tau and ln R of a peak."""

    def half(low: float, high: float, least: float) -> float:
        if not (np.isfinite(low) and np.isfinite(high) and low > 0 and high > 0):
            return 4.0 * least
        return float(np.clip(np.log(high / low) / 4.0, least, 3.0))

    return (
        half(row["tau_lower_s"], row["tau_upper_s"], LEAST_TAU),
        half(row["lower_ohm"], row["upper_ohm"], LEAST_R),
    )
