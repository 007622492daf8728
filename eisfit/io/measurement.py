"""What every reader ends in: named columns and settings, and from them the spectra."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eisfit.errors import NoImpedanceError, ReadError
from eisfit.io.kkhint import slope
from eisfit.io.source import Source
from eisfit.io.sweeps import sweep_starts, usable_rows
from eisfit.spectrum import ComplexArray, FloatArray, Spectrum

Key = tuple[str, str]


@dataclass(frozen=True)
class Measurement:
    """Columns of a file and what its settings say.

    Parameters
    ----------
    columns : mapping of (quantity, electrode) to (N,) array
        In Hz, rad/s, ohm, degrees, s, V, degrees C; see `eisfit.io.columns`.
    format : str
        What the file is.
    control : str, optional
        The electrode, or pair, whose potential the technique controlled.
    metadata : mapping
        Entries for every spectrum of the file.
    notes : tuple of str
        What was taken as what, so far.
    angle_unit_known : bool
        Whether the phase column names its unit; else the data must tell degrees from radians.
    """

    columns: Mapping[Key, FloatArray]
    format: str
    control: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    angle_unit_known: bool = True
    loop_starts: FloatArray | None = None

    @property
    def pairs(self) -> list[str]:
        """Electrodes of which there is an impedance."""
        return [
            pair
            for pair in ("Ewe", "Ece", "Ewe-Ece")
            if all((part, pair) in self.columns for part in ("real", "imaginary"))
            or all((part, pair) in self.columns for part in ("modulus", "phase"))
        ]


def to_spectra(
    measurement: Measurement, source: Source, electrode: str | None = None
) -> list[Spectrum]:
    """Choose the impedance, leave out what is no point, split into sweeps.

    Raises
    ------
    NoImpedanceError
        If there is no frequency, no impedance, or no row with both.
    ReadError
        If the electrode asked for is not in the file, or columns contradict each other.
    """
    notes = list(measurement.notes)
    frequency = _frequency(measurement, source)
    pair = _choose_pair(measurement, source, electrode, notes)
    impedance = _impedance(measurement, pair, frequency, source, notes)
    keep, left_out = usable_rows(frequency, impedance)
    notes += left_out
    if not keep.any():
        raise NoImpedanceError(
            f"{source.name} holds no impedance point ({'; '.join(left_out) or 'no row'}): the run "
            "was probably aborted before its first point; give another file"
        )
    rows = np.flatnonzero(keep)
    counters = [
        measurement.columns[key][rows]
        for key in (("cycle", ""), ("loop", ""), ("sweep", ""))
        if key in measurement.columns and np.isfinite(measurement.columns[key][rows]).all()
    ]
    if measurement.loop_starts is not None:
        counters.append(np.searchsorted(measurement.loop_starts, rows, side="right").astype(float))
    starts = sweep_starts(frequency[rows], counters)
    if electrode is not None or measurement.control is not None or len(measurement.pairs) > 1:
        fixed = {**measurement.metadata, "electrode": pair}
    else:
        fixed = dict(measurement.metadata)
    return [
        Spectrum(
            frequency[part],
            impedance[part],
            label=source.path.stem,
            metadata={
                "source": source.name,
                "sha256": source.sha256,
                "format": measurement.format,
                "sweep": number,
                **fixed,
                **_conditions(measurement, pair, part),
                "notes": tuple(notes),
            },
        )
        for number, part in enumerate(np.split(rows, starts[1:]), start=1)
    ]


def _frequency(measurement: Measurement, source: Source) -> FloatArray:
    columns = measurement.columns
    if ("frequency", "") in columns:
        return columns["frequency", ""]
    if ("omega", "") in columns:
        return columns["omega", ""] / (2 * np.pi)
    raise NoImpedanceError(
        f"{source.name} ({measurement.format}) has no frequency column, so it holds no impedance "
        "that can be used: give the impedance file of the series, or export it with `freq/Hz`"
    )


def _choose_pair(
    measurement: Measurement, source: Source, electrode: str | None, notes: list[str]
) -> str:
    pairs = measurement.pairs
    if not pairs:
        raise NoImpedanceError(
            f"{source.name} ({measurement.format}) has frequencies but no impedance: it needs "
            "columns such as Re(Z)/Ohm and -Im(Z)/Ohm, or |Z|/Ohm and Phase(Z)/deg"
        )
    if electrode is not None:
        if electrode not in pairs or not _is_measured(measurement, electrode):
            raise ReadError(
                f"{source.name} holds no impedance of {electrode}, only of {', '.join(pairs)}: "
                "ask for another electrode, or leave the choice to the settings"
            )
        notes.append(f"the impedance is that of {electrode}, as asked for")
        return electrode
    wanted = measurement.control or "Ewe"
    measured = [pair for pair in pairs if _is_measured(measurement, pair)] or pairs
    chosen = wanted if wanted in measured else measured[0]
    if chosen != wanted:
        notes.append(
            f"the technique controlled {wanted}, of which the file holds no impedance; that of "
            f"{chosen} was taken"
        )
    elif measurement.control:
        notes.append(f"the impedance is that of {chosen}, which the technique controlled")
    elif len(measured) > 1:
        notes.append(
            f"the settings do not say which electrode was controlled; {chosen} was taken of "
            f"{', '.join(measured)}"
        )
    return chosen


def _is_measured(measurement: Measurement, pair: str) -> bool:
    """Columns of an electrode that was not recorded are all zero."""
    return any(
        np.any(np.nan_to_num(measurement.columns[quantity, pair]) != 0)
        for quantity in ("real", "imaginary", "modulus")
        if (quantity, pair) in measurement.columns
    )


def _impedance(
    measurement: Measurement, pair: str, frequency: FloatArray, source: Source, notes: list[str]
) -> ComplexArray:
    columns = measurement.columns
    parts = [
        columns.get((quantity, pair)) for quantity in ("real", "imaginary", "modulus", "phase")
    ]
    real, imaginary, modulus, phase = parts
    polar: ComplexArray | None = None
    if modulus is not None and phase is not None and np.any(np.nan_to_num(modulus) != 0):
        if not measurement.angle_unit_known:
            phase = _in_degrees(phase, frequency, modulus, notes)
        polar = (modulus * np.exp(1j * np.radians(phase))).astype(np.complex128)
    if real is None or imaginary is None:
        if polar is None:
            raise NoImpedanceError(
                f"{source.name} has columns of modulus and phase, but they hold only zeros: give "
                "another file"
            )
        notes.append("the impedance was computed from modulus and phase")
        return polar
    impedance: ComplexArray = (real + 1j * imaginary).astype(np.complex128)
    if polar is not None:
        _check_agreement(impedance, polar, frequency, source, notes)
    elif modulus is not None:
        notes.append("modulus and phase were not checked: one is missing or holds only zeros")
    _warn_of_sign(impedance, frequency, notes)
    return impedance


def _in_degrees(
    phase: FloatArray, frequency: FloatArray, modulus: FloatArray, notes: list[str]
) -> FloatArray:
    used = np.isfinite(phase) & np.isfinite(modulus) & (modulus > 0) & (frequency > 0)
    largest = float(np.abs(phase[used]).max(initial=0.0))
    ratio = abs(slope(frequency[used], phase[used], np.log(modulus[used])))
    # 8 is halfway, in ratio, between 1 (radians) and 57 (degrees).
    radians = largest <= 3.2 and (ratio < 8 if np.isfinite(ratio) else largest > 0.2)
    notes.append(
        f"the phase column names no unit; it was taken as {'radians' if radians else 'degrees'}, "
        "after its size"
    )
    return np.degrees(phase) if radians else phase


def _check_agreement(
    impedance: ComplexArray,
    polar: ComplexArray,
    frequency: FloatArray,
    source: Source,
    notes: list[str],
) -> None:
    used = np.isfinite(impedance) & np.isfinite(polar) & (frequency > 0) & (np.abs(polar) > 0)
    if not used.any():
        return
    z, p = impedance[used], polar[used]
    size = np.abs(p)
    if np.mean(np.abs(np.abs(z) - size) > 0.02 * size) > 0.1:
        raise ReadError(
            f"{source.name}: real and imaginary part do not give the modulus column (median ratio "
            f"{np.median(np.abs(z) / size):.3g}): check decimal sign, units and column names of "
            "the file, or remove the columns that are wrong"
        )
    same = np.mean(np.abs(z - p) < 0.05 * size)
    turned = np.mean(np.abs(z.conj() - p) < 0.05 * size)
    if same > 0.9:
        notes.append("real and imaginary part agree with modulus and phase")
    elif turned > 0.9:
        notes.append(
            "the phase column has the opposite sign of the imaginary part; the imaginary part was "
            "taken as its column name says"
        )
    else:
        notes.append("warning: the phase column does not agree with real and imaginary part")


def _warn_of_sign(impedance: ComplexArray, frequency: FloatArray, notes: list[str]) -> None:
    used = np.isfinite(impedance) & (frequency > 0) & (impedance != 0)
    z = impedance[used]
    if len(z) < 4 or np.mean(z.imag > 0) < 0.8:
        return
    if slope(frequency[used], z.imag, z.real) < 0:
        notes.append(
            "warning: the imaginary part is positive nearly throughout and does not go with the "
            "real part; the file may mean -Im(Z) where it says Im(Z)"
        )


def _conditions(
    measurement: Measurement, pair: str, rows: np.ndarray[Any, np.dtype[np.intp]]
) -> dict[str, float]:
    """Return when a sweep began, and its mean potential and temperature, where known."""
    columns = measurement.columns
    found: dict[str, float] = {}
    time = columns.get(("time", ""))
    if time is not None and np.isfinite(time[rows[0]]):
        found["time_s"] = float(time[rows[0]])
    for name, values in (
        ("potential_v", _potential(columns, pair)),
        ("temperature_c", columns.get(("temperature", ""))),
    ):
        if values is not None and np.isfinite(values[rows]).any():
            found[name] = float(np.nanmean(values[rows]))
    return found


def _potential(columns: Mapping[Key, FloatArray], pair: str) -> FloatArray | None:
    working, counter = columns.get(("potential", "Ewe")), columns.get(("potential", "Ece"))
    if pair == "Ewe-Ece":
        if ("potential", "Ewe-Ece") in columns:
            return columns["potential", "Ewe-Ece"]
        if working is not None and counter is not None:
            return working - counter
    return counter if pair == "Ece" else working
