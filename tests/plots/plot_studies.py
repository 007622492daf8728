"""Series with known numbers for the tests of plots, kind ones and nasty ones."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from eisfit.api import drt
from eisfit.relaxation.result import DRTResult
from eisfit.spectrum import Spectrum

FREQUENCY = np.geomspace(1e6, 1.0, 61)
TIMES = (0.0, 3.0, 6.0, 12.0, 24.0, 48.0)
NASTY = (
    "A very long sample name that goes on and on and never ends, of batch 2025-11-22",
    r"$\bad_{x}$",
    "d" * 60,
    "<script>alert(1)</script>",
    "_hidden",
)


def spectrum(scale: float = 1.0, label: str = "cell") -> Spectrum:
    """Arcs of 100 and 50 ohm at 1e-4 and 1e-2 s behind 20 ohm, times a scale."""
    s = 2j * np.pi * FREQUENCY
    return Spectrum(FREQUENCY, scale * (20 + 100 / (1 + s * 1e-4) + 50 / (1 + s * 1e-2)), label)


def distribution(heights: Sequence[float], base: DRTResult | None = None) -> DRTResult:
    """A distribution with peaks of these heights in ohm at 1e-4, 1e-2 ... s."""
    result = base or drt(spectrum())
    low, high = result.spectrum.tau_window
    tau = np.geomspace(low / 10, high * 10, 300)
    places = [1e-4 * 100.0**i for i in range(len(heights))]
    gamma = sum(h * np.exp(-(np.log(tau / at) ** 2)) for h, at in zip(heights, places, strict=True))
    rows = tuple(
        {"tau_s": at, "gamma_ohm": h, "resistance_ohm": 1.77 * h, "status": "ok"}
        for at, h in zip(places, heights, strict=True)
    )
    nan = np.full(len(tau), np.nan)
    return replace(
        result, tau=tau, gamma=gamma, lower=nan, upper=nan, peak_rows=rows, regularised=gamma,
        parametric=nan, in_window=(low <= tau) & (tau <= high),
    )  # fmt: skip


def rows(
    sample: str, parts: Mapping[str, float], error: float = 0.02, **further: object
) -> list[dict[str, object]]:
    """Rows of a table of resistances, a role each; the interval is 2 errors to either side."""
    found = []
    for i, (role, ohm) in enumerate(parts.items()):
        found.append(
            {"sample": sample, "sweep": 1, "role": role,
             "element": "R0 + R1" if role.startswith("R_") else f"R{i}",
             "resistance_ohm": ohm, "stderr_ohm": error * ohm, "lower_ohm": ohm * (1 - 2 * error),
             "upper_ohm": ohm * (1 + 2 * error),
             "status": "ok" if np.isfinite(ohm) else "not determined",
             "cell": "", "time_h": np.nan, "state": "", "reference_ohm": np.nan, **further}
        )  # fmt: skip
    return found


def aging(samples: Sequence[str] = ("Si", "Si@AlCl3"), apart: float = 100.0) -> pd.DataFrame:
    """Two roles and their sum over time: interfacial 100 + 10 sqrt(t), bulk 20."""
    found: list[dict[str, object]] = []
    for number, sample in enumerate(samples):
        for time in TIMES:
            scale = apart**-number
            parts = {"bulk": 20 * scale, "interfacial": scale * (100 + 10 * time**0.5)}
            parts["R_ct_total"] = sum(parts.values())
            found += rows(sample, parts, time_h=time)
    return pd.DataFrame(found)


def states() -> pd.DataFrame:
    """The totals of the article's Fig. 5g."""
    totals = {"Si": (470.0, 16.5, 443.0), "Si@AlCl3": (71.0, 18.0, 36.0)}
    found: list[dict[str, object]] = []
    for sample, ohms in totals.items():
        for state, ohm in zip(("charged", "discharged", "pristine"), ohms[::-1], strict=True):
            parts = {"bulk": 5.0, "interfacial": ohm - 5.0, "R_ct_total": ohm}
            found += rows(sample, parts, state=state, reference_ohm=1.01 * ohm)
    return pd.DataFrame(found)
