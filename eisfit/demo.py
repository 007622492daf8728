"""Synthetic spectra made from published resistances, and what a user would do with them.

The resistances are those in the text of doi:10.1038/s41467-025-67985-x. Whatever the article leaves
open is our assumption, and is written beside the data.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eisfit.circuit.models import load_model
from eisfit.errors import OutputError
from eisfit.frozen import FrozenDict
from eisfit.spectrum import Spectrum

if TYPE_CHECKING:
    import pandas as pd

    from eisfit.analysis import Analysis

REFERENCE = "doi:10.1038/s41467-025-67985-x"
F_MAX_HZ, F_MIN_HZ, POINTS = 7e6, 1.0, 69  # 10 points a decade
NOISE = 1e-3
MARK = "SYNTHETIC DATA, not measured"

_ALPHA = "at least 0.9: an arc that is hardly depressed"
_TAU_MIXTURE = "so that the DRT peak lies between 1e-5 and 1e-4 s as in the article"
_TAU_HALF_CELL = "so that the DRT peak lies between 1e-6 and 1e-4 s as in the article"
_INDUCTANCE = "a short cable"
_TAIL = "a diffusion tail of 0.7 ohm at 1 Hz; the article gives no number"
_MIXTURE = "powder mixture, resistance as published"
_CELL = "half-cell after one charge and discharge and 12 h rest, resistance as published"


@dataclass(frozen=True)
class Given:
    """One number that a spectrum is made from: `R1` in ohm, `tau1` in s, `alpha1`, and why."""

    name: str
    value: float
    unit: str
    published: bool
    why: str


@dataclass(frozen=True)
class Cell:
    """One synthetic spectrum and its truth.

    Attributes
    ----------
    label : str
        Name of the sample in every table and plot; says that it is synthetic.
    file_name : str
    model : str
        The card that the demo fits.
    circuit : str
        What the spectrum is made from; where no resistance is published for a role of the card, its
        element is missing here.
    given : tuple of Given
    published : mapping of role (or sum) in the table of resistances to ohm
        What the analysis has to find again.
    seed : int
        Of the noise.
    """

    label: str
    file_name: str
    model: str
    circuit: str
    given: tuple[Given, ...]
    published: Mapping[str, float]
    seed: int

    @property
    def values(self) -> dict[str, float]:
        """Parameters of `circuit`; an arc's Q is tau^alpha / R."""
        known = {item.name: item.value for item in self.given}
        values = {name: known[name] for name in known if not name.startswith(("tau", "alpha"))}
        for name in known:
            if name.startswith("tau"):
                arc = name.removeprefix("tau")
                alpha = known[f"alpha{arc}"]
                values[f"CPE{arc}_0"] = known[name] ** alpha / known[f"R{arc}"]
                values[f"CPE{arc}_1"] = alpha
        return values

    def spectrum(self, seed: int | None = None) -> Spectrum:
        """Return the spectrum with its noise: 0.1 % of |Z|, independent, on either part."""
        frequency = np.geomspace(F_MAX_HZ, F_MIN_HZ, POINTS)
        exact = load_model(self.circuit).impedance(frequency, self.values)
        rng = np.random.default_rng(self.seed if seed is None else seed)
        noise = rng.standard_normal((2, POINTS))
        impedance = exact + NOISE * np.abs(exact) * (noise[0] + 1j * noise[1])
        return Spectrum(frequency, impedance, self.label, {"technique": "PEIS", "electrode": "Ewe"})


def _arc(
    number: int, ohm: Given, tau: float, why_tau: str, alpha: float = 0.95
) -> tuple[Given, ...]:
    return (
        ohm,
        Given(f"tau{number}", tau, "s", False, why_tau),
        Given(f"alpha{number}", alpha, "", False, _ALPHA),
    )


def _tail() -> tuple[Given, ...]:
    return (
        Given("CPE3_0", 0.5, "S s^alpha", False, _TAIL),
        Given("CPE3_1", 0.6, "", False, "near the 0.5 of diffusion"),
    )


_SERIES = Given("R0", 200.0, "ohm", False, "bulk of the electrolyte and contacts")

CELLS = (
    Cell(
        label="Si+LPSC mixture (synthetic)",
        file_name="mixture_Si_LPSC_synthetic.txt",
        model="si_lpsc_mixture",
        circuit="R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)",
        given=(
            _SERIES,
            *_arc(1, Given("R1", 5.07e4, "ohm", True, f"grain boundary: {_MIXTURE}"), 1.1e-5,
                  _TAU_MIXTURE),
            *_arc(2, Given("R2", 1.23e4, "ohm", True, f"interfacial: {_MIXTURE}"), 9e-5,
                  _TAU_MIXTURE),
            *_arc(3, Given("R3", 5.55e5, "ohm", True, f"low-frequency: {_MIXTURE}"), 0.05,
                  "at most 0.1 s, so that the arc closes within the window", 0.9),
        ),
        published=FrozenDict(
            {"grain_boundary": 5.07e4, "interfacial": 1.23e4, "low_frequency": 5.55e5}
        ),
        seed=1,
    ),
    Cell(
        label="Si@AlCl3+LPSC mixture (synthetic)",
        file_name="mixture_Si-AlCl3_LPSC_synthetic.txt",
        model="si_lpsc_mixture",
        circuit="R0-p(R1,CPE1)-p(R2,CPE2)",
        given=(
            _SERIES,
            *_arc(1, Given("R1", 4938.0, "ohm", True, f"grain boundary: {_MIXTURE}"), 1.1e-5,
                  _TAU_MIXTURE),
            *_arc(2, Given("R2", 3222.0, "ohm", True, f"interfacial: {_MIXTURE}"), 9e-5,
                  _TAU_MIXTURE + "; no low-frequency resistance is published, and none is here"),
        ),
        published=FrozenDict({"grain_boundary": 4938.0, "interfacial": 3222.0}),
        seed=2,
    ),
    Cell(
        label="Li-In|LPSC|Si (synthetic)",
        file_name="half-cell_Si_synthetic.txt",
        model="li_in_lpsc_si",
        circuit="L0-R0-p(R1,CPE1)-p(R2,CPE2)-CPE3",
        given=(
            Given("L0", 5e-8, "H", False, _INDUCTANCE),
            Given("R0", 15.0, "ohm", True, f"bulk: {_CELL}"),
            *_arc(1, Given("R1", 147.0, "ohm", True, f"interfacial: {_CELL}"), 8e-6,
                  _TAU_HALF_CELL),
            *_arc(2, Given("R2", 27.0, "ohm", False,
                           "taken as one arc: what the published parts (15 and 147 ohm) leave "
                           "of the published total R_ct of 189 ohm"), 1e-3,
                  "slower than the interface, well inside the window"),
            *_tail(),
        ),
        published=FrozenDict({"bulk": 15.0, "interfacial": 147.0, "R_ct_total": 189.0}),
        seed=3,
    ),
    Cell(
        label="Li-In|LPSC|Si@AlCl3 (synthetic)",
        file_name="half-cell_Si-AlCl3_synthetic.txt",
        model="li_in_lpsc_si",
        circuit="L0-R0-p(R1,CPE1)-CPE3",
        given=(
            Given("L0", 5e-8, "H", False, _INDUCTANCE),
            Given("R0", 5.0, "ohm", True, f"bulk: {_CELL}"),
            *_arc(1, Given("R1", 22.0, "ohm", False,
                           "taken as one arc: what the published bulk of 5 ohm leaves of the "
                           "published total R_ct of 27 ohm; the article does not divide it"), 2e-5,
                  _TAU_HALF_CELL),
            *_tail(),
        ),
        published=FrozenDict({"bulk": 5.0, "R_ct_total": 27.0}),
        seed=4,
    ),
)  # fmt: skip


def make_files(folder: str | os.PathLike[str], force: bool = False) -> list[Path]:
    """Write the spectra of `CELLS` as EC-Lab text, and beside them what is published or assumed.

    Parameters
    ----------
    folder : path
        Made where it is missing.
    force : bool
        Replace files of the same names.

    Returns
    -------
    list of Path, the four files of data in the order of `CELLS`; `assumptions.txt` and
    `assumptions.json` lie beside them.

    Raises
    ------
    OutputError
        If a file exists and `force` is false, or the folder cannot be written to.
    """
    from eisfit.io.atomic import write_text_atomically
    from eisfit.io.write import write_eclab

    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {target}: {error.strerror or error}") from error
    paths = [
        write_eclab(cell.spectrum(), target / cell.file_name, _comments(cell), force)
        for cell in CELLS
    ]
    write_text_atomically(target / "assumptions.txt", assumptions(), force)
    write_text_atomically(target / "assumptions.json", _as_json(), force)
    return paths


def analyses(folder: str | os.PathLike[str]) -> Iterator[Analysis]:
    """Read the files of `make_files` and analyse each with its model card, no starting values.

    Yields
    ------
    Analysis, one after the other as they are done, in the order of `CELLS`; every sample's name
    says that it is synthetic.

    Raises
    ------
    ReadError
        If a file is missing or damaged.
    """
    from eisfit.analysis import analyze
    from eisfit.api import read

    for cell in CELLS:
        spectrum = read(Path(folder) / cell.file_name)[0].with_label(cell.label)
        notes = (*spectrum.metadata.get("notes", ()), MARK)
        yield analyze(spectrum.with_metadata(notes=notes, synthetic=True), cell.model)


def run(folder: str | os.PathLike[str]) -> list[Analysis]:
    """Return all of `analyses` at once."""
    return list(analyses(folder))


def comparison(found: Iterable[Analysis]) -> pd.DataFrame:
    """Return what was found beside what is published, a row a published resistance.

    Parameters
    ----------
    found : iterable of Analysis
        From `run` or `analyses`.

    Returns
    -------
    DataFrame with the columns sample, role, published_ohm, resistance_ohm, stderr_ohm,
    difference_percent, status.
    """
    from eisfit.tables import frame

    columns = (
        "sample", "role", "published_ohm", "resistance_ohm", "stderr_ohm", "difference_percent",
        "status",
    )  # fmt: skip
    by_label = {cell.label: cell for cell in CELLS}
    rows = []
    for analysis in found:
        by_role = {row["role"]: row for row in analysis.resistances().to_dict("records")}
        for role, truth in by_label[analysis.spectrum.label].published.items():
            row: Mapping[Any, Any] = by_role[role]
            shared = {key: row[key] for key in ("sample", "role", "resistance_ohm", "stderr_ohm")}
            difference = 100.0 * (row["resistance_ohm"] / truth - 1.0)
            rows.append(
                {**shared, "published_ohm": truth, "difference_percent": difference,
                 "status": row["status"]}
            )  # fmt: skip
    return frame(rows, columns)


def assumptions() -> str:
    """Return, in words, which numbers of the demo are published and which are assumed."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f"{MARK}."
    yield f"Spectra computed by eisfit from resistances in the text of {REFERENCE}."
    yield (
        f"{POINTS} points from {F_MAX_HZ:g} to {F_MIN_HZ:g} Hz; noise {100 * NOISE:g} % of |Z|, "
        "Gaussian, independent, on the real and on the imaginary part."
    )
    yield "An arc is R parallel to a CPE with Q = tau^alpha / R, which is Z = R / (1 + (jw tau)^a)."
    for cell in CELLS:
        yield ""
        yield f"{cell.label}: {cell.file_name}"
        yield f"made from {cell.circuit}, seed {cell.seed}; fitted with the card {cell.model}"
        yield "published: " + ", ".join(f"{k} {v:g} ohm" for k, v in cell.published.items())
        for item in cell.given:
            kind = "published" if item.published else "assumed"
            number = f"{item.value:g} {item.unit}".strip()
            yield f"  {item.name:7} {number:20} {kind:9}  {item.why}"


def _as_json() -> str:
    cells = [
        {**vars(cell), "given": [asdict(item) for item in cell.given],
         "published_ohm": dict(cell.published)}
        for cell in CELLS
    ]  # fmt: skip
    for entry in cells:
        del entry["published"]
    document = {
        "synthetic": True, "reference": REFERENCE, "noise_relative": NOISE,
        "frequency_hz": [F_MAX_HZ, F_MIN_HZ], "points": POINTS, "cells": cells,
    }  # fmt: skip
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _comments(cell: Cell) -> list[str]:
    return [
        f"{MARK}: {cell.label}",
        f"Computed by eisfit from resistances in the text of {REFERENCE}",
        f"Circuit {cell.circuit}, seed {cell.seed}, noise {100 * NOISE:g} % of |Z|",
        "Published and assumed numbers: assumptions.txt beside this file",
    ]
