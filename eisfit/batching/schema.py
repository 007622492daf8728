"""The tables of a data set: every column with its type, its unit and what it says.

One schema for every model and every setting; what was not asked for is an empty table. Numbers
carry their unit in their name, or are dimensionless and said to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSION = 1

TEXT, REAL, COUNT, FLAG = "text", "real", "count", "flag"

# What may stand at the end of a name, and the unit it means
SUFFIXES = {
    "_ohm": "ohm", "_hz": "Hz", "_s": "s", "_f": "F", "_h": "H", "_v": "V", "_per_f": "1/F",
    "_c": "degree Celsius", "_bytes": "byte", "_ns": "ns", "_decades": "decade of tau",
    "_in_unit": "that of the column `unit`",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column: its type, what it says, and whether another run of the same work changes it."""

    name: str
    kind: str
    meaning: str
    volatile: bool = False

    @property
    def unit(self) -> str:
        """The unit; "1" of a dimensionless number, "" of what is no number."""
        if self.kind in (TEXT, FLAG):
            return ""
        ends = [suffix for suffix in SUFFIXES if self.name.endswith(suffix)]
        return SUFFIXES[max(ends, key=len)] if ends else "1"


def _columns(kind: str, **meanings: str) -> tuple[Column, ...]:
    return tuple(Column(name, kind, meaning) for name, meaning in meanings.items())


_FILE = Column("file", TEXT, "path of the file")
_KEY = (
    _FILE,
    Column("sweep", COUNT, "number of the sweep in its file, from 1"),
    Column("sample", TEXT, "name of the sample"),
)

FILES = (
    _FILE,
    *_columns(
        TEXT,
        sha256="SHA-256 of the file's bytes; empty where it could not be read",
        status="`done`, or `failed`: then nothing of this row is in the other tables",
        error="why it failed",
        format="what the file was read as",
    ),
    *_columns(
        COUNT,
        size_bytes="size of the file",
        modified_ns="when it was last changed, since 1970",
        first_spectrum="number of the first spectrum that this row is about, from 1",
        last_spectrum="number of the last one",
        spectra="how many spectra the file holds; none where it could not be read",
        spectra_failed="how many of this row's spectra failed in one way or another",
    ),
    *_columns(
        TEXT,
        settings="fingerprint of the settings, see `settings.json`",
        eisfit="version of eisfit",
        numpy="version of numpy",
        scipy="version of scipy",
        numba="version of numba, empty where the fit ran without it",
        python="version of Python",
    ),
    Column(
        "finished_utc",
        TEXT,
        "when the work was done, ISO 8601; differs from run to run",
        volatile=True,
    ),
    Column("reading_s", REAL, "time taken to read; differs from run to run", volatile=True),
    Column("computing_s", REAL, "time taken to compute; differs from run to run", volatile=True),
)
SPECTRA = (
    *_KEY,
    *_columns(COUNT, points="number of points"),
    *_columns(
        REAL,
        frequency_high_hz="highest frequency",
        frequency_low_hz="lowest frequency",
        time_s="start of the sweep since the start of the file, where known",
        potential_v="mean potential, where known",
        temperature_c="mean temperature, where known",
    ),
    *_columns(
        TEXT,
        acquired="when it was measured, ISO 8601, where known",
        electrode="which electrode, or pair",
        status="`done`, or `failed`: something that was asked for is missing",
        error="why",
        warnings="what the reader warned of",
    ),
)
VERDICTS = (
    *_KEY,
    *_columns(TEXT, verdict="`valid`, `doubtful` or `invalid`", message="the verdict in words"),
    *_columns(
        REAL,
        rms="relative residual of the Kramers-Kronig test, dimensionless",
        mu="measure of overfitting after Schoenleber et al., dimensionless",
    ),
    *_columns(COUNT, n_rc="number of RC elements", suspect="points that a mask might take away"),
)
FITS = (
    *_KEY,
    *_columns(TEXT, model="name of the model", circuit="circuit that was fitted"),
    *_columns(FLAG, success="whether the fit converged"),
    *_columns(TEXT, message="what the search has to say"),
    *_columns(
        REAL,
        chi_square="sum of the squared weighted residuals, dimensionless",
        reduced_chi_square="the same per degree of freedom, dimensionless",
        rms="relative misfit, dimensionless",
        aic="Akaike's criterion, dimensionless",
        bic="Bayesian criterion, dimensionless",
        condition="condition number of the scaled normal matrix, dimensionless",
    ),
    *_columns(
        COUNT,
        n_data="number of data, two a point",
        n_free="number of free parameters",
        starts="starts that were tried",
        agreed="starts that reached the same lowest place",
    ),
)
PARAMETERS = (
    *_KEY,
    *_columns(TEXT, parameter="name, such as `R1` or `CPE1_0`", unit="its unit, `1` for none"),
    *_columns(
        REAL,
        value_in_unit="its value",
        stderr_in_unit="standard error, none where the data cannot tell",
        lower_in_unit="lower end of the 95 % interval",
        upper_in_unit="upper end",
    ),
    *_columns(TEXT, status="`ok`, `at bound`, `not determined`, `fixed` or `tied`"),
)
RESISTANCES = (
    *_KEY,
    *_columns(
        TEXT,
        role="what it stands for, by the model; else the element",
        element="element, or elements of a sum",
    ),
    *_columns(
        REAL,
        resistance_ohm="resistance, none where not determined",
        stderr_ohm="its standard error",
        lower_ohm="lower end of its 95 % interval",
        upper_ohm="upper end",
        tau_s="time constant of the arc",
        capacitance_f="effective capacitance tau / R",
        alpha="exponent of the arc, dimensionless",
    ),
    *_columns(TEXT, status="`ok`, `unresolved`, `at bound`, `outside window` or `not determined`"),
    *_columns(
        REAL,
        tau_stderr_s="standard error of tau",
        capacitance_stderr_f="standard error of the capacitance",
        alpha_stderr="standard error of alpha, dimensionless",
    ),
)
DISTRIBUTIONS = (
    *_KEY,
    *_columns(
        REAL,
        resistance_inf_ohm="series resistance",
        resistance_polarization_ohm="integral of gamma over ln tau, tail not in it",
        inductance_h="series inductance",
        elastance_per_f="of a series capacitance, 0 where there is none",
        regularization="lambda, dimensionless",
        rms="relative misfit, dimensionless",
    ),
    *_columns(
        TEXT,
        criterion="what chose lambda",
        method="`tikhonov`, `adaptive` or `blend`",
        messages="what to know before the numbers are used",
    ),
)
PEAKS = (
    *_KEY,
    *_columns(COUNT, peak="number of the peak by ascending tau, from 1"),
    *_columns(
        REAL,
        tau_s="relaxation time",
        frequency_hz="1 / (2 pi tau)",
        gamma_ohm="height of gamma per unit of ln tau",
        resistance_ohm="area of the peak",
        lower_ohm="lower end of its 95 % interval, with resamples or `blend`",
        upper_ohm="upper end",
        capacitance_f="tau / R",
        fraction="share of the polarisation resistance, dimensionless",
        probability="belief that the peak exists, with resamples or `blend`, dimensionless",
    ),
    *_columns(
        TEXT,
        status="`ok`, `unresolved`, `outside window` or `not determined`",
        shape="`maximum` or `shoulder` of gamma",
        family="shape that was fitted, with `blend`",
    ),
    *_columns(
        REAL,
        tau_lower_s="lower end of the 95 % interval of tau",
        tau_upper_s="upper end",
        width_decades="full width at half maximum",
    ),
)

LEDGER = "files"
TABLES: Mapping[str, tuple[Column, ...]] = {
    LEDGER: FILES,
    "spectra": SPECTRA,
    "verdicts": VERDICTS,
    "fits": FITS,
    "parameters": PARAMETERS,
    "resistances": RESISTANCES,
    "distributions": DISTRIBUTIONS,
    "peaks": PEAKS,
}
DATA = tuple(name for name in TABLES if name != LEDGER)


def arrow_schema(table: str) -> Any:
    """Return the `pyarrow.Schema` of a table; units and meanings are in the fields' metadata."""
    import pyarrow as pa

    types = {TEXT: pa.string(), REAL: pa.float64(), COUNT: pa.int64(), FLAG: pa.bool_()}
    return pa.schema(
        [
            pa.field(c.name, types[c.kind], metadata={"unit": c.unit, "meaning": c.meaning})
            for c in TABLES[table]
        ]
    )
