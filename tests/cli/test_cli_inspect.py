"""`eisfit inspect`, `convert --explain`, `--columns` and `--sign`, as a user calls them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Run = Callable[..., tuple[int, str, str]]
F = np.geomspace(1e5, 1.0, 26)
Z = 10 + 90 / (1 + 2j * np.pi * F * 1e-4)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = [f"{f!r},{z.real!r},{-z.imag!r}" for f, z in zip(F.tolist(), Z.tolist(), strict=True)]
    (tmp_path / "named.csv").write_text("\n".join(["f/Hz,Re(Z)/Ohm,-Im(Z)/Ohm", *rows]) + "\n")
    (tmp_path / "odd.csv").write_text("\n".join(["nu,A,B", *rows]) + "\n")
    (tmp_path / "ocv.csv").write_text("time/s,Ewe/V\n0,3.5\n1,3.5\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_inspect_says_what_a_file_is(here: Path, run: Run) -> None:
    status, out, err = run("inspect", "named.csv")
    assert (status, err) == (0, "")
    assert "26 points, 100000 to 1 Hz" in out
    assert "-Im(Z)/Ohm: minus the imaginary part in Ohm" in out


def test_inspect_describes_what_cannot_be_read(here: Path, run: Run) -> None:
    status, out, _ = run("inspect", "ocv.csv", "odd.csv")
    assert status == 0
    assert "no frequency together with an impedance" in out
    assert "nu, A, B are not known" in out
    status, out, err = run("inspect", "nothing.csv", "named.csv")
    assert status == 1
    assert "does not exist" in err
    assert "26 points" in out
    assert run("inspect", "nothing.csv")[0] == 2


def test_inspect_as_json(here: Path, run: Run) -> None:
    status, out, _ = run("inspect", "named.csv", "odd.csv", "--json")
    assert status == 0
    named, odd = json.loads(out)
    assert (named["points"], named["error"]) == (26, "")
    assert (odd["points"], odd["sweeps"]) == (0, [])


def test_a_report_to_send(here: Path, run: Run) -> None:
    status, out, _ = run("inspect", "odd.csv", "--bundle")
    assert status == 0
    assert "eisfit-report.json" in out
    text = (here / "eisfit-report.json").read_text(encoding="utf-8")
    assert "are not known" in json.loads(text)["error"]
    assert "odd" not in text
    status, _, err = run("inspect", "odd.csv", "--bundle")
    assert status == 2
    assert "exists already" in err
    assert run("inspect", "odd.csv", "--bundle", "--force")[0] == 0
    assert run("inspect", "odd.csv", "named.csv", "--bundle", "--out", "r.json")[0] == 0
    assert len(list(here.glob("r-*.json"))) == 2


def _points(table: str) -> list[list[str]]:
    return [line.split(",")[1:6] for line in table.splitlines()]


def test_columns_and_sign(here: Path, run: Run) -> None:
    assert run("convert", "odd.csv")[0] == 2
    _, expected, _ = run("convert", "named.csv")
    for options in (
        ("--columns", "f/Hz,Re(Z)/Ohm,-Im(Z)/Ohm"),
        ("--columns", "nu=f,A=Re(Z),B=-Im(Z)"),
        ("--columns", "f,Z',Z''", "--sign", "-"),
    ):
        status, out, err = run("convert", "odd.csv", *options)
        assert status == 0, err
        assert _points(out) == _points(expected)
    status, _, err = run("convert", "named.csv", "--sign", "up")
    assert status == 2
    assert "unknown sign" in err


def test_explain(here: Path, run: Run) -> None:
    status, out, _ = run("convert", "--explain", "named.csv")
    assert status == 0
    assert "f/Hz: frequency in Hz" in out
    assert "decimal point" in out
    status, out, err = run("convert", "--explain", "named.csv", "odd.csv")
    assert status == 1
    assert "are not known" in err
    assert sorted(entry.name for entry in here.iterdir()) == ["named.csv", "ocv.csv", "odd.csv"]


def test_decimal(here: Path, run: Run) -> None:
    rows = ["f/Hz\tRe(Z)/Ohm\tIm(Z)/Ohm", "900,125\t12,500\t-3,250", "90,125\t22,500\t-9,250"]
    (here / "either.txt").write_text("\n".join([*rows, "9,125\t32,500\t-1,250", ""]))
    status, _, err = run("convert", "either.txt")
    assert status == 2
    assert "--decimal" in err
    status, out, _ = run("convert", "either.txt", "--decimal", ",")
    assert status == 0
    assert _points(out)[1][1:4] == ["900.125", "12.5", "-3.25"]
    status, out, _ = run("convert", "--explain", "either.txt", "--decimal", ".")
    assert status == 0
    assert "as asked for" in out
    assert run("inspect", "either.txt", "--decimal", ":")[0] == 2
