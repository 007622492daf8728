"""The plot of relative residuals, of the circuit and of the Kramers-Kronig test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eisfit.plots import style

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from eisfit.fitting.result import FitResult
    from eisfit.spectrum import FloatArray
    from eisfit.validity import KKResult

GUIDE_PERCENT = 0.5  # what a good potentiostat and a good cell reach
_HEADROOM = 0.42  # of the height between zero and the largest residual, for the key
_MASKED, _USED = "eisfit-masked", "eisfit-used"


def residuals(
    kk: KKResult | None = None, fit: FitResult | None = None, ax: Axes | None = None
) -> Axes:
    """Draw (Z_fit - Z) / |Z| in percent over frequency, with a guide at 0.5 %.

    Parameters
    ----------
    kk : KKResult, optional
        Of the Kramers-Kronig test: hollow.
    fit : FitResult, optional
        Of the circuit: filled. At least one of the two must be given.
    ax : matplotlib Axes, optional
        Where to draw; without it a figure of its own is made, one column of a paper wide.

    Returns
    -------
    The axes. Masked points are grey; they and the outliers of the Kramers-Kronig test do not set
    the limits. What lies beyond has an arrow at the edge.

    Raises
    ------
    ValueError
        If there is neither `kk` nor `fit`.
    """
    if kk is None and fit is None:
        raise ValueError("nothing to draw: give kk, fit or both")
    if ax is None:
        ax = style.own_axes(2.3)
    ax.set_xscale("log")
    ax.axhline(0.0, color="black", lw=0.6)
    for guide in (-GUIDE_PERCENT, GUIDE_PERCENT):
        ax.axhline(guide, color=style.GREY, lw=0.7, ls="--")
    entries: list[tuple[Artist, str]] = []
    largest = GUIDE_PERCENT
    outliers = _outliers(kk)
    for result, name, filled in ((kk, "KK", False), (fit, "fit", True)):
        if result is not None:
            drawn, size = _draw(ax, result, name, filled, outliers)
            entries += drawn
            largest = max(largest, size)
    ax.set_ylim(-1.12 * largest, (1.12 + _HEADROOM) * largest)
    _leave_out(ax, 1.12 * largest)
    ax.set_xlabel("Frequency (Hz)", fontsize=style.TEXT_PT)
    ax.set_ylabel(r"$(Z_\mathrm{fit} - Z)\,/\,|Z|$  (%)", fontsize=style.TEXT_PT)
    style.dress(ax)
    first = (kk or fit).spectrum  # type: ignore[union-attr]
    style.title(ax, first.label)
    style.legend(ax, entries, ncols=2, loc="upper center", frameon=False)
    return ax


def _outliers(kk: KKResult | None) -> FloatArray:
    """Return the frequencies in Hz of the outliers of a Kramers-Kronig test."""
    if kk is None:
        return np.empty(0)
    marked = np.array([reason.startswith("outlier") for reason in kk.reasons], dtype=bool)
    return kk.spectrum.frequency[marked] if marked.any() else np.empty(0)


def _draw(
    ax: Axes, result: KKResult | FitResult, name: str, filled: bool, outliers: FloatArray
) -> tuple[list[tuple[Artist, str]], float]:
    """Draw real and imaginary residuals; return the key and the largest of no outlier in %."""
    spectrum = result.spectrum
    f, used = spectrum.frequency, ~spectrum.mask
    percent = 100.0 * (result.impedance - spectrum.impedance) / spectrum.modulus
    entries: list[tuple[Artist, str]] = []
    parts = ((percent.real, "o", "real"), (percent.imag, "s", "imaginary"))
    for (values, marker, part), strong, pale in zip(
        parts, style.PAIRS[0], style.PAIRS[2], strict=True
    ):
        colour = strong if filled else pale
        face = colour if filled else "none"
        (line,) = ax.plot(
            f[used], values[used], marker + "-", ms=2.6, lw=0.5, color=colour, mfc=face, mew=0.7
        )
        line.set_gid(_USED)
        (masked,) = ax.plot(
            f[~used], values[~used], marker, ms=2.6, mec=style.GREY, mfc="none", mew=0.5
        )
        masked.set_gid(_MASKED)
        entries.append((line, f"{name}, {part}"))
    ordinary = percent[used & ~np.isin(f, outliers)]
    return entries, float(np.abs([ordinary.real, ordinary.imag]).max(initial=0.0))


def _leave_out(ax: Axes, limit: float) -> None:
    """Draw nothing beyond the limit, where the key is, but an arrow at the edge for points used."""
    for line in [*ax.get_lines()]:
        y = np.asarray(line.get_ydata(), dtype=float)
        beyond = np.abs(y) > limit
        if line.get_gid() not in (_USED, _MASKED) or not beyond.any():
            continue
        line.set_ydata(np.where(beyond, np.nan, y))
        for marker, here in (("^", y > limit), ("v", y < -limit)):
            if line.get_gid() == _USED and here.any():
                x, colour = np.asarray(line.get_xdata())[here], line.get_color()
                edge = np.full(len(x), np.sign(y[here][0]) * 0.96 * limit)
                ax.plot(x, edge, marker, ms=4, color=colour, ls="none")
