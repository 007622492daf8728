"""One impedance spectrum: frequencies, impedances, what is masked and why, where it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.errors import SpectrumError
from eisfit.frozen import FrozenArrays, FrozenDict, readonly

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class Spectrum(FrozenArrays):
    """An impedance spectrum; it cannot change, every operation returns a new one.

    Parameters
    ----------
    frequency : (N,) array of float
        Frequencies in Hz, finite and positive, in any order; kept from high to low.
    impedance : (N,) array of complex
        Impedance in ohm, finite; a capacitive arc has a negative imaginary part.
    label : str
        Name of the sample, for tables and plots.
    metadata : mapping
        What is known of the measurement. The readers fill in, where the file has them: `source`
        (file name), `sha256`, `format`, `sweep` (from 1), `acquired` (ISO 8601 start time),
        `time_s` (since the start of the file), `potential_v`, `temperature_c`, `technique`,
        `electrode`, `notes` (tuple of sentences on what was taken as what).
    reasons : sequence of str, optional
        For each point why it is masked, "" where it is not. Masked points stay in the spectrum and
        in plots; no computation uses them.

    Raises
    ------
    SpectrumError
        If lengths differ, there is no point, or a number is not finite or not positive where it
        must be; the message says which point.
    """

    frequency: FloatArray
    impedance: ComplexArray
    label: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    reasons: Sequence[str] = ()

    def __post_init__(self) -> None:
        frequency, impedance = _checked(self.frequency, self.impedance)
        reasons = tuple(self.reasons) or ("",) * len(frequency)
        if len(reasons) != len(frequency):
            raise SpectrumError(
                f"{len(reasons)} mask reasons for {len(frequency)} points: one string a point, "
                "'' where the point is not masked"
            )
        order = np.argsort(-frequency, kind="stable")
        object.__setattr__(self, "frequency", readonly(frequency[order]))
        object.__setattr__(self, "impedance", readonly(impedance[order]))
        object.__setattr__(self, "reasons", tuple(str(reasons[i]) for i in order))
        object.__setattr__(self, "metadata", FrozenDict(self.metadata))
        object.__setattr__(self, "label", str(self.label))

    def __len__(self) -> int:
        return len(self.frequency)

    def __repr__(self) -> str:
        masked = f", {int(self.mask.sum())} masked" if self.mask.any() else ""
        return (
            f"<Spectrum {self.label!r}: {len(self)} points, "
            f"{self.frequency[0]:.4g} to {self.frequency[-1]:.4g} Hz{masked}>"
        )

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(N,) bool, true where a point is masked."""
        return np.array([bool(reason) for reason in self.reasons])

    @property
    def omega(self) -> FloatArray:
        """(N,) angular frequency in rad/s."""
        return 2.0 * np.pi * self.frequency

    @property
    def modulus(self) -> FloatArray:
        """(N,) modulus of the impedance in ohm."""
        return np.abs(self.impedance)

    @property
    def phase_deg(self) -> FloatArray:
        """(N,) phase of the impedance in degrees."""
        return np.degrees(np.angle(self.impedance))

    @property
    def tau_window(self) -> tuple[float, float]:
        """Shortest and longest relaxation time in s that the unmasked frequencies reach."""
        used = self.used().frequency
        return 1.0 / (2.0 * np.pi * used[0]), 1.0 / (2.0 * np.pi * used[-1])

    @property
    def sweep(self) -> int:
        """Number of the sweep in its file, from 1."""
        return int(self.metadata.get("sweep", 1))

    @property
    def notes(self) -> tuple[str, ...]:
        """What its reader, and what was done to it since, have to say."""
        notes = self.metadata.get("notes", ())
        return (notes,) if isinstance(notes, str) else tuple(map(str, notes))

    def used(self) -> Spectrum:
        """Return the spectrum without its masked points; itself where none is masked.

        Raises
        ------
        SpectrumError
            If every point is masked.
        """
        keep = ~self.mask
        if keep.all():
            return self
        if not keep.any():
            raise SpectrumError(f"every point of {self.label or 'the spectrum'} is masked")
        return self._keep(keep)

    def crop(self, f_min: float | None = None, f_max: float | None = None) -> Spectrum:
        """Return the points with `f_min <= f <= f_max` (Hz); None is no limit.

        Raises
        ------
        SpectrumError
            If no point lies between the limits; the message says what the spectrum covers.
        """
        low = 0.0 if f_min is None else f_min
        high = np.inf if f_max is None else f_max
        check_window(low, high)
        keep = (self.frequency >= low) & (self.frequency <= high)
        if not keep.any():
            raise SpectrumError(
                f"no point between {low:g} and {high:g} Hz: the spectrum covers "
                f"{self.frequency[-1]:g} to {self.frequency[0]:g} Hz"
            )
        return self if keep.all() else self._keep(keep)

    def masked(
        self, where: ArrayLike | Callable[[FloatArray, ComplexArray], ArrayLike], reason: str
    ) -> Spectrum:
        """Return the spectrum with further points masked.

        Parameters
        ----------
        where : (N,) bool, or a function of (frequency, impedance) that returns it
            The points to mask. A point that is masked already keeps its first reason.
        reason : str
            Why; must not be empty.

        Raises
        ------
        SpectrumError
            If the reason is empty or `where` has another length than the spectrum.
        """
        if not reason.strip():
            raise SpectrumError("a masked point needs a reason: give a sentence that says why")
        chosen = np.asarray(where(self.frequency, self.impedance) if callable(where) else where)
        if chosen.shape != self.frequency.shape or chosen.dtype != bool:
            raise SpectrumError(
                f"expected a bool array of shape ({len(self)},) to mask by, found "
                f"{chosen.dtype} of shape {chosen.shape}"
            )
        reasons = tuple(
            old or (reason if hit else "") for old, hit in zip(self.reasons, chosen, strict=True)
        )
        return replace(self, reasons=reasons)

    def unmasked(self) -> Spectrum:
        """Return the spectrum with no point masked."""
        return replace(self, reasons=())

    def scaled_by_area(self, area_cm2: float) -> Spectrum:
        """Return the area-specific spectrum, in ohm cm2; the metadata say so.

        Raises
        ------
        SpectrumError
            If the area is not a positive number, or the spectrum is scaled already.
        """
        if not (np.isfinite(area_cm2) and area_cm2 > 0):
            raise SpectrumError(f"an area must be positive, in cm2; found {area_cm2}")
        if "area_cm2" in self.metadata:
            raise SpectrumError(
                f"the spectrum is scaled already, by {self.metadata['area_cm2']:g} cm2"
            )
        metadata = {**self.metadata, "area_cm2": float(area_cm2), "impedance_unit": "ohm cm2"}
        return replace(self, impedance=self.impedance * area_cm2, metadata=metadata)

    def with_label(self, label: str) -> Spectrum:
        """Return the spectrum under another name."""
        return replace(self, label=label)

    def with_metadata(self, **entries: Any) -> Spectrum:
        """Return the spectrum with these entries added to its metadata."""
        return replace(self, metadata={**self.metadata, **entries})

    def _keep(self, keep: NDArray[np.bool_]) -> Spectrum:
        reasons = tuple(r for r, k in zip(self.reasons, keep, strict=True) if k)
        return replace(
            self, frequency=self.frequency[keep], impedance=self.impedance[keep], reasons=reasons
        )


def check_window(f_min: float | None, f_max: float | None) -> None:
    """Refuse limits of frequency (Hz) between which nothing can be.

    Raises
    ------
    SpectrumError
        If the lower one is above the upper one.
    """
    if f_min is not None and f_max is not None and f_min > f_max:
        raise SpectrumError(
            f"f_min {f_min:g} Hz is above f_max {f_max:g} Hz: nothing is between, exchange them"
        )


def one_spectrum(value: Any) -> Spectrum:
    """Return the value if it is a Spectrum.

    Raises
    ------
    SpectrumError
        If it is something else; a list, as `eisfit.read` returns it, is the usual slip.
    """
    if isinstance(value, Spectrum):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(one, Spectrum) for one in value):
        raise SpectrumError(
            f"expected one Spectrum, found {len(value)} in a {type(value).__name__}: take one of "
            "them, such as spectra[0], or eisfit.fit_many for all"
        )
    raise SpectrumError(f"expected a Spectrum, found {type(value).__name__}")


def _checked(frequency: ArrayLike, impedance: ArrayLike) -> tuple[FloatArray, ComplexArray]:
    try:
        f = np.array(frequency, dtype=np.float64)
        z = np.array(impedance, dtype=np.complex128)
    except (TypeError, ValueError) as error:
        raise SpectrumError(f"frequency and impedance must be numbers: {error}") from None
    if f.ndim != 1 or f.shape != z.shape:
        raise SpectrumError(
            "expected frequency and impedance as two arrays of one length, found shapes "
            f"{f.shape} and {z.shape}"
        )
    if f.size == 0:
        raise SpectrumError("a spectrum needs at least one point, found none")
    bad = ~(np.isfinite(f) & (f > 0))
    if bad.any():
        i = int(np.argmax(bad))
        raise SpectrumError(f"frequency must be finite and positive; point {i} has {f[i]} Hz")
    bad = ~np.isfinite(z)
    if bad.any():
        i = int(np.argmax(bad))
        raise SpectrumError(f"impedance must be finite; point {i} ({f[i]:g} Hz) has {z[i]} ohm")
    return f, z
