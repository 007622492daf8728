"""`eisfit compare`: what a user types, what comes to the screen, into the folder, and as status."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from comparison_cells import half_cell, noisy, write, zarc

import eisfit
from eisfit.spectrum import Spectrum

Run = Callable[..., tuple[int, str, str]]
MODEL = "R0-p(R1,CPE1)"


def one_arc(ohm: float, seed: int) -> Spectrum:
    f = np.geomspace(1e6, 1.0, 43)
    return noisy(f, 10.0 + zarc(f, ohm, 1e-4, 0.9), seed, "x")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two samples over three times, and a manifest of them."""
    lines = ["file;sample;time_h;reference_R1_ohm"]
    for number, (sample, rate) in enumerate((("Si", 40.0), ("Si@AlCl3", 2.0))):
        for time_h in (0.0, 1.0, 4.0):
            ohm = 50.0 + rate * np.sqrt(time_h)
            name = f"data/{number}_{time_h:g}h.csv"
            write(tmp_path / name, one_arc(ohm, seed=len(lines)))
            lines.append(f"{name};{sample};{f'{time_h:g}'};{ohm:g}".replace(".5", ",5"))
    path = tmp_path / "study.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_study_from_its_manifest(study: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "out"
    status, screen, err = run("compare", study, "-m", MODEL, "-o", out, "--format", "csv",
                              "--format", "md", "--format", "svg")  # fmt: skip
    assert (status, err) == (0, "")
    assert "6 spectra of 2 samples (Si, Si@AlCl3), 2 tracks along time_h" in screen
    assert "times larger in Si than in Si@AlCl3" in screen
    assert "n = 1 cell of each, fit uncertainty only" in " ".join(screen.split())
    assert screen.count("off the reference (n = 6)") == 1
    names = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    tables = {"resistances", "peaks", "ratios", "changes", "provenance"}
    assert {f"{t}.{s}" for t in tables for s in ("csv", "md")} <= names
    assert {"report.html", "comparison.json", "nyquist.svg", "resistances.svg"} <= names
    assert {"drt_waterfall_Si.svg", "drt_map_Si_AlCl3.svg", "contributions.svg"} & names
    assert not any(name.endswith(".png") for name in names)
    assert len([name for name in names if name.startswith("fits/")]) == 6
    saved = eisfit.load(sorted((out / "fits").iterdir())[0])
    assert saved.values["R1"] == pytest.approx(50.0, rel=0.01)


def test_json_for_other_programs(
    study: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eisfit.comparison.save.planned", lambda series: [])  # drawn above
    out = tmp_path / "out"
    status, screen, err = run("compare", study, "-m", MODEL, "--json", "-o", out)
    document = json.loads(screen)
    assert (status, err) == (0, "")
    assert (document["format"], document["version"]) == ("eisfit-comparison", 1)
    assert document["along"] == "time_h"
    assert document["tracks"] == [[0, 1, 2], [3, 4, 5]]
    assert len(document["members"]) == 6
    ohm = [r["resistance_ohm"] for r in document["resistances"] if r["role"] == "R1"]
    np.testing.assert_allclose(ohm, [50, 90, 130, 50, 52, 54], rtol=0.01)
    on_disk = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert {k: v for k, v in document.items() if k != "written"} == on_disk
    assert {Path(p).name for p in document["written"]} >= {"report.html", "resistances.csv"}


def test_names_of_files_in_place_of_a_manifest(study: Path, tmp_path: Path, run: Run) -> None:
    files = sorted((tmp_path / "data").iterdir())
    pattern = "{sample}_{time_h}h.csv"
    status, screen, _ = run("compare", *files, "-m", MODEL, "--pattern", pattern)
    assert status == 0
    assert "2 samples (0, 1), 2 tracks along time_h" in screen
    assert "Nothing was written" in screen


def test_what_is_wrong_costs_only_itself(study: Path, run: Run) -> None:
    study.write_text(study.read_text("utf-8") + "\nmissing.csv;Si;9;\n", encoding="utf-8")
    status, screen, err = run("compare", study, "-m", MODEL)
    assert status == 1
    assert "6 spectra" in screen
    assert "1 of 7 failed" in err
    assert "study.csv, line 8" in err
    assert "missing.csv" in err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--pattern", "{sample}"], "a manifest says what each file is"),
        (["--along", "pressure"], "no member has a coordinate 'pressure'"),
        (["--f-min", "10", "--f-max", "1"], "nothing is between"),
        (["-m", "no_such_model"], "no model is called"),
        (["--area", "1", "--short", "nowhere.csv"], "nowhere.csv does not exist"),
        (["--format", "doc"], "doc"),
        (["--regularization", "best"], "best"),
    ],
)
def test_wrong_use_is_said_and_nothing_done(
    study: Path, run: Run, more: list[str], said: str
) -> None:
    status, screen, err = run("compare", study, *more)
    assert (status, screen) == (2, "")
    assert err.startswith("error: ")
    assert said in err


def test_two_manifests_or_none_at_all(study: Path, tmp_path: Path, run: Run) -> None:
    assert "give it alone" in run("compare", study, study)[2]
    status, _, err = run("compare", tmp_path / "a.mpr", tmp_path / "b.mpr")
    assert status == 2
    assert "a.mpr" in err
    assert "b.mpr" in err


def test_what_is_there_is_not_replaced(
    study: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "ratios.csv").write_text("mine", encoding="utf-8")
    monkeypatch.setattr("eisfit.comparison.run.track", None)  # nothing may be computed
    status, _, err = run("compare", study, "-m", MODEL, "-o", out)
    assert status == 2
    assert "ratios.csv exists already" in err
    assert [p.name for p in out.iterdir()] == ["ratios.csv"]
    monkeypatch.undo()
    monkeypatch.setattr("eisfit.comparison.save.planned", lambda series: [])  # drawn above
    assert run("compare", study, "-m", MODEL, "-o", out, "--force")[0] == 0
    assert (out / "ratios.csv").read_text(encoding="utf-8") != "mine"


def test_blanks_window_and_size(tmp_path: Path, run: Run) -> None:
    f = np.geomspace(7e6, 1.0, 69)
    lead = 0.5 + 2j * np.pi * f * 1e-6
    cell = half_cell(40.0, 60.0, 0)
    measured = write(tmp_path / "cell.csv", Spectrum(f, cell.impedance + lead))
    short = write(tmp_path / "short.csv", Spectrum(f, lead))
    arguments = ("compare", measured, "-m", "li_in_lpsc_si", "--json", "--area", "0.5")
    plain = json.loads(run(*arguments)[1])
    corrected = json.loads(run(*arguments, "--short", short)[1])

    def bulk(document: dict) -> float:
        rows = [r for r in document["resistances"] if r["role"] == "bulk"]
        return float(rows[0]["resistance_ohm"])

    assert bulk(plain) == pytest.approx(10.5, abs=0.05)
    assert bulk(corrected) == pytest.approx(10.0, abs=0.05)
    assert "short short (SHA-256" in corrected["provenance"][0]["correction"]
    assert not any("--short" in hint for hint in corrected["hints"])
    areas = {r["role"]: r["area_specific_ohm_cm2"] for r in corrected["conductivity"]}
    assert areas["bulk"] == pytest.approx(5.0, abs=0.03)
    narrow = write(tmp_path / "narrow.csv", Spectrum(f[10:], lead[10:]))
    status, _, err = run(*arguments, "--short", narrow)
    assert status == 2
    assert "measure the blank over all of it" in err
    assert run(*arguments, "--short", narrow, "--f-max", "5e5")[0] == 0


@pytest.mark.parametrize("width", [60, 80, 160])
def test_a_screen_of_any_width_holds_the_tables(
    study: Path, run: Run, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    screen = run("compare", study, "-m", MODEL)[1]
    tables, _, _ = screen.partition("Nothing was written")  # a line that is never broken
    assert max(map(len, tables.splitlines())) <= width
    assert "\x1b" not in screen
    numbers = re.findall(r"^\s+(?:Si(?:@AlCl3)?\s+)?\d\s+(\S.*)$", screen, re.MULTILINE)
    assert len(numbers) >= 6
    assert all("±" in line for line in numbers) == (width >= 100)


def test_names_that_a_terminal_would_obey_are_written_out(tmp_path: Path, run: Run) -> None:
    write(tmp_path / "a.csv", one_arc(50.0, 0))
    manifest = tmp_path / "study.csv"
    manifest.write_text("file,sample\na.csv,\x1b[31m=cmd()\n", encoding="utf-8")
    status, screen, _ = run("compare", manifest, "-m", MODEL, "-o", tmp_path / "out")
    assert status == 0
    assert "\x1b" not in screen
    assert "\\x1b[31m=cmd()" in screen
    assert all("\x1b" not in p.name for p in (tmp_path / "out").rglob("*"))
