"""Tables to files: CSV, Parquet, XLSX, LaTeX, Markdown."""

from eisfit.export.files import FORMATS, csv_text, defused, write_table, write_workbook
from eisfit.export.typeset import heading, latex_table, markdown_table

__all__ = [
    "FORMATS",
    "csv_text",
    "defused",
    "heading",
    "latex_table",
    "markdown_table",
    "write_table",
    "write_workbook",
]
