"""From results to the file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eisfit.io.atomic import write_text_atomically
from eisfit.report.content import content_of
from eisfit.report.page import render

if TYPE_CHECKING:
    from eisfit.analysis import Analysis
    from eisfit.comparison import Comparison


def write_report(
    what: Comparison | Analysis | Sequence[Analysis],
    path: str | os.PathLike[str],
    *,
    title: str = "",
    force: bool = False,
) -> Path:
    """Write the report of a comparison, or of analysed spectra, as one HTML file.

    Parameters
    ----------
    what : Comparison, Analysis or sequence of Analysis
    path : path
        Of the file; its folder must exist.
    title : str
        Of the page; made from the samples' names unless given.
    force : bool
        Replace a file of this name.

    Returns
    -------
    Path
        Of the file. The same results give the same file: no date is in it.

    Raises
    ------
    OutputError
        If there is nothing to report, the file exists and `force` is false, or the system refuses
        to write.
    """
    return write_text_atomically(path, report_html(what, title=title), force)


def report_html(what: Comparison | Analysis | Sequence[Analysis], *, title: str = "") -> str:
    """Return what `write_report` writes.

    Raises
    ------
    OutputError
        If there is nothing to report.
    """
    return render(content_of(what, title))
