"""A batch does what it is asked for, does nothing twice, and says what failed."""

import json
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from batch_sets import MODEL, assert_same, rows, sweep, table, truth, write_file, write_files

import eisfit
from eisfit.batching.run import batch
from eisfit.batching.schema import DATA, LEDGER
from eisfit.errors import EngineError, OutputError, ReadError


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(1) as executor:
        yield executor


def parts(out: Path) -> dict[str, int]:
    return {str(p.relative_to(out)): p.stat().st_mtime_ns for p in out.rglob("*.parquet")}


def test_every_sweep_has_its_numbers(small: Path, tmp_path: Path, threads) -> None:
    done = batch(small, tmp_path / "out", MODEL, threads, kk=True, drt=True)
    assert (done.progress.spectra, done.progress.files_done, done.stopped) == (12, 6, False)
    out = tmp_path / "out"
    assert {name: len(rows(out, name)) for name in DATA if name != "peaks"} == {
        "spectra": 12, "verdicts": 12, "fits": 12, "parameters": 48, "resistances": 24,
        "distributions": 12,
    }  # fmt: skip
    arcs = [row for row in rows(out, "resistances") if row["element"] == "R1"]
    for seed, row in enumerate(arcs):
        known = truth(seed)
        assert row["sweep"] == seed % 2 + 1
        assert row["resistance_ohm"] == pytest.approx(known["R1"], rel=0.01)
        tau = (known["R1"] * known["CPE1_0"]) ** (1 / known["CPE1_1"])
        assert row["tau_s"] == pytest.approx(tau, rel=0.02)
        assert row["lower_ohm"] < row["resistance_ohm"] < row["upper_ohm"]
    peaks = rows(out, "peaks")
    for seed, arc in enumerate(arcs):
        own = [p for p in peaks if (p["file"], p["sweep"]) == (arc["file"], arc["sweep"])]
        largest = max(own, key=lambda p: p["resistance_ohm"])
        assert largest["resistance_ohm"] == pytest.approx(truth(seed)["R1"], rel=0.1)
    assert {row["verdict"] for row in rows(out, "verdicts")} == {"valid"}


def test_the_numbers_are_those_of_fit(small: Path, tmp_path: Path, threads) -> None:
    batch(small, tmp_path / "out", MODEL, threads, kk=True)
    spectrum = eisfit.read(small / "cell_003.txt")[1]
    fit, verdict = eisfit.fit(spectrum, MODEL), eisfit.kramers_kronig(spectrum)
    name = str(small / "cell_003.txt")

    def own(table: str) -> list[dict]:
        return [r for r in rows(tmp_path / "out", table) if (r["file"], r["sweep"]) == (name, 2)]

    (row,) = own("fits")
    assert row["chi_square"] == pytest.approx(fit.chi_square, rel=1e-6)
    found = {r["parameter"]: r["value_in_unit"] for r in own("parameters")}
    assert found == pytest.approx(dict(fit.values), rel=1e-5)
    assert own("verdicts")[0]["rms"] == pytest.approx(verdict.rms, rel=1e-9)
    assert own("spectra")[0]["sample"] == spectrum.label


def test_nothing_is_done_twice(small: Path, tmp_path: Path, threads) -> None:
    out = tmp_path / "out"
    batch(small, out, MODEL, threads)
    before = parts(out)
    again = batch(small, out, MODEL, threads)
    assert (again.progress.spectra, again.progress.files_earlier) == (0, 6)
    assert parts(out) == before
    # A new time on the same bytes is no new file; new bytes are
    os.utime(small / "cell_001.txt")
    write_file(small / "cell_002.txt", range(50, 53))
    write_files(small, 1, first=6)
    third = batch(small, out, MODEL, threads)
    assert (third.progress.files_done, third.progress.spectra) == (2, 5)
    fresh = tmp_path / "fresh"
    batch(small, fresh, MODEL, threads)
    ours, theirs = rows(out, "fits"), rows(fresh, "fits")
    assert [(r["file"], r["sweep"]) for r in ours] == [(r["file"], r["sweep"]) for r in theirs]
    assert [r["chi_square"] for r in ours] == pytest.approx(
        [r["chi_square"] for r in theirs], rel=1e-6
    )


def test_bad_files_cost_only_themselves(small: Path, tmp_path: Path, threads) -> None:
    (small / "a_note.txt").write_text("today the cell was opened\n" * 5)
    (small / "b_empty.mpr").write_bytes(b"")
    (small / "c_torn.json").write_text('{"format": "eisfit-spectra", "version": 1, "spec')
    (small / "d_short.csv").write_text("f/Hz,Re(Z)/Ohm,Im(Z)/Ohm\n10,1,-1\n1,2,-2\n")
    done = batch(small, tmp_path / "out", MODEL, threads, kk=True)
    assert (done.progress.files_failed, done.progress.spectra_failed) == (3, 1)
    ledger = {Path(row["file"]).name: row for row in rows(tmp_path / "out", LEDGER)}
    assert len(ledger) == 10
    for name in ("a_note.txt", "b_empty.mpr", "c_torn.json"):
        assert ledger[name]["status"] == "failed"
        assert name in ledger[name]["error"]
    assert ledger["d_short.csv"]["spectra_failed"] == 1
    short = next(r for r in rows(tmp_path / "out", "spectra") if r["sample"] == "d_short")
    assert short["status"] == "failed"
    assert "Kramers-Kronig: a Kramers-Kronig test needs" in short["error"]
    assert len(rows(tmp_path / "out", "verdicts")) == 12
    # Failed files are not tried again, unless asked
    again = batch(small, tmp_path / "out", MODEL, threads, kk=True)
    assert again.progress.files_done == 0
    write_file(small / "a_note.txt", range(2))
    retried = batch(small, tmp_path / "out", MODEL, threads, kk=True, retry=True)
    assert (retried.progress.files_done, retried.progress.files_failed) == (3, 2)
    assert len(rows(tmp_path / "out", LEDGER)) == 10


def test_a_long_file_is_done_by_stretches(tmp_path: Path, threads) -> None:
    write_file(tmp_path / "in" / "long.txt", range(150))
    write_files(tmp_path / "in", 2)
    done = batch(tmp_path / "in", tmp_path / "out", MODEL, threads)
    assert (done.progress.spectra, done.progress.files_done) == (154, 3)
    ends = [(r["first_spectrum"], r["last_spectrum"], r["spectra"])
            for r in rows(tmp_path / "out", LEDGER) if r["file"].endswith("long.txt")]  # fmt: skip
    assert sorted(ends) == [(1, 64, 150), (65, 128, 150), (129, 150, 150)]
    sweeps = [r["sweep"] for r in rows(tmp_path / "out", "fits") if r["sample"] == "long"]
    assert sorted(sweeps) == list(range(1, 151))
    assert batch(tmp_path / "in", tmp_path / "out", MODEL, threads).progress.files_done == 0


def test_any_executor_gives_the_same(small: Path, tmp_path: Path, threads) -> None:
    batch(small, tmp_path / "threads", MODEL, threads, kk=True)
    batch(small, tmp_path / "own", MODEL, kk=True, workers=1)
    assert_same(tmp_path / "own", tmp_path / "threads")
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        batch(small, tmp_path / "pool", MODEL, pool, kk=True)
    assert_same(tmp_path / "pool", tmp_path / "threads")


def test_grouping_does_not_matter(
    small: Path, tmp_path: Path, threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eisfit.batching import inputs

    batch(small, tmp_path / "together", MODEL, threads, kk=True, drt=True)
    monkeypatch.setattr(inputs, "GROUP_FILES", 1)
    batch(small, tmp_path / "apart", MODEL, threads, kk=True, drt=True)
    assert_same(tmp_path / "apart", tmp_path / "together")


def test_other_settings_are_not_mixed(small: Path, tmp_path: Path, threads) -> None:
    out = tmp_path / "out"
    batch(small, out, MODEL, threads)
    before = parts(out)
    with pytest.raises(OutputError, match=r"kk: False then, True now.*seed: 0 then, 1 now"):
        batch(small, out, MODEL, threads, kk=True, seed=1)
    assert parts(out) == before
    done = batch(small, out, MODEL, threads, kk=True, seed=1, anew=True)
    assert done.progress.spectra == 12
    assert len(rows(out, "verdicts")) == 12
    assert {r["settings"] for r in rows(out / "earlier-1", LEDGER)} != {
        r["settings"] for r in rows(out, LEDGER)
    }
    assert len(rows(out / "earlier-1", "fits")) == 12
    # Tables of settings that nobody knows are not mixed either
    (out / "settings.json").unlink()
    with pytest.raises(OutputError, match="unknown settings"):
        batch(small, out, MODEL, threads)
    batch(small, out, MODEL, threads, anew=True)
    assert len(rows(out, "fits")) == len(rows(out / "earlier-2", "fits")) == 12


def test_what_can_be_asked_is_checked_before_any_file_is_opened(tmp_path: Path) -> None:
    write_files(tmp_path / "in", 1)
    for options in ({"model": "no_such_model"}, {"drt_method": "magic"}, {"weighting": "array"}):
        with pytest.raises(ValueError, match=r"magic|no_such_model|array"):
            batch(tmp_path / "in", tmp_path / "out", **options)
    with pytest.raises(EngineError, match="no option colour"):
        batch(tmp_path / "in", tmp_path / "out", MODEL, colour="red")
    with pytest.raises(ReadError, match="does not exist"):
        batch(tmp_path / "nothing", tmp_path / "out", MODEL)
    assert not (tmp_path / "out").exists()


def test_auto_chooses_for_each(tmp_path: Path, threads) -> None:
    write_files(tmp_path / "in", 1, sweeps=1)
    batch(tmp_path / "in", tmp_path / "out", "auto", threads)
    (row,) = rows(tmp_path / "out", "fits")
    assert row["circuit"] == MODEL


def test_only_what_lies_between_limits_of_frequency(tmp_path: Path, threads) -> None:
    write_files(tmp_path / "in", 1, sweeps=1)
    batch(tmp_path / "in", tmp_path / "out", MODEL, threads, f_min=10.0, f_max=2e4)
    (row,) = rows(tmp_path / "out", "spectra")
    assert 10.0 <= row["frequency_low_hz"] < row["frequency_high_hz"] <= 2e4
    batch(tmp_path / "in", tmp_path / "none", MODEL, threads, f_min=1e7)
    (row,) = rows(tmp_path / "none", "spectra")
    assert (row["status"], rows(tmp_path / "none", "fits")) == ("failed", [])
    assert "no point between" in row["error"]


def test_watch_is_told_and_stop_is_heard(small: Path, tmp_path: Path, threads) -> None:
    from threading import Event

    seen, stop = [], Event()

    def watch(progress) -> None:
        seen.append(progress)
        if progress.spectra:
            stop.set()

    from eisfit.batching import inputs

    was, inputs.GROUP_FILES = inputs.GROUP_FILES, 2
    try:
        done = batch(small, tmp_path / "out", MODEL, threads, watch=watch, stop=stop, workers=1)
        assert done.stopped
        assert 0 < done.progress.files_done < 6
        assert done.progress.files_done == len(rows(tmp_path / "out", LEDGER))
        rest = batch(small, tmp_path / "out", MODEL, threads)
        batch(small, tmp_path / "whole", MODEL, threads)
    finally:
        inputs.GROUP_FILES = was
    assert not rest.stopped
    assert rest.progress.files_earlier == done.progress.files_done
    assert_same(tmp_path / "out", tmp_path / "whole")
    assert seen[0].files == 6
    assert seen[-1].bytes_done <= seen[-1].bytes


def test_hostile_names_stay_names(tmp_path: Path, threads) -> None:
    folder = tmp_path / "in"
    name = os.fsdecode(b"\xff\xfe=1+1.txt")
    try:
        write_file(folder / name, range(1))
    except OSError:
        pytest.skip("this file system takes no such name")
    batch(folder, tmp_path / "out", MODEL, threads)
    (row,) = rows(tmp_path / "out", LEDGER)
    assert row["status"] == "done"
    assert row["file"].endswith("\\udcff\\udcfe=1+1.txt")
    assert batch(folder, tmp_path / "out", MODEL, threads).progress.files_done == 0


def test_settings_say_what_was_done(small: Path, tmp_path: Path, threads) -> None:
    batch(small, tmp_path / "out", "zarc1", threads)
    settings = json.loads((tmp_path / "out" / "settings.json").read_text())
    assert settings["model"]["circuit"] == eisfit.load_model("zarc1").circuit.text
    assert settings["eisfit"] == eisfit.__version__
    ledger = rows(tmp_path / "out", LEDGER)[0]
    assert ledger["numpy"] == np.__version__
    assert len(ledger["sha256"]) == 64
    assert table(tmp_path / "out", LEDGER).column("reading_s").to_pylist()[0] > 0


def test_sweeps_differ(small: Path) -> None:
    assert not np.allclose(sweep(0), sweep(1))
