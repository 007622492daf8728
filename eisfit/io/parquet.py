"""Parquet tables, by pyarrow (extra `parquet`): columns as in any other table."""

from __future__ import annotations

from typing import Any

import numpy as np

from eisfit.errors import ReadError
from eisfit.io.columns import interpret
from eisfit.io.measurement import Measurement, measured_table
from eisfit.io.request import Request
from eisfit.io.source import Source
from eisfit.spectrum import FloatArray

FORMAT = "Parquet table"
_MOST_NUMBERS = 20_000_000


def read_parquet(source: Source, request: Request) -> list[Measurement]:
    """Read a Parquet table; only the columns with names that matter are loaded.

    Raises
    ------
    NoImpedanceError
        If its columns are not those of impedance.
    ReadError
        If pyarrow is missing, or the file is damaged or too long.
    """
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise ReadError(
            f"{source.name} is a Parquet table, which needs pyarrow: pip install "
            "'eisfit-toolkit[parquet]', or export the table as text (.csv)"
        ) from error
    try:
        with source.stream() as stream:
            table = _columns(ParquetFile(stream), request, source)
    except ReadError:
        raise
    except Exception as error:  # a foreign parser on a foreign file
        raise ReadError(
            f"{source.name} is a cut off or damaged Parquet table "
            f"({' '.join(str(error).split())[:120]}): write it again"
        ) from error
    return [measured_table(table, request, source.name, format=FORMAT)]


def _columns(file: Any, request: Request, source: Source) -> dict[str, FloatArray]:
    asked = bool(request.order or request.renamed)
    names = [name for name in file.schema_arrow.names if asked or interpret(name)]
    if file.metadata.num_rows * max(len(names), 1) > _MOST_NUMBERS:
        raise ReadError(
            f"{source.name} has {file.metadata.num_rows} rows, more than eisfit reads of a Parquet "
            "table: split it"
        )
    read = file.read(columns=names)
    table: dict[str, FloatArray] = {}
    for name in names:
        try:
            table[name] = np.asarray(read.column(name).to_numpy(), dtype=np.float64)
        except (TypeError, ValueError):
            if asked:
                table[name] = np.full(file.metadata.num_rows, np.nan)
    return table
