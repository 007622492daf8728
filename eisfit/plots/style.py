"""What all plots share: colours, sizes, units, text that is shown as it is, and the output."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from eisfit.spectrum import Spectrum

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

FORMATS = ("png", "pdf", "svg")
COLUMN_IN, PAGE_IN = 8.5 / 2.54, 17.8 / 2.54  # widths of one column and of two of a paper
TEXT_PT, SMALL_PT = 8.0, 7.0
GREY = "#777777"

# Okabe and Ito's colours, which colour-blind readers can tell apart, a pair a sample.
PAIRS = (
    ("#0072B2", "#D55E00"),
    ("#009E73", "#CC79A7"),
    ("#56B4E9", "#E69F00"),
)

SPARE = ("#882255", "#999933", "#332288")  # of Tol's muted colours, once those are used up

_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))
_DATA = "eisfit-data"  # marks the lines that hold measured points


def own_axes(height_in: float, columns: int = 1) -> Axes:
    """Return axes on a figure of their own, one or two columns of a paper wide.

    Raises
    ------
    ValueError
        If `columns` is neither 1 nor 2.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if columns not in (1, 2):
        raise ValueError(f"a figure is 1 or 2 columns of a paper wide, not {columns!r}")
    width_in = COLUMN_IN if columns == 1 else PAGE_IN
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def dress(ax: Axes) -> None:
    """Give axes the common sizes of text and ticks."""
    ax.tick_params(which="both", labelsize=SMALL_PT, direction="in")
    for spine in ax.spines.values():
        spine.set_linewidth(0.8)


def prefixed(value: float) -> tuple[float, str]:
    """Return the power of 1000 and its SI prefix that suit a number."""
    size = abs(value)
    for scale, prefix in _PREFIXES:
        if size >= scale * (1.0 - 1e-9):
            return scale, prefix
    return (1.0, "") if size == 0 or not np.isfinite(size) else _PREFIXES[-1]


def quantity(value: float, unit: str, digits: int = 3) -> str:
    """Return a number with its prefix and unit: `50.7 kΩ`."""
    # Rounding comes first: 999.9 ohm is 1 kohm, not 1e+03 ohm.
    rounded = float(f"{value:.{digits}g}")
    scale, prefix = prefixed(rounded)
    return f"{rounded / scale:.10g} {prefix}{unit}"


def ohm(spectrum: Spectrum) -> str:
    """Return the sign of the unit of a spectrum's impedance."""
    return "Ω cm²" if "area_cm2" in spectrum.metadata else "Ω"


def scale_ticks(axis: Any, scale: float, ticks: int = 5) -> None:
    """Label the ticks of an axis in multiples of `scale`; the data stay in ohm."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=ticks, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / scale:.10g}".replace("-", "−")))


def log_ticks(axis: Any) -> None:
    """Label a logarithmic axis; 1, 2 and 5 of each decade where there are few whole decades."""
    from matplotlib.ticker import FuncFormatter, LogFormatterSciNotation, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    few = high / low < 30.0 and low > 1e-3 and high < 1e5
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
    plainly = FuncFormatter(lambda y, _: f"{y:.10g}")
    axis.set_major_formatter(plainly if few else LogFormatterSciNotation())
    if few:
        axis.set_minor_formatter(NullFormatter())


def plain(text: Text, content: str) -> None:
    """Put content into a text so that it is shown as it is, never read as mathtext or LaTeX."""
    text.set_parse_math(False)
    text.set_usetex(False)
    text.set_text(content)


def wrapped(label: str, width: int, lines: int = 3) -> str:
    """Return a label in at most `lines` lines of `width` characters; its middle goes first."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in label).split())
    shown = clean
    for kept in range(min(len(clean), lines * width), 2, -1):
        if kept < len(clean):
            shown = f"{clean[: (kept - 1) // 2]}…{clean[-(kept // 2) :]}"
        parts = textwrap.wrap(shown, width, break_on_hyphens=False)
        if len(parts) <= lines:
            return "\n".join(parts)
    return shown


def title(ax: Axes, label: str) -> int:
    """Write a sample's name above the axes, in lines that fit their width; return their number."""
    width_pt = ax.get_window_extent().width / ax.figure.dpi * 72.0
    # A little less than the axes' width, because the layout is not known yet.
    characters = max(int(0.9 * width_pt / (0.62 * TEXT_PT)), 12)
    lines = wrapped(label, characters)
    plain(ax.set_title("", fontsize=TEXT_PT, loc="left"), lines)
    return lines.count("\n") + 1


def data_lines(ax: Axes) -> list[Line2D]:
    """Return the lines that hold measured points, in the order they were drawn."""
    return [line for line in ax.get_lines() if line.get_gid() == _DATA]


def mark_data(line: Line2D, spectrum: Spectrum) -> None:
    """Remember that a line holds the points of a spectrum, for colours, limits and legend."""
    line.set_gid(_DATA)
    line.set_label(spectrum.label)


def pair(ax: Axes) -> tuple[str, str]:
    """Return the two colours of the next sample on these axes."""
    return PAIRS[len(data_lines(ax)) % len(PAIRS)]


def legend(ax: Axes, entries: Sequence[tuple[Artist, str]], **options: Any) -> None:
    """Add a legend whose texts are shown as they are, whatever characters they begin with."""
    if not entries:
        return
    handles = [handle for handle, _ in entries]
    settings: Mapping[str, Any] = {
        "fontsize": SMALL_PT, "frameon": True, "framealpha": 0.85, "edgecolor": "none",
        "borderaxespad": 0.3, "borderpad": 0.2, "handletextpad": 0.4, "handlelength": 1.4,
        "labelspacing": 0.25, "columnspacing": 1.0, "loc": "best",
    }  # fmt: skip
    # matplotlib leaves out labels that begin with an underscore, so the texts are put in after.
    made = ax.legend(handles, ["-"] * len(handles), **{**settings, **options})
    for text, (_, content) in zip(made.get_texts(), entries, strict=True):
        plain(text, content)


def name_samples(ax: Axes, entries: Sequence[tuple[Artist, str]], **options: Any) -> int:
    """Name what is drawn: one sample in the title, several in the legend; return title lines."""
    several = data_lines(ax)
    if len(several) == 1:
        legend(ax, entries, **options)
        return title(ax, str(several[0].get_label()))
    title(ax, "")
    named = [(line, wrapped(str(line.get_label()), 30, 2) or "no name") for line in several]
    legend(ax, named, **options)
    return 1


@contextmanager
def lenient() -> Iterator[None]:
    """Leave out the warning that a font lacks letters: they are shown as boxes, the plot stands."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def render(figure: Figure | Axes, format: str = "png", dpi: float = 200.0) -> bytes:
    """Return a figure, or the figure of some axes, as the content of a file.

    Parameters
    ----------
    figure : matplotlib Figure or Axes
    format : "png", "pdf" or "svg"
    dpi : float
        Dots an inch, of png.

    Returns
    -------
    bytes; the same for the same figure, because no date is in them.

    Raises
    ------
    ValueError
        If the format is another.
    """
    import matplotlib

    if format not in FORMATS:
        raise ValueError(f"unknown format {format!r}: choose one of {', '.join(FORMATS)}")
    whole: Any = figure if hasattr(figure, "savefig") else figure.get_figure(root=True)
    undated = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}[format]
    stream = io.BytesIO()
    # Text stays text in pdf and svg; identifiers in svg would be random without a salt.
    settings: Any = {"svg.hashsalt": "eisfit", "pdf.fonttype": 42, "savefig.bbox": None}
    with matplotlib.rc_context(settings), lenient():
        whole.savefig(stream, format=format, dpi=dpi, metadata=undated)
    return stream.getvalue()
