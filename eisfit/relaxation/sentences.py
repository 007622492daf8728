"""What the reader of a DRT should know beside its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from eisfit.relaxation.misfit import Misfit
    from eisfit.relaxation.result import DRTResult

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]

_POOR_RMS = 0.01
_FAR_OFF = 1.5
_NEIGHBOURS = 3
# Factor between times from which on two peaks do not overlap, whatever gamma does between them.
_FAR = 30.0
# Share of the tail below which a term of it is none.
_LEAST_TERM = 0.01
# Exponent at the lowest frequency that parts blocking from diffusion.
_BLOCKING = 0.75


def standing_out(factors: FloatArray) -> BoolArray:
    """Return which of (N,) factors by which standard deviations grew stand out among neighbours.

    Those points are outliers; where neighbours go together, the noise there is larger.
    """
    if factors.max() <= _FAR_OFF * factors.min():
        return np.zeros(len(factors), dtype=bool)
    return np.asarray(factors > _FAR_OFF * _typical_near(factors))


def on_weights(frequency: FloatArray, factors: FloatArray) -> tuple[str, ...]:
    """Return what to say of (N,) factors by which standard deviations were made to grow."""
    off = standing_out(factors)
    said = []
    if off.any():
        places = ", ".join(f"{f:.3g}" for f in frequency[off])
        said.append(
            f"Far off the curve, and counted for less (outliers, or more than it can follow): the "
            f"points at {places} Hz."
        )
    rest, places_left = factors[~off], frequency[~off]
    if len(rest) and rest.max() > _FAR_OFF * rest.min():
        said.append(
            "The noise is not as the weighting has it, but uneven by a factor of "
            f"{rest.max() / rest.min():.2g}, largest at {places_left[rest.argmax()]:.2g} Hz; it "
            "was estimated from the residuals."
        )
    return tuple(said)


def _typical_near(factors: FloatArray) -> FloatArray:
    """Return the (N,) median of every value and its neighbours.

    The end stands for what would follow: noise that rises to the end is no outlier.
    """
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(factors, _NEIGHBOURS, mode="edge"), 2 * _NEIGHBOURS + 1
    )
    return np.asarray(np.median(windows, axis=1))


def messages(result: DRTResult, left: Misfit, at_end: bool, signed: bool) -> tuple[str, ...]:
    """Return what the reader should know beside the numbers.

    Parameters
    ----------
    result : with peaks and outliers, and no messages yet
    left : what it leaves of the data
    at_end : whether the search for lambda ended at its limit
    signed : whether gamma may be negative
    """
    rows = result.peak_rows
    said = [*_on_tail(result), *_on_overlap(rows)]
    outside = [row for row in rows if row["status"] == "outside window"]
    if outside:
        places = ", ".join(f"{row['tau_s']:.2g} s" for row in outside)
        said.append(f"Outside the measured window (extrapolated, not measured): {places}.")
    if result.tail and len(rows) > 1 and rows[-1]["status"] == "outside window":
        last = rows[-1]
        said.append(
            f"What lies at {last['tau_s']:.2g} s, {last['resistance_ohm']:.4g} ohm, is more of the "
            "tail (a blocking electrode, diffusion): no process whose end was measured."
        )
    if rows and rows[0]["status"] == "outside window" and rows[0]["tau_s"] < rows[-1]["tau_s"]:
        said.append(
            f"At the highest frequency gamma and the series resistance of "
            f"{result.resistance_inf:.4g} ohm cannot be told apart; only their sum is determined."
        )
    missed = left.sentences(signed)
    said += missed
    if missed and result.criterion == "given":
        said.append(f"A smaller lambda than the {result.regularization:.2g} given may follow them.")
    if result.rms > _POOR_RMS and not missed:
        said.append(f"The fit leaves {result.rms:.2%} of the modulus: noise.")
    if not rows and (missed or result.rms > _POOR_RMS):
        said.append("No peak stands out.")
    elif not rows:
        said.append(
            "No peak stands out: within the noise the spectrum is what stands in series to gamma."
        )
    elif at_end:
        said.append(
            "The search for lambda ended at its limit: the criterion has no minimum for this "
            "spectrum; look at `sweep`."
        )
    return tuple(said)


def _on_tail(result: DRTResult) -> list[str]:
    """Return what stands in series as a tail; terms that are nowhere a part of it go unsaid."""
    if not result.tail:
        return []
    s = 1j * result.spectrum.omega
    each = np.abs([size * s**-alpha for size, alpha in result.tail])
    matters = np.any(each > _LEAST_TERM * np.abs(result.tail_impedance), axis=1)
    terms = " + ".join(
        f"{size:.4g} (j omega)^-{alpha:g}"
        for (size, alpha), says in zip(result.tail, matters, strict=True)
        if says
    )
    end = -float(np.angle(result.tail_impedance[-1])) / (0.5 * np.pi)
    kind = "blocking" if end > _BLOCKING else "diffusion"
    return [
        f"The spectrum ends in a {kind} tail; it stands in series to gamma as {terms} ohm and "
        "is in no peak."
    ]


def _on_overlap(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return which neighbours have a sum that is better determined than their shares."""
    said = []
    for before, after in pairwise(rows):
        near = after["tau_s"] < _FAR * before["tau_s"]
        bent = "shoulder" in (before["shape"], after["shape"])
        if near and (bent or before["status"] == after["status"] == "unresolved"):
            together = before["resistance_ohm"] + after["resistance_ohm"]
            said.append(
                f"The peaks at {before['tau_s']:.2g} and {after['tau_s']:.2g} s overlap"
                f"{' without a minimum between them' if bent else ''}: their sum of "
                f"{together:.4g} ohm is better determined than the share of each."
            )
    return said
