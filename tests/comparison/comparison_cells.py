"""Simulated cells: what each spectrum is made of, and nothing of how eisfit looks at it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eisfit.geometry import Geometry
from eisfit.series import Series
from eisfit.spectrum import Spectrum

TIMES = (0.0, 4.0, 9.0, 25.0, 49.0)
NOISE = 1e-3
K_EV = 8.617333262e-5


def zarc(frequency: np.ndarray, ohm: float, tau: float, alpha: float) -> np.ndarray:
    return ohm / (1.0 + (2j * np.pi * frequency * tau) ** alpha)


def noisy(frequency: np.ndarray, exact: np.ndarray, seed: int, label: str) -> Spectrum:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((2, exact.size))
    z = exact + NOISE * np.abs(exact) * (noise[0] + 1j * noise[1])
    return Spectrum(frequency, z, label, {"sweep": 1, "sha256": f"{seed:064d}"})


def half_cell(interfacial: float, charge_transfer: float, seed: int) -> Spectrum:
    """10 ohm, two arcs at 1e-5 and 3e-3 s, and a tail."""
    f = np.geomspace(7e6, 1.0, 69)
    tail = 1.0 / (0.5 * (2j * np.pi * f) ** 0.6)
    arcs = zarc(f, interfacial, 1e-5, 0.95) + zarc(f, charge_transfer, 3e-3, 0.9)
    return noisy(f, 10.0 + arcs + tail, seed, "label of the file")


def interfacial_ohm(sample: str, state: str, time_h: float) -> float:
    """Grows with the square root of time, ten times as fast for Si; less by 0.3 if discharged."""
    rate = 20.0 if sample == "Si" else 2.0
    return (20.0 + rate * np.sqrt(time_h)) * (0.3 if state == "discharged" else 1.0)


def aging(
    cells: Mapping[str, float] | None = None,
    states: Sequence[str] = ("pristine", "discharged"),
    times: Sequence[float] = TIMES,
) -> Series:
    """Return the study; `cells` are names and factors on all resistances of arcs."""
    spectra, columns = [], {"sample": [], "cell": [], "state": [], "time_h": []}
    for cell, factor in (cells or {"": 1.0}).items():
        for sample in ("Si", "Si@AlCl3"):
            for state in states:
                for time_h in times:
                    ohm = factor * interfacial_ohm(sample, state, time_h)
                    spectra.append(half_cell(ohm, 60.0 * factor, seed=len(spectra)))
                    for name, value in zip(columns, (sample, cell, state, time_h), strict=True):
                        columns[name].append(value)
    return Series.from_spectra(spectra, **columns)


def pellet_ohm(temperature_c: float, energy_ev: float = 0.4) -> float:
    """sigma T is exp(-E/kT); 500 ohm at -25 degrees C, between them bulk and grain boundary."""
    kelvin = temperature_c + 273.15
    return float(500.0 * (kelvin / 248.15) * np.exp(energy_ev / K_EV * (1 / kelvin - 1 / 248.15)))


def pellet(**columns: Any) -> Series:
    f = np.geomspace(7e6, 0.1, 79)
    temperatures = (-45.0, -35.0, -25.0, -15.0)
    spectra = []
    for seed, t in enumerate(temperatures):
        ohm = pellet_ohm(t)
        tau = 1e-7 * ohm / 500.0
        arcs = zarc(f, 0.4 * ohm, tau, 0.98) + zarc(f, 0.6 * ohm, 20.0 * tau, 0.95)
        tail = 1.0 / (2e-6 * (2j * np.pi * f) ** 0.9)
        spectra.append(noisy(f, arcs + tail, seed, "pellet"))
    geometry = Geometry(area_cm2=0.5, thickness_cm=0.1)
    return Series.from_spectra(
        spectra, sample="LPSC", temperature_c=list(temperatures), geometry=geometry, **columns
    )


def write(path: Path, spectrum: Spectrum) -> Path:
    lines = ["freq/Hz,Re(Z)/Ohm,Im(Z)/Ohm"]
    lines += [
        f"{f:.17g},{z.real:.17g},{z.imag:.17g}"
        for f, z in zip(spectrum.frequency, spectrum.impedance, strict=True)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
