"""Spectra with a known truth, and the files that a study would have."""

from pathlib import Path

import numpy as np

from eisfit.spectrum import Spectrum

FREQUENCY = np.geomspace(1e6, 1.0, 43)


def arc(ohm: float = 90.0, series: float = 10.0, tau: float = 1e-3) -> np.ndarray:
    """R + R||C in closed form."""
    return series + ohm / (1.0 + 2j * np.pi * FREQUENCY * tau)


def spectrum(ohm: float = 90.0, label: str = "cell", **metadata: object) -> Spectrum:
    return Spectrum(FREQUENCY, arc(ohm), label, metadata)


def table(impedances: list[np.ndarray], times: list[float] | None = None) -> str:
    """A text table, one sweep after the other."""
    head = "freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm" + (",time/s" if times else "")
    lines = [head]
    for i, impedance in enumerate(impedances):
        for f, z in zip(FREQUENCY, impedance, strict=True):
            clock = f",{times[i]!r}" if times else ""
            lines.append(f"{f:.17g},{z.real:.17g},{-z.imag:.17g}{clock}")
    return "\n".join(lines) + "\n"


def write(path: Path, *ohms: float, times: list[float] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(table([arc(ohm) for ohm in ohms or (90.0,)], times), encoding="utf-8")
    return path
