"""Results of one spectrum to rows of the tables; no table of pandas on the way."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eisfit.batching.schema import COUNT, FLAG, REAL, TABLES
from eisfit.fitting.derived import parameter_interval, quantile, resistance_rows
from eisfit.io.paths import utf8
from eisfit.roles import is_far

if TYPE_CHECKING:
    from eisfit.fitting.result import FitResult
    from eisfit.relaxation.result import DRTResult
    from eisfit.spectrum import Spectrum
    from eisfit.validity import KKResult

Row = Mapping[str, Any]
# Share of the polarisation resistance below which regularisation makes most of its false peaks; on
# `benchmarks/drt_cases.py` all but 5 % of the larger ones are real, and no real one is smaller
SMALLEST_UNTESTED = 0.05


class Book:
    """Rows of all tables as they come, by column; `sealed` makes them Arrow tables."""

    def __init__(self) -> None:
        self._columns: dict[str, dict[str, list[Any]]] = {
            table: {column.name: [] for column in columns} for table, columns in TABLES.items()
        }

    def add(self, table: str, head: Row, rows: Iterable[Row]) -> None:
        """Add rows, each with the entries of `head` besides; what is no column is left out."""
        columns = self._columns[table]
        for row in rows:
            for name, cells in columns.items():
                cells.append(row[name] if name in row else head.get(name))

    def sealed(self) -> dict[str, bytes]:
        """Return each table that has rows, as an Arrow IPC stream."""
        import pyarrow as pa

        from eisfit.batching.schema import arrow_schema

        found = {}
        for table, columns in self._columns.items():
            kinds = {column.name: column.kind for column in TABLES[table]}
            if not next(iter(columns.values())):
                continue
            cells = {name: [_cell(kinds[name], v) for v in entries]
                     for name, entries in columns.items()}  # fmt: skip
            schema = arrow_schema(table)
            batch = pa.RecordBatch.from_pydict(cells, schema)
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, schema) as stream:
                stream.write_batch(batch)
            found[table] = sink.getvalue().to_pybytes()
        return found


def _cell(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == REAL:
        number = float(value)
        return None if math.isnan(number) else number
    if kind == COUNT:
        return int(value)
    if kind == FLAG:
        return bool(value)
    return utf8(str(value))


def spectrum_row(spectrum: Spectrum, errors: Sequence[str]) -> dict[str, Any]:
    """Return the row of a spectrum in `spectra`."""
    metadata = spectrum.metadata
    return {
        "points": len(spectrum),
        "frequency_high_hz": spectrum.frequency[0],
        "frequency_low_hz": spectrum.frequency[-1],
        **{name: _real(metadata.get(name)) for name in ("time_s", "potential_v", "temperature_c")},
        "acquired": metadata.get("acquired"),
        "electrode": metadata.get("electrode"),
        "status": "failed" if errors else "done",
        "error": "; ".join(errors),
        "warnings": "; ".join(note for note in spectrum.notes if note.startswith("warning")),
    }


def _real(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def verdict_row(result: KKResult) -> dict[str, Any]:
    """Return the row of a Kramers-Kronig test in `verdicts`."""
    return {
        "verdict": result.verdict,
        "message": result.message,
        "rms": result.rms,
        "mu": result.mu,
        "n_rc": result.n_rc,
        "suspect": int(result.suspect.sum()),
    }


def fit_row(fit: FitResult) -> dict[str, Any]:
    """Return the row of a fit in `fits`."""
    names = ("success", "message", "chi_square", "reduced_chi_square", "rms", "aic", "bic",
             "condition", "n_data", "n_free", "starts", "agreed")  # fmt: skip
    row = {name: getattr(fit, name) for name in names}
    return {"model": fit.model.name, "circuit": fit.model.circuit.text, **row}


def parameter_rows(fit: FitResult) -> Iterator[dict[str, Any]]:
    """Yield the rows of a fit in `parameters`."""
    t = quantile(fit)
    for slot in fit.model.circuit.slots:
        lower, upper = parameter_interval(fit, slot.name, t)
        yield {
            "parameter": slot.name,
            "unit": slot.parameter.unit or "1",
            "value_in_unit": fit.values[slot.name],
            "stderr_in_unit": fit.stderr[slot.name],
            "lower_in_unit": lower,
            "upper_in_unit": upper,
            "status": fit.status[slot.name],
        }


def resistance_table(fit: FitResult) -> Iterator[dict[str, Any]]:
    """Yield the rows of a fit in `resistances`; an arc far off its role's span loses the role."""
    for row in resistance_rows(fit):
        role = fit.model.role_of(row["element"])
        tau = row.get("tau_s", math.nan)
        yield {**row, "role": row["element"] if is_far(tau, role) else row["role"]}


def distribution_row(drt: DRTResult) -> dict[str, Any]:
    """Return the row of a DRT in `distributions`."""
    names = ("resistance_inf", "resistance_polarization")
    return {
        **{f"{name}_ohm": getattr(drt, name) for name in names},
        "inductance_h": drt.inductance,
        "elastance_per_f": drt.elastance,
        "regularization": drt.regularization,
        "rms": drt.rms,
        "criterion": drt.criterion,
        "method": drt.method,
        "messages": " ".join(drt.messages),
    }


def peak_table(drt: DRTResult) -> Iterator[dict[str, Any]]:
    """Yield the rows of a DRT in `peaks`; a small one that nothing has tested is not `ok`."""
    for number, row in enumerate(drt.peak_rows, start=1):
        untested = math.isnan(row["probability"]) and not row["fraction"] >= SMALLEST_UNTESTED
        doubtful = untested and row["status"] == "ok"
        yield {"peak": number, **row, "status": "not determined" if doubtful else row["status"]}
