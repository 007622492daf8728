"""One schema, every number with its unit, all of it in the documentation; and what can be asked."""

import csv
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batch_sets import MODEL, rows, write_file, write_files

import eisfit
from eisfit.batching.parts import part_files
from eisfit.batching.query import query, table_rows, write_tables
from eisfit.batching.rows import peak_table
from eisfit.batching.run import batch
from eisfit.batching.schema import COUNT, REAL, SUFFIXES, TABLES, arrow_schema
from eisfit.errors import OutputError, ResultError
from eisfit.tables import PEAK_COLUMNS, RESISTANCE_COLUMNS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "batch.md").read_text(encoding="utf-8")
ALL = [(table, column) for table, columns in TABLES.items() for column in columns]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("schema")
    write_files(place / "in", 3)
    write_file(place / "in" / "=1+1.txt", range(1))
    (place / "in" / "note.txt").write_text("no measurement at all\n" * 3)
    with ThreadPoolExecutor(1) as threads:
        batch(place / "in", place / "out", MODEL, threads, kk=True, drt=True)
    return place / "out"


@pytest.mark.parametrize(("table", "column"), ALL, ids=lambda x: getattr(x, "name", x))
def test_every_number_has_its_unit_and_every_column_its_line(table: str, column) -> None:
    if column.kind == REAL and not column.name.endswith(tuple(SUFFIXES)):
        assert "dimensionless" in column.meaning
    if column.kind == COUNT:
        assert column.unit in ("1", "byte", "ns")
    section = PAGE.partition(f"### `{table}`")[2].partition("\n### ")[0]
    unit = {"": "", "1": "1"}.get(column.unit, column.unit)
    line = f"| `{column.name}` | {unit} | {column.meaning} |"
    assert line in section, line


def test_the_documentation_lists_nothing_else() -> None:
    for table, columns in TABLES.items():
        section = PAGE.partition(f"### `{table}`")[2].partition("\n### ")[0].partition("\n## ")[0]
        listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        assert listed == [column.name for column in columns]


@pytest.mark.parametrize(
    ("table", "contract"), [("resistances", RESISTANCE_COLUMNS), ("peaks", PEAK_COLUMNS)]
)
def test_the_columns_of_the_library_are_all_there(table: str, contract: tuple[str, ...]) -> None:
    # The role of a peak needs an analysis of the spectrum with its model, which a batch leaves out
    assert set(contract) - {"role"} <= {column.name for column in TABLES[table]}


def test_files_have_the_schema_and_no_nan(out: Path) -> None:
    for table in TABLES:
        (file,) = part_files(out, table)
        found = pq.read_schema(file)
        assert found.remove_metadata() == arrow_schema(table).remove_metadata()
        assert found.field(0).metadata[b"meaning"] == b"path of the file"
        for column in pq.read_table(file, partitioning=None).columns:
            if pa.types.is_floating(column.type):
                assert not np.isnan(column.to_numpy()[column.is_valid().to_numpy()]).any()


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    write_files(tmp_path / "in", 1)
    with ThreadPoolExecutor(1) as threads:
        batch(tmp_path / "in", tmp_path / "out", MODEL, threads)
    assert query(tmp_path / "out", "select count(*) from peaks").rows == [(0,)]
    names = next(table_rows(tmp_path / "out", "verdicts"))
    assert names == tuple(column.name for column in TABLES["verdicts"])


def test_pandas_reads_it_as_it_is(out: Path) -> None:
    found = pd.read_parquet(out / "resistances")
    assert len(found) == 14
    assert found["resistance_ohm"].dtype == np.float64


def test_duckdb_reads_it_as_it_is(out: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    sql = f"select count(*), min(resistance_ohm) > 0 from '{out}/resistances/*.parquet'"
    assert duckdb.sql(sql).fetchall() == [(14, True)]


def test_sql_over_all_tables(out: Path) -> None:
    answer = query(
        out,
        "select f.sample, r.resistance_ohm, v.verdict from resistances r "
        "join fits f using (file, sweep) join verdicts v using (file, sweep) "
        "where element = 'R1' order by r.file, sweep",
    )
    assert answer.columns == ("sample", "resistance_ohm", "verdict")
    expected = [r["resistance_ohm"] for r in rows(out, "resistances") if r["element"] == "R1"]
    assert [row[1] for row in answer.rows] == expected


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('{secret}')",
        "select * from '{secret}'",
        "select * from glob('{folder}/*')",
        "copy (select 1) to '{folder}/stolen.csv'",
        "copy resistances to '{folder}/stolen.parquet'",
        "attach '{folder}/stolen.db'",
        "export database '{folder}'",
        "set enable_external_access = true",
        "install httpfs",
        "load httpfs",
        "insert into resistances select * from resistances",
        "delete from files",
        "select * from nothing",
        "selec 1",
    ],
)
def test_sql_can_neither_read_nor_write_elsewhere(sql: str, out: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*")}
    with pytest.raises(ResultError):
        query(out, sql.format(secret=secret, folder=tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == ["secret.csv"]
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*")} == before


def test_csv_has_every_digit_and_no_formula(out: Path, tmp_path: Path) -> None:
    written = write_tables(out, tmp_path / "csv", force=False)
    assert {path.stem for path in written} == {*TABLES}
    with (tmp_path / "csv" / "resistances.csv").open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    exact = sorted(row["resistance_ohm"] for row in rows(out, "resistances"))
    assert sorted(float(row["resistance_ohm"]) for row in found) == exact
    assert {row["sample"] for row in found if "1+1" in row["sample"]} == {"'=1+1"}
    with pytest.raises(OutputError, match="exist already"):
        write_tables(out, tmp_path / "csv", force=False)
    assert len(write_tables(out, tmp_path / "csv", force=True)) == len(TABLES)


def test_a_folder_without_a_data_set(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no data set"):
        query(tmp_path, "select 1")


def test_a_small_peak_that_nothing_tested_is_not_ok() -> None:
    # Two arcs of 1 : 0.4 and noise of 0.1 %: whatever else the curve shows is ringing
    frequency = np.geomspace(7e6, 1.0, 70)
    omega = 2j * np.pi * frequency
    truth = (8e-6, 1e-3)
    found = []
    for seed in range(6):
        noise = np.random.default_rng(seed).standard_normal((2, 70))
        z = 5.0 + 25.0 / (1 + (omega * truth[0]) ** 0.95) + 10.0 / (1 + (omega * truth[1]) ** 0.9)
        z = z + 1e-3 * np.abs(z) * (noise[0] + 1j * noise[1])
        spectrum = eisfit.Spectrum(frequency, z)
        plain = eisfit.drt(spectrum, method="adaptive", samples=0, per_decade=6.0)
        found += list(peak_table(plain))
        assert sum(row["status"] == "ok" for row in plain.peak_rows) > 2
    sure = [row["tau_s"] for row in found if row["status"] == "ok"]
    assert len(sure) == 12
    assert sure == pytest.approx(truth * 6, rel=0.3)
    assert "not determined" in {row["status"] for row in found}
    # What was tested keeps its status
    tested = eisfit.drt(spectrum, method="adaptive", samples=10, per_decade=6.0)
    assert [row["status"] for row in peak_table(tested)] == [
        row["status"] for row in tested.peak_rows
    ]
