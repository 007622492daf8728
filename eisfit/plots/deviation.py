"""The plot of relative residuals, of the circuit and of the Kramers-Kronig test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eisfit.plots import style

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from eisfit.fitting.result import FitResult
    from eisfit.spectrum import ComplexArray, Spectrum
    from eisfit.validity import KKResult

GUIDE_PERCENT = 0.5  # what a good potentiostat and a good cell reach
_HEADROOM = 0.42  # of the height between zero and the largest residual, for the key
_MASKED = "eisfit-masked"


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
    The axes. Masked points are grey and do not set the limits.

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
    for result, name, filled in ((kk, "KK", False), (fit, "fit", True)):
        if result is not None:
            drawn, size = _draw(ax, result.spectrum, result.impedance, name, filled)
            entries += drawn
            largest = max(largest, size)
    ax.set_ylim(-1.12 * largest, (1.12 + _HEADROOM) * largest)
    for line in ax.get_lines():
        if line.get_gid() == _MASKED:
            y = np.asarray(line.get_ydata(), dtype=float)
            # Those above would lie beneath the key
            line.set_ydata(np.where(y > 1.12 * largest, np.nan, y))
    ax.set_xlabel("Frequency (Hz)", fontsize=style.TEXT_PT)
    ax.set_ylabel(r"$(Z_\mathrm{fit} - Z)\,/\,|Z|$  (%)", fontsize=style.TEXT_PT)
    style.dress(ax)
    first = (kk or fit).spectrum  # type: ignore[union-attr]
    style.title(ax, first.label)
    style.legend(ax, entries, ncols=2, loc="upper center", frameon=False)
    return ax


def _draw(
    ax: Axes, spectrum: Spectrum, curve: ComplexArray, name: str, filled: bool
) -> tuple[list[tuple[Artist, str]], float]:
    """Draw real and imaginary residuals; return the key and the largest in percent."""
    used = ~spectrum.mask
    percent = 100.0 * (curve - spectrum.impedance) / spectrum.modulus
    f = spectrum.frequency
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
        (masked,) = ax.plot(
            f[~used], values[~used], marker, ms=2.6, mec=style.GREY, mfc="none", mew=0.5
        )
        masked.set_gid(_MASKED)
        entries.append((line, f"{name}, {part}"))
    return entries, float(np.abs([percent.real[used], percent.imag[used]]).max(initial=0.0))
