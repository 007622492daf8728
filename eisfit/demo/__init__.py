"""Synthetic spectra made from published resistances, and what a user would do with them.

The resistances are those that doi:10.1038/s41467-025-67985-x publishes. Whatever the article leaves
open is our assumption, and is written beside the data.
"""

from eisfit.demo.cells import CELLS
from eisfit.demo.files import assumptions, make_files, make_series, series_files
from eisfit.demo.findings import COLUMNS, analyses, comparison, published_rows, run
from eisfit.demo.given import MARK, NOISE, REFERENCE, Cell, Given
from eisfit.demo.studies import STUDIES, Study

__all__ = [
    "CELLS",
    "COLUMNS",
    "MARK",
    "NOISE",
    "REFERENCE",
    "STUDIES",
    "Cell",
    "Given",
    "Study",
    "analyses",
    "assumptions",
    "comparison",
    "make_files",
    "make_series",
    "published_rows",
    "run",
    "series_files",
]
