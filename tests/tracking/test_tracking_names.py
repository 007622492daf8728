"""Arcs and peaks keep their names along simulated series of known truth."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from aging import HOURS, MODEL, Aging, aging, cooling, crossing

from eisfit.fitting.engine import fit_spectra
from eisfit.tracking import Track, TrackedFits, track, track_fits


def followed(series: Aging) -> TrackedFits:
    return track_fits(series.spectra, HOURS, MODEL)


def study(count: int, seed: int) -> tuple[float, float, Counter[str]]:
    """Return the shares of spectra with right names and of fits no worse than alone, and laws."""
    rng = np.random.default_rng(seed)
    named, no_worse, laws = [], [], Counter[str]()
    for _ in range(count):
        series = aging(rng)
        assert (series.apart >= 0.5).all()
        tracked = followed(series)
        fits = [tracked.fits[t] for t in range(len(HOURS))]
        named.append(series.right(fits))
        alone = fit_spectra(series.spectra, MODEL)
        no_worse += [f.chi_square <= g.chi_square * (1 + 1e-6)
                     for f, g in zip(fits, alone, strict=True)]  # fmt: skip
        laws[series.law] += 1
    return float(np.mean(named)), float(np.mean(no_worse)), laws


def test_ten_aging_series_keep_their_names():
    named, no_worse, laws = study(10, seed=20)
    assert named == 1.0
    assert no_worse == 1.0
    assert len(laws) > 2


@pytest.mark.slow
def test_two_hundred_aging_series_keep_their_names():
    named, no_worse, laws = study(200, seed=2026)
    assert named >= 0.99
    assert no_worse == 1.0
    assert len(laws) == 5


def test_the_simulated_noise_gives_the_errors_it_is_meant_to():
    series = aging(np.random.default_rng(3))
    fits = followed(series).fits.values()
    errors = [f.stderr[name] / f.values[name] for f in fits for name in ("R0", "R1", "R2", "R3")]
    assert max(errors) == pytest.approx(0.01, rel=0.35)


def test_an_arc_that_overtakes_another_keeps_its_name():
    """Ordering by tau must fail where tracking does not; where arcs merge, neither can know."""
    rng = np.random.default_rng(7)
    tracked, by_tau, apart = [], [], []
    for _ in range(8):
        series = crossing(rng, noise=1e-4)
        fits = followed(series).fits
        tracked.append(series.right([fits[t] for t in range(len(HOURS))]))
        by_tau.append(series.right(fit_spectra(series.spectra, MODEL)))
        apart.append(series.apart)
    clear = np.concatenate(apart) >= 0.5
    assert clear.sum() > 15
    assert np.concatenate(tracked)[clear].mean() >= 0.95
    assert np.concatenate(by_tau)[clear].mean() <= 0.85
    assert np.concatenate(tracked).mean() >= 0.9


def test_arcs_of_a_temperature_series_are_told_by_what_they_do_apart_from_the_others():
    rng = np.random.default_rng(9)
    tracked, by_tau, apart = [], [], []
    for _ in range(6):
        series = cooling(rng, noise=1e-3)
        fits = followed(series).fits
        tracked.append(series.right([fits.get(t) for t in range(8)]))
        by_tau.append(series.right(fit_spectra(series.spectra, MODEL)))
        apart.append(series.apart)
    clear = np.concatenate(apart) >= 0.5
    assert clear.sum() > 15
    right, ordered = (np.concatenate(one)[clear].mean() for one in (tracked, by_tau))
    assert right >= 0.8
    assert right > ordered + 0.15


def peaks_right(series: Aging, found: Track) -> tuple[int, int]:
    """Return how many peaks bear the name of the arc that is nearest in truth, and of how many."""
    fits = [one.fit for one in found if one is not None]
    votes = {way: sum(series.fits(t, fit, way) for t, fit in enumerate(fits))
             for way in permutations(range(3))}  # fmt: skip
    names = max(votes, key=votes.__getitem__)
    right = total = 0
    for t, one in enumerate(found):
        assert one is not None
        at = {role: one.drt.peak_rows[k - 1]["tau_s"] for k, role in one.peak_roles.items()}
        for i, truth in enumerate(names, start=1):
            tau = at.get(f"arc_{i}", np.nan)
            away = np.abs(np.log(tau / series.tau[t]))
            right += bool(np.isfinite(tau) and int(away.argmin()) == truth)
            total += 1
    return right, total


def test_peaks_bear_the_names_of_their_arcs():
    rng = np.random.default_rng(4)
    right = total = 0
    for _ in range(4):
        series = aging(rng)
        found = track(series.spectra, HOURS, MODEL, drt_options={"samples": 0})
        assert len({one.drt.regularization for one in found if one is not None}) == 1
        here, of = peaks_right(series, found)
        right, total = right + here, total + of
    assert right >= 0.97 * total


def test_one_lambda_is_the_median_of_the_evidences():
    from eisfit.relaxation import drt_spectrum

    series = aging(np.random.default_rng(5))
    options = {"samples": 0}
    found = track(series.spectra, HOURS, MODEL, drt_options=options)
    own = [drt_spectrum(spectrum, **options).regularization for spectrum in series.spectra]
    for one in found:
        assert one is not None
        assert one.drt.regularization == pytest.approx(np.exp(np.median(np.log(own))))
        assert one.drt.method == "blend"
    assert "one lambda" in found.notes[-1]


def test_a_lambda_that_is_given_holds():
    series = aging(np.random.default_rng(5))
    found = track(series.spectra[:2], HOURS[:2], MODEL,
                  drt_options={"samples": 0, "regularization": 1e-3})  # fmt: skip
    assert [one.drt.regularization for one in found if one] == [1e-3, 1e-3]
    assert not any("lambda" in note for note in found.notes)
