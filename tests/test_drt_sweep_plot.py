"""The plot of how lambda was chosen."""

import numpy as np
import pytest

from eisfit import Spectrum, plots
from eisfit.relaxation import drt_spectrum

FREQUENCY = np.geomspace(1e6, 1e-2, 81)


@pytest.fixture(scope="module")
def spectrum():
    s = 2j * np.pi * FREQUENCY
    clean = 10 + 100 / (1 + (s * 1e-4) ** 0.85) + 60 / (1 + (s * 0.3) ** 0.8)
    both = np.random.default_rng(1).standard_normal((2, 81))
    return Spectrum(FREQUENCY, clean + np.abs(clean) * 1e-3 * (both[0] + 1j * both[1]), label="a")


@pytest.mark.parametrize("criterion", ["evidence", "gcv", "lcurve"])
def test_every_lambda_tried_is_drawn_and_the_best_marked(spectrum, criterion):
    result = drt_spectrum(spectrum, regularization=criterion, method="tikhonov", samples=0)
    curve, best = plots.drt_sweep(result).get_lines()
    drawn = np.isfinite(result.sweep[:, 1])
    np.testing.assert_allclose(curve.get_xdata(), np.sort(result.sweep[drawn, 0]))
    assert best.get_xdata()[0] == result.regularization
    assert curve.get_xdata()[np.argmin(curve.get_ydata())] == result.regularization


def test_without_a_sweep_there_is_nothing_to_draw(spectrum):
    result = drt_spectrum(spectrum, regularization=1e-3, samples=0)
    with pytest.raises(ValueError, match="was given"):
        plots.drt_sweep(result)


def test_the_key_stands_clear_of_lambda(spectrum):
    for criterion in ("evidence", "kfold"):
        result = drt_spectrum(spectrum, regularization=criterion, method="tikhonov", samples=0)
        ax = plots.drt_sweep(result)
        ax.figure.canvas.draw()
        box = ax.get_legend().get_window_extent()
        at = ax.transData.transform((result.regularization, ax.get_ylim()[0]))[0]
        assert not box.x0 <= at <= box.x1
        curve = ax.transData.transform(ax.get_lines()[0].get_xydata())
        assert not any(box.contains(*point) for point in curve)
