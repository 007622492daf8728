"""What a user would do with the files, and how it compares with what was published."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eisfit.demo.cells import CELLS
from eisfit.demo.given import MARK

if TYPE_CHECKING:
    import pandas as pd

    from eisfit.analysis import Analysis

COLUMNS = (
    "sample", "role", "published_ohm", "resistance_ohm", "stderr_ohm", "difference_percent",
    "status",
)  # fmt: skip


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
        marked = spectrum.with_metadata(notes=(*spectrum.notes, MARK), synthetic=True)
        yield analyze(marked, cell.model)


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
    return frame(rows, COLUMNS)


def published_rows(resistances: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a comparison's resistances that something is published for.

    Parameters
    ----------
    resistances : DataFrame
        From `eisfit.compare` of a manifest of `make_series`.

    Returns
    -------
    DataFrame with the columns of `comparison`; the sample's name has the time or state in it.
    """
    from eisfit.tables import frame

    rows = []
    for row in resistances[resistances["reference_ohm"].notna()].to_dict("records"):
        place = row["state"] or f"{row['time_h']:g} h"
        entry = {key: row[key] for key in COLUMNS if key in row}
        entry |= {"sample": f"{row['sample']}, {place}", "published_ohm": row["reference_ohm"]}
        rows.append(entry)
    return frame(rows, COLUMNS)
