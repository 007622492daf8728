"""The one reader of text tables: EC-Lab exports, CSV and its kin, headerless columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from eisfit.errors import NoImpedanceError, ReadError
from eisfit.io import eclab
from eisfit.io.columns import Column, interpret, is_complete
from eisfit.io.kkhint import slope
from eisfit.io.layout import (
    VITAL,
    Layout,
    below_header,
    find_header,
    split_names,
    without_header,
)
from eisfit.io.measurement import Key, Measurement, to_spectra
from eisfit.io.rows import parse_rows
from eisfit.io.source import Source
from eisfit.spectrum import Spectrum

_PARTS = {"real": "real part", "imaginary": "imaginary part"}


def read_table(source: Source, electrode: str | None = None) -> list[Spectrum]:
    """Read a text table of any of the kinds above.

    Raises
    ------
    NoImpedanceError
        If it is a table, but not of impedance.
    ReadError
        If no table is found, its names are not understood, or it is cut off or damaged.
    """
    lines = source.head_lines()
    if eclab.is_eclab(lines):
        header = eclab.parse_header(lines, source.name)
        layout = below_header(lines, header.names_line, [header.names], source.name)
        return to_spectra(_measurement(source, layout, header), source, electrode)
    if (at := find_header(lines)) is not None:
        layout = below_header(lines, at, split_names(lines[at], is_complete), source.name)
        return to_spectra(_measurement(source, layout, None), source, electrode)
    headerless = without_header(lines, source.name)
    _refuse_unknown_names(lines, headerless, source.name)
    if headerless is None:
        raise ReadError(
            f"{source.name} holds no table of impedance: expected a line of column names such as "
            "freq/Hz, Re(Z)/Ohm, -Im(Z)/Ohm above the numbers, or three columns without names "
            "(frequency, real part, imaginary part)"
        )
    return to_spectra(_headerless(source, headerless), source, electrode)


def _refuse_unknown_names(lines: Sequence[str], layout: Layout | None, name: str) -> None:
    """Raise where there is a line of names, but not of a complete spectrum."""
    last = min(len(lines), 500) if layout is None else layout.first_row

    def partly(columns: list[Column | None]) -> bool:
        known = {column.quantity for column in columns if column}
        return len(known) >= 2

    for at in reversed(range(max(last - 500, 0), last)):
        below = next((line for line in lines[at + 1 : at + 4] if line.strip()), "")
        if len(lines[at]) > 100_000 or not re.match(r"[\s\"]*[-+]?[.,]?\d", below):
            continue  # names stand above numbers
        if names := next(split_names(lines[at], partly), None):
            raise NoImpedanceError(
                f"{name} has the columns {', '.join(names[:8])}, which hold no frequency together "
                "with an impedance: give the impedance file, or name the columns frequency, Re(Z) "
                "and Im(Z) (or |Z| and phase)"
            )
    if layout is None or layout.first_row == 0:
        return
    above = lines[layout.first_row - 1].strip()
    if above and not above.startswith(("#", "%", "//")):
        names = above.split(layout.separator)
        if len(names) == len(layout.names):
            raise ReadError(
                f"{name}, line {layout.first_row}: the column names {', '.join(names)} are not "
                "known: name them frequency, Re(Z) and Im(Z) (or -Im(Z))"
            )


def _measurement(source: Source, layout: Layout, header: eclab.Header | None) -> Measurement:
    damaged = [name for name in layout.names if name.startswith(("#NAME", "#REF", "#VALUE"))]
    if damaged:
        raise ReadError(
            f"{source.name}: a column is named {damaged[0]}, so a spreadsheet has taken its name "
            "(-Im(Z)/Ohm?) for a formula: write the name back, or export the file again"
        )
    wanted: dict[Key, tuple[int, Column]] = {}
    for index, column in enumerate(layout.columns):
        if column and column.key not in wanted:
            wanted[column.key] = index, column
    values, notes = parse_rows(
        source,
        layout,
        [index for index, _ in wanted.values()],
        [quantity in VITAL for quantity, _ in wanted],
    )
    columns = {
        key: values[:, place] * column.scale + column.offset
        for place, (key, (_, column)) in enumerate(wanted.items())
    }
    metadata = dict(header.metadata) if header else {}
    # EC-Lab's names need no explanation; those of others do.
    said = header.notes if header else _as_named(layout)
    notes = [layout.describe(), *said, *notes]
    if any(column.unit == "ohm cm2" for _, column in wanted.values()):
        metadata["impedance_unit"] = "ohm cm2"
    phases = [column for _, column in wanted.values() if column.quantity == "phase"]
    return Measurement(
        columns,
        header.format if header else "text table",
        header.control if header else None,
        metadata,
        tuple(notes),
        angle_unit_known=all(column.unit for column in phases),
    )


def _as_named(layout: Layout) -> list[str]:
    """Say which names were taken as what, and where units were assumed."""
    notes = []
    for name in layout.names:
        column = interpret(name)
        if column is None or column.quantity not in VITAL:
            continue
        what = _PARTS.get(column.quantity, column.quantity)
        minus = "minus the " if column.scale < 0 else ""
        unit = {"frequency": "Hz", "omega": "rad/s"}.get(column.quantity, "ohm")
        if column.unit or column.quantity == "phase":
            assumed = ""
        else:
            assumed = f" in {unit} (assumed, the name has no unit)"
        notes.append(f"column {name} was taken as {minus}{what}{assumed}")
    return notes


def _headerless(source: Source, layout: Layout) -> Measurement:
    width = len(layout.names)
    if width != 3:
        raise ReadError(
            f"{source.name} has {width} columns of numbers without names: write a line of names "
            "above them, such as frequency, Re(Z), Im(Z)"
        )
    values, notes = parse_rows(source, layout, [0, 1, 2], [True] * 3)
    frequency, real, imaginary = values.T
    used = np.isfinite(values).all(axis=1) & (frequency > 0)
    if used.sum() < 1 or np.mean(frequency[np.isfinite(frequency)] < 0) > 0:
        raise ReadError(
            f"{source.name}: the first of three columns without names should be the frequency, "
            "but has no positive number, or negative ones: write a line of names above them"
        )
    measured = slope(frequency[used], imaginary[used], real[used])
    if np.isfinite(measured):
        turned, why = measured < 0, "which goes with its real part (Kramers-Kronig)"
    else:
        size = np.hypot(real[used], imaginary[used])
        share = imaginary[used] / np.where(size > 0, size, 1.0)
        turned, why = float(share.sum()) > 0, "which makes most of it capacitive"
    notes = [
        layout.describe(),
        "the columns have no names; they were taken as frequency in Hz, real part in ohm and "
        f"{'minus the ' if turned else ''}imaginary part in ohm, {why}",
        *notes,
    ]
    columns = {
        ("frequency", ""): frequency,
        ("real", "Ewe"): real,
        ("imaginary", "Ewe"): -imaginary if turned else imaginary,
    }
    return Measurement(columns, "text table without names", notes=tuple(notes))
