"""From peaks and resamples to rows of a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.relaxation import shapes
from eisfit.relaxation.peaks import Peak, find_peaks, without
from eisfit.relaxation.posterior import Posterior
from eisfit.relaxation.posterior import interval as log_interval
from eisfit.relaxation.problem import Grid
from eisfit.relaxation.uncertainty import Resamples, Sightings, interval, look_again, separation

FloatArray = NDArray[np.float64]

# Least area of a peak, as a share of the modulus at its place; less is a ripple.
SMALLEST = 0.01
# So is what fewer resamples show, or what a valley parts from its neighbours in fewer draws from
# the posterior (measured on synthetic spectra: 0.90 and more for true, at most 0.72 for false).
_LEAST_PROBABILITY = 0.5
_LEAST_SEPARATION = 0.8
# A skirt that decays like tau^-alpha from gamma at the bound holds gamma / alpha, alpha being about
# 0.8, of which up to two thirds may be the other peak's.
_SKIRT = 0.8
# Smoothing shifts an area by more than draws spread it: intervals are widened (measured).
_WIDENED = 1.7
# A maximum is located to about this part of a step of the grid, whatever the noise.
_STEP = 0.25
_SIGNED = ("gamma_ohm", "resistance_ohm", "capacitance_f")
# Half width of the interval of R, relative to R, beyond which a number is none, and beyond which a
# shoulder and its neighbour have no shares of their own.
_UNDETERMINED = 0.75
_UNRESOLVED = 0.2
# Fitted peaks nearer than this may not have shares of their own.
_OVERLAP = np.log(10.0)
_BESIDE = np.log(10.0) / 6.0
_WIDEST = 8.0
# Full width at half maximum of a bell, in decades, times its height over its area.
_BELL = 2.0 * math.sqrt(math.log(2.0) / math.pi) / math.log(10.0)
# Deviation of ln R, share of the larger peak's R, and distance, that make a skirt.
_VAGUE = 0.3
_SKIRT_SHARE = 0.35
_SKIRT_REACH = 1.1 * np.log(10.0)


def peak_rows(
    found: list[Peak],
    gamma: FloatArray,
    grid: Grid,
    modulus: FloatArray,
    window: tuple[float, float],
    draws: Resamples | None,
) -> list[dict[str, Any]]:
    """Return a row a peak, by ascending tau, without peaks that the resamples do not show.

    Parameters
    ----------
    found : peaks of gamma
    gamma, modulus : (M,) arrays, ohm
    grid : of gamma
    window : shortest and longest tau in s that the measurement reaches
    draws : resamples, or None, which leaves intervals and probabilities NaN
    """
    spacing = grid.spacing
    sightings = None
    if draws is not None:
        found, sightings = _supported(found, gamma, modulus, spacing, draws)
    total = float(gamma.sum() * spacing)
    rows = []
    for k, peak in enumerate(found):
        row = _row(peak, gamma, grid)
        row["fraction"] = row["resistance_ohm"] / total
        if draws is not None and sightings is not None:
            row |= _uncertainty(found, k, gamma, grid, draws, sightings)
        row["status"] = _status(row, window, _on_shoulder(found, k))
        rows.append(row)
    return rows


def signed_rows(
    gamma: FloatArray,
    grid: Grid,
    modulus: FloatArray,
    window: tuple[float, float],
    draws: Resamples | None,
) -> list[dict[str, Any]]:
    """Return a row a peak of either sign, by ascending tau; arguments as of `peak_rows`.

    Resistance, capacitance and gamma of a negative peak are negative; shares are of the sum of all.
    """
    rows = []
    for sign in (1.0, -1.0):
        part = np.maximum(sign * gamma, 0.0)
        found = find_peaks(part, modulus, grid.spacing, SMALLEST)
        again = None
        if draws is not None:
            # Cut at zero, areas of draws would be too large.
            posterior = np.where(part > 0.0, sign * draws.posterior, 0.0)
            again = Resamples(posterior, np.maximum(sign * draws.repeated, 0.0))
        for row in peak_rows(found, part, grid, modulus, window, again):
            low, high = sorted((sign * row["lower_ohm"], sign * row["upper_ohm"]))
            row |= {"lower_ohm": low, "upper_ohm": high}
            row |= {key: sign * row[key] for key in _SIGNED}
            rows.append(row)
    total = float(gamma.sum() * grid.spacing)
    for row in rows:
        row["fraction"] = row["resistance_ohm"] / total if total else np.nan
    return sorted(rows, key=lambda row: float(row["tau_s"]))


def fitted_rows(
    posterior: Posterior,
    log_tau: FloatArray,
    gamma: FloatArray,
    window: tuple[float, float],
) -> list[dict[str, Any]]:
    """Return a row a fitted peak, by ascending tau.

    Parameters
    ----------
    posterior : the fitted peaks
    log_tau, gamma : (M,) arrays, the grid and the gamma shown on it, in ohm
    window : shortest and longest tau in s that the measurement reaches
    """
    alone = posterior.moments()
    groups = _groups(alone, log_tau, gamma)
    if len(groups) == len(alone[0]):
        index = [k for (k,) in groups]
        log_r, r_deviation, place, place_deviation = (moment[index] for moment in alone)
    else:
        log_r, r_deviation, place, place_deviation = posterior.moments(groups)
    probability, widths = posterior.probability(), _widths(posterior)
    total = float(np.exp(log_r).sum())
    rows: list[dict[str, Any]] = []
    for g, (k, *_) in enumerate(groups):
        tau, resistance = float(np.exp(place[g])), float(np.exp(log_r[g]))
        lower, upper = log_interval(float(log_r[g]), float(r_deviation[g]))
        early, late = log_interval(float(place[g]), float(place_deviation[g]))
        apart = np.abs(np.delete(place, g) - place[g]).min(initial=np.inf)
        row = {
            "tau_s": tau,
            "frequency_hz": 1.0 / (2.0 * np.pi * tau),
            "gamma_ohm": _height(log_tau, gamma, float(place[g])),
            "resistance_ohm": resistance,
            "lower_ohm": lower,
            "upper_ohm": upper,
            "capacitance_f": tau / resistance,
            "fraction": resistance / total,
            "probability": float(probability[k]),
            "shape": _look(log_tau, gamma, float(place[g])),
            "tau_lower_s": early,
            "tau_upper_s": late,
            "width_decades": float(widths[k]),
            "family": shapes.NAMES[posterior.best.family[k]],
        }
        row["status"] = _status(row, window, apart < _OVERLAP)
        rows.append(row)
    return sorted(rows, key=lambda row: float(row["tau_s"]))


def _height(log_tau: FloatArray, gamma: FloatArray, place: float) -> float:
    """Return gamma at a peak: its maximum where one lies beside, as between points all is lower."""
    last = len(gamma) - 1
    after = min(max(int(np.searchsorted(log_tau, place)), 1), last)
    top = after if gamma[after] > gamma[after - 1] else after - 1
    if 0 < top < last and gamma[top] >= max(gamma[top - 1], gamma[top + 1]):
        return float(gamma[top])
    return float(np.interp(place, log_tau, gamma))


def _groups(
    moments: tuple[FloatArray, ...], log_tau: FloatArray, gamma: FloatArray
) -> list[list[int]]:
    """Return which fitted peaks are one, the main one first.

    A small one that makes no maximum of gamma, and of which the data say little, is the skirt of
    the larger beside it, whose shape is of no family.
    """
    log_r, deviation, place, _ = moments
    groups: list[list[int]] = []
    for k in np.argsort(-log_r):
        if deviation[k] > _VAGUE and _look(log_tau, gamma, float(place[k])) == "shoulder":
            hosts = [g for g in groups if log_r[g[0]] > log_r[k] - np.log(_SKIRT_SHARE)]
            hosts = [g for g in hosts if abs(place[g[0]] - place[k]) < _SKIRT_REACH]
            if hosts:
                min(hosts, key=lambda g: abs(place[g[0]] - place[k])).append(int(k))
                continue
        groups.append([int(k)])
    return groups


def _look(log_tau: FloatArray, gamma: FloatArray, place: float) -> str:
    """Return whether gamma has a maximum within a sixth of a decade of the peak."""
    near = np.flatnonzero(np.abs(log_tau - place) < _BESIDE)
    near = near[(near > 0) & (near < len(gamma) - 1)]
    top = (gamma[near] >= gamma[near - 1]) & (gamma[near] >= gamma[near + 1])
    return "maximum" if top.any() else "shoulder"


def _widths(posterior: Posterior) -> FloatArray:
    """Return the full widths at half maximum of the fitted peaks in decades of tau."""
    best = posterior.best
    u = np.linspace(-_WIDEST, _WIDEST, 801)
    theta = best.theta * np.array([0.0, 0.0, 1.0, 1.0])
    curves = shapes.gamma(best.family, theta, u)
    high = curves >= 0.5 * curves.max(axis=1, keepdims=True)
    return np.asarray(high.sum(axis=1) * (u[1] - u[0]) / np.log(10.0))


def _supported(
    found: list[Peak], gamma: FloatArray, modulus: FloatArray, spacing: float, draws: Resamples
) -> tuple[list[Peak], Sightings | None]:
    """Return the peaks that the resamples support.

    The weakest goes first, and with it any that is weaker than its neighbours: whose range a peak
    leaves to them may be what they lack.
    """
    while found:
        sightings = look_again(found, draws.repeated, modulus, spacing, SMALLEST)
        parted = separation(found, draws.posterior, gamma, spacing)
        support = np.minimum(sightings.probability / _LEAST_PROBABILITY, parted / _LEAST_SEPARATION)
        beside = np.pad(support, 1, constant_values=np.inf)
        weak = (support < 1.0) & (support < beside[:-2]) & (support < beside[2:])
        weak[int(support.argmin())] |= bool(support.min() < 1.0)
        if not weak.any():
            return found, sightings
        for k in np.flatnonzero(weak)[::-1]:
            found = without(found, int(k), gamma)
    return [], None


def _uncertainty(
    found: list[Peak],
    k: int,
    gamma: FloatArray,
    grid: Grid,
    draws: Resamples,
    sightings: Sightings,
) -> dict[str, float]:
    """Return probability and intervals of peak `k`.

    The posterior says how large gamma between fixed bounds may be, the repeated evaluations how the
    bounds move with the noise, and gamma at the bounds how much of one peak's skirt lies under the
    other: the three widths add in quadrature.
    """
    peak = found[k]
    resistance = float(peak.area(gamma, grid.spacing))
    seen = np.isfinite(sightings.positions[:, k])
    walls = [peak.start] * (k > 0) + [peak.stop - 1] * (k < len(found) - 1)
    skirts = _SKIRT * sum(float(gamma[wall]) for wall in walls)
    bounds = [interval(peak.area(draws.posterior, grid.spacing))]
    bounds.append(interval(sightings.areas[seen, k]))
    below = [max(resistance - float(low), 0.0) for low, _ in bounds]
    above = [max(float(high) - resistance, 0.0) for _, high in bounds]
    early, late = interval(sightings.positions[seen, k])
    return {
        "lower_ohm": max(resistance - _WIDENED * math.hypot(skirts, *below), 0.0),
        "upper_ohm": resistance + _WIDENED * math.hypot(skirts, *above),
        "probability": float(sightings.probability[k]),
        "tau_lower_s": _tau(grid, min(float(early), peak.position) - _STEP),
        "tau_upper_s": _tau(grid, max(float(late), peak.position) + _STEP),
    }


def _tau(grid: Grid, position: float) -> float:
    return float(grid.tau[0] * np.exp(position * grid.spacing))


def _row(peak: Peak, gamma: FloatArray, grid: Grid) -> dict[str, Any]:
    tau = _tau(grid, peak.position)
    resistance = float(peak.area(gamma, grid.spacing))
    height = float(np.interp(peak.position, np.arange(len(gamma)), gamma))
    return {
        "tau_s": tau,
        "frequency_hz": 1.0 / (2.0 * np.pi * tau),
        "gamma_ohm": height,
        "resistance_ohm": resistance,
        "lower_ohm": np.nan,
        "upper_ohm": np.nan,
        "capacitance_f": tau / resistance,
        "probability": np.nan,
        "shape": "maximum" if peak.is_maximum else "shoulder",
        "tau_lower_s": np.nan,
        "tau_upper_s": np.nan,
        "width_decades": _BELL * resistance / max(height, np.finfo(float).tiny),
        "family": "",
    }


def _on_shoulder(peaks: list[Peak], k: int) -> bool:
    """Return whether peak `k` is a shoulder or has one beside it."""
    return any(not p.is_maximum for p in peaks[max(k - 1, 0) : k + 2])


def _status(row: Mapping[str, Any], window: tuple[float, float], on_shoulder: bool) -> str:
    if not window[0] <= row["tau_s"] <= window[1]:
        return "outside window"
    half_width = (row["upper_ohm"] - row["lower_ohm"]) / (2.0 * row["resistance_ohm"])
    if half_width > _UNDETERMINED:
        return "not determined"
    if on_shoulder and half_width > _UNRESOLVED:
        return "unresolved"
    return "ok"
