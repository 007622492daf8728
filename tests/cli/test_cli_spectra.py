"""The command line on files whose truth is known, and on everything that goes wrong."""

import csv
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_arc import ALPHA, R0, R1, TAU, files_in, impedance, strict, write

import eisfit
from eisfit.tables import PEAK_COLUMNS, RESISTANCE_COLUMNS

NAMES = {"resistances.csv", "drt_peaks.csv", "fit.json",
         "nyquist.png", "bode.png", "drt.png", "residuals.png"}  # fmt: skip
Run = Callable[..., tuple[int, str, str]]


def test_fit_of_one_file(run: Run, cell: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    status, shown, err = run("fit", cell, "--model", "zarc1", "--out", out)
    assert (status, err) == (0, "")
    assert files_in(out) == NAMES
    for name in NAMES:
        if name.endswith(".png"):
            assert (out / name).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")

    table = pd.read_csv(out / "resistances.csv")
    assert tuple(table.columns[: len(RESISTANCE_COLUMNS)]) == RESISTANCE_COLUMNS
    found = table.set_index("element")
    for element, truth in (("R0", R0), ("R1", R1)):
        row = found.loc[element]
        assert row.resistance_ohm == pytest.approx(truth, rel=0.01)
        assert row.lower_ohm < row.resistance_ohm < row.upper_ohm
    assert found.loc["R1"].tau_s == pytest.approx(TAU, rel=0.02)
    assert found.loc["R1"].alpha == pytest.approx(ALPHA, rel=0.02)

    peaks = pd.read_csv(out / "drt_peaks.csv")
    assert tuple(peaks.columns[: len(PEAK_COLUMNS)]) == PEAK_COLUMNS
    largest = peaks.loc[peaks.resistance_ohm.idxmax()]
    assert abs(np.log10(largest.tau_s / TAU)) < 0.1

    saved = eisfit.load(out / "fit.json")
    again = saved.resistances().set_index("element")
    np.testing.assert_allclose(again.resistance_ohm, found.resistance_ohm.loc[again.index])
    for word in ("cell", "arc_1", "Kramers-Kronig", "R0-p(R1,CPE1)", str(out)):
        assert word in shown


def test_without_out_nothing_is_written(
    run: Run, cell: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, shown, _ = run("fit", "cell.csv", "-m", "zarc1")
    assert status == 0
    assert "--out" in shown
    assert files_in(tmp_path) == {"cell.csv"}


def test_formats(run: Run, cell: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("kk", cell, "--out", out, "--format", "pdf", "--format", "svg")[0] == 0
    assert files_in(out) == {"kramers_kronig.csv", "residuals.pdf", "residuals.svg"}
    assert (out / "residuals.pdf").read_bytes().startswith(b"%PDF-")
    assert b"<svg" in (out / "residuals.svg").read_bytes()[:1000]


def test_nothing_is_computed_where_something_would_be_replaced(
    run: Run, cell: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "bode.png").write_text("mine")
    (out / "notes.txt").write_text("mine too")

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("computed")

    with monkeypatch.context() as patch:
        patch.setattr("eisfit.analysis.analyze", fail)
        status, shown, err = run("fit", cell, "-m", "zarc1", "--out", out)
    assert (status, shown) == (2, "")
    assert str(out / "bode.png") in err
    assert "nyquist.png" not in err
    assert "--force" in err
    assert files_in(out) == {"bode.png", "notes.txt"}

    assert run("fit", cell, "-m", "zarc1", "--out", out, "--force")[0] == 0
    assert files_in(out) == NAMES | {"notes.txt"}
    assert (out / "bode.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "notes.txt").read_text() == "mine too"


def test_out_is_a_file(run: Run, cell: Path, tmp_path: Path) -> None:
    for out in (cell, cell / "below"):
        status, _, err = run("drt", cell, "--out", out, "--force")
        assert status == 2
        assert "is a file, not a folder" in err


def test_a_bad_file_among_good_ones(run: Run, tmp_path: Path) -> None:
    good = [write(tmp_path / f"{name}.csv", (scale,)) for name, scale in (("a", 1), ("b", 2))]
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    out = tmp_path / "out"
    status, shown, err = run("fit", good[0], bad, good[1], "-m", "zarc1", "-o", out)
    assert status == 1
    assert files_in(out) == {
        "resistances.csv", "drt_peaks.csv", *(f"{d}/{n}" for d in "ab" for n in NAMES),
    }  # fmt: skip
    table = pd.read_csv(out / "resistances.csv")
    assert table.columns[-1] == "file"
    assert table["sample"].tolist() == ["a", "a", "b", "b"]
    assert table.file.tolist() == [str(good[0])] * 2 + [str(good[1])] * 2
    np.testing.assert_allclose(table.resistance_ohm, [R0, R1, 2 * R0, 2 * R1], rtol=0.01)
    assert err.startswith("error: 1 of 3 failed:\n")
    assert "bad.png is a PNG picture" in err
    assert shown.index("a: 41 points") < shown.index("b: 41 points")


def test_every_file_bad(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    out = tmp_path / "out"
    status, _, err = run(
        "fit", tmp_path / "none.mpr", tmp_path / "empty.txt", tmp_path, "--out", out
    )
    assert status == 2
    assert [line.startswith("error:") for line in err.splitlines()] == [True, False, False, False]
    assert all(word in err for word in ("does not exist", "is empty", "is a folder"))
    assert not out.exists()


def test_a_spectrum_too_small_for_its_model_fails_alone(run: Run, tmp_path: Path) -> None:
    good = write(tmp_path / "good.csv")
    few = tmp_path / "few.csv"
    few.write_text("\n".join(good.read_text().splitlines()[:8]) + "\n")
    status, _, err = run("fit", few, good, "-m", "zarc5", "-o", tmp_path / "out")
    assert status == 1
    assert "few.csv: zarc5 has 16 free parameters" in err
    assert (tmp_path / "out" / "good" / "fit.json").exists()
    assert not (tmp_path / "out" / "few").exists()


def test_files_of_one_name_stay_apart(run: Run, tmp_path: Path) -> None:
    files = [write(tmp_path / d / "cell.csv", (s,)) for d, s in (("x", 1), ("y", 2), ("z", 3))]
    upper = write(tmp_path / "w" / "CELL.csv", (4,))
    out = tmp_path / "out"
    assert run("kk", *files, upper, "-o", out)[0] == 0
    folders = {p.name for p in out.iterdir() if p.is_dir()}
    assert folders == {"cell", "cell_2", "cell_3", "CELL_4"}
    table = pd.read_csv(out / "kramers_kronig.csv")
    assert table.groupby("file")["sample"].nunique().tolist() == [1] * 4
    assert table["sample"].nunique() == 4


def test_sweeps(run: Run, tmp_path: Path) -> None:
    aging = write(tmp_path / "aging.csv", (1.0, 2.0, 3.0))
    out = tmp_path / "all"
    assert run("kk", aging, "-o", out)[0] == 0
    assert {p.name for p in out.iterdir()} == {
        "kramers_kronig.csv", "aging_sweep1", "aging_sweep2", "aging_sweep3",
    }  # fmt: skip
    status, shown, _ = run("fit", aging, "-m", "zarc1", "--sweep", 2, "-o", tmp_path / "one")
    assert status == 0
    assert files_in(tmp_path / "one") == NAMES
    table = pd.read_csv(tmp_path / "one" / "resistances.csv")
    assert set(table.sweep) == {2}
    np.testing.assert_allclose(table.resistance_ohm, [2 * R0, 2 * R1], rtol=0.01)
    assert "aging, sweep 2" in shown
    status, _, err = run("kk", aging, "--sweep", 7)
    assert status == 2
    assert "aging.csv has no sweep 7; it has 1, 2, 3" in err


def test_frequency_limits(run: Run, cell: Path) -> None:
    status, shown, _ = run("kk", cell, "--f-min", 10, "--f-max", 2e4, "--json")
    assert status == 0
    (result,) = strict(shown)["results"]
    assert 10 <= result["f_min_hz"] < 14
    assert 1.5e4 < result["f_max_hz"] <= 2e4
    assert run("kk", cell, "--f-min", 10, "--f-max", 2)[0] == 2
    status, _, err = run("kk", cell, "--f-min", 1e7)
    assert status == 2
    assert "no point between" in err


def test_json_says_what_the_tables_say(run: Run, cell: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    status, shown, err = run("fit", cell, tmp_path / "none.csv", "-m", "zarc1", "--json", "-o", out)
    assert status == 1
    document = strict(shown)
    assert (document["format"], document["version"]) == ("eisfit-report", 1)
    (result,) = document["results"]
    with (out / "resistances.csv").open(newline="") as stream:
        rows = [*csv.DictReader(stream)]
    assert [row["element"] for row in result["resistances"]] == [row["element"] for row in rows]
    for one, other in zip(result["resistances"], rows, strict=True):
        assert one["resistance_ohm"] == float(other["resistance_ohm"])
        assert (one["tau_s"] is None) == (other["tau_s"] == "")
    assert result["kramers_kronig"]["valid"] is True
    assert set(document["written"]) == {str(out / name) for name in files_in(out)}
    (failure,) = document["failures"]
    assert failure["file"] == str(tmp_path / "none.csv")
    assert "none.csv" in err


def test_drt_alone(run: Run, cell: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    status, shown, _ = run("drt", cell, "-o", out, "--regularization", "1e-3", "--json")
    assert status == 0
    assert files_in(out) == {"drt_peaks.csv", "drt.csv", "drt.png"}
    (result,) = strict(shown)["results"]
    assert result["drt"]["regularization"] == 1e-3
    curve = pd.read_csv(out / "drt.csv")
    # The area under gamma over ln tau is the polarisation resistance
    area = np.trapezoid(curve.gamma_ohm, np.log(curve.tau_s))
    assert area == pytest.approx(R1, rel=0.02)
    status, shown, _ = run("drt", cell, "--regularization", "gcv")
    assert status == 0
    assert "(gcv)" in shown


def test_drt_by_the_plain_penalty_and_with_a_negative_peak(run: Run, tmp_path: Path) -> None:
    f = np.geomspace(1e5, 1e-2, 71)
    s = 2j * np.pi * f
    loop = impedance(f) - 20.0 / (1.0 + (s * 1.5) ** 0.9)  # an inductive loop of 20 ohm at 1.5 s
    path = tmp_path / "loop.csv"
    rows = (f"{a!r},{b.real!r},{b.imag!r}" for a, b in zip(f.tolist(), loop.tolist(), strict=True))
    path.write_text("frequency_hz,real_ohm,imaginary_ohm\n" + "\n".join(rows) + "\n")
    (result,) = strict(run("drt", path, "--signed", "--json")[1])["results"]
    negative = [row for row in result["peaks"] if row["resistance_ohm"] < 0]
    assert [row["resistance_ohm"] for row in negative] == [pytest.approx(-20, rel=0.1)]
    assert negative[0]["tau_s"] == pytest.approx(1.5, rel=0.1)
    arc = write(tmp_path / "arc.csv")
    (result,) = strict(run("drt", arc, "--method", "tikhonov", "--json")[1])["results"]
    assert result["drt"]["share"] == 0
    assert result["drt"]["method"] == "tikhonov"
    assert run("drt", path, "--method", "blend", "--signed")[0] == 2


def test_kk_says_why_a_point_is_suspect_and_how_large_the_noise_is(
    run: Run, tmp_path: Path
) -> None:
    f = np.geomspace(1e5, 1.0, 41)
    both = np.random.default_rng(6).standard_normal((2, 41))
    clean = impedance(f)
    z = clean + 2e-3 * np.abs(clean) * (both[0] + 1j * both[1])
    z[20] *= 1.2
    path = tmp_path / "spike.csv"
    rows = (f"{a!r},{b.real!r},{b.imag!r}" for a, b in zip(f.tolist(), z.tolist(), strict=True))
    path.write_text("frequency_hz,real_ohm,imaginary_ohm\n" + "\n".join(rows) + "\n")
    out = tmp_path / "out"
    (result,) = strict(run("kk", path, "-o", out, "--json")[1])["results"]
    (suspect,) = result["kramers_kronig"]["suspect"]
    assert suspect["frequency_hz"] == pytest.approx(f[20])
    assert "outlier" in suspect["because"]
    table = pd.read_csv(out / "kramers_kronig.csv")
    assert table.suspect_because.notna().tolist() == table.suspect.tolist() == [*(f == f[20])]
    # 0.2 % of the modulus was put in
    assert np.median(table.noise_ohm / np.abs(clean)) == pytest.approx(2e-3, rel=0.3)
    assert [point["noise_ohm"] for point in result["points"]] == pytest.approx([*table.noise_ohm])


def test_kk_finds_what_is_broken(run: Run, tmp_path: Path) -> None:
    f = np.geomspace(1e5, 1.0, 41)
    z = impedance(f) + 30.0 * np.exp(-(np.log(f / 100.0) ** 2))  # real part alone: not causal
    path = tmp_path / "broken.csv"
    rows = (f"{a!r},{b.real!r},{b.imag!r}" for a, b in zip(f.tolist(), z.tolist(), strict=True))
    path.write_text("frequency_hz,real_ohm,imaginary_ohm\n" + "\n".join(rows) + "\n")
    status, shown, _ = run("kk", path, "--json")
    assert status == 0
    assert strict(shown)["results"][0]["kramers_kronig"]["valid"] is False


def test_80_columns_are_enough(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    cell = write(tmp_path / ("a" * 70 + ".csv"))
    for command in (
        ["fit", cell, "-m", "si_lpsc_mixture"],
        ["drt", cell],
        ["models"],
        ["models", "si_lpsc_lic_ncm"],
        ["models", "R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)-p(R4,CPE4)-p(R5,CPE5)-p(R6,CPE6)"],
    ):
        status, shown, _ = run(*command)
        assert status == 0
        long = [line for line in shown.splitlines() if len(line) > 80]
        assert long == []
        assert all(line == line.rstrip() for line in shown.splitlines())
    status, shown, _ = run("fit", cell, "-m", "si_lpsc_mixture")
    for word in ("grain_boundary", "interfacial", "low_frequency", "not determined"):
        assert word in shown


def test_a_second_process_draws_the_same(
    run: Run, cell: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("kk", cell, "-o", tmp_path / "here")[0] == 0
    monkeypatch.setattr("eisfit.cli.drawing._cores", lambda: 2)
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    assert run("kk", cell, "-o", tmp_path / "there")[0] == 0
    for name in ("residuals.png", "kramers_kronig.csv"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


def test_measured_mpr_and_its_text_give_the_same_table(
    run: Run, shared_data: Path, tmp_path: Path
) -> None:
    tables = []
    for suffix in ("mpr", "txt"):
        file = shared_data / "hybrid-drt" / f"PEIS_LPSCl_IonBlocking_-25C.{suffix}"
        out = tmp_path / suffix
        assert run("fit", file, "--model", "se_blocking", "-o", out)[0] == 0
        tables.append(pd.read_csv(out / "resistances.csv").set_index("element"))
    one, other = tables
    for column in ("resistance_ohm", "tau_s", "stderr_ohm"):
        np.testing.assert_allclose(one[column], other[column], rtol=1e-4)
    assert one.status.tolist() == other.status.tolist()
    total = one.resistance_ohm[["R0", "R1", "R2"]].sum()
    assert total == pytest.approx(1440.0, rel=0.03)


@pytest.mark.peers
@pytest.mark.parametrize("command", [
    ["fit", "-m", "zarc1", "--engine", "impedance"], ["drt", "--engine", "pydrttools"],
])  # fmt: skip
def test_other_engines(command: list[str], run: Run, cell: Path, tmp_path: Path) -> None:
    for name in ("impedance", "pyDRTtools"):  # to import the second would load Qt
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed (extra 'peers')")
    status, shown, err = run(*command, cell, "--json", "-o", tmp_path / "out")
    assert (status, err) == (0, "")
    (result,) = strict(shown)["results"]
    if command[0] == "fit":
        found = {row["element"]: row["resistance_ohm"] for row in result["resistances"]}
        assert found["R1"] == pytest.approx(R1, rel=0.01)
    else:
        assert result["drt"]["resistance_polarization_ohm"] == pytest.approx(R1, rel=0.05)


def test_no_cell_of_a_table_is_a_formula_for_a_spreadsheet(run: Run, tmp_path: Path) -> None:
    """The name of a sample may come from anybody: a spreadsheet must not run it."""
    name = "=cmd|' /C calc'!A0"
    file = write(tmp_path / "cell.csv").rename(tmp_path / f"{name.replace('/', '-')}.csv")
    run("fit", file, "-m", "zarc1", "-o", tmp_path / "out")
    for table in ("resistances.csv", "drt_peaks.csv"):
        with (tmp_path / "out" / table).open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                assert row["sample"].startswith("'=cmd")
