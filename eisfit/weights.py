"""Weights of a circuit fit that need more than the fit knows: from a Kramers-Kronig test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eisfit.fitting.residual import sigma_from_residuals
from eisfit.spectrum import Spectrum
from eisfit.validity import kramers_kronig_spectrum


def needs_test(options: Mapping[str, Any]) -> bool:
    """Return whether fit options ask for weights that each spectrum makes by itself."""
    weighting = options.get("weighting")
    return isinstance(weighting, str) and weighting == "kramers-kronig"


def weighted(spectrum: Spectrum, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return fit options with weighting="kramers-kronig" turned into standard deviations.

    Raises
    ------
    ValidityError
        If the spectrum has too few points for the test.
    """
    if not needs_test(options):
        return options
    test = kramers_kronig_spectrum(spectrum)
    count = 2 * len(spectrum.used())
    freedom = max(count - 3 - test.n_rc, 1)  # the chain has followed some of the noise
    residuals = test.residuals * (count / freedom) ** 0.5
    quantity = str(options.get("quantity", "impedance"))
    return {**options, "weighting": sigma_from_residuals(spectrum, residuals, quantity)}
