"""Cables out of a spectrum: against the network that was put in."""

import numpy as np
import pytest
from series_cells import FREQUENCY, arc

import eisfit
from eisfit.correction import Blanks
from eisfit.errors import CorrectionError, SpectrumError
from eisfit.series import Series
from eisfit.spectrum import Spectrum

OMEGA = 2.0 * np.pi * FREQUENCY
GRID = np.geomspace(3e6, 0.5, 17)  # of the blanks: another one, and coarse


def lead(frequency: np.ndarray) -> np.ndarray:
    """0.8 ohm and 1.5 uH in series with the cell."""
    return 0.8 + 2j * np.pi * frequency * 1.5e-6


def leak(frequency: np.ndarray) -> np.ndarray:
    """2 nF and 5 Mohm beside the cell."""
    return 2e-7 + 2j * np.pi * frequency * 2e-9


def measured(cell: np.ndarray) -> Spectrum:
    return Spectrum(FREQUENCY, lead(FREQUENCY) + 1.0 / (1.0 / cell + leak(FREQUENCY)), "Si")


SHORT = Spectrum(GRID, lead(GRID), "short", {"sha256": "ab12"})
# The admittance that the formula takes: of the open circuit, without the leads
OPEN = Spectrum(GRID, 1.0 / leak(GRID), "open")


def test_lead_and_leak_go_out_exactly_whatever_the_grid_of_the_blanks() -> None:
    cell = arc(90.0)
    found = eisfit.correct(measured(cell), SHORT, OPEN)
    np.testing.assert_allclose(found.impedance, cell, rtol=1e-9)
    assert np.abs(measured(cell).impedance / cell - 1.0).max() > 0.3  # there was something to do
    assert found.metadata["correction"] == "short short (SHA-256 ab12), open open"


def test_one_blank_alone_corrects_its_part() -> None:
    cell = arc(90.0)
    in_series = Spectrum(FREQUENCY, cell + lead(FREQUENCY))
    np.testing.assert_allclose(eisfit.correct(in_series, SHORT).impedance, cell, rtol=1e-9)
    beside = Spectrum(FREQUENCY, 1.0 / (1.0 / cell + leak(FREQUENCY)))
    np.testing.assert_allclose(eisfit.correct(beside, open=OPEN).impedance, cell, rtol=1e-9)


def test_masks_and_the_rest_stay() -> None:
    masked = measured(arc(90.0)).masked(FREQUENCY > 5e5, "cable")
    found = eisfit.correct(masked, SHORT)
    assert found.reasons == masked.reasons
    assert found.label == "Si"


@pytest.mark.parametrize(
    ("blanks", "of", "said"),
    [
        ((None, None), {}, "needs the spectrum of a short or of an open"),
        ((OPEN, SHORT), {}, "exchange them"),
        ((SHORT.crop(0.0, 1e5), OPEN), {}, "covers .* measure the blank over all of it"),
        ((SHORT, OPEN.crop(10.0, 1e7)), {}, "the open blank"),
        ((SHORT, OPEN), {"correction": "short s"}, "corrected already"),
        ((SHORT, OPEN), {"area_cm2": 1.0}, "scaled by its area"),
    ],
)
def test_what_cannot_be_corrected_is_refused(
    blanks: tuple[Spectrum | None, Spectrum | None], of: dict[str, object], said: str
) -> None:
    with pytest.raises(CorrectionError, match=said):
        eisfit.correct(measured(arc()).with_metadata(**of), *blanks)
    assert issubclass(CorrectionError, SpectrumError)


def test_masked_points_of_a_blank_are_not_used() -> None:
    bad = np.array(SHORT.impedance)
    bad[5] = 1e4
    broken = Spectrum(GRID, bad, "short").masked(np.arange(len(GRID)) == 5, "contact lost")
    cell = arc(90.0)
    found = eisfit.correct(Spectrum(FREQUENCY, cell + lead(FREQUENCY)), broken)
    np.testing.assert_allclose(found.impedance, cell, rtol=1e-9)


def test_a_cell_that_the_leak_hides_is_warned_of() -> None:
    hidden = measured(np.full(FREQUENCY.shape, 1e5 + 0j))
    notes = eisfit.correct(hidden, SHORT, OPEN).metadata["notes"]
    assert any(note.startswith("warning: at 1e+06 Hz") for note in notes)


def test_a_series_is_corrected_and_says_so() -> None:
    series = Series.from_spectra([measured(arc(90.0)), measured(arc(30.0))], sample=["a", "b"])
    found = series.corrected(SHORT, OPEN)
    np.testing.assert_allclose(found.members[1].spectrum.impedance, arc(30.0), rtol=1e-9)
    assert Blanks(SHORT, OPEN).correct(series.members[0].spectrum).label == "Si"
