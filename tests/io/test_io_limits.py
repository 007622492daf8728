"""What a file may cost as a whole: many parts, each below the limits of one, are refused too."""

import pytest
import samples
from test_io_hostile import refused

from eisfit.errors import NoImpedanceError

SHEET = '<sheet name="s{0}" sheetId="{0}" r:id="rId{0}"/>'
LINK = '<Relationship Id="rId{0}" Target="worksheets/sheet{0}.xml"/>'
FREE = "no table of impedance"


def book(*bodies: str) -> bytes:
    numbers = range(1, len(bodies) + 1)
    parts = {
        "xl/workbook.xml": f"<workbook><sheets>{''.join(map(SHEET.format, numbers))}</sheets>",
        "xl/_rels/workbook.xml.rels": f"<Relationships>{''.join(map(LINK.format, numbers))}",
    }
    parts = {name: text + f"</{text[1:14].split('>')[0]}>" for name, text in parts.items()}
    for number, body in zip(numbers, bodies, strict=True):
        parts[f"xl/worksheets/sheet{number}.xml"] = f"<worksheet>{body}</worksheet>"
    return samples.zipped(parts)


@pytest.mark.slow
def test_parts_of_a_workbook_are_counted_together(tmp_path):
    refused(tmp_path, book(*["<a/>" * 300_000] * 4), "more than 1000000 elements")
    refused(tmp_path, book(*[" " * 30_000_000] * 3), "more than 64 MB of XML")
    row = "<row><c><v>1</v></c><c><v>2</v></c><c><v>3</v></c></row>"
    refused(tmp_path, book(*[row * 60_000] * 3), "more than 400000 cells")
    refused(tmp_path, book(*["<a/>"] * 1_001), "more than 1000 sheets")


def flat(names: list[str], tables: int = 1, name_rows: int = 1) -> bytes:
    cell = '<table:table-cell office:value-type="float" office:value="1"/>'
    head = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{name}</text:p></table:table-cell>'
        for name in names
    )
    table = (
        f'<table:table><table:table-row table:number-rows-repeated="{name_rows}">{head}'
        f"</table:table-row><table:table-row>{cell * len(names)}</table:table-row></table:table>"
    )
    return f'<?xml version="1.0"?><office:document>{table * tables}</office:document>'.encode()


def test_sheets_names_and_spectra_side_by_side(tmp_path):
    names = ["f", "Re(Z)", "Im(Z)"]
    refused(tmp_path, flat(names, tables=1_001), "more than 1000 sheets")
    refused(tmp_path, flat(names * 1_001), "more than 1000 spectra side by side")
    many = [f"freq{number}" for number in range(12_000)]
    refused(tmp_path, flat(many, name_rows=30), "no sheet with a frequency", NoImpedanceError)


def test_modules_and_tables(tmp_path):
    start = b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + b"\0\0\0\0"
    modules = start + samples._module("VMP x", b"", 0) * 100_000
    refused(tmp_path, modules, "more than 1000 modules")
    table = "ZCURVE\tTABLE\n\tPt\tFreq\tZreal\tZimag\n\t#\tHz\tohm\tohm\n\t0\t1\t2\t3\n"
    refused(tmp_path, ("EXPLAIN\n" + table * 5_001).encode(), "more than 5000 tables")
    segment = "<Segment1>\nDefinition=Frequency(Hz), Zre, Zim\n1,2,3\n</Segment1>\n"
    start = b"<Application>\nName=VersaStudio\n</Application>\n"
    refused(tmp_path, start + segment.encode() * 5_001, "more than 5000 tables")


def test_json_whose_rows_have_names_of_their_own(tmp_path):
    rows = ",".join(f'{{"f{n}":1,"g{n}":2}}' for n in range(200_000))
    refused(tmp_path, f"[{rows}]".encode(), FREE)
    keys = ",".join(f'"k{n}":1' for n in range(800_000))
    refused(tmp_path, f"{{{keys}}}".encode(), FREE)


def test_lines_that_could_be_names_and_are_none(tmp_path):
    refused(tmp_path, b"freq abc def\n" * 400_000, FREE)
    refused(tmp_path, "".join(f"freq {n} x{n}\n" for n in range(300_000)).encode(), FREE)
    refused(tmp_path, ("частота é " * 20 + "\n").encode() * 20_000, FREE)
    refused(tmp_path, b"abc def ghi\n" * 400_000, FREE)


@pytest.mark.slow
def test_lines_that_take_patterns_long(tmp_path):
    for name in ("freq" + " " * 29_000 + "x", "f " + "(" * 14_000, "f," + "neg " * 7_000):
        refused(tmp_path, f"{name}\n1 2 3\n".encode() * 20, "no table of impedance|has the columns")
    head = "f\tRe(Z)\tIm(Z)\n"
    for number in ("1 000 000 " * 100_000, "1" + ".000" * 300_000, "1," * 500_000):
        refused(tmp_path, (head + f"{number}\t2\t3\n" * 5).encode(), "do not fit")
