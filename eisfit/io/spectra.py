"""From measurements to spectra: rows that count, sweeps, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from eisfit.errors import NoImpedanceError
from eisfit.io.impedance import choose_pair, frequency_of, impedance_of
from eisfit.io.measurement import Key, Measurement
from eisfit.io.request import Request
from eisfit.io.sniff import choose
from eisfit.io.source import Source
from eisfit.io.sweeps import by_counter, is_shuffled, sweep_starts, usable_rows
from eisfit.spectrum import ComplexArray, FloatArray, Spectrum


@dataclass(frozen=True)
class _Points:
    """The points of a measurement, sweep after sweep, and nothing else that takes memory.

    `starts` are the rows where a sweep begins; `conditions` has time, potential and temperature of
    each row.
    """

    frequency: FloatArray
    impedance: ComplexArray
    starts: list[int]
    conditions: Mapping[str, FloatArray]
    metadata: Mapping[str, Any]
    origins: Sequence[Mapping[str, str]]
    taken: tuple[str, ...]
    notes: tuple[str, ...]


def read_source(source: Source, request: Request) -> tuple[list[Spectrum], tuple[str, ...]]:
    """Read a file with the one reader for it; return its spectra and the columns not used.

    Raises
    ------
    ReadError
        If it cannot be read; NoImpedanceError if it is sound but holds no impedance.
    """
    # Numbers of a damaged file may be of any size; what overflows is no point in the end.
    with np.errstate(all="ignore"):
        parts = choose(source).read(source, request)
        measurements = [part for part in parts if isinstance(part, Measurement)]
        if not measurements:
            return [part for part in parts if isinstance(part, Spectrum)], ()
        parts.clear()
        unused = tuple(dict.fromkeys(name for m in measurements for name in m.unused))
        return _to_spectra(measurements, source, request), unused


def _to_spectra(
    measurements: list[Measurement], source: Source, request: Request
) -> list[Spectrum]:
    """Choose the impedance, leave out what is no point, split into sweeps, number them.

    Parts of a file without impedance are left out, and said, as long as another part has some. The
    list is emptied on the way, so that each table can go as soon as its spectra are there.

    Raises
    ------
    NoImpedanceError
        If no part holds an impedance; the message is that of the first.
    ReadError
        If the electrode asked for is not in the file, or columns contradict each other.
    """
    spectra: list[Spectrum] = []
    empty: list[NoImpedanceError] = []
    stem = source.path.stem
    labels = [measurement.label for measurement in measurements]
    for part in labels:
        label = f"{stem} {part}".strip() if len(set(labels)) > 1 else stem
        try:
            points = _points(measurements.pop(0), source, request)
        except NoImpedanceError as error:
            empty.append(error)
            continue
        spectra += _sweeps(points, source, label, len(spectra) + 1)
    if empty and not spectra:
        raise empty[0]
    if empty:
        said = tuple(f"left out: {error}" for error in empty[:5])
        spectra = [s.with_metadata(notes=(*s.metadata["notes"], *said)) for s in spectra]
    return spectra


def _points(measurement: Measurement, source: Source, request: Request) -> _Points:
    notes = list(measurement.notes)
    frequency = frequency_of(measurement, source.name)
    pair = choose_pair(measurement, source.name, request.electrode, notes)
    impedance = impedance_of(measurement, pair, frequency, request, source.name, notes)
    keep, left_out = usable_rows(frequency, impedance)
    notes += left_out
    if not keep.any():
        raise NoImpedanceError(
            f"{source.name} holds no impedance point ({'; '.join(left_out) or 'no row'}): the run "
            "was probably aborted before its first point; give another file"
        )
    rows = np.flatnonzero(keep)
    counters = _counters(measurement, rows)
    if (order := by_counter(frequency[rows], counters)) is not None:
        rows, counters = rows[order], [counter[order] for counter in counters]
        notes.append("the rows were put in the order of the cycle, loop or sweep number")
    frequency = frequency[rows]
    starts = sweep_starts(frequency, counters)
    if is_shuffled(frequency, starts):
        starts = [0]
        notes.append("warning: the rows were not in the order of frequency; they are one sweep")
    fixed = {"format": measurement.format, **measurement.metadata}
    if request.electrode is not None or measurement.control or len(measurement.pairs) > 1:
        fixed["electrode"] = pair
    return _Points(
        frequency,
        impedance if len(rows) == len(impedance) and order is None else impedance[rows],
        starts,
        _conditions(measurement.columns, pair, rows),
        fixed,
        measurement.origins,
        measurement.taken,
        tuple(notes),
    )


def _sweeps(points: _Points, source: Source, label: str, first: int) -> list[Spectrum]:
    found = []
    bounds = [*points.starts, len(points.frequency)]
    origins = _origins(points.origins, len(points.starts))
    for number, ((begin, end), origin) in enumerate(
        zip(pairwise(bounds), origins, strict=True), start=first
    ):
        metadata = {
            "source": source.name,
            "sha256": source.sha256,
            "sweep": number,
            **points.metadata,
            **{key: text for key, text in origin.items() if key != "label"},
            **_of_sweep(points.conditions, slice(begin, end)),
            "columns": points.taken,
            "notes": points.notes,
        }
        part = slice(begin, end)
        found.append(
            Spectrum(
                points.frequency[part],
                points.impedance[part],
                label=origin.get("label", label),
                metadata=metadata,
            )
        )
    return found


def _origins(origins: Sequence[Mapping[str, str]], sweeps: int) -> Sequence[Mapping[str, str]]:
    """Return what eisfit wrote of each sweep, nothing where it wrote of another number of them."""
    if len(origins) == 1:
        return [origins[0]] * sweeps
    return origins if len(origins) == sweeps else [{}] * sweeps


def _counters(
    measurement: Measurement, rows: np.ndarray[Any, np.dtype[np.intp]]
) -> list[FloatArray]:
    """Return what numbers the sweeps, where the file has it."""
    counters = [
        measurement.columns[key][rows]
        for key in (("cycle", ""), ("loop", ""), ("sweep", ""))
        if key in measurement.columns and np.isfinite(measurement.columns[key][rows]).all()
    ]
    if measurement.loop_starts is not None:
        counters.append(np.searchsorted(measurement.loop_starts, rows, side="right").astype(float))
    return counters


def _conditions(
    columns: Mapping[Key, FloatArray], pair: str, rows: np.ndarray[Any, np.dtype[np.intp]]
) -> dict[str, FloatArray]:
    """Return time, potential and temperature of each row, where known."""
    known = {
        "time_s": columns.get(("time", "")),
        "potential_v": _potential(columns, pair),
        "temperature_c": columns.get(("temperature", "")),
    }
    return {name: values[rows] for name, values in known.items() if values is not None}


def _of_sweep(conditions: Mapping[str, FloatArray], part: slice) -> dict[str, float]:
    """Return when a sweep began, and its mean potential and temperature, where known."""
    found: dict[str, float] = {}
    for name, values in conditions.items():
        used = values[part]
        if name == "time_s":
            used = used[:1]
        used = used[np.isfinite(used)]
        if name == "temperature_c":  # instruments without a probe write -327.63 and the like
            used = used[used > -273.15]
        if used.size:
            found[name] = float(np.mean(used))
    return found


def _potential(columns: Mapping[Key, FloatArray], pair: str) -> FloatArray | None:
    working, counter = columns.get(("potential", "Ewe")), columns.get(("potential", "Ece"))
    if pair == "Ewe-Ece":
        if ("potential", "Ewe-Ece") in columns:
            return columns["potential", "Ewe-Ece"]
        if working is not None and counter is not None:
            return working - counter
    return counter if pair == "Ece" else working
