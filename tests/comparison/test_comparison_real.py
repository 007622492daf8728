"""Measured series, each from a manifest: a pellet, a diode, an anode."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import eisfit
from eisfit.comparison import Comparison
from eisfit.series import Series

Run = Callable[..., tuple[int, str, str]]

# Re(Z) at the minimum of -Im(Z), read off the spectra by hand: degrees C to ohm
AT_THE_MINIMUM = {25.0: 89.0, 5.0: 238.0, -25.0: 1440.0}


def pellet_manifest(data: Path, folder: Path) -> Path:
    files = {
        "25": "PEIS_TSeq2_25C_60_C01.mpr",
        "5,0": "PEIS_TSeq4_5C_58_C01.mpr",
        "-25": "PEIS_LPSCl_IonBlocking_-25C.mpr",
    }
    rows = [f"{data / 'hybrid-drt' / name};LPSCl;{t};0,785;0,07" for t, name in files.items()]
    path = folder / "pellet.csv"
    head = "file;sample;temperature_c;area_cm2;thickness_cm"
    path.write_text("\n".join([head, *rows]), encoding="utf-8")
    return path


def diode_manifest(data: Path, folder: Path) -> Path:
    rows = ["file\tsample\tbias_v\treference_R1_ohm"]
    for path in sorted((data / "zahner" / "voltage_series").glob("*.ism")):
        fitted = json.loads(path.with_name(f"{path.stem}_fit_result.json").read_text("utf-8"))
        ohm = fitted["model"]["R0"]["R"]["value"]
        rows.append(f"{path}\tdiode\t{int(path.stem[:3]) / 1000}\t{ohm}")
    manifest = folder / "diode.csv"
    manifest.write_text("\n".join(rows), encoding="utf-8")
    return manifest


def anode_manifest(data: Path, folder: Path, every: int) -> Path:
    """36 sweeps of one file; the column `indices` is the state of charge, its last, 0, full."""
    file = data / "pybop" / "18650_LG_3500_MJ1_EIS_anode_discharge.parquet"
    indices = list(dict.fromkeys(pd.read_parquet(file, columns=["indices"])["indices"]))
    assert (len(indices), indices[-1]) == (36, 0)
    rows = [
        f"{file},Si-graphite,{sweep},{soc or 100},2e5"  # above, it fails Kramers-Kronig
        for sweep, soc in enumerate(indices, start=1)
    ]
    path = folder / "anode.csv"
    head = "file,sample,sweep,soc_percent,f_max_hz"
    path.write_text("\n".join([head, *rows[::every]]), encoding="utf-8")
    return path


def test_the_pellet_s_activation_energy(shared_data: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "out"
    manifest = pellet_manifest(shared_data, tmp_path)
    status, screen, err = run("compare", manifest, "-m", "se_blocking", "-o", out)
    assert (status, err) == (0, "")
    assert "activation energy of sigma T 0.38 eV" in " ".join(screen.split())
    energies = pd.read_csv(out / "arrhenius.csv").query("role == 'R_electrolyte'")
    energy = energies.set_index("form").loc["sigma T"]
    assert energy["energy_ev"] == pytest.approx(0.38, abs=0.02)
    assert energy["lower_ev"] < 0.38 < energy["upper_ev"]
    whole = pd.read_csv(out / "resistances.csv").query("role == 'R_electrolyte'")
    for temperature, ohm in AT_THE_MINIMUM.items():
        found = whole.set_index("temperature_c").loc[temperature]
        assert found["resistance_ohm"] == pytest.approx(ohm, rel=0.02)
        assert found["status"] == "ok"
    sigma = pd.read_csv(out / "conductivity.csv").set_index(["role", "temperature_c"])
    assert sigma.loc[("R_electrolyte", 25.0), "conductivity_s_cm"] == pytest.approx(
        0.07 / (0.785 * 89.0), rel=0.02
    )
    assert np.isnan(sigma.loc[("series", 25.0), "conductivity_s_cm"])
    arcs = pd.read_csv(out / "resistances.csv").set_index(["role", "temperature_c"])["tau_s"]
    # As the spectra show by themselves: parted at -25 degrees C alone, bulk the faster
    assert arcs["bulk", -25.0] < 1e-7 < arcs["grain_boundary", -25.0] < 1e-6
    assert arcs[["grain_boundary"]].drop(("grain_boundary", -25.0)).isna().all()
    assert (out / "arrhenius.png").stat().st_size > 5000


def test_the_diode_beside_the_maker_s_own_fits(shared_data: Path, tmp_path: Path, run: Run) -> None:
    manifest = diode_manifest(shared_data, tmp_path)
    status, screen, _ = run("compare", manifest, "-m", "L0-p(R1,C1)", "-o", tmp_path / "out")
    assert status == 0
    assert "bias / V" in screen
    table = pd.read_csv(tmp_path / "out" / "resistances.csv").query("role == 'R1'")
    assert len(table) == 13
    assert table["difference_percent"].abs().max() < 0.2
    # From 8.6 kohm to 0.2 ohm, and every one of them
    assert (np.diff(table.sort_values("bias_v")["resistance_ohm"]) < 0).all()


def anode(shared_data: Path, folder: Path, every: int) -> Comparison:
    series = Series.from_manifest(anode_manifest(shared_data, folder, every))
    assert series.along == "soc_percent"
    assert len(series.tracks()) == 1
    return series.compare("R0-p(R1,CPE1)-p(R2,CPE2)-CPE3")


def check_anode(found: Comparison) -> None:
    """Against the spectra themselves: Re(Z) at the minimum of -Im(Z), where the arcs end."""
    assert found.failures == ()
    whole = []
    for member, analysis in zip(found.series.members, found.analyses, strict=True):
        assert analysis is not None
        assert analysis.fit.rms < 0.02
        ohm = sum(analysis.fit.values.get(name, 0.0) for name in ("R0", "R1", "R2"))
        s = member.spectrum
        low = (s.frequency < 100.0) & (s.frequency > 0.05)
        end = s.impedance.real[low][np.argmin(-s.impedance.imag[low])]
        assert ohm == pytest.approx(end, rel=0.06)
        whole.append(ohm)
    assert whole[0] > 1.9 * whole[-1]
    taus = found.resistances().query("role == 'R2'")["tau_s"]
    assert len(taus) == len(found.series)
    # The slower arc keeps its name, all the way
    assert np.abs(np.diff(np.log(taus))).max() < np.log(3.0)


def test_the_anode_over_state_of_charge(shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    check_anode(anode(shared_data, tmp_path, every=7))


@pytest.mark.slow
def test_the_whole_anode(shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    found = anode(shared_data, tmp_path, every=1)
    check_anode(found)
    assert sum(a.validity.verdict == "valid" for a in found.analyses if a) >= 30
    written = found.save(tmp_path / "out", formats=["xlsx", "svg"])
    assert {"report.html", "comparison.xlsx", "drt_map.svg"} <= {path.name for path in written}


def test_half_an_hour_of_a_cell_as_its_file_has_it(shared_data: Path) -> None:
    """Ten sweeps of one file: the instrument's clock is the time of the series."""
    file = shared_data / "hybrid-drt" / (
        "HybridVal4_Rest_Iac=0.0033C_Vac=5mV_C01_004_StandardPEIS.csv"
    )  # fmt: skip
    series = Series.from_files([file])
    spectra = eisfit.read(file)
    times = np.array([s.metadata["time_s"] for s in spectra])
    assert series.along == "time_h"
    np.testing.assert_allclose([m.time_h for m in series.members], (times - times[0]) / 3600)
