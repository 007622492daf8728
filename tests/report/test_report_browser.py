"""The report in a headless Chromium: it runs, sorts, zooms, and lets nothing else run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from browser import Page
from report_cells import HOSTILE, MARKUP, measured

import eisfit
from eisfit.analysis import Analysis
from eisfit.comparison import Comparison, compare_series
from eisfit.report import report_html, write_report
from eisfit.series import Series

CANVAS = "#plot-{} .canvas"


def texts(page: Page, selector: str) -> list[str]:
    """Return what the elements show."""
    found: list[str] = page.value(
        f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent.trim())"
    )
    return found


def ticks(page: Page, plot: str) -> list[str]:
    """Return the labels of a plot's ticks."""
    return texts(page, f"{CANVAS.format(plot)} text:not(.axis):not(.name):not(.empty)")


def column(page: Page, table: str, name: str) -> list[str]:
    """Return a column of a table from top to bottom, hidden rows left out."""
    found: list[str] = page.value(
        f"(() => {{ const t = document.getElementById({json.dumps(table)});"
        "const i = [...t.tHead.rows[0].cells].findIndex("
        f"c => c.dataset.name === {json.dumps(name)});"
        "return [...t.tBodies[0].rows].filter(r => !r.hidden).map("
        "r => r.cells[i].dataset.v ?? r.cells[i].textContent.trim()); })()"
    )
    return found


def choose(page: Page, label: str, entry: str) -> None:
    """Choose an entry of the select that a label names."""
    page.value(
        "(() => { const label = [...document.querySelectorAll('label')].find("
        f"l => l.firstChild.textContent.trim() === {json.dumps(label)});"
        "const select = label.querySelector('select');"
        "select.selectedIndex = [...select.options].findIndex("
        f"o => o.text === {json.dumps(entry)});"
        "select.dispatchEvent(new Event('change')); })()"
    )
    page.settle()


def turn(page: Page, x: float, y: float, by: float) -> None:
    """Turn the wheel, as somebody who is not scrolling the page."""
    page.value("new Promise(done => setTimeout(done, 450))")
    page.mouse("mouseWheel", x, y, deltaX=0, deltaY=by)


def test_opens_without_complaint_or_request(opened: Page, tmp_path: Path) -> None:
    assert opened.complaints == []
    assert opened.requests == [(tmp_path / "report.html").as_uri()]
    assert HOSTILE in texts(opened, "#overview tbody th")
    assert HOSTILE in texts(opened, ".chip")
    assert any(MARKUP in text for text in texts(opened, "#notes li"))
    assert opened.value("document.querySelectorAll('script').length") == 2
    assert opened.value("document.querySelectorAll('img').length") == 0
    # Six plots, each with something drawn
    assert opened.value("document.querySelectorAll('.plot .points').length") >= 3 * 5


def test_policy_stops_what_is_smuggled_in(page: Page, html: str, tmp_path: Path) -> None:
    smuggled = (
        "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"
        "<style>body { display: none }</style>"
        "<script src='https://example.invalid/x.js'></script>"
    )
    path = tmp_path / "smuggled.html"
    path.write_text(html.replace("<main>", f"<main>{smuggled}"), encoding="utf-8")
    page.open(path)
    page.settle()
    assert page.value("window.hacked === undefined")
    assert page.value("getComputedStyle(document.body).display") == "block"
    assert len(page.complaints) >= 4
    assert all("Content Security Policy" in complaint for complaint in page.complaints)
    assert page.requests == [path.as_uri()]
    assert "https://example.invalid/x.js" in page.asked.values()
    # The report itself still works
    assert page.value("document.querySelectorAll('.plot').length") == 6


def test_no_text_becomes_markup_by_script(opened: Page) -> None:
    with pytest.raises(AssertionError, match="TrustedHTML"):
        opened.value("document.body.innerHTML = '<b>x</b>'")


def test_tables_sort(opened: Page) -> None:
    header = "#resistances th[data-name=resistance_ohm]"
    before = column(opened, "resistances", "resistance_ohm")
    assert opened.value(f"document.querySelector('{header}').ariaSort") == "none"
    opened.click(f"{header} button")
    assert opened.value(f"document.querySelector('{header}').ariaSort") == "ascending"
    rising = column(opened, "resistances", "resistance_ohm")
    assert rising == sorted(before, key=float)
    assert rising != before
    # The second time from the keyboard
    opened.press("Enter", 13, "\r")
    assert opened.value(f"document.querySelector('{header}').ariaSort") == "descending"
    assert column(opened, "resistances", "resistance_ohm") == rising[::-1]
    opened.press("Enter", 13, "\r")
    assert column(opened, "resistances", "resistance_ohm") == before
    # Empty cells stay at the end in either direction
    opened.click("#resistances th[data-name=tau_s] button")
    opened.click("#resistances th[data-name=tau_s] button")
    falling = column(opened, "resistances", "tau_s")
    known = [tau for tau in falling if tau]
    assert known == sorted(known, key=float, reverse=True)
    assert falling[len(known) :] == [""] * (len(falling) - len(known))
    assert "" in falling


def test_tables_are_filtered_and_copied(opened: Page) -> None:
    opened.value(
        "Object.defineProperty(navigator, 'clipboard',"
        "{value: {writeText: text => { window.copied = text; }}})"
    )
    opened.value(
        "(() => { const box = document.querySelector('[data-filter=parameters]');"
        "box.value = '=1 CPE1'; box.dispatchEvent(new Event('input')); })()"
    )
    assert column(opened, "parameters", "parameter") == ["CPE1_0", "CPE1_1"]
    opened.click("[data-copy=parameters]")
    rows = [line.split("\t") for line in opened.value("window.copied").split("\n")]
    assert rows[0][:3] == ["sample", "parameter", "value"]
    # A spreadsheet would compute what begins with =
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'=1+1"]
    assert float(rows[1][2]) == pytest.approx(
        float(column(opened, "parameters", "value")[0]), rel=1e-9
    )
    opened.click("[data-copy-text=methods-text]")
    assert opened.value("window.copied").startswith("Impedance spectra (43 points")


def test_wheel_zooms_and_double_click_resets(opened: Page) -> None:
    for plot in ("nyquist", "drt", "modulus", "phase", "misfit", "kk"):
        x, y = opened.middle(CANVAS.format(plot))
        home = ticks(opened, plot)
        opened.mouse("mouseMoved", x, y)
        turn(opened, x, y, -300)
        assert ticks(opened, plot) != home, plot
        for count in (1, 2):
            for kind in ("mousePressed", "mouseReleased"):
                opened.mouse(kind, x, y, button="left", clickCount=count)
        assert ticks(opened, plot) == home, plot


def test_a_page_that_is_scrolled_is_not_held_up(opened: Page) -> None:
    x, y = opened.middle(CANVAS.format("nyquist"))
    home = ticks(opened, "nyquist")

    def caught(by: float, before: str = "") -> bool:
        """Whether the plot keeps a turn of the wheel from the page."""
        event = f"{{deltaY: {by}, clientX: {x}, clientY: {y}, cancelable: true, bubbles: true}}"
        answer = opened.value(
            f"(() => {{ {before} const turned = new WheelEvent('wheel', {event});"
            f"document.querySelector('{CANVAS.format('nyquist')}').dispatchEvent(turned);"
            "return turned.defaultPrevented; })()"
        )
        opened.settle()
        return bool(answer)

    opened.value("new Promise(done => setTimeout(done, 450))")
    assert not caught(240.0)  # nothing to zoom out of: the page moves on
    assert not caught(-240.0, "window.dispatchEvent(new Event('scroll'));")
    assert ticks(opened, "nyquist") == home
    opened.value("new Promise(done => setTimeout(done, 450))")
    assert caught(-240.0)
    assert ticks(opened, "nyquist") != home


def test_dragging_frames_and_shift_moves(opened: Page) -> None:
    x, y = opened.middle(CANVAS.format("modulus"))
    home = ticks(opened, "modulus")
    phase = ticks(opened, "phase")
    opened.mouse("mousePressed", x - 60, y - 40, button="left", clickCount=1)
    opened.mouse("mouseMoved", x + 60, y + 40, button="left", buttons=1)
    opened.mouse("mouseReleased", x + 60, y + 40, button="left", clickCount=1)
    assert ticks(opened, "modulus") != home
    drawn = "document.querySelector('#plot-modulus .line').getAttribute('d')"
    framed = opened.value(drawn)
    assert ticks(opened, "phase") != phase  # one frequency axis for all
    opened.mouse("mousePressed", x, y, button="left", clickCount=1, modifiers=8)
    opened.mouse("mouseMoved", x + 90, y, button="left", buttons=1, modifiers=8)
    opened.mouse("mouseReleased", x + 90, y, button="left", clickCount=1, modifiers=8)
    start = [float(d.split()[0][1:]) for d in (framed, opened.value(drawn))]
    assert start[1] - start[0] == pytest.approx(90.0, abs=1.0)
    opened.click("#plot-modulus .tools button:last-child")
    assert ticks(opened, "modulus") == home
    assert ticks(opened, "phase") == phase


def test_pinching_zooms(opened: Page) -> None:
    x, y = opened.middle(CANVAS.format("drt"))
    home = ticks(opened, "drt")
    for kind, reach in (("touchStart", 30), ("touchMove", 60), ("touchMove", 90)):
        points = [{"x": x - reach, "y": y, "id": 1}, {"x": x + reach, "y": y, "id": 2}]
        opened.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)
    opened.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    opened.settle()
    assert ticks(opened, "drt") != home


def test_pointer_shows_the_values_of_the_point(
    opened: Page, analyses: tuple[Analysis, ...]
) -> None:
    opened.middle(CANVAS.format("nyquist"))
    # The place of the first spectrum's twentieth point, from its own axes' ticks
    place = opened.value(
        "(() => { const path = document.querySelector('#plot-nyquist .points');"
        "const [x, y] = path.getAttribute('d').split('M')[20].match(/[-.\\d]+/g).map(Number);"
        "const at = new DOMPoint(x + 2.8, y).matrixTransform(path.getScreenCTM());"
        "return [at.x, at.y]; })()"
    )
    opened.mouse("mouseMoved", *place)
    shown = texts(opened, "#plot-nyquist .tip")
    spectrum = analyses[0].spectrum
    z = spectrum.impedance[19]
    assert f"{z.real:.4g}" in shown[0]
    assert f"{-z.imag:.4g}" in shown[0]
    # The same point is marked in the others
    assert opened.value("document.querySelectorAll('#plot-modulus .guide').length") == 1
    opened.mouse("mouseMoved", 2, 2)
    assert opened.value("document.querySelector('#plot-nyquist .tip').hidden")


def test_plots_by_keyboard(opened: Page) -> None:
    opened.value(f"document.querySelector('{CANVAS.format('nyquist')}').focus()")
    opened.press("ArrowRight", 39)
    opened.press("ArrowRight", 39)
    (spoken,) = texts(opened, "#spoken")
    # 43 points over six decades: the second lies a seventh of a decade below 1 MHz
    assert spoken.startswith("plain: f 719.7 kHz")
    home = ticks(opened, "nyquist")
    opened.press("+", 187, "+")
    assert ticks(opened, "nyquist") != home
    opened.press("0", 48, "0")
    assert ticks(opened, "nyquist") == home


def test_nyquist_has_equal_axes(opened: Page) -> None:
    def pixels_per_unit() -> tuple[float, float]:
        found = opened.value(
            "[...document.querySelectorAll('#plot-nyquist .canvas text:not(.axis)')].map(t => "
            "[t.getAttribute('text-anchor'), +t.getAttribute('x'), +t.getAttribute('y'),"
            " +t.textContent.replace('−', '-')])"
        )
        along = [(x, value) for anchor, x, _, value in found if anchor == "middle"]
        up = [(-y, value) for anchor, _, y, value in found if anchor == "end"]
        return tuple((p[-1][0] - p[0][0]) / (p[-1][1] - p[0][1]) for p in (along, up))  # type: ignore[return-value]

    across, up = pixels_per_unit()
    assert across == pytest.approx(up, rel=0.01)
    x, y = opened.middle(CANVAS.format("nyquist"))
    turn(opened, x, y, -300)
    assert pixels_per_unit()[0] > 1.3 * across
    across, up = pixels_per_unit()
    assert across == pytest.approx(up, rel=0.01)


def test_ticks_are_where_their_labels_say(opened: Page) -> None:
    """Even steps of a linear axis have even labels, at every zoom."""
    for plot in ("nyquist", "phase", "misfit", "kk"):
        canvas = CANVAS.format(plot)
        x, y = opened.middle(canvas)
        opened.value("new Promise(done => setTimeout(done, 450))")
        for _ in range(12):
            found = opened.value(
                f"[...document.querySelectorAll('{canvas} text[text-anchor=end]')].map("
                "t => [+t.getAttribute('y'), +t.textContent.replace('−', '-')])"
            )
            heights, labels = zip(*found, strict=True)
            assert len(labels) >= 3
            scale = (labels[-1] - labels[0]) / (heights[-1] - heights[0])
            expected = [labels[0] + scale * (height - heights[0]) for height in heights]
            assert labels == pytest.approx(expected, abs=0.03 * abs(labels[1] - labels[0]))
            opened.mouse("mouseWheel", x, y, deltaX=0, deltaY=-70)


def test_odd_spectra_open_without_complaint(page: Page, tmp_path: Path) -> None:
    frequency = np.geomspace(1e5, 1.0, 12)
    omega = 2.0 * np.pi * frequency
    rng = np.random.default_rng(5)
    noise = 1.0 + 1e-3 * (rng.standard_normal(12) + 1j * rng.standard_normal(12))
    odd = {
        "resistor": 50.0 * noise,
        "inductive": (1e-3 + 1j * omega * 1e-7) * noise,
        "huge": 1e12 / (1.0 + 1j * omega * 1e-2) * noise,
        "blocking": (1e-6 + 1.0 / (1j * omega * 1e-6)) * noise,
        "": 5.0 / (1.0 + 1j * omega * 1e-3) * noise,
    }
    spectra = [eisfit.Spectrum(frequency, z, label) for label, z in odd.items()]
    path = tmp_path / "odd.html"
    write_report([eisfit.analyze(spectrum, "zarc1") for spectrum in spectra], path)
    page.window(900)
    page.open(path)
    assert page.complaints == []
    page.click("#pick-none")
    for number in range(len(spectra)):
        page.click(f"#pick-list li:nth-child({number + 1}) input")
        paths = page.value(
            "[...document.querySelectorAll('.canvas path')].map(p => p.getAttribute('d')).join('')"
        )
        assert "NaN" not in paths
        assert "Infinity" not in paths
        page.click(f"#pick-list li:nth-child({number + 1}) input")
    assert page.complaints == []


def test_spectra_are_picked_hidden_and_found(opened: Page) -> None:
    lines = "document.querySelectorAll('#plot-drt .band').length"
    assert opened.value(lines) == 3
    opened.click(".chip:nth-child(2)")
    assert opened.value(lines) == 2
    opened.click("#pick-list li:nth-child(3) input")
    assert opened.value(lines) == 1
    assert texts(opened, "#picked") == ["2 of 3 shown"]
    opened.click("#pick-none")
    assert opened.value(lines) == 0
    assert "Nothing is shown" in texts(opened, "#plot-drt text")
    opened.value(
        "(() => { const s = document.getElementById('search'); s.value = 'SCRIPT';"
        "s.dispatchEvent(new Event('input')); })()"
    )
    opened.click("#pick-all")
    assert texts(opened, ".chip") == [HOSTILE]
    opened.click("#plot-drt .key-band")
    assert opened.value(lines) == 0
    assert opened.complaints == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_fits_every_window(page: Page, comparison: Comparison, tmp_path: Path, dark: bool) -> None:
    path = tmp_path / "comparison.html"
    path.write_text(report_html(comparison), encoding="utf-8")
    for width in (320, 390, 768, 1440):
        page.window(width, dark=dark, touch=width < 700)
        page.open(path)
        assert page.complaints == []
        assert page.value("document.documentElement.scrollWidth") <= width
        assert page.value("getComputedStyle(document.body).backgroundColor") == (
            "rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)"
        )
        wide = page.value(
            "[...document.querySelectorAll('.canvas')].map(c => c.getBoundingClientRect().right)"
        )
        assert len(wide) >= 8  # six of spectra, the others along the series
        assert max(wide) <= width


BROKEN_WORDS = """[...document.querySelectorAll('.data tbody th')].flatMap((cell) => {
  const text = cell.firstChild.firstChild;
  return [...text.data.matchAll(/[a-z]+/gi)].filter((word) => {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    return range.getClientRects().length > 1;
  }).map((word) => word[0]);
})"""


def test_long_names_neither_widen_the_page_nor_break_words(page: Page, tmp_path: Path) -> None:
    endless, several = "x" * 300, "interfacial transfer resistance of the composite"
    rows = [(sample, time) for sample in (endless, several) for time in (0.0, 4.0)]
    spectra = [measured(s, (100.0 + t, 300.0), i) for i, (s, t) in enumerate(rows)]
    columns = {"sample": [s for s, _ in rows], "time_h": [t for _, t in rows]}
    found = compare_series(Series.from_spectra(spectra, **columns), "zarc2")
    path = tmp_path / "long.html"
    path.write_text(report_html(found), encoding="utf-8")
    for width in (390, 1440):
        page.window(width)
        page.open(path)
        assert page.value("document.getElementById('sets') !== null")
        assert page.value("document.documentElement.scrollWidth") <= width
        assert set(page.value(BROKEN_WORDS)) <= {endless}


def test_plots_along_a_series(page: Page, comparison: Comparison, tmp_path: Path) -> None:
    path = tmp_path / "comparison.html"
    path.write_text(report_html(comparison), encoding="utf-8")
    page.window(1280)
    page.open(path)
    assert not page.value("document.getElementById('trends').hidden")
    assert texts(page, "#trend-panels h3") == ["Series", "Arc 1", "Arc 2"]
    assert texts(page, "#trend-legend .chip") == ["Si", HOSTILE]
    marks = "document.querySelectorAll('#plot-trend-1 .points').length"
    assert page.value(marks) == 2
    page.click("#trend-legend .chip:last-child")
    assert page.value(marks) == 1
    along = "document.querySelectorAll('#plot-trend-1 .axis')[0].textContent"
    assert page.value(along) == "Time / h"
    choose(page, "Along", "square root of time")
    assert page.value(along) == "√(time / h)"
    # Only the first track is shown at first, coloured by time
    assert texts(page, "#legend .chip") == [f"Si, {t} h" for t in (0, 4, 25, 64, 100)]
    choose(page, "Show", "first and last of each")
    assert len(texts(page, "#legend .chip")) == 4
    page.click("#pick-list li:first-child input")
    assert page.value("document.getElementById('sets').selectedOptions[0].text") == "as picked"
    assert len(texts(page, "#legend .chip")) == 3
    home = ticks(page, "nyquist")
    choose(page, "Nyquist", "above 10 kHz")
    assert ticks(page, "nyquist") != home
    choose(page, "γ axis", "each to its highest peak")
    assert "γ / highest peak" in texts(page, "#plot-drt .axis")
    assert page.complaints == []


def test_readable_without_script(page: Page, html: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    page.window(390)
    page.open(path, script=False)
    # With scripts off the page cannot be asked, so the document is
    document = page.call("DOM.getDocument")["root"]["nodeId"]

    def count(selector: str) -> int:
        found = page.call("DOM.querySelectorAll", nodeId=document, selector=selector)
        return len(found["nodeIds"])

    assert count(".still svg circle") == 3 * 43 - 1  # one point is masked
    assert count("#resistances tbody tr") > 0
    metrics = page.call("Page.getLayoutMetrics")
    assert metrics["cssContentSize"]["width"] <= 390
    assert page.complaints == []


def test_prints_light_and_whole(opened: Page, tmp_path: Path) -> None:
    opened.window(1280, dark=True)
    pdf = opened.call("Page.printToPDF", printBackground=False)["data"]
    assert len(pdf) > 20_000
    opened.call("Emulation.setEmulatedMedia", media="print")
    assert opened.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert opened.value("getComputedStyle(document.querySelector('.tools')).display") == "none"
    assert re.fullmatch(
        "none", opened.value("getComputedStyle(document.querySelector('.scroll')).maxHeight")
    )
    opened.call("Emulation.setEmulatedMedia", media="")
