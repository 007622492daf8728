"""From columns to the impedance: which electrode, which sign, and whether the columns agree."""

from __future__ import annotations

import numpy as np

from eisfit.errors import NoImpedanceError, ReadError
from eisfit.io.kkhint import slope
from eisfit.io.measurement import Measurement
from eisfit.io.request import Request
from eisfit.spectrum import ComplexArray, FloatArray

# Rows that settle a sign; a file may have millions.
_ENOUGH = 100_000
# A modulus that varies less, or a smaller angle, says nothing of the unit of the angle.
_FLAT = 0.05
_PARTS = ("real", "imaginary", "modulus", "phase")


def frequency_of(measurement: Measurement, source_name: str) -> FloatArray:
    """Return the (N,) frequencies in Hz.

    Raises
    ------
    NoImpedanceError
        If there is no column of them.
    """
    columns = measurement.columns
    if ("frequency", "") in columns:
        return columns["frequency", ""]
    if ("omega", "") in columns:
        return columns["omega", ""] / (2 * np.pi)
    raise NoImpedanceError(
        f"{source_name} ({measurement.format}) has no frequency column, so it holds no impedance "
        "that can be used: give the impedance file of the series, or export it with `freq/Hz`"
    )


def choose_pair(
    measurement: Measurement, source_name: str, electrode: str | None, notes: list[str]
) -> str:
    """Choose the electrode, or pair, by what was asked for, else by what was controlled.

    Raises
    ------
    NoImpedanceError
        If there is no impedance at all.
    ReadError
        If there is none of the electrode that was asked for.
    """
    pairs = measurement.pairs
    if not pairs:
        raise NoImpedanceError(
            f"{source_name} ({measurement.format}) has frequencies but no impedance: it needs "
            "columns such as Re(Z)/Ohm and -Im(Z)/Ohm, or |Z|/Ohm and Phase(Z)/deg"
        )
    if electrode is not None:
        if electrode not in pairs or not _is_measured(measurement, electrode):
            raise ReadError(
                f"{source_name} holds no impedance of {electrode}, only of {', '.join(pairs)}: "
                "ask for another electrode, or leave the choice to the settings"
            )
        notes.append(f"the impedance is that of {electrode}, as asked for")
        return electrode
    wanted = measurement.control or "Ewe"
    measured = [pair for pair in pairs if _is_measured(measurement, pair)] or pairs
    chosen = wanted if wanted in measured else measured[0]
    others = [pair for pair in measured if pair != chosen]
    if measurement.control and chosen != wanted:
        notes.append(
            f"warning: the technique controlled {wanted}, of which the file holds no impedance; "
            f"that of {chosen} was taken"
        )
    elif measurement.control:
        notes.append(f"the impedance is that of {chosen}, which the technique controlled")
    elif others:
        notes.append(
            "warning: the settings do not say which electrode was controlled, so look which is "
            f"your cell; {chosen} was taken of {', '.join(measured)} (--electrode)"
        )
    sound = [pair for pair in others if not _is_noise(measurement, pair)]
    if sound and _is_noise(measurement, chosen):
        notes.append(
            f"warning: the real part of {chosen} is negative at many frequencies, that of "
            f"{' and '.join(sound)} is not: the cell may be there (--electrode {sound[-1]})"
        )
    return chosen


def impedance_of(
    measurement: Measurement,
    pair: str,
    frequency: FloatArray,
    request: Request,
    source_name: str,
    notes: list[str],
) -> ComplexArray:
    """Return the (N,) impedance of one electrode, checked against all columns that hold it.

    Raises
    ------
    NoImpedanceError
        If there is but modulus and phase, and they are zero.
    ReadError
        If real and imaginary part contradict the modulus.
    """
    columns = measurement.columns
    real, imaginary, modulus, phase = (columns.get((quantity, pair)) for quantity in _PARTS)
    polar: ComplexArray | None = None
    if modulus is not None and phase is not None and np.any(np.nan_to_num(modulus) != 0):
        if not measurement.angle_unit_known:
            phase = _in_degrees(phase, frequency, modulus, notes)
        elif real is None or imaginary is None:
            _check_angle(phase, frequency, modulus, source_name)
        polar = (modulus * np.exp(1j * np.radians(phase))).astype(np.complex128)
    if real is None or imaginary is None:
        if polar is None:
            raise NoImpedanceError(
                f"{source_name} has columns of modulus and phase, but they hold only zeros: give "
                "another file"
            )
        notes.append("the impedance was computed from modulus and phase")
        return _signed(polar, frequency, measurement, request, notes)
    impedance: ComplexArray = np.empty(len(real), np.complex128)
    impedance.real, impedance.imag = real, imaginary
    if polar is not None:
        _check_agreement(impedance, polar, frequency, source_name, notes)
    elif modulus is not None:
        notes.append("modulus and phase were not checked: one is missing or holds only zeros")
    return _signed(impedance, frequency, measurement, request, notes)


def _is_measured(measurement: Measurement, pair: str) -> bool:
    """Columns of an electrode that was not recorded are all zero."""
    return any(
        np.any(np.nan_to_num(measurement.columns[quantity, pair]) != 0)
        for quantity in ("real", "imaginary", "modulus")
        if (quantity, pair) in measurement.columns
    )


def _is_noise(measurement: Measurement, pair: str) -> bool:
    """Tell whether the real part is often negative, which no passive cell has."""
    real = measurement.columns.get(("real", pair))
    frequency = measurement.columns.get(("frequency", ""))
    if real is None or frequency is None:
        return False
    used = real[np.isfinite(real) & (frequency > 0)]
    return bool(used.size) and float(np.mean(used < 0)) > 0.2


def _are_radians(phase: FloatArray, frequency: FloatArray, modulus: FloatArray) -> bool | None:
    """Tell radians from degrees by the size and by the modulus (Bode); None where neither tells."""
    used = np.isfinite(phase) & np.isfinite(modulus) & (modulus > 0) & (frequency > 0)
    largest = float(np.abs(phase[used]).max(initial=0.0))
    if largest > 3.2:
        return False
    ratio = abs(slope(frequency[used], phase[used], np.log(modulus[used])))
    # 8 is halfway, in ratio, between 1 (radians) and 57 (degrees).
    return ratio < 8 if np.isfinite(ratio) else None


def _in_degrees(
    phase: FloatArray, frequency: FloatArray, modulus: FloatArray, notes: list[str]
) -> FloatArray:
    radians = _are_radians(phase, frequency, modulus)
    if radians is None:
        radians = bool(np.nanmax(np.abs(phase), initial=0.0) > 0.2)
    notes.append(
        f"the phase column names no unit; it was taken as {'radians' if radians else 'degrees'}, "
        "after its size"
    )
    return np.degrees(phase) if radians else phase


def _check_angle(
    degrees: FloatArray, frequency: FloatArray, modulus: FloatArray, source_name: str
) -> None:
    """Refuse a phase whose unit, as its name has it, does not go with the modulus."""
    used = np.isfinite(degrees) & (frequency > 0)
    spread = np.log(modulus[used & (modulus > 0)])
    varies = bool(spread.size) and np.ptp(spread) > _FLAT and np.abs(degrees[used]).max() > _FLAT
    if varies and _are_radians(degrees, frequency, modulus):
        said, held, unit = "degrees", "radians by the modulus", "rad"
    elif used.any() and float(np.median(np.abs(degrees[used]))) > 720:
        said, held, unit = "radians", "many turns", "deg"
    else:
        return
    raise ReadError(
        f"{source_name}: the phase column is named in {said}, but its numbers are {held}: name the "
        f"columns (--columns), as in 'freq/Hz,|Z|/Ohm,phase/{unit}'"
    )


def _check_agreement(
    impedance: ComplexArray,
    polar: ComplexArray,
    frequency: FloatArray,
    source_name: str,
    notes: list[str],
) -> None:
    used = np.isfinite(impedance) & np.isfinite(polar) & (frequency > 0) & (np.abs(polar) > 0)
    if not used.any():
        return
    z, p = impedance[used], polar[used]
    size = np.abs(p)
    if np.mean(np.abs(np.abs(z) - size) > 0.02 * size) > 0.1:
        raise ReadError(
            f"{source_name}: real and imaginary part do not give the modulus column (median ratio "
            f"{np.median(np.abs(z) / size):.3g}): check decimal sign, units and column names of "
            "the file, or leave out the columns that are wrong (--columns)"
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
    elif unit := _other_unit(z, p):
        notes.append(
            f"warning: the phase column holds {unit}, whatever its name says; real and imaginary "
            "part were taken"
        )
    else:
        notes.append("warning: the phase column does not agree with real and imaginary part")


def _other_unit(z: ComplexArray, polar: ComplexArray) -> str:
    """Return the unit of an angle that was taken for the other one, "" where that is not it."""
    true, taken = np.angle(z), np.angle(polar)
    # What was taken has lost its whole turns, so turns are compared, not angles.
    for unit, one, other in (
        ("radians", np.degrees(taken), true),
        ("degrees", taken, np.degrees(true)),
    ):
        if any(
            np.mean(np.abs(np.exp(1j * sign * one) - np.exp(1j * other)) < 0.05) > 0.9
            for sign in (1, -1)
        ):
            return unit
    return ""


def _signed(
    impedance: ComplexArray,
    frequency: FloatArray,
    measurement: Measurement,
    request: Request,
    notes: list[str],
) -> ComplexArray:
    """Turn the sign where the caller says so, or where only the data can tell and do."""
    if request.sign is not None:
        named = -1 if measurement.minus_is_named else 1
        notes.append(
            f"the imaginary part was taken as {'it is' if request.sign > 0 else 'its negative'} "
            "in its column, as asked for"
        )
        return impedance if request.sign == named else impedance.conj()
    used = np.flatnonzero(np.isfinite(impedance) & (frequency > 0) & (impedance != 0))[:_ENOUGH]
    z = impedance[used]
    if len(z) < 4 or np.mean(z.imag > 0) < 0.8:
        return impedance
    if not slope(frequency[used], z.imag, z.real) < 0:
        return impedance
    if measurement.sign_is_named:
        notes.append(
            "warning: the imaginary part is positive nearly throughout and does not go with the "
            "real part; the file may mean -Im(Z) where it says Im(Z) (--sign - takes it so)"
        )
        return impedance
    notes.append(
        "warning: the imaginary part was taken as minus its column, which has no minus in its "
        "name: it is positive nearly throughout, and only its negative goes with the real part "
        "(Kramers-Kronig; --sign + keeps it as it is)"
    )
    return impedance.conj()
