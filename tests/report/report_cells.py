"""Spectra with known answers, and names that mean harm."""

from __future__ import annotations

import numpy as np

from eisfit import Spectrum

HOSTILE = "<script>alert(1)</script>"
MARKUP = "\"'><img src=x onerror=alert(1)>&amp;</script><!--"
FORMULA = "=1+1"


def measured(label: str, ohms: tuple[float, float], seed: int, **metadata: object) -> Spectrum:
    """Return 10 ohm and two arcs of known size, 1 MHz to 1 Hz, with noise of 0.1 %."""
    frequency = np.geomspace(1e6, 1.0, 43)
    omega = 2.0 * np.pi * frequency
    z = 10.0 + sum(
        ohm / (1.0 + (1j * omega * tau) ** 0.9) for ohm, tau in zip(ohms, (2e-5, 3e-2), strict=True)
    )
    noise = np.random.default_rng(seed).standard_normal((2, len(frequency)))
    z = z + 1e-3 * np.abs(z) * (noise[0] + 1j * noise[1])
    return Spectrum(frequency, z, label, {"sha256": f"{seed:064x}", **metadata})
