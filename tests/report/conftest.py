"""Spectra with known answers, the reports on them, and a browser where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import browser
import numpy as np
import pytest

import eisfit
from eisfit import Spectrum
from eisfit.analysis import Analysis
from eisfit.comparison import Comparison, compare_series
from eisfit.report import report_html
from eisfit.series import Series

HOSTILE = "<script>alert(1)</script>"
MARKUP = "\"'><img src=x onerror=alert(1)>&amp;</script><!--"
FORMULA = "=1+1"


def measured(label: str, ohms: tuple[float, float], seed: int, **metadata: object) -> Spectrum:
    """Return 10 ohm and two arcs of known size, 1 MHz to 1 Hz, with noise of 0.1 %."""
    frequency = np.geomspace(1e6, 1.0, 43)
    omega = 2.0 * np.pi * frequency
    z = 10.0 + sum(
        ohm / (1.0 + (1j * omega * tau) ** 0.9) for ohm, tau in zip(ohms, (2e-5, 3e-2), strict=True)
    )
    noise = np.random.default_rng(seed).standard_normal((2, len(frequency)))
    z = z + 1e-3 * np.abs(z) * (noise[0] + 1j * noise[1])
    return Spectrum(frequency, z, label, {"sha256": f"{seed:064x}", **metadata})


@pytest.fixture(scope="session")
def analyses() -> tuple[Analysis, ...]:
    """Three spectra, two of them with names that mean harm, one with a masked point."""
    spectra = [
        measured("plain", (100.0, 300.0), 1, source="plain.txt"),
        measured(HOSTILE, (200.0, 250.0), 2, source=MARKUP, notes=(f"warning: {MARKUP}",)),
        measured(FORMULA, (150.0, 40.0), 3, source=FORMULA).masked(
            lambda f, z: f > 9e5, f"cable {MARKUP}"
        ),
    ]
    return tuple(eisfit.analyze(spectrum, "zarc2") for spectrum in spectra)


@pytest.fixture(scope="session")
def html(analyses: tuple[Analysis, ...]) -> str:
    """The report on the three."""
    return report_html(analyses)


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    """Two samples over five aging times; one resistance of the first grows by the root of time."""
    times = (0.0, 4.0, 25.0, 64.0, 100.0)
    rows = [(sample, time) for sample in ("Si", HOSTILE) for time in times]
    spectra = [
        measured(sample, (100.0 + (20.0 * time**0.5 if sample == "Si" else 0.0), 300.0), 10 + i)
        for i, (sample, time) in enumerate(rows)
    ]
    columns = {"sample": [s for s, _ in rows], "time_h": [t for _, t in rows]}
    return compare_series(Series.from_spectra(spectra, **columns), "zarc2")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Page]:
    """A tab of a headless browser."""
    if browser.find() is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with browser.running(tmp_path_factory.mktemp("profile")) as tab:
        tab.window(1280)
        yield tab


@pytest.fixture
def opened(page: browser.Page, html: str, tmp_path: Path) -> browser.Page:
    """The tab with the report on the three spectra, freshly opened in a wide, light window."""
    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    page.window(1280)
    page.open(path)
    return page
