"""Tables as JSON: numbers by column, or a list of rows, as pandas and scripts write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

from eisfit.errors import ReadError
from eisfit.io.cellnumbers import numbers_of
from eisfit.io.columns import interpret
from eisfit.io.layout import is_number
from eisfit.io.measurement import Choice, Measurement, measured
from eisfit.io.request import Request
from eisfit.io.source import Source

FORMAT = "JSON table"
_MOST_BYTES = 1 << 26
_MOST_CHARACTERS = 1 << 25
_MOST_OBJECTS = 1_000_000
_MOST_ENTRIES = 1_500_000
_MOST_COLUMNS = 1_000
_HEAD_ROWS = 1_000


def load_json(source: Source) -> Any:
    """Return the document of a JSON file of any encoding.

    Raises
    ------
    ReadError
        If it is too long, cut off, damaged, or nested beyond reason.
    """
    text = source.read_bytes(_MOST_BYTES).decode(source.encoding, errors="replace")
    check_entries(text, source.name)
    try:
        return json.loads(text.strip("\ufeff\0 \t\r\n"))
    except (ValueError, RecursionError) as error:
        raise ReadError(
            f"{source.name} is cut off or damaged JSON ({' '.join(str(error).split())[:120]}): "
            "write it again"
        ) from error


def check_entries(text: str, source_name: str) -> None:
    """Refuse JSON that would take far more memory than its text.

    Raises
    ------
    ReadError
        If it has too many characters, objects, lists or entries.
    """
    if len(text) > _MOST_CHARACTERS:
        raise ReadError(
            f"{source_name} is JSON of more than {_MOST_CHARACTERS >> 20} million characters: "
            "split it, or export the numbers as text (.csv)"
        )
    if text.count("{") + text.count("[") > _MOST_OBJECTS or text.count(",") > _MOST_ENTRIES:
        raise ReadError(
            f"{source_name} is JSON with more than {_MOST_ENTRIES} entries: split it, or export "
            "the numbers as text (.csv)"
        )


def read_json_table(source: Source, request: Request) -> list[Measurement]:
    """Read a table as JSON.

    Raises
    ------
    NoImpedanceError
        If its columns are not those of impedance.
    ReadError
        If the JSON is damaged, or is no table.
    """
    document = load_json(source)
    table = _table(document)
    asked = request.order or request.renamed
    if not table or not (asked or any(interpret(name) for name in table)):
        raise ReadError(
            f"{source.name} holds no table of impedance: expected JSON with a list of numbers for "
            "each column, or a list of rows, with names such as freq/Hz, Re(Z)/Ohm, -Im(Z)/Ohm"
        )
    if len({len(values) for values in table.values()}) > 1:
        lengths = ", ".join(f"{name}: {len(values)}" for name, values in table.items())
        raise ReadError(f"{source.name}: the columns have unequal lengths ({lengths[:200]})")
    choice = Choice.among(list(table), request, source.name)
    columns = list(table.values())
    quantities = [column.quantity for _, column in choice.used]
    cells = [columns[index] for index in choice.indices]
    values, said = numbers_of(cells, quantities, source.name, request.decimal)
    notes = (said,) if said else ()
    return [measured(choice, values, source.name, format=FORMAT, notes=notes)]


def _table(document: Any) -> dict[str, list[Any]]:
    if isinstance(document, list):
        rows = [row for row in document if isinstance(row, dict)]
        # In a table the rows have the same names; what names come later is no column of it.
        first = (name for row in rows[:_HEAD_ROWS] for name in row)
        names = list(islice(dict.fromkeys(first), _MOST_COLUMNS))
        if len(names) * len(rows) > 2 * _MOST_ENTRIES:
            return {}
        columns: Mapping[str, Any] = {name: [row.get(name) for row in rows] for name in names}
    elif isinstance(document, dict) and isinstance(document.get("columns"), list):
        lists = [row for row in document.get("data") or [] if isinstance(row, list)]
        columns = {
            str(name): [row[at] if at < len(row) else None for row in lists]
            for at, name in enumerate(document["columns"][:_MOST_COLUMNS])
        }
    elif isinstance(document, dict):
        columns = document
    else:
        return {}
    found = {}
    for name, values in islice(columns.items(), _MOST_COLUMNS):
        if isinstance(values, dict):
            values = list(values.values())
        if isinstance(values, list) and any(_may_be_number(value) for value in values):
            found[str(name)] = values
    return found


def _may_be_number(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and is_number(value))
