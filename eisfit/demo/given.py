"""One synthetic spectrum: the numbers it is made from, and which of them are published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eisfit.circuit.models import load_model
from eisfit.spectrum import Spectrum

REFERENCE = "doi:10.1038/s41467-025-67985-x"
F_MAX_HZ, F_MIN_HZ, POINTS = 7e6, 1.0, 69  # 10 points a decade
NOISE = 1e-3
MARK = "SYNTHETIC DATA, not measured"

_ALPHA = "at least 0.9: an arc that is hardly depressed"
TAU_MIXTURE = "so that the DRT peak lies between 1e-5 and 1e-4 s as in the article"
TAU_HALF_CELL = "so that the DRT peak lies between 1e-6 and 1e-4 s as in the article"
INDUCTANCE = "a short cable"
_TAIL = "a diffusion tail of 0.7 ohm at 1 Hz; the article gives no number"


@dataclass(frozen=True)
class Given:
    """One number that a spectrum is made from: `R1` in ohm, `tau1` in s, `alpha1`, and why."""

    name: str
    value: float
    unit: str
    published: bool
    why: str


@dataclass(frozen=True)
class Cell:
    """One synthetic spectrum and its truth.

    Attributes
    ----------
    label : str
        Name of the sample in every table and plot; says that it is synthetic.
    file_name : str
    model : str
        The card that the demo fits.
    circuit : str
        What the spectrum is made from; where no resistance is published for a role of the card, its
        element is missing here.
    given : tuple of Given
    published : mapping of role (or sum) in the table of resistances to ohm
        What the analysis has to find again.
    seed : int
        Of the noise.
    """

    label: str
    file_name: str
    model: str
    circuit: str
    given: tuple[Given, ...]
    published: Mapping[str, float]
    seed: int

    @property
    def values(self) -> dict[str, float]:
        """Parameters of `circuit`; an arc's Q is tau^alpha / R."""
        known = {item.name: item.value for item in self.given}
        values = {name: known[name] for name in known if not name.startswith(("tau", "alpha"))}
        for name in known:
            if name.startswith("tau"):
                which = name.removeprefix("tau")
                alpha = known[f"alpha{which}"]
                values[f"CPE{which}_0"] = known[name] ** alpha / known[f"R{which}"]
                values[f"CPE{which}_1"] = alpha
        return values

    def spectrum(self, seed: int | None = None) -> Spectrum:
        """Return the spectrum with its noise: 0.1 % of |Z|, independent, on either part."""
        frequency = np.geomspace(F_MAX_HZ, F_MIN_HZ, POINTS)
        exact = load_model(self.circuit).impedance(frequency, self.values)
        rng = np.random.default_rng(self.seed if seed is None else seed)
        noise = rng.standard_normal((2, POINTS))
        impedance = exact + NOISE * np.abs(exact) * (noise[0] + 1j * noise[1])
        return Spectrum(frequency, impedance, self.label, {"technique": "PEIS", "electrode": "Ewe"})


def arc(
    number: int, ohm: Given, tau: float, why_tau: str, alpha: float = 0.95
) -> tuple[Given, ...]:
    """Return an arc: its resistance, time constant in s and exponent."""
    return (
        ohm,
        Given(f"tau{number}", tau, "s", False, why_tau),
        Given(f"alpha{number}", alpha, "", False, _ALPHA),
    )


def tail() -> tuple[Given, ...]:
    """Return a diffusion tail."""
    return (
        Given("CPE3_0", 0.5, "S s^alpha", False, _TAIL),
        Given("CPE3_1", 0.6, "", False, "near the 0.5 of diffusion"),
    )


def series(ohm: float = 200.0) -> Given:
    """Return the series resistance of a mixture."""
    return Given("R0", ohm, "ohm", False, "bulk of the electrolyte and contacts")
