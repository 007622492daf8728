"""Tables to files: CSV, Parquet and XLSX with every digit; LaTeX and Markdown rounded to sense.

Text in a table may come from a file that somebody else made. A spreadsheet must not take it for a
formula, nor LaTeX or a browser for a command.
"""

from __future__ import annotations

import io
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eisfit.errors import OutputError
from eisfit.export.typeset import latex_table, markdown_table
from eisfit.io.atomic import write_bytes_atomically, write_text_atomically
from eisfit.io.formula import is_formula

if TYPE_CHECKING:
    import pandas as pd

FORMATS: Mapping[str, str] = {
    "csv": ".csv",
    "parquet": ".parquet",
    "xlsx": ".xlsx",
    "latex": ".tex",
    "markdown": ".md",
}
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_MOST_ROWS = 1_048_575  # of a sheet, below the headings
_LONGEST = 32_767  # characters in a cell


def write_table(
    table: pd.DataFrame,
    path: str | os.PathLike[str],
    format: str = "",
    *,
    force: bool = False,
    caption: str = "",
) -> Path:
    """Write a table, whole or not at all, and return its path.

    Parameters
    ----------
    table : DataFrame
        With units in the names of its columns, as all tables here; the index is not written.
    path : path
    format : "csv", "parquet", "xlsx", "latex" or "markdown"
        Default by the suffix: .csv, .parquet, .xlsx, .tex, .md.
    force : bool
        Replace a file of this name.
    caption : str
        Of a LaTeX table; the others have none.

    Notes
    -----
    CSV: a text that a spreadsheet would take for a formula gets an apostrophe in front; NaN is an
    empty cell. XLSX: text is stored as text, whatever it begins with. LaTeX (package booktabs) and
    Markdown: a value and its standard error stand together and are rounded to two digits of the
    error.

    Raises
    ------
    OutputError
        If the format is unknown, a package is missing, the file exists and `force` is false, or it
        cannot be written.
    """
    chosen = format or _by_suffix(path)
    if chosen not in FORMATS:
        raise OutputError(f"unknown format {chosen!r} of a table: choose {', '.join(FORMATS)}")
    if not table.columns.is_unique:
        twice = sorted({str(c) for c in table.columns[table.columns.duplicated()]})
        raise OutputError(f"cannot write {path}: columns {', '.join(twice)} are there twice")
    if chosen == "xlsx":
        return write_workbook({"table": table}, path, force=force)
    if chosen == "parquet":
        return write_bytes_atomically(path, _parquet(table, path), force)
    if chosen == "csv":
        text = csv_text(table)
    else:
        text = latex_table(table, caption) if chosen == "latex" else markdown_table(table)
    return write_text_atomically(path, text, force)


def write_workbook(
    tables: Mapping[str, pd.DataFrame], path: str | os.PathLike[str], *, force: bool = False
) -> Path:
    """Write several tables as the sheets of one XLSX file, named by the mapping's keys.

    Raises
    ------
    OutputError
        If there is no table or one is too long for a sheet, openpyxl is missing, the file exists
        and `force` is false, or it cannot be written.
    """
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise OutputError(
            f"cannot write {path}: a spreadsheet needs openpyxl: pip install openpyxl, or write CSV"
        ) from error
    if not tables:
        raise OutputError(f"cannot write {path}: there is no table")
    book = Workbook()
    book.remove(book.active)
    for name, table in tables.items():
        if len(table) > _MOST_ROWS:
            raise OutputError(
                f"cannot write {path}: table {name!r} has {len(table)} rows, a sheet takes "
                f"{_MOST_ROWS}; write CSV or Parquet"
            )
        _fill(book.create_sheet(_sheet_name(name, book.sheetnames)), table)
    stream = io.BytesIO()
    book.save(stream)
    return write_bytes_atomically(path, stream.getvalue(), force)


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as CSV, every digit kept, formulas defused."""
    safe = table.map(defused)
    safe.columns = [defused(str(column)) for column in table.columns]
    return str(safe.to_csv(index=False, lineterminator="\n"))


def _by_suffix(path: str | os.PathLike[str]) -> str:
    suffix = Path(path).suffix.lower()
    for name, own in FORMATS.items():
        if suffix == own:
            return name
    raise OutputError(
        f"cannot tell the format of a table from {Path(path).name!r}: give format, or one of "
        f"the suffixes {', '.join(FORMATS.values())}"
    )


def defused(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: text that begins like one is marked.

    Numbers stay as they are, also those that are text. A lone carriage return would not be quoted,
    and end the row for some readers: it becomes a line feed, which is quoted.
    """
    if not isinstance(cell, str):
        return cell
    cell = cell.replace("\r\n", "\n").replace("\r", "\n")
    harmless = _NUMBER.fullmatch(cell) or not is_formula(cell)
    return cell if harmless else "'" + cell


def _parquet(table: pd.DataFrame, path: str | os.PathLike[str]) -> bytes:
    try:
        import pyarrow  # noqa: F401  # pandas' own message names other packages too
    except ImportError as error:
        raise OutputError(
            f"cannot write {path}: Parquet needs pyarrow: pip install pyarrow, or write CSV"
        ) from error
    whole = table.copy()
    whole.columns = [str(column) for column in table.columns]
    for name in whole.columns:
        if whole[name].dtype == object:
            whole[name] = _one_type(whole[name])
    stream = io.BytesIO()
    whole.to_parquet(stream, engine="pyarrow", index=False)
    return stream.getvalue()


def _one_type(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of one type, as Parquet asks: numbers, truth values, or text."""
    known = column.dropna()
    if all(isinstance(cell, bool) for cell in known):
        return column.astype("boolean")
    if all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in known):
        return column.astype(float)
    return column.map(lambda cell: None if _is_missing(cell) else str(cell))


def _fill(sheet: Any, table: pd.DataFrame) -> None:
    """Fill a sheet: headings in bold that stay in view, text as text, numbers in full."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    def cell(value: Any, bold: bool = False) -> Any:
        value = _sheet_value(value)
        if isinstance(value, str):
            made = WriteOnlyCell(sheet, value="")
            made.value = _clean(value)
            made.data_type = "s"  # otherwise text that begins with = is a formula
        else:
            made = WriteOnlyCell(sheet, value=value)
        if bold:
            made.font = Font(bold=True)
        return made

    sheet.append([cell(str(column), bold=True) for column in table.columns])
    for row in table.itertuples(index=False, name=None):
        sheet.append([cell(value) for value in row])
    sheet.freeze_panes = "A2"
    for number, column in enumerate(table.columns, start=1):
        width = min(max(len(str(column)) + 2, 10), 40)
        sheet.column_dimensions[get_column_letter(number)].width = width


def _sheet_value(value: Any) -> Any:
    """Return what a sheet can hold: None for NaN, text for what is neither number nor truth."""
    if hasattr(value, "item"):
        value = value.item()
    if _is_missing(value):
        return None
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)


def _clean(text: str) -> str:
    """Return text without the characters that XML forbids, cut to what a cell holds."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    return str(ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))[:_LONGEST]


def _sheet_name(name: str, taken: list[str]) -> str:
    """Return a name that a sheet may have: 31 characters, none of []:*?/\\, used once."""
    safe = "".join("_" if c in "[]:*?/\\'" or ord(c) < 32 else c for c in str(name)).strip()
    safe = safe[:31] or "table"
    number = 2
    while safe.lower() in [other.lower() for other in taken]:
        safe = f"{safe[:27]}_{number}"
        number += 1
    return safe


def _is_missing(value: Any) -> bool:
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, float) and math.isnan(value)
