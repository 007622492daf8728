"""convert, simulate, models and demo."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_arc import ALPHA, R0, R1, TAU, files_in, impedance, strict, write

import eisfit

Run = Callable[..., tuple[int, str, str]]
CARDS = sorted(p.stem for p in (Path(__file__).resolve().parents[2] / "circuits").glob("*.toml"))


def assert_same(one: eisfit.Spectrum, other: eisfit.Spectrum, rtol: float = 0.0) -> None:
    np.testing.assert_allclose(one.frequency, other.frequency, rtol=rtol)
    np.testing.assert_allclose(one.impedance, other.impedance, rtol=rtol)


@pytest.mark.parametrize(("suffix", "rtol"), [("csv", 0.0), ("json", 0.0), ("txt", 1e-12)])
def test_convert_to_a_file(suffix: str, rtol: float, run: Run, tmp_path: Path) -> None:
    source = write(tmp_path / "aging.csv", (1.0, 2.0))
    target = tmp_path / "new" / f"aging.{suffix}"
    status, shown, err = run("convert", source, "--out", target)
    assert (status, err) == (0, "")
    assert str(target) in shown
    for one, other in zip(eisfit.read(source), eisfit.read(target), strict=True):
        assert_same(one, other, rtol)
    content = target.read_bytes()
    status, _, err = run("convert", source, "--out", target)
    assert status == 2
    assert "exists" in err
    assert target.read_bytes() == content
    assert run("convert", source, "--out", target, "--force", "--sweep", 2)[0] == 0
    assert len(eisfit.read(target)) == 1


def test_convert_to_the_screen(run: Run, cell: Path, tmp_path: Path) -> None:
    status, shown, _ = run("convert", cell)
    assert status == 0
    copy = tmp_path / "copy"
    copy.write_text(shown, encoding="utf-8")
    assert_same(eisfit.read(cell)[0], eisfit.read(copy)[0])
    status, shown, _ = run("convert", cell, "--to", "json")
    assert strict(shown)["format"] == "eisfit-spectra"
    assert run("convert", cell, "--to", "eclab")[1].startswith("EC-Lab ASCII FILE\n")


def test_convert_many(run: Run, tmp_path: Path) -> None:
    files = [write(tmp_path / d / "cell.csv", (s,)) for d, s in (("x", 1.0), ("y", 2.0))]
    out = tmp_path / "out"
    status, _, err = run("convert", *files, tmp_path / "none.mpr", "--out", out, "--to", "json")
    assert status == 1
    assert "none.mpr does not exist" in err
    assert files_in(out) == {"cell.json", "cell_2.json"}
    assert_same(eisfit.read(files[1])[0], eisfit.read(out / "cell_2.json")[0])
    assert run("convert", *files, "--out", out, "--to", "json")[0] == 2
    joined = tmp_path / "all.csv"
    assert run("convert", *files, "--out", joined)[0] == 0
    assert [s.label for s in eisfit.read(joined)] == ["cell", "cell_2"]
    status, _, err = run("convert", *files, "--out", tmp_path / "all.txt")
    assert status == 2
    assert "one measurement" in err
    assert not (tmp_path / "all.txt").exists()


ARC = ["--set", f"R0={R0}", "--set", f"R1={R1}", "--set", f"CPE1_0={TAU**ALPHA / R1!r}",
       "--set", f"CPE1_1={ALPHA}"]  # fmt: skip


def test_simulate_follows_the_closed_form(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "made.json"
    limits = ["--f-max", 1e4, "--f-min", 1, "--per-decade", 5]
    assert run("simulate", "R0-p(R1,CPE1)", *ARC, *limits, "-o", out, "--label", "mine")[0] == 0
    (made,) = eisfit.read(out)
    np.testing.assert_allclose(made.frequency, np.geomspace(1e4, 1, 21))
    np.testing.assert_allclose(made.impedance, impedance(made.frequency), rtol=1e-12)
    assert made.label == "mine"
    assert "synthetic" in made.metadata["notes"][0]


def test_simulated_noise_is_what_was_asked_for(run: Run, tmp_path: Path) -> None:
    spectra = []
    for seed in (1, 1, 2):
        out = tmp_path / "made.csv"
        command = ["simulate", "R0-p(R1,CPE1)", *ARC, "--noise", 0.01, "--per-decade", 300]
        assert run(*command, "--seed", seed, "-o", out, "--force")[0] == 0
        spectra += eisfit.read(out)
    one, again, other = spectra
    assert_same(one, again)
    exact = impedance(one.frequency)
    for made in (one, other):
        relative = (made.impedance - exact) / np.abs(exact)
        n = len(relative)
        # Standard deviation of a standard deviation: sigma / sqrt(2 n)
        for part in (relative.real, relative.imag):
            assert part.std() == pytest.approx(0.01, abs=5 * 0.01 / np.sqrt(2 * n))
            assert abs(part.mean()) < 5 * 0.01 / np.sqrt(n)
    assert abs(np.corrcoef(one.impedance.real - exact.real,
                           other.impedance.real - exact.real)[0, 1]) < 0.1  # fmt: skip


def test_simulate_as_eclab_text_is_marked(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "made.mpt"
    assert run("simulate", "R0-p(R1,CPE1)", *ARC, "-o", out)[0] == 0
    head = out.read_text("latin-1").split("freq/Hz")[0]
    assert head.startswith("EC-Lab ASCII FILE")
    assert "synthetic" in head
    (made,) = eisfit.read(out)
    assert (made.frequency[0], made.frequency[-1], len(made)) == (7e6, 1.0, 69)
    np.testing.assert_allclose(made.impedance, impedance(made.frequency), rtol=1e-11)


def test_simulate_from_a_fit(run: Run, cell: Path, tmp_path: Path) -> None:
    from eisfit.saved import save_result

    fit = eisfit.fit(eisfit.read(cell)[0], "zarc1")
    saved = save_result(fit, tmp_path / "fit.json")
    out = tmp_path / "made.json"
    assert run("simulate", "--from", saved, "-o", out)[0] == 0
    (made,) = eisfit.read(out)
    np.testing.assert_array_equal(made.frequency, fit.spectrum.frequency)
    np.testing.assert_allclose(made.impedance, fit.impedance, rtol=1e-12)
    # A role's symbol changes one value
    command = ["simulate", "--from", saved, "--set", "R_arc1=500", "-o", out, "--force"]
    assert run(*command)[0] == 0
    (made,) = eisfit.read(out)
    truth = fit.model.impedance(made.frequency, {**fit.values, "R1": 500.0})
    np.testing.assert_allclose(made.impedance, truth, rtol=1e-12)


def test_models_lists_every_card(run: Run) -> None:
    status, shown, _ = run("models")
    assert status == 0
    for name in CARDS:
        assert f"\n  {name} " in shown
    assert [card["name"] for card in strict(run("models", "--json")[1])] == CARDS


@pytest.mark.parametrize("name", CARDS)
def test_one_model_in_full(name: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")  # no sentence is broken
    model = eisfit.load_model(name)
    status, shown, _ = run("models", name)
    assert status == 0
    assert model.circuit.text in shown
    assert f"Source: {model.reference}" in shown
    assert "──" in shown
    for role in model.roles:
        (row,) = (line for line in shown.splitlines() if line.split()[:1] == [role.name])
        assert role.element in row.split()
        for span in (role.tau_s, role.capacitance_f_cm):
            assert span is None or f"{span[0]:g} to {span[1]:g}" in row
    for total, members in model.derived.items():
        assert f"{total}: {' + '.join(members)}" in shown


def test_any_circuit_can_be_looked_at(run: Run) -> None:
    status, shown, _ = run("models", "R(RQ)")
    assert status == 0
    assert "R1" in shown
    assert "┬" in shown
    (parameter, *_) = strict(run("models", "R(RQ)", "--json")[1])["parameters"]
    assert parameter == {"name": "R1", "unit": "ohm"}


def test_demo(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "demo"
    status, shown, err = run("demo", "--out", out)
    assert (status, err) == (0, "")
    found = pd.read_csv(out / "comparison.csv")
    assert (found.resistance_ohm / found.published_ohm - 1).abs().max() < 0.03
    assert (found.stderr_ohm / found.resistance_ohm).max() < 0.03
    for name in ("resistances.csv", "drt_peaks.csv", "comparison.csv"):
        assert pd.read_csv(out / name)["sample"].str.contains("synthetic").all()
    spectra = sorted((out / "spectra").glob("*.txt"))
    series = [out / "aging", out / "states"]
    for folder in series:
        assert (folder / "report.html").exists()
        assert pd.read_csv(folder / "resistances.csv")["sample"].str.contains("synthetic").all()
        assert (out / "spectra" / folder.name / "manifest.csv").read_text().startswith("# SYNTH")
    folders = [p for p in out.iterdir() if p.is_dir() and p not in (*series, out / "spectra")]
    assert len(folders) == 4
    assert len(found) == 21  # published resistances: ten of single cells, five and six of series
    for folder in folders:
        assert "synthetic" in folder.name
        assert (folder / "nyquist.png").exists()
    assert "SYNTHETIC" in shown
    before = {path: path.read_bytes() for path in spectra}
    status, _, err = run("demo", "--out", out)
    assert status == 2
    assert "--force" in err
    assert {path: path.read_bytes() for path in spectra} == before
