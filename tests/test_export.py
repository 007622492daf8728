"""Tables to files and back; text that must not act; numbers rounded to their errors."""

import csv
import io
import re
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eisfit.errors import OutputError
from eisfit.export import (
    csv_text,
    heading,
    latex_table,
    markdown_table,
    write_table,
    write_workbook,
)
from eisfit.export.typeset import paired, rounded_number, rounded_pair

HOSTILE = ["=1+1", "+cmd|'/C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", '=x,y"z']


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame({
        "sample": ["Si", "Si@AlCl3", "a|b & c_d", "ü\nΩ"],
        "sweep": [1, 2, 3, 4],
        "role": ["bulk", "", "=bulk", None],
        "resistance_ohm": [470.123456789, 1.0 / 3.0, np.nan, 6.02e23],
        "stderr_ohm": [1.2345, 0.01, np.nan, 1e21],
        "lower_ohm": [467.7, 0.3139, np.nan, -np.inf],
        "upper_ohm": [472.6, 0.3539, np.nan, np.inf],
        "tau_s": [1.234567e-5, 2.0, np.nan, 3e-9],
        "significant": [True, False, True, False],
    })  # fmt: skip


def test_csv_keeps_every_digit(table, tmp_path):
    path = write_table(table, tmp_path / "t.csv")
    back = pd.read_csv(path, float_precision="round_trip", keep_default_na=True)
    assert list(back.columns) == list(table.columns)
    for name in table.columns[3:]:
        np.testing.assert_array_equal(back[name], table[name])
    assert back["sample"].tolist() == table["sample"].tolist()
    assert back["role"][2] == "'=bulk"
    assert path.read_bytes().count(b"\r") == 0


def test_parquet_keeps_every_bit(table, tmp_path):
    pytest.importorskip("pyarrow")
    back = pd.read_parquet(write_table(table, tmp_path / "t.parquet"))
    pd.testing.assert_frame_equal(back, table)


def test_parquet_takes_mixed_columns_as_text(tmp_path):
    pytest.importorskip("pyarrow")
    mixed = pd.DataFrame({"extra": [1.5, "low", None], "flag": [True, None, False]})
    back = pd.read_parquet(write_table(mixed, tmp_path / "t.parquet"))
    assert back["extra"].tolist() == ["1.5", "low", None]
    assert back["flag"].tolist()[::2] == [True, False]


def test_xlsx_keeps_numbers_and_text(table, tmp_path):
    back = pd.read_excel(write_table(table, tmp_path / "t.xlsx"), na_values=[])
    assert list(back.columns) == list(table.columns)
    for name in ("sweep", "resistance_ohm", "stderr_ohm", "tau_s", "significant"):
        np.testing.assert_array_equal(back[name], table[name])
    assert back["role"][2] == "=bulk"
    assert back["sample"].tolist() == table["sample"].tolist()


def test_text_is_no_formula_in_a_spreadsheet(tmp_path):
    import openpyxl

    frame = pd.DataFrame({"=heading()": HOSTILE})
    sheet = openpyxl.load_workbook(write_table(frame, tmp_path / "t.xlsx"))["table"]
    assert [cell.data_type for cell in sheet["A"]] == ["s"] * (len(HOSTILE) + 1)
    assert sheet["A2"].value == "=1+1"
    for line in pd.read_csv(write_table(frame, tmp_path / "t.csv"), header=None)[0]:
        assert line.startswith("'")


@given(st.text(alphabet=st.sampled_from("=+-@\t\r\n \",'x1＝"), min_size=1, max_size=8))
def test_no_text_begins_like_a_formula(text):
    written = csv_text(pd.DataFrame({"a": [text], "b": ["end"]}))
    rows = list(csv.reader(io.StringIO(written, newline="")))
    assert [len(row) for row in rows] == [2, 2]
    assert re.match(r" *[=+\-@\t\r\n＝]", rows[1][0]) is None or re.match(r"[-+]1+$", text)
    assert re.sub(r"\r\n?", "\n", text) == rows[1][0].removeprefix("'") or text[0] == "'"


def test_numbers_are_not_taken_for_text():
    assert csv_text(pd.DataFrame({"x": [-1.5, 2.0], "y": ["-3", "-3C"]})) == (
        "x,y\n-1.5,-3\n2.0,'-3C\n"
    )


def test_control_characters_and_long_text_do_not_break_a_sheet(tmp_path):
    frame = pd.DataFrame({"a": ["x\x00y\x1b", "z" * 40_000]})
    back = pd.read_excel(write_table(frame, tmp_path / "t.xlsx"))
    assert back["a"][0] == "x\ufffdy\ufffd"
    assert len(back["a"][1]) == 32_767


def test_workbook_of_several_sheets(table, tmp_path):
    names = ["resistances", "a/b:c", "x" * 40, "X" * 40]
    path = write_workbook(dict.fromkeys(names, table), tmp_path / "all.xlsx")
    sheets = pd.read_excel(path, sheet_name=None)
    assert [len(name) <= 31 for name in sheets] == [True] * 4
    assert list(sheets)[:2] == ["resistances", "a_b_c"]
    assert len({name.lower() for name in sheets}) == 4
    with pytest.raises(OutputError, match="there is no table"):
        write_workbook({}, tmp_path / "none.xlsx")


def test_latex():
    frame = pd.DataFrame({
        "sample": ["Si_50% & $x$ \\input{a} [b]", "Si"], "resistance_ohm": [470.123, 1.0],
        "stderr_ohm": [1.23, 0.02], "lower_ohm": [467.701, 0.96], "tau_s": [1.234567e-5, 1.0],
        "tau_stderr_s": [2.3e-8, np.nan], "n": [3, 4], "p_value": [np.nan, 0.012345],
        "significant": [True, False], "state": ["", ""], "time_h": [np.nan, np.nan],
        "sentence": ["so", "so"],
    })  # fmt: skip
    lines = latex_table(frame, caption="R & D").splitlines()
    assert lines[0] == r"% needs \usepackage{booktabs}"
    assert r"\caption{R \& D}" in lines
    assert r"\begin{tabular}{lrrrrrl}" in lines  # neither state nor time nor sentence
    assert (
        r"sample & resistance ($\Omega$) & lower ($\Omega$) & tau (s) & n & p value & "
        r"significant \\" in lines
    )
    assert (
        r"Si\_50\% \& \$x\$ \textbackslash{}input\{a\} {[}b{]} & $470.1 \pm 1.2$ & $467.7$ & "
        r"$(1.2346 \pm 0.0023) \times 10^{-5}$ & $3$ & -- & yes \\" in lines
    )
    assert r"Si & $1.000 \pm 0.020$ & $0.960$ & $1$ & $4$ & $0.01235$ & no \\" in lines
    assert lines[-1] == r"\end{table}"
    assert latex_table(frame).splitlines()[-1] == r"\end{tabular}"


@given(st.text(max_size=30))
def test_nothing_escapes_from_latex(text):
    body = latex_table(pd.DataFrame({"sample": [text]})).split("\\midrule\n")[1]
    cell = body.split("\n\\bottomrule")[0].removesuffix(r" \\")
    allowed = (
        r"\\(textbackslash|textasciicircum|textasciitilde|textless|textgreater|textbar"
        r"|textquotedbl)\{\}|\\[{}$&#%_]|\{\[\}|\{\]\}"
        r"|\$(\\Omega|\\mu|\^\\circ|\^2|\^3|\\pm|-|\\tau|\\sigma|\\chi|\\Delta)\$"
    )
    rest = re.sub(allowed, "", cell)
    assert not set(rest) & set('\\{}$&#%_^~<>|"[]\n')


def test_markdown(table):
    lines = markdown_table(table).splitlines()
    assert lines[0] == (
        "| sample | sweep | role | resistance (Ω) | lower (Ω) | upper (Ω) | tau (s) | significant |"
    )
    assert lines[1] == "| --- | ---: | --- | ---: | ---: | ---: | ---: | --- |"
    assert lines[2] == "| Si | 1 | bulk | 470.1 ± 1.2 | 467.7 | 472.6 | 1.235e-5 | yes |"
    assert lines[4].startswith(r"| a\|b &amp; c\_d | 3 | =bulk | – | – | – | – | yes")
    assert lines[5].startswith("| ü Ω | 4 | – | (6.020 ± 0.010)e23 | – | – |")
    assert len(lines) == 6


def test_markdown_shows_text_as_text():
    markdown = pytest.importorskip("markdown")
    hostile = "<script>alert(1)</script> **b** [x](javascript:1) `c` | d"
    frame = pd.DataFrame({"sample": [hostile], "n": [1]})
    html = markdown.markdown(markdown_table(frame), extensions=["tables"])
    assert "<script" not in html
    assert "<strong>" not in html
    assert "<a " not in html
    assert "<code>" not in html
    assert html.count("<td") == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("resistance_ohm", "resistance (Ω)"), ("area_specific_ohm_cm2", "area specific (Ω cm²)"),
        ("conductivity_s_cm", "conductivity (S/cm)"), ("tau_s", "tau (s)"), ("p_value", "p value"),
        ("energy_kj_mol", "energy (kJ/mol)"), ("temperature_c", "temperature (°C)"),
        ("soc_percent", "soc (%)"), ("capacitance_f", "capacitance (F)"), ("status", "status"),
    ],
)  # fmt: skip
def test_units_stay_in_headings(name, words):
    assert heading(name) == words


def test_errors_join_their_values():
    names = ["resistance_ohm", "stderr_ohm", "lower_ohm", "tau_s", "tau_stderr_s", "alpha",
             "alpha_stderr", "energy_ev", "energy_stderr_ev", "lower_ev", "value", "stderr",
             "lost_stderr_x"]  # fmt: skip
    found = {column.name: (column.error, column.guide) for column in paired(names)}
    assert found == {
        "resistance_ohm": ("stderr_ohm", ""), "lower_ohm": ("", "stderr_ohm"),
        "tau_s": ("tau_stderr_s", ""), "alpha": ("alpha_stderr", ""),
        "energy_ev": ("energy_stderr_ev", ""), "lower_ev": ("", "energy_stderr_ev"),
        "value": ("stderr", ""), "lost_stderr_x": ("", ""),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (470.123, 1.234, ("470.1", "1.2", 0)), (470.123, 96.0, ("470", "96", 0)),
        (4701.23, 960.0, ("4700", "960", 0)), (470.123, 0.0, ("470.1", "0", 0)),
        (1.234567e-5, 2.3e-8, ("1.2346", "0.0023", -5)), (-3.14159, 0.0999, ("-3.14", "0.10", 0)),
        (0.0, 0.5, ("0.00", "0.50", 0)), (123456.0, 789.0, ("1.2346", "0.0079", 5)),
    ],
)  # fmt: skip
def test_rounding_to_two_digits_of_the_error(value, error, shown):
    assert rounded_pair(value, error) == shown


@given(st.floats(1e-12, 1e12), st.floats(1e-6, 0.9))
def test_rounding_loses_less_than_a_tenth_of_the_error(value, relative):
    error = relative * value
    text, _, power = rounded_pair(value, error)
    assert abs(float(f"{text}e{power}") - value) <= 0.051 * error
    text, power = rounded_number(value)
    assert float(f"{text}e{power}") == pytest.approx(value, rel=5.1e-4)


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "tex", "md", "parquet"])
def test_files_are_never_replaced_unasked(table, tmp_path, suffix):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"t.{suffix}"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        write_table(table, path)
    assert path.read_text() == "mine"
    assert write_table(table, path, force=True) == path
    assert path.stat().st_size > 100
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_what_cannot_be_written_is_said(table, tmp_path, monkeypatch):
    with pytest.raises(OutputError, match=r"suffixes .csv, .parquet, .xlsx, .tex, .md"):
        write_table(table, tmp_path / "t.doc")
    with pytest.raises(OutputError, match="unknown format 'ods'"):
        write_table(table, tmp_path / "t.csv", "ods")
    twice = pd.concat([table, table[["tau_s"]]], axis=1)
    with pytest.raises(OutputError, match="tau_s are there twice"):
        write_table(twice, tmp_path / "t.csv")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(OutputError, match="needs pyarrow: pip install"):
        write_table(table, tmp_path / "t.parquet")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(OutputError, match="needs openpyxl"):
        write_table(table, tmp_path / "t.xlsx")
    assert not list(tmp_path.iterdir())


def test_empty_tables_keep_their_headings(tmp_path):
    empty = pd.DataFrame(columns=["sample", "resistance_ohm"])
    assert csv_text(empty) == "sample,resistance_ohm\n"
    assert markdown_table(empty).count("\n") == 2
    assert "sample & resistance" in latex_table(empty)
    assert list(pd.read_excel(write_table(empty, tmp_path / "t.xlsx")).columns) == [*empty.columns]
