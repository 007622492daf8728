"""The report as text: its parts, its numbers, and that nothing in it is taken for markup."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from report_cells import FORMULA, HOSTILE, MARKUP, measured

import eisfit
from eisfit._version import __version__
from eisfit.analysis import Analysis
from eisfit.comparison import Comparison
from eisfit.errors import OutputError
from eisfit.report import report_html, write_report
from eisfit.report.columns import cell_of, number


class Document(HTMLParser):
    """What a parser of HTML makes of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.contents: dict[str, list[str]] = {"script": [], "style": []}
        self.text: list[str] = []
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in self.contents:
            self._inside = tag
            self.contents[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.contents[self._inside][-1] += data
        else:
            self.text.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def data(self) -> dict:
        return json.loads(self.contents["script"][0])


def rows_of(html: str, key: str) -> list[list[str]]:
    """Return the cells of a table: what sorting goes by, else the text."""
    table = re.search(rf'<table id="{key}".*?</table>', html, re.S).group()
    head = re.findall(r'data-name="([^"]*)"', table)
    cell = re.compile(r'<t[dh](?: class="[^"]*"| scope="row")*( data-v="([^"]*)")?>(.*?)</t[dh]>')
    body = [
        [value if sorted_by else re.sub("<[^>]*>", "", text)
         for sorted_by, value, text in cell.findall(row)]
        for row in re.findall("<tr>(.*?)</tr>", table.partition("<tbody>")[2], re.S)
    ]  # fmt: skip
    return [head, *body]


def test_parts_of_the_page(html: str) -> None:
    document = Document(html)
    assert html.startswith("<!doctype html>")
    assert document.named("html")[0]["lang"] == "en"
    assert len(document.named("h1")) == len(document.named("main")) == 1
    ids = [attributes["id"] for _, attributes in document.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for attributes in document.named("a")]
    assert links
    assert all(link.startswith("#") and link[1:] in ids for link in links)
    sections = {"summary", "plots", "section-resistances", "section-peaks", "notes", "methods",
                "provenance-section"}  # fmt: skip
    assert sections <= set(ids)
    for attributes in document.named("th"):
        assert attributes["scope"] in ("col", "row")
    for tag, attributes in document.tags:
        assert "style" not in attributes  # the policy would not let it work
        assert not [name for name in attributes if name.startswith("on")], tag


def test_nothing_from_elsewhere(html: str) -> None:
    document = Document(html)
    tags = {tag for tag, _ in document.tags}
    assert tags.isdisjoint({"link", "img", "iframe", "object", "embed", "base", "form", "audio"})
    assert all("src" not in attributes for _, attributes in document.tags)
    assert "url(" not in "".join(document.contents["style"])
    assert "@import" not in "".join(document.contents["style"])


def test_policy_holds_the_hashes_of_what_is_there(html: str) -> None:
    document = Document(html)
    (policy,) = (
        attributes["content"]
        for attributes in document.named("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy
    (style,), (data, script) = document.contents["style"], document.contents["script"]
    for rule, content in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert document.named("script")[0]["type"] == "application/json"
    assert json.loads(data)


def test_texts_of_files_stay_text(html: str) -> None:
    document = Document(html)
    assert len(document.named("script")) == 2
    assert "<img" not in html.lower()
    text = "".join(document.text)
    assert HOSTILE in text
    assert MARKUP in text
    assert [one["name"] for one in document.data["spectra"]] == ["plain", HOSTILE, FORMULA]
    assert "<" not in document.contents["script"][0]


def test_a_title_is_escaped_too(analyses: tuple[Analysis, ...]) -> None:
    document = Document(report_html(analyses[:1], title=MARKUP))
    assert len(document.named("script")) == 2
    assert not document.named("img")
    assert MARKUP in "".join(document.text)


def test_signs_that_deceive_are_replaced() -> None:
    label = "a\u202eb\x07c\udc80d\u2066"
    analysis = eisfit.analyze(measured(label, (100.0, 300.0), 4), "zarc2")
    html = report_html(analysis)
    html.encode("utf-8")
    assert "a\ufffdb\ufffdc\ufffdd\ufffd" in html
    assert not set("\u202e\x07\u2066") & set(html)


def test_tables_hold_the_numbers_of_the_analyses(html: str, analyses: tuple[Analysis, ...]) -> None:
    head, *rows = rows_of(html, "resistances")
    expected = [row for a in analyses for row in a.resistances().to_dict("records")]
    assert len(rows) == len(expected)
    for row, truth in zip(rows, expected, strict=True):
        shown = dict(zip(head, row, strict=True))
        for name in ("resistance_ohm", "stderr_ohm", "lower_ohm", "tau_s", "capacitance_f"):
            value = float(shown[name]) if shown[name] else np.nan
            assert value == pytest.approx(truth[name], rel=1e-5, nan_ok=True)
        assert shown["role"] == truth["role"].replace("_", " ")
        assert shown["status"] == truth["status"]
    head, *rows = rows_of(html, "peaks")
    truth = [row["tau_s"] for a in analyses for row in a.peaks().to_dict("records")]
    assert [float(row[head.index("tau_s")]) for row in rows] == pytest.approx(truth, rel=1e-5)


def test_plots_hold_the_numbers_of_the_spectra(html: str, analyses: tuple[Analysis, ...]) -> None:
    for drawn, analysis in zip(Document(html).data["spectra"], analyses, strict=True):
        spectrum, drt = analysis.spectrum, analysis.drt
        assert drawn["f"] == pytest.approx(spectrum.frequency, rel=1e-5)
        assert drawn["re"] == pytest.approx(spectrum.impedance.real, rel=1e-5)
        assert drawn["im"] == pytest.approx(-spectrum.impedance.imag, rel=1e-5)
        at = np.array(drawn["fit"]["f"])
        curve = analysis.fit.model.impedance(at, dict(analysis.fit.values))
        assert drawn["fit"]["re"] == pytest.approx(curve.real, rel=1e-3)
        assert drawn["drt"]["gamma"] == pytest.approx(drt.gamma, rel=1e-5)
        assert [p["r"] for p in drawn["drt"]["peaks"]] == pytest.approx(
            [row["resistance_ohm"] for row in drt.peak_rows], rel=1e-5
        )
        apart = 100.0 * (analysis.fit.impedance - spectrum.impedance) / spectrum.modulus
        assert drawn["misfit"]["re"] == pytest.approx(apart.real, rel=1e-3, abs=1e-9)
    masked = Document(html).data["spectra"][2]["masked"]
    assert masked == {"0": f"cable {MARKUP}"}


def test_methods_say_what_was_done(html: str) -> None:
    paragraph = re.search(r'<p id="methods-text"[^>]*>(.*?)</p>', html, re.S).group(1)
    for part in (__version__, "numpy", "scipy", "weighting modulus", "seed 0", "loss linear",
                 "zarc2", "R0-p(R1,CPE1)-p(R2,CPE2)", "43 points", "1 MHz to 1 Hz", "λ = ",
                 "1 point of 1 spectrum"):  # fmt: skip
        assert part in paragraph, part


def test_provenance_holds_the_hashes(html: str) -> None:
    head, *rows = rows_of(html, "provenance")
    assert [row[head.index("sha256")] for row in rows] == [f"{i:064x}" for i in (1, 2, 3)]


def test_notes_and_verdicts(html: str, analyses: tuple[Analysis, ...]) -> None:
    head, *rows = rows_of(html, "overview")
    assert [row[head.index("verdict")] for row in rows] == [a.validity.verdict for a in analyses]
    text = "".join(Document(html).text)
    assert all(note in text for a in analyses for note in a.notes)
    assert "Li-In" in text
    assert "above 1 MHz" not in text  # these spectra end there


def test_cables_are_spoken_of_above_one_megahertz() -> None:
    spectrum = measured("fast", (100.0, 300.0), 5)
    faster = eisfit.Spectrum(7.0 * spectrum.frequency, spectrum.impedance, "fast")
    assert "above 1 MHz" in report_html(eisfit.analyze(faster, "zarc2"))


def test_same_results_same_file(analyses: tuple[Analysis, ...], html: str) -> None:
    assert report_html(list(analyses)) == html


def test_two_sweeps_of_one_file_have_two_names(analyses: tuple[Analysis, ...]) -> None:
    data = Document(report_html([analyses[0]] * 3)).data
    assert [one["name"] for one in data["spectra"]] == ["plain", "plain (2)", "plain (3)"]


def test_writing(analyses: tuple[Analysis, ...], html: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert write_report(analyses, path) == path
    assert path.read_text(encoding="utf-8") == html
    with pytest.raises(OutputError, match="exists already"):
        write_report(analyses, path)
    write_report(analyses[:1], path, title="Other", force=True)
    assert "<title>Other</title>" in path.read_text(encoding="utf-8")
    with pytest.raises(OutputError, match="nothing to report"):
        write_report([], tmp_path / "none.html")


def test_a_hundred_spectra_stay_small(analyses: tuple[Analysis, ...], html: str) -> None:
    one = report_html(analyses[:1])
    # Of 43 points; a spectrum of 70 takes half as much again
    each = (len(report_html([analyses[0]] * 11).encode()) - len(one.encode())) / 10
    assert len(one.encode()) + 100 * 1.6 * each < 5e6


def test_series_comes_with_its_tables_and_plots(comparison: Comparison) -> None:
    html = report_html(comparison)
    document = Document(html)
    assert len(document.named("script")) == 2
    data = document.data
    assert [one["name"] for one in data["spectra"]][:2] == ["Si, 0 h", "Si, 4 h"]
    assert data["along"] == "time_h"
    assert [track["members"] for track in data["tracks"]] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    table = comparison.resistances()
    (role,) = (r for r in data["trends"]["roles"] if r["role"] == "arc 1")
    truth = table[(table["role"] == "arc_1") & (table["sample"] == "Si")]
    assert role["series"][0]["x"] == truth["time_h"].tolist()
    assert role["series"][0]["y"] == pytest.approx(truth["resistance_ohm"], rel=1e-5)
    # Made with 100 ohm + 20 ohm/sqrt(h): the drawn law has to end near 300 ohm
    law = role["laws"][0]
    assert law["name"].startswith("parabolic")
    assert law["x"][-1] == 100.0
    assert law["y"][-1] == pytest.approx(300.0, rel=0.02)
    text = "".join(document.text)
    assert all(sentence in text for sentence in comparison.sentences())
    head, *rows = rows_of(html, "ratios")
    expected = comparison.ratios()
    assert [float(row[head.index("ratio")]) for row in rows] == pytest.approx(
        expected["ratio"].tolist(), rel=1e-5
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (50804.54, "50\u202f800"), (0.949876, "0.9499"), (1.1034e-5, "1.103×10⁻⁵"),
        (9999.6, "10\u202f000"), (555333.65, "555\u202f300"), (-0.5, "−0.5000"), (0.0, "0"),
        (69, "69"), (float("inf"), "∞"), (float("nan"), "–"), (2.5e7, "2.500×10⁷"),
        (200.013, "200.0"), (99.996, "100.0"),
        (0.00099999, "0.001000"), (0.00099, "9.900×10⁻⁴"),
    ],
)  # fmt: skip
def test_numbers_as_a_reader_wants_them(value: float, text: str) -> None:
    assert number(value) == text


def test_cells_are_sorted_by_what_they_show() -> None:
    assert cell_of("fraction", 0.123456789).value == "12.3457"
    assert cell_of("p_value", 1e-9).text == "< 0.0001"
    assert cell_of("resistance_ohm", None).value == ""
    assert cell_of("best", np.True_).text == "yes"


def linear(colour: str) -> np.ndarray:
    """Return linear RGB of #rrggbb."""
    channels = np.array([int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2."""
    return float(np.dot([0.2126, 0.7152, 0.0722], linear(colour)))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


# What an eye without one of the three pigments sees, for linear RGB: G. M. Machado, M. M. Oliveira,
# L. A. F. Fernandes, IEEE Trans. Vis. Comput. Graph. 15 (2009) 1291, severity 1
EYES = {
    "all": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                 [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Return the perceptual coordinates of B. Ottosson (2020) of a linear RGB colour."""
    to_cones = [[0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005]]  # fmt: skip
    to_lab = [[0.2104542553, 0.7936177850, -0.0040720468],
              [1.9779984951, -2.4285922050, 0.4505937099],
              [0.0259040371, 0.7827717662, -0.8086757660]]  # fmt: skip
    return np.asarray(to_lab) @ np.cbrt(np.asarray(to_cones) @ np.clip(rgb, 0.0, 1.0))


def colours(theme: int) -> dict[str, str]:
    style = (files("eisfit.report") / "page" / "report.css").read_text(encoding="utf-8")
    block = re.findall(r":root \{(.*?)\}", style, re.S)[theme]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_series_differ_for_every_eye(theme: int, eye: str) -> None:
    seen = [oklab(np.asarray(EYES[eye]) @ linear(colours(theme)[f"c{i}"])) for i in range(8)]
    apart = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
    assert min(apart) > 0.07  # a just noticeable difference is about 0.02


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_have_contrast(theme: int) -> None:
    colour = colours(theme)
    for ground in ("paper", "raised"):
        for ink in ("ink", "quiet", "accent"):
            assert contrast(colour[ink], colour[ground]) >= 4.5, (ink, ground)
    for mark in ("good", "doubt", "bad"):
        assert contrast(colour[mark], colour[f"{mark}-ground"]) >= 4.5, mark
    for graphic in [*(f"c{i}" for i in range(8)), *(f"s{i}" for i in range(7)), "strong", "focus"]:
        assert contrast(colour[graphic], colour["paper"]) >= 3.0, graphic
