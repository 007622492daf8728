"""What the tests of the report share: reports, and a browser where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import browser
import pytest
from report_cells import FORMULA, HOSTILE, MARKUP, measured

import eisfit
from eisfit.analysis import Analysis
from eisfit.comparison import Comparison, compare_series
from eisfit.report import report_html
from eisfit.series import Series


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
