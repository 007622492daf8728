"""How many arcs a track has: what most of its spectra support is kept in all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from eisfit.circuit.models import Model
from eisfit.fitting.options import FitOptions
from eisfit.fitting.prune import TRIAL, WORTH, arc_labels, without
from eisfit.fitting.result import FitResult
from eisfit.tracking.candidates import fit_alone

MOST = 0.5  # share of the spectra that must support an arc


@dataclass(frozen=True)
class Support:
    """The fits with as many arcs as a track supports.

    Attributes
    ----------
    fits : by index
    own : how many exchangeable arcs each spectrum supports by itself, by index
    kept : how many are kept in every spectrum
    """

    fits: Mapping[int, FitResult]
    own: Mapping[int, int]
    kept: int


def supported(
    whole: Mapping[int, FitResult], model: Model, options: Mapping[int, FitOptions]
) -> Support:
    """Return the fits of a track without the arcs that most of its spectra do not support.

    An arc is supported as in `eisfit.fitting.prune`: without it BIC is higher by 6 or more. A
    spectrum that supports more arcs than most keeps its own, so that no fit is worse than alone.

    Parameters
    ----------
    whole : fits of the whole model
    """
    labels = arc_labels(model)
    by_size, own = _smaller_fits(whole, model, options)
    enough = MOST * len(own)
    kept = max(k for k in range(len(labels) + 1) if sum(n >= k for n in own.values()) >= enough)
    fits = dict(whole)
    for k in {max(n, kept) for n in own.values()} - {len(labels)}:
        members = {i: whole[i].spectrum for i, n in own.items() if max(n, kept) == k}
        again = fit_alone(members, without(model, labels[k:]), options).fits
        for i in members:
            trials = [found[i] for found in (again, by_size[k]) if i in found]
            fits[i] = min(trials or [whole[i]], key=lambda fit: fit.chi_square)
    return Support(fits, own, kept)


def _smaller_fits(
    whole: Mapping[int, FitResult], model: Model, options: Mapping[int, FitOptions]
) -> tuple[dict[int, dict[int, FitResult]], dict[int, int]]:
    """Return fits with fewer arcs, by number and index, and the number that each supports."""
    labels = arc_labels(model)
    own = dict.fromkeys(whole, len(labels))
    quick = {id(one): replace(one, effort=TRIAL) for one in options.values()}
    trial = {i: quick[id(options[i])] for i in whole}
    by_size: dict[int, dict[int, FitResult]] = {len(labels): dict(whole)}
    for k in range(len(labels) - 1, 0, -1):
        before = by_size[k + 1]
        left = {i: whole[i].spectrum for i, n in own.items() if n == k + 1}
        if not left:
            break
        by_size[k] = fit_alone(left, without(model, labels[k:]), trial).fits
        for i, fit in by_size[k].items():
            if fit.bic < before[i].bic + WORTH:
                own[i] = k
    return by_size, own
