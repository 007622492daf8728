"""How a comparison was made, for the methods section of a paper; and what to keep in mind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eisfit.comparison import between, laws
from eisfit.trends.ratios import CELLS

if TYPE_CHECKING:
    from eisfit.comparison.comparison import Comparison

CABLES_HZ = 1e6  # from here on cables and contacts count
_OF_ELECTRODES = {"interfacial", "charge_transfer"}
_NAMES = {"time_h": "aging time", "temperature_c": "temperature", "state": "state of the cell"}


def methods(comparison: Comparison) -> str:
    """Return the whole paragraph: of single spectra first, then of the series."""
    from eisfit.report.entries import entries_of
    from eisfit.report.prose import methods as of_spectra

    entries = entries_of([a for a in comparison.analyses if a is not None])
    return " ".join([of_spectra(entries), *series_methods(comparison)])


def series_methods(comparison: Comparison) -> Iterator[str]:
    """Yield what was done with the series beyond single spectra."""
    series = comparison.series
    tracks = [track for track in series.tracks() if len(track) > 1]
    if tracks:
        name = _NAMES.get(series.along, series.along.replace("_", " "))
        yield (
            f"Spectra of one cell were followed along {name}: each was also fitted from the values "
            "of its neighbours, forward and back, and the better fit kept; arcs and peaks keep "
            "their names along the path of least change in relaxation time, capacitance and "
            "resistance, with one λ for a cell's distributions of relaxation times: the median of "
            "those that the criterion chooses for each spectrum."
        )
    if comparison.settings.get("share"):
        shared = ", ".join(comparison.settings["share"])
        yield f"{shared} had one value in all spectra of a cell (joint fit)."
    yield from _corrections(comparison)
    yield from _sizes(comparison)
    yield from _statistics(comparison)


def _corrections(comparison: Comparison) -> Iterator[str]:
    said = {m.spectrum.metadata.get("correction", "") for m in comparison.series.members} - {""}
    for blanks in sorted(said):
        yield (
            f"Cables and contacts were corrected for by blanks ({blanks}), "
            "Z = (Zm - Zs)/(1 - (Zm - Zs) Yo) (Keysight Technologies, Impedance Measurement "
            "Handbook, 6th ed., section 4.3)."
        )


def _sizes(comparison: Comparison) -> Iterator[str]:
    if any(m.geometry is not None for m in comparison.series.members):
        yield (
            "Area-specific resistances are resistance times area, conductivities thickness / "
            "(resistance area), with the uncertainty of the sizes that were given one."
        )


def _statistics(comparison: Comparison) -> Iterator[str]:
    ratios = [ratio for _, ratio in between.ratios(comparison)]
    if ratios:
        replicates = any(ratio.basis == CELLS for ratio in ratios)
        yield (
            "Samples were compared by the ratio of their resistances, "
            + (
                "of geometric means over cells with Welch's t interval of the logarithms"
                if replicates
                else "with intervals from the standard errors of the fits alone (single cells)"
            )
            + "."
        )
    if laws.growth(comparison):
        yield (
            "Constant, linear, parabolic, logarithmic and saturating laws of growth were compared "
            "by Akaike's criterion corrected for small samples (Burnham and Anderson, 2002)."
        )
    if laws.activations(comparison):
        yield (
            "Activation energies are from weighted regression of ln(σT), ln σ or ln τ on 1/T, as "
            "stated with each."
        )


def hints(comparison: Comparison) -> Iterator[str]:
    """Yield what a colleague would say, each once; what has been seen to is left out."""
    analyses = [a for a in comparison.analyses if a is not None]
    roles = {role.name for a in analyses for role in a.model.roles}
    if roles & _OF_ELECTRODES:
        yield (
            "In a cell with two electrodes the counter electrode, such as Li-In, is in the "
            "spectrum too, and adds to interfacial and charge-transfer resistance: a symmetric "
            "cell of it, or a reference electrode, tells how much."
        )
    fast = [
        a.spectrum.frequency[0]
        for a in analyses
        if a.spectrum.used().frequency[0] > CABLES_HZ and "correction" not in a.spectrum.metadata
    ]
    if fast:
        yield (
            f"Above 1 MHz (here up to {max(fast) / 1e6:.3g} MHz) cables and contacts count: "
            "measure a short and an open circuit with the same cables, and correct by them "
            "(--short FILE --open FILE)."
        )
    if between.ratios(comparison) and not _has_replicates(comparison):
        yield (
            "Each sample is one cell here, n = 1: intervals are those of the fits alone. Replicate "
            "cells (column cell_id) show the scatter between cells, which is often larger."
        )
    meant = {m.state: m.electrode_state for m in comparison.series.members if m.electrode_state}
    told = {state: electrode for state, electrode in meant.items() if state != electrode}
    if told:
        words = ", ".join(f"{state} as {electrode}" for state, electrode in told.items())
        yield f"States of the cell are taken for the electrode's: {words} (column cell_type)."


def _has_replicates(comparison: Comparison) -> bool:
    return any(ratio.basis == CELLS for _, ratio in between.ratios(comparison))
