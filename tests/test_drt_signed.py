"""Inductive loops: gamma of either sign, its intervals, its plot."""

import numpy as np
import pytest

import eisfit
from eisfit import plots

FREQUENCY = np.geomspace(2e5, 1e-3, 84)
S = 2j * np.pi * FREQUENCY
TRUTH = ((2e-4, 30.0), (5e-2, 22.0), (6.0, -9.0))
CLEAN = 8 + sum(
    r / (1 + (S * tau) ** a) for (tau, r), a in zip(TRUTH, (0.9, 0.9, 0.95), strict=True)
)


def loop(seed, noise=1e-3):
    both = np.random.default_rng(seed).standard_normal((2, len(S)))
    z = CLEAN + np.abs(CLEAN) * noise * (both[0] + 1j * both[1])
    return eisfit.Spectrum(FREQUENCY, z, label="loop")


def test_intervals_of_either_sign_hold_the_truth_and_are_not_one_sided():
    held, below, above = [], [], []
    for seed in range(12):
        rows = eisfit.drt(loop(seed), signed=True).peak_rows
        for tau, resistance in TRUTH:
            row = min(rows, key=lambda row: abs(np.log(row["tau_s"] / tau)))
            assert abs(np.log10(row["tau_s"] / tau)) < 0.15
            assert row["resistance_ohm"] * resistance > 0
            held.append(row["lower_ohm"] <= resistance <= row["upper_ohm"])
            below.append(row["resistance_ohm"] - row["lower_ohm"])
            above.append(row["upper_ohm"] - row["resistance_ohm"])
    assert np.mean(held) > 0.9
    assert 0.5 < np.median(below) / np.median(above) < 2
    assert np.median(np.add(below, above)) < 5


def test_a_negative_peak_is_seen_in_the_plot():
    result = eisfit.drt(loop(1), signed=True)
    ax = plots.drt(result)
    ax.figure.canvas.draw()
    lowest = min(row["gamma_ohm"] for row in result.peak_rows)
    assert ax.get_ylim()[0] < lowest < 0
    frame = ax.get_window_extent()
    numbers = [text for text in ax.texts if text.get_text().isdigit()]
    assert len(numbers) == len(result.peak_rows)
    assert all(frame.y0 < text.get_window_extent().y0 for text in numbers)


def test_without_negative_gamma_the_axis_begins_at_zero():
    assert plots.drt(eisfit.drt(loop(1), samples=0)).get_ylim()[0] == pytest.approx(0)


def test_a_loop_that_is_not_followed_is_said_and_how_to():
    messages = eisfit.drt(loop(2)).messages
    assert any("inductive loop" in text and "signed=True" in text for text in messages)


def test_a_second_curve_on_the_axes_hides_no_negative_peak():
    ax = plots.drt(eisfit.drt(loop(1), signed=True))
    bottom = ax.get_ylim()[0]
    plots.drt(eisfit.drt(loop(1), samples=0), ax=ax)
    assert ax.get_ylim()[0] <= bottom < 0
