"""How many arcs a track has: what most of its spectra support is kept in all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eisfit.circuit.models import Model
from eisfit.fitting.options import FitOptions
from eisfit.fitting.prune import arc_labels, prune, without
from eisfit.fitting.result import FitResult
from eisfit.tracking.candidates import fit_alone

MOST = 0.5  # share of the spectra that must support an arc


@dataclass(frozen=True)
class Support:
    """The fits with as many arcs as a track supports.

    Attributes
    ----------
    fits : by index
    supported : how many exchangeable arcs each spectrum supports by itself, by index
    kept : how many are kept in every spectrum
    """

    fits: Mapping[int, FitResult]
    supported: Mapping[int, int]
    kept: int


def supported(
    whole: Mapping[int, FitResult], model: Model, options: Mapping[int, FitOptions]
) -> Support:
    """Return the fits of a track without the arcs that most of its spectra do not support.

    A spectrum that supports more arcs than most keeps its own, so that no fit is worse than alone.

    Parameters
    ----------
    whole : fits of the whole model
    """
    pruned = {i: prune(fit, options[i]) for i, fit in whole.items()}
    count = len(arc_labels(model))
    own = {i: count - len(one.dropped) for i, one in pruned.items()}
    enough = MOST * len(own)
    kept = max((k for k in range(count + 1) if sum(n >= k for n in own.values()) >= enough),
               default=count)  # fmt: skip
    fits: dict[int, FitResult] = {}
    for k in sorted({max(n, kept) for n in own.values()}):
        members = [i for i, n in own.items() if max(n, kept) == k]
        if k == count:
            fits |= {i: whole[i] for i in members}
            continue
        smaller = without(model, arc_labels(model)[k:])
        spectra = {i: whole[i].spectrum for i in members}
        again = fit_alone(spectra, smaller, options).fits
        for i in members:
            trials = [again[i]] if i in again else []
            trials += [pruned[i].fit] if own[i] == k else []
            fits[i] = min(trials or [whole[i]], key=lambda fit: fit.chi_square)
    return Support({i: fits[i] for i in whole}, own, kept)
