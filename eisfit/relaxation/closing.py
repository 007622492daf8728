"""The last step of a DRT: which points were outliers, which peaks are in doubt, what to say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from eisfit.relaxation import sentences
from eisfit.relaxation.misfit import Misfit
from eisfit.relaxation.result import DRTResult
from eisfit.spectrum import FloatArray


def concluded(result: DRTResult, factors: FloatArray, at_end: bool, signed: bool) -> DRTResult:
    """Return a result with outliers, doubted peaks and messages.

    Parameters
    ----------
    result : without these
    factors : (N,) array, by what the standard deviations of the points used were made to grow
    at_end : whether the search for lambda ended at its limit
    signed : whether gamma may be negative
    """
    spectrum = result.spectrum
    used = ~spectrum.mask
    outliers = np.zeros(len(spectrum), dtype=bool)
    outliers[used] = sentences.standing_out(factors)
    good = used & ~outliers
    left = Misfit.of(spectrum.frequency[good], spectrum.impedance[good], result.residuals[good])
    rows = tuple(left.doubted(row) for row in result.peak_rows)
    result = replace(result, outliers=outliers, peak_rows=rows)
    said = sentences.messages(result, left, at_end, signed)
    on_weights = sentences.on_weights(spectrum.frequency[used], factors)
    return replace(result, messages=(*said, *on_weights))
