"""Cables and contacts out of a spectrum: correction by a short and an open circuit.

The network between instrument and cell is taken as an impedance in series, which the short circuit
shows, and an admittance in parallel to the cell, which the open circuit shows: Keysight
Technologies, Impedance Measurement Handbook, 6th ed., section 4.3 (open/short compensation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eisfit.errors import CorrectionError
from eisfit.spectrum import ComplexArray, FloatArray, Spectrum, one_spectrum

_EDGE = 1e-6  # relative width of the grey zone at the ends of a blank's window
LARGE = 0.3  # share of the current that passes by the cell, from which on it is worth a word


@dataclass(frozen=True, eq=False)
class Blanks:
    """The spectra of a short circuit in place of the cell, and of an open one; one may be missing.

    Raises
    ------
    CorrectionError
        If both are missing, or the open one has the smaller impedance.
    """

    short: Spectrum | None = None
    open: Spectrum | None = None

    def __post_init__(self) -> None:
        given = [one_spectrum(blank) for blank in (self.short, self.open) if blank is not None]
        if not given:
            raise CorrectionError(
                "a correction needs the spectrum of a short or of an open circuit"
            )
        if len(given) == 2 and _size(given[1]) <= _size(given[0]):
            raise CorrectionError(
                f"the open circuit has a smaller impedance ({_size(given[1]):.3g} ohm) than the "
                f"short one ({_size(given[0]):.3g} ohm): exchange them"
            )

    def correct(self, spectrum: Spectrum) -> Spectrum:
        """Return the spectrum of the cell alone: Z = (Zm - Zs) / (1 - (Zm - Zs) Yo).

        Parameters
        ----------
        spectrum : Spectrum
            As measured, Zm.

        Returns
        -------
        Spectrum
            Masks as they were; `metadata["correction"]` names the blanks and their SHA-256.

        Raises
        ------
        CorrectionError
            If the spectrum has frequencies that a blank does not cover, is scaled by area, or is
            corrected already.
        """
        if "correction" in spectrum.metadata or "area_cm2" in spectrum.metadata:
            what = "corrected" if "correction" in spectrum.metadata else "scaled by its area"
            raise CorrectionError(f"{spectrum.label}: the spectrum is {what} already")
        cell = spectrum.impedance - self._series(spectrum)
        passing = cell * self._parallel(spectrum)
        names = ", ".join(
            f"{kind} {_named(blank)}"
            for kind, blank in (("short", self.short), ("open", self.open))
            if blank is not None
        )
        said = (f"corrected by blanks: {names}", *_warnings(spectrum, passing))
        corrected = Spectrum(
            spectrum.frequency, cell / (1.0 - passing), spectrum.label, spectrum.metadata,
            spectrum.reasons,
        )  # fmt: skip
        return corrected.with_metadata(correction=names, notes=(*spectrum.notes, *said))

    def _series(self, spectrum: Spectrum) -> ComplexArray | float:
        """Return Zs in ohm at the spectrum's frequencies."""
        return 0.0 if self.short is None else _at(spectrum, self.short, "short", False)

    def _parallel(self, spectrum: Spectrum) -> ComplexArray | float:
        """Return Yo in S at the spectrum's frequencies."""
        return 0.0 if self.open is None else _at(spectrum, self.open, "open", True)


def correct(
    spectrum: Spectrum, short: Spectrum | None = None, open: Spectrum | None = None
) -> Spectrum:
    """Return a spectrum without the impedance of cables and contacts; see `Blanks.correct`.

    Parameters
    ----------
    spectrum : Spectrum
        As measured.
    short, open : Spectrum, optional
        Measured with the same cables, with a short circuit and with nothing in place of the cell.

    Raises
    ------
    CorrectionError
        If the blanks do not cover the spectrum, or are no blanks.
    """
    return Blanks(short, open).correct(one_spectrum(spectrum))


def _at(spectrum: Spectrum, blank: Spectrum, kind: str, admittance: bool) -> ComplexArray:
    """Return a blank's impedance or admittance at the spectrum's frequencies.

    Real part and imaginary part / omega are straight between points over log f, so that a resistor
    with an inductor, or a leak with a capacitor, is met exactly.
    """
    used = blank.used()
    low, high = float(used.frequency[-1]), float(used.frequency[0])
    wanted = spectrum.frequency
    outside = (wanted < low * (1 - _EDGE)) | (wanted > high * (1 + _EDGE))
    if outside.any():
        raise CorrectionError(
            f"{spectrum.label}: the {kind} blank {_named(blank)} covers {low:g} to {high:g} Hz, "
            f"the spectrum {wanted[-1]:g} to {wanted[0]:g} Hz: measure the blank over all of it, "
            "or leave the rest out (--f-min, --f-max)"
        )
    value = 1.0 / used.impedance if admittance else used.impedance
    omega = 2.0 * np.pi * used.frequency
    real = _between(wanted, used.frequency, value.real)
    slope = _between(wanted, used.frequency, value.imag / omega)
    return np.asarray(real + 2j * np.pi * wanted * slope)


def _between(wanted: FloatArray, frequency: FloatArray, values: FloatArray) -> FloatArray:
    return np.interp(np.log(wanted), np.log(frequency[::-1]), values[::-1])


def _warnings(spectrum: Spectrum, passing: ComplexArray | float) -> tuple[str, ...]:
    share = np.abs(np.broadcast_to(passing, spectrum.frequency.shape))
    if not np.any(share > LARGE):
        return ()
    worst = int(np.argmax(share))
    return (
        f"warning: at {spectrum.frequency[worst]:.3g} Hz {100 * share[worst]:.0f} % of the cell's "
        "voltage drives current past it, through the open blank: errors of the blanks are large "
        "in the result there",
    )


def _size(blank: Spectrum) -> float:
    return float(np.median(np.abs(blank.used().impedance)))


def _named(blank: Spectrum) -> str:
    digest = str(blank.metadata.get("sha256", ""))
    return f"{blank.label or 'blank'}{f' (SHA-256 {digest})' if digest else ''}"
