"""Tables for a reader: numbers rounded to what their errors bear, text escaped."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eisfit.tables import quantity_and_unit

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 4  # significant digits of a number without an error
NOTHING = "–"

_LATEX: Mapping[str, str] = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "Ω": r"$\Omega$", "µ": r"$\mu$", "°": r"$^\circ$", "²": r"$^2$", "³": r"$^3$", "±": r"$\pm$",
    "–": "--", "−": "$-$", "τ": r"$\tau$", "σ": r"$\sigma$", "χ": r"$\chi$", "Δ": r"$\Delta$",
    "[": "{[}", "]": "{]}",
}  # fmt: skip
_MARKDOWN: Mapping[str, str] = {
    **{c: "\\" + c for c in "\\`*_[]|~#$"}, "&": "&amp;", "<": "&lt;", ">": "&gt;",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column to print: its name, and those of its standard error and of an error to round by."""

    name: str
    error: str = ""
    guide: str = ""


def latex_table(table: pd.DataFrame, caption: str = "") -> str:
    """Return a table as LaTeX (package booktabs), a value and its error together.

    With a caption it is a float, without one the tabular alone. Columns without a single entry are
    left out, and that of sentences, which repeat the row.
    """
    table = _shown(table)
    columns, cells = _cells(table, _latex_text, _latex_number)
    kinds = "".join("r" if _is_number_column(table[c.name]) else "l" for c in columns)
    lines = [
        "% needs \\usepackage{booktabs}",
        f"\\begin{{tabular}}{{{kinds}}}",
        "\\toprule",
        " & ".join(_latex_text(heading(column.name)) for column in columns) + r" \\",
        "\\midrule",
        *(" & ".join(row) + r" \\" for row in cells),
        "\\bottomrule",
        "\\end{tabular}",
    ]
    if caption:
        head = ["\\begin{table}", "\\centering", f"\\caption{{{_latex_text(caption)}}}"]
        lines = [lines[0], *head, *lines[1:], "\\end{table}"]
    return "\n".join(lines) + "\n"


def markdown_table(table: pd.DataFrame) -> str:
    """Return a table as Markdown with pipes; what it shows is as in `latex_table`."""
    table = _shown(table)
    columns, cells = _cells(table, _markdown_text, _plain_number)
    rule = ["---:" if _is_number_column(table[c.name]) else "---" for c in columns]
    heads = [_markdown_text(heading(column.name)) for column in columns]
    rows = [heads, rule, *cells]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def heading(name: str) -> str:
    """Return a column's name in words, its unit in brackets: `tau_s` gives "tau (s)"."""
    words, unit = quantity_and_unit(name)
    return f"{words} ({unit})" if unit else words


def paired(names: Sequence[str]) -> list[Column]:
    """Return the columns to print, in order: those of standard errors join their values.

    `tau_stderr_s` belongs to `tau_s`, `stderr_ohm` to the first column in ohm, `stderr` to `value`;
    `lower_ohm` and `upper_ohm` are rounded as the value that has the error in ohm.
    """
    owner = {_owner(name, names): name for name in names if "stderr" in name.split("_")}
    owner.pop("", None)
    errors = set(owner.values())
    return [
        Column(name, owner.get(name, ""), "" if name in owner else _guide(name, names))
        for name in names
        if name not in errors
    ]


def _owner(error: str, names: Sequence[str]) -> str:
    """Return the column that a standard error belongs to, or ""."""
    if error == "stderr":
        return "value" if "value" in names else ""
    parts = error.split("_")
    if parts[0] == "stderr":
        ending = "_" + "_".join(parts[1:])
        others = [n for n in names if n.endswith(ending) and "stderr" not in n]
        return others[0] if others else ""
    at = parts.index("stderr")
    own = "_".join(parts[:at] + parts[at + 1 :])
    return own if own in names else ""


def _guide(name: str, names: Sequence[str]) -> str:
    """Return the error by which an end of an interval is rounded, or ""."""
    for end in ("lower", "upper"):
        if end not in name.split("_"):
            continue
        error = name.replace(end, "stderr", 1)
        if error in names:
            return error
        unit = name.removeprefix(end)  # lower_ev goes by energy_stderr_ev
        like = [other for other in names if unit and other.endswith(f"_stderr{unit}")]
        return like[0] if like and name.startswith(end) else ""
    return ""


def rounded_pair(value: float, error: float) -> tuple[str, str, int]:
    """Return a value and its error to two digits of the error, and the power of ten before them."""
    size = max(abs(value), abs(error))
    power = math.floor(math.log10(size)) if size > 0 else 0
    power = power if not -3 <= power < 5 else 0
    value, error = value / 10.0**power, error / 10.0**power
    if not error > 0:
        return f"{value:.{DIGITS}g}", "0", power
    digits = 1 - math.floor(math.log10(float(f"{error:.1e}")))  # 0.0999 is 0.10, not 0.100
    shown = max(digits, 0)
    return f"{round(value, digits):.{shown}f}", f"{round(error, digits):.{shown}f}", power


def rounded_number(value: float, guide: float = math.nan) -> tuple[str, int]:
    """Return a number to the digits that an error bears, or to four; and the power of ten."""
    if math.isfinite(guide) and 0 < guide < abs(value):
        text, _, power = rounded_pair(value, guide)
        return text, power
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return _four(value), 0
    power = math.floor(math.log10(abs(value)))
    return _four(value / 10.0**power), power


def _four(value: float) -> str:
    text = f"{value:.{DIGITS}g}"
    return text if "e" not in text else f"{value:.0f}"


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table without what nobody reads in print; an empty one as it is."""
    if not len(table):
        return table
    empty = [
        name for name in table.columns
        if name == "sentence" or (table[name].isna() | (table[name] == "")).all()
    ]  # fmt: skip
    return table if len(empty) == table.shape[1] else table.drop(columns=empty)


def _cells(
    table: pd.DataFrame,
    text: Callable[[str], str],
    number: Callable[[str, str, int], str],
) -> tuple[list[Column], list[list[str]]]:
    columns = paired([str(name) for name in table.columns])
    records = table.set_axis([str(name) for name in table.columns], axis=1).to_dict("records")
    return columns, [[_cell(row, column, text, number) for column in columns] for row in records]


def _cell(
    row: Mapping[Any, Any],
    column: Column,
    text: Callable[[str], str],
    number: Callable[[str, str, int], str],
) -> str:
    value = row[column.name]
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return text(NOTHING)
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return number(str(value), "", 0)
    if not isinstance(value, float):
        return text(" ".join(str(value).split())) or text(NOTHING)
    if not math.isfinite(value):
        return text(NOTHING)
    error = _error(row, column.error)
    if math.isfinite(error):
        return number(*rounded_pair(value, error))
    rounded, power = rounded_number(value, _error(row, column.guide))
    return number(rounded, "", power)


def _error(row: Mapping[Any, Any], name: str) -> float:
    error = row.get(name, math.nan) if name else math.nan
    return float(error) if isinstance(error, int | float) else math.nan


def _plain_number(value: str, error: str, power: int) -> str:
    both = f"{value} ± {error}" if error else value
    if power == 0:
        return both
    return f"({both})e{power}" if error else f"{both}e{power}"


def _latex_number(value: str, error: str, power: int) -> str:
    both = rf"{value} \pm {error}" if error else value
    if power == 0:
        return f"${both}$"
    whole = f"({both})" if error else both
    return rf"${whole} \times 10^{{{power}}}$"


def _latex_text(text: str) -> str:
    return "".join(_LATEX.get(c, c) for c in _printable(text))


def _markdown_text(text: str) -> str:
    return "".join(_MARKDOWN.get(c, c) for c in _printable(text))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _is_number_column(column: pd.Series[Any]) -> bool:
    return column.dtype.kind in "iuf"
