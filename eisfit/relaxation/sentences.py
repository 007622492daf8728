"""What the reader of a DRT should know beside its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_POOR_RMS = 0.01
_FAR_OFF = 1.5
_NEIGHBOURS = 3
# Factor between times from which on two peaks do not overlap, whatever gamma does between them.
_FAR = 30.0


def on_weights(frequency: FloatArray, factors: FloatArray) -> tuple[str, ...]:
    """Return what to say of (N,) factors by which standard deviations were made to grow.

    A point that stands out among its neighbours is an outlier; where neighbours go together, the
    noise there is larger.
    """
    off = factors > _FAR_OFF * _typical_near(factors)
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


def messages(
    rows: Sequence[Mapping[str, Any]],
    tail: tuple[tuple[float, float], ...],
    at_end: bool,
    resistance_inf: float,
    rms: float,
) -> tuple[str, ...]:
    """Return what the reader should know beside the numbers."""
    said = []
    if tail:
        terms = " + ".join(f"{size:.4g} (j omega)^-{alpha:g}" for size, alpha in tail)
        kind = "blocking" if max(tail)[1] > 0.75 else "diffusion"
        said.append(
            f"The spectrum ends in a {kind} tail; it stands in series to gamma as {terms} ohm and "
            "is in no peak."
        )
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
    outside = [row for row in rows if row["status"] == "outside window"]
    if outside:
        places = ", ".join(f"{row['tau_s']:.2g} s" for row in outside)
        said.append(f"Outside the measured window (extrapolated, not measured): {places}.")
    if tail and len(rows) > 1 and rows[-1]["status"] == "outside window":
        last = rows[-1]
        said.append(
            f"What lies at {last['tau_s']:.2g} s, {last['resistance_ohm']:.4g} ohm, is more of the "
            "tail (a blocking electrode, diffusion): no process whose end was measured."
        )
    if rows and rows[0]["status"] == "outside window" and rows[0]["tau_s"] < rows[-1]["tau_s"]:
        said.append(
            f"At the highest frequency gamma and the series resistance of {resistance_inf:.4g} ohm "
            "cannot be told apart; only their sum is determined."
        )
    if rms > _POOR_RMS:
        said.append(
            f"The fit leaves {rms:.2%} of the modulus: noise, data that break the Kramers-Kronig "
            "relations, or an inductive loop, which gamma >= 0 cannot follow (`signed=True` can)."
        )
    if not rows:
        said.append(
            "No peak stands out: within the noise the spectrum is what stands in series to gamma."
        )
    elif at_end:
        said.append(
            "The search for lambda ended at its limit: the criterion has no minimum for this "
            "spectrum; look at `sweep`."
        )
    return tuple(said)
