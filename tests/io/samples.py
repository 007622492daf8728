"""One sample of each format, written here from its layout: for the tests, and to be damaged."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from xml.sax.saxutils import escape

import numpy as np

F = np.geomspace(1e5, 0.1, 31)
Z = 12.5 + 100 / (1 + (2j * np.pi * F * 1e-4) ** 0.85) + 1 / (0.05 * (2j * np.pi * F) ** 0.5)
TIME = 2.0 * np.arange(len(F))
START = 45792.0 + 5 / 24  # 2025-05-15 05:00:00, days since 1899-12-30


def text_table(names, columns, separator="\t", decimal=".", end="\n") -> str:
    rows = [separator.join(names)] if len(names) else []
    for row in zip(*columns, strict=True):
        rows.append(separator.join(f"{value:.9e}".replace(".", decimal) for value in row))
    return end.join(rows) + end


# BioLogic


def mpr(columns=None, technique: int = 29, control: int = 0) -> bytes:
    columns = columns or {
        (32, "f"): F, (37, "f"): Z.real, (38, "f"): -Z.imag, (4, "d"): TIME,
        (77, "f"): 3.5 + 0 * F, (24, "d"): 0 * F,
    }  # fmt: skip
    settings = bytearray(6747)
    settings[0] = technique
    struct.pack_into("<ff", settings, len(settings) - 76, -2.5, 2.5)
    settings[len(settings) - 62] = control
    table = np.empty(len(F), dtype=[(str(n), f"<{kind}") for n, kind in columns])
    for (number, _), values in columns.items():
        table[str(number)] = values
    head = struct.pack("<IB", len(F), len(columns))
    head += b"".join(struct.pack("<H", number) for number, _ in columns)
    log = bytearray(8103)
    struct.pack_into("<ff", log, 0x1F8, -2.5, 2.5)
    log[0x206] = control
    struct.pack_into("<d", log, 0x249, START)
    return (
        b"BIO-LOGIC MODULAR FILE\x1a".ljust(48)
        + b"\0\0\0\0"
        + _module("VMP Set", bytes(settings), 0)
        + _module("VMP data", head.ljust(406, b"\0") + table.tobytes(), 3)
        + _module("VMP LOG", bytes(log), 0)
    )


def _module(name: str, data: bytes, version: int) -> bytes:
    title = name.encode().ljust(10) + name.encode().ljust(25)
    return b"MODULE" + title + struct.pack("<II", len(data), version) + b"05/15/25" + data


def mpt(program: str = "EC", control: str = "Ewe", decimal: str = ".") -> bytes:
    """Two electrodes: of Ewe alone the impedance is a tenth."""
    header = [
        "Potentio Electrochemical Impedance Spectroscopy", "",
        f"Potential control : {control}",
        "Acquisition started on : 05/15/2025 05:00:00.000",
        "Comments : 25 \u00b0C", "",
    ]  # fmt: skip
    names = [
        "freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "Re(Zwe-ce)/Ohm", "-Im(Zwe-ce)/Ohm", "time/s",
        "<Ewe>/V", "Cs/\u00b5F", "cycle number",
    ]  # fmt: skip
    columns = (
        F, 0.1 * Z.real, -0.1 * Z.imag, Z.real, -Z.imag, TIME, 3.5 + 0 * F, 0 * F, 0 * F,
    )  # fmt: skip
    top = [f"{program}-Lab ASCII FILE", f"Nb header lines : {len(header) + 4}", "", *header]
    body = text_table(names, columns, "\t", decimal, "\r\n")
    return ("\r\n".join(top) + "\r\n" + body).encode("latin-1")


# Other instruments


def dta(aborted: bool = False, rows: int | None = None, decimal: str = ".") -> bytes:
    lines = [
        "EXPLAIN", "TAG\tEISPOT", "TITLE\tLABEL\tPotentiostatic EIS\tTest &Identifier",
        "DATE\tLABEL\t5/15/2025\tDate", "TIME\tLABEL\t17:00:05\tTime",
        "FREQFINAL\tQUANT\t1.00000E-003\tFinal Fre&q. (Hz)", "OCVCURVE\tTABLE\t2",
        "\tPt\tT\tVf", "\t#\ts\tV vs. Ref.", "\t0\t0.25\t3.5", "\t1\t0.5\t3.5",
        "ZCURVE\tTABLE", "\tPt\tTime\tFreq\tZreal\tZimag\tZmod\tZphz\tVdc\tTemp",
        "\t#\ts\tHz\tkohm\tkohm\tkohm\t\u00b0\tV\tdeg C",
    ]  # fmt: skip
    for i in range(len(F) if rows is None else rows):
        numbers = (
            TIME[i], F[i], Z[i].real / 1e3, Z[i].imag / 1e3, abs(Z[i]) / 1e3,
            np.degrees(np.angle(Z[i])), 3.5, -327.63,
        )  # fmt: skip
        fields = "\t".join(f"{x:.9g}" for x in numbers).replace(".", decimal)
        lines.append(f"\t{i}\t{fields}")
    if aborted:
        lines += [
            "EXPERIMENTABORTED\tTOGGLE\tT\tExperiment Aborted", "FRACURVE\tTABLE\t2",
            "\tPt\tT\tVf", "\t#\ts\tV", "\t0\t0.25\t3.5", "\t1\t0.5\t3.5",
        ]  # fmt: skip
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")


def par() -> bytes:
    names = "Segment #, Point #, E(V), Elapsed Time(s), Frequency(Hz), E Real, Z Real, Z Imag, 0"
    rows = [
        f"0,{i},3.5,{TIME[i]:g},{F[i]:.9g},0.01,{Z[i].real:.9g},{Z[i].imag:.9g},0"
        for i in range(len(F))
    ]
    lines = [
        "<Application>", "Name=VersaStudio", "Version=2.52", "</Application>",
        "<Experiment>", "TimeAcquired=5:00:00 PM", "DateAcquired=Thursday, May 15, 2025",
        "</Experiment>", "<Action0>", "Name=Common", "</Action0>", "<Action1>",
        "Name=Potentiostatic EIS", "</Action1>", "<Segment1>", "Type=2", f"Definition={names}",
        *rows, "</Segment1>", "<Graph1>", "Axes=1,2,3", "</Graph1>",
    ]  # fmt: skip
    return ("\n".join(lines) + "\n").encode()


def ism(lead: int = 6, temperature: str = "23.5") -> bytes:
    """As Zahner's instruments do: from the middle up to the highest frequency, then down."""
    order = np.r_[np.arange(lead, 0, -1), np.arange(len(F))] if lead else np.arange(len(F))
    f, z = F[order], Z[order]
    start = 1.43e9
    arrays = (f, np.abs(z), np.angle(z), start + 3.0 * np.arange(len(f)))
    texts = [
        "150525", "eisfit sample", "3.5000V, ampl: 5mV", "1.5nA", f"{temperature}+-0.1C",
        "17:00:00 - 17:05:00", "comment", "",
    ]  # fmt: skip
    return (
        b"\0\0\xff\xff\xff\xfe"
        + (len(f) - 1).to_bytes(6, "big")
        + b"".join(a.astype(">f8").tobytes() for a in arrays)
        + np.full(len(f), 1000, ">i2").tobytes()
        + b"".join(
            struct.pack(">H", len(t)) + t.swapcase().encode("latin-1") for t in texts
        )
        + b"\0" * 64
    )  # fmt: skip


def idf(parts: int = 1, method: str = "Impedance") -> bytes:
    out = b"\0" * 16 + b"H\0\0\0\r\nPeaks=false\r\nCorrosion=false\r\nstarttime=\r\n"
    for part in range(parts):
        rows = "".join(
            f"{z.real:.9E}  {z.imag:.9E}\t{f:.9E} \r\n" for f, z in zip(F, Z, strict=True)
        )
        text = (
            f"Method={method}\r\nTechnique=Constant E\r\nTitle=part {part + 1}\r\nE start=0\r\n"
            f"Mconfig=0\r\n>\x0c\x01\0\r\n2         \r\nData Objects    \r\n0\r\nprimary_data    "
            f"\r\n3         \r\n{len(F)}        \r\n{rows}7         \r\nosc_data        \r\n1\r\n"
            "3\r\n2\r\n1.0E+05 4.1E-05 3.7E-04\r\n"
        )
        out += b"\x8d\x10\0\0\r\n" + text.encode("latin-1")
    return out


def pssession(titles=("one",), drop: int = 0) -> bytes:
    arrays = (
        ("Frequency", "Frequency", "Hz", F), ("ZRe", "Z'", "\u03a9", Z.real),
        ("ZIm", "-Z''", "\u03a9", -Z.imag), ("Z", "Z", "\u03a9", np.abs(Z)),
        ("Phase", "-Phase", "\u00b0", -np.degrees(np.angle(Z))),
        ("potential", "Potential", "V", 3.4 + 0 * F), ("mEdc", "Potential", "V", 3.5 + 0 * F),
        ("Eac", "Potential", "V", 0.01 + 0 * F), ("Idc", "Current", "A", np.r_[F, F]),
    )  # fmt: skip
    values = [
        {
            "Type": "PalmSens.Data.DataArray", "Description": name,
            "Unit": {"S": unit, "Q": quantity, "Type": "PalmSens.Units.X"},
            "DataValues": [
                {"V": float(x)} for x in (numbers[drop:] if name == "ZIm" else numbers)
            ],
        }
        for name, quantity, unit, numbers in arrays
    ]  # fmt: skip
    document = {
        "Type": "PalmSens.DataFiles.SessionFile",
        "Measurements": [
            {"Title": title, "TimeStamp": 638829180000000000, "DataSet": {"Values": values}}
            for title in titles
        ],
    }
    return (json.dumps(document, ensure_ascii=False) + "\ufeff").encode("utf-16")


def dfr() -> bytes:
    lines = ["VERSION8.0", f" {len(F)}", " 1"]
    for f, z in zip(F, Z, strict=True):
        lines += [f" {x!r}" for x in (float(f), float(z.real), float(-z.imag), *[0.0] * 6)]
    return ("\n".join(lines) + "\n").encode()


def zplot() -> bytes:
    names = ["Freq(Hz)", "Ampl", "Bias", "Time(Sec)", "Z'(a)", "Z''(b)", "GD", "Err", "Range"]
    columns = (F, 0 * F, 0 * F, TIME, Z.real, Z.imag, 0 * F, 0 * F, 0 * F)
    top = "ZPLOT2 ASCII\n  Measured Data, ZPlot:       3.2c\n  Date:      5-15-2025\n"
    body = text_table(names, columns)
    return (top + "  " + body.replace("\n", "\nEnd Comments\n", 1)).encode()


def p00() -> bytes:
    rows = [
        f" {f:.9e}\t {z.real:.9e}\t {-z.imag:.9e}\t 59.3e+00\t" for f, z in zip(F, Z, strict=True)
    ]
    top = ["Procedure : title", "15.05.2025 17:00:00", "Description", "t =  736.4 s",
           " f/Hz       \t Z'/Ohm     \t -Z''/Ohm   \t time/s    \t", f" {len(F)} "]  # fmt: skip
    return ("\n".join([*top, *rows]) + "\n").encode()


def i2b() -> bytes:
    rows = [f"{f!r} {z.real!r} {z.imag!r}" for f, z in zip(F.tolist(), Z.tolist(), strict=True)]
    return ("\n".join(["Some text", "of two lines", "", str(len(F)), *rows]) + "\n").encode()


def chi() -> bytes:
    names = ["Freq/Hz", "Z'/ohm", 'Z"/ohm', "Z/ohm", "Phase/deg"]
    columns = (F, Z.real, Z.imag, np.abs(Z), np.degrees(np.angle(Z)))
    top = "May. 15, 2025   17:00:00\nA.C. Impedance\nInstrument Model:  CHI660E\n\n"
    return (top + text_table(names, columns, ", ").replace("\n", "\n\n", 1)).encode()


def relaxis() -> bytes:
    names = ["Data: Frequency", "Data: Z'", "Data: Z''", "Data: |Z|", "Data: Theta (Z)"]
    columns = (F, Z.real, Z.imag, np.abs(Z), np.degrees(np.angle(Z)))
    body = text_table(names, columns).replace("\n", "\nDC=-0.08, TM=33.7\tModel: none\t\t\t\n", 1)
    return ("RelaxIS 3.0 Spectrum export\nDate: 5/15/2025 2:29:15 PM\n" + body).encode()


def parstat() -> bytes:
    """A discharge before the impedance, as rows of frequency zero."""
    names = ["Potential (V)", "Current (A)", "Elapsed Time (s)", "Frequency (Hz)", "Zre (ohms)",
             "Zim (ohms)"]  # fmt: skip
    rows = [(3.5, -0.1, 10.0 * i, 0.0, 0.0, 0.0) for i in range(40)]
    rows += [(3.5, 0.0, 400 + t, f, z.real, z.imag) for t, f, z in zip(TIME, F, Z, strict=True)]
    return text_table(names, list(zip(*rows, strict=True))).encode()


def powersuite() -> bytes:
    body = text_table(("Frequency", " Zre", " Zimg"), (F[::-1], Z.real[::-1], Z.imag[::-1]))
    return body.replace("\n", "\r\r\n").encode()


def autolab() -> bytes:
    names = "\"  Freq (Hz)    Ampl     Bias   Time(Sec)   Z'(a)    Z''(b)    GD   Err   Range\""
    columns = (F, 0 * F, 0 * F, TIME, Z.real, Z.imag, 0 * F, 0 * F, 0 * F)
    top = '\ufeff"Z60W Data File: Version 1.1"\n' + '""\n' * 7 + f"0,2,0,1,0.1,10000\n{len(F)}\n"
    return (top + names + "\n" + text_table((), columns, ",")).encode()


# Tables


def csv_comma() -> bytes:
    return text_table(("frequency (kHz)", "Re(Z)/kOhm", "-Im(Z)/kOhm"),
                      (F / 1e3, Z.real / 1e3, -Z.imag / 1e3), ",").encode()  # fmt: skip


def csv_semicolon_utf16() -> bytes:
    return text_table(("f", "Z'", "Z''"), (F, Z.real, Z.imag), ";", ",", "\r\n").encode("utf-16")


def no_names() -> bytes:
    return text_table((), (F, Z.real, Z.imag), "  ").encode()


def lists() -> bytes:
    """A spectrum a row, as pandas writes a frame of lists."""
    rows = [
        "sample;temperature [\u00b0C];frequency [Hz];real impedance Z' [Ohm];"
        "imaginary impedance Z'' [Ohm]"
    ]
    for number, temperature in enumerate((-10.0, 25.0), start=1):
        z = Z * number
        rows.append(f"cell {number};{temperature};{F.tolist()};{z.real.tolist()};{z.imag.tolist()}")
    return ("\n".join(rows) + "\n").encode()


def json_table() -> bytes:
    columns = {"f (Hz)": F, "Re(Z) (ohm)": Z.real, "Im(Z) (ohm)": Z.imag}
    return json.dumps(
        {n: {str(i): float(x) for i, x in enumerate(v)} for n, v in columns.items()}
    ).encode()


def thousands() -> bytes:
    rows = [f"{f:,.9f};{z.real:,.9f};{z.imag:,.9f}" for f, z in zip(F, Z, strict=True)]
    return "\n".join(["f/Hz;Z'/Ohm;Z''/Ohm", *rows, ""]).encode()


def own_csv() -> bytes:
    top = "label,sweep,frequency_hz,real_ohm,imaginary_ohm,masked_because,source,source_sha256\n"
    rows = [
        f"cell,1,{f!r},{z.real!r},{z.imag!r},,a.mpr,ab\n"
        for f, z in zip(F.tolist(), Z.tolist(), strict=True)
    ]
    return (top + "".join(rows)).encode()


def sheet_rows() -> list[list[object]]:
    head = [["cell 5", None, None], ["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm"]]
    return [*head, *([float(f), float(z.real), float(-z.imag)] for f, z in zip(F, Z, strict=True))]


def xlsx(sheets=None) -> bytes:
    sheets = sheets or {"EIS": sheet_rows(), "empty": []}
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    rel = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    cells = [cell for rows in sheets.values() for row in rows for cell in row]
    texts = sorted({cell for cell in cells if isinstance(cell, str)})
    names = references = ""
    parts: dict[str, str | bytes] = {}
    for i, (name, rows) in enumerate(sheets.items(), 1):
        names += f'<sheet name="{escape(name)}" sheetId="{i}" r:id="rId{i}"/>'
        references += f'<Relationship Id="rId{i}" Target="worksheets/sheet{i}.xml"/>'
        body = "".join(_xlsx_row(number, row, texts) for number, row in enumerate(rows, 1))
        sheet = f"<worksheet {main}><sheetData>{body}</sheetData></worksheet>"
        parts[f"xl/worksheets/sheet{i}.xml"] = sheet
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    parts["xl/workbook.xml"] = f"<workbook {main} {rel}><sheets>{names}</sheets></workbook>"
    parts["xl/_rels/workbook.xml.rels"] = f"<Relationships>{references}</Relationships>"
    parts["xl/sharedStrings.xml"] = f"<sst {main}>{shared}</sst>"
    return zipped(parts)


def _xlsx_row(number: int, row: list[object], texts: list[str]) -> str:
    cells = ""
    for column, value in enumerate(row):
        at = f"{chr(65 + column)}{number}"
        if isinstance(value, str):
            cells += f'<c r="{at}" t="s"><v>{texts.index(value)}</v></c>'
        elif value is not None:
            cells += f'<c r="{at}"><v>{value!r}</v></c>'
    return f'<row r="{number}">{cells}</row>'


def fods(rows=None) -> bytes:
    ns = (
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    )
    body = ""
    for row in sheet_rows() if rows is None else rows:
        cells = ""
        for value in row:
            if isinstance(value, str):
                cells += (
                    '<table:table-cell office:value-type="string">'
                    f"<text:p>{escape(value)}</text:p></table:table-cell>"
                )
            elif value is None:
                cells += "<table:table-cell/>"
            else:
                cells += f'<table:table-cell office:value-type="float" office:value="{value!r}"/>'
        body += f"<table:table-row>{cells}</table:table-row>"
    padding = (
        '<table:table-row table:number-rows-repeated="1048000">'
        '<table:table-cell table:number-columns-repeated="1024"/></table:table-row>'
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document {ns}><office:body>'
        f'<office:spreadsheet><table:table table:name="EIS">{body}{padding}</table:table>'
        "</office:spreadsheet></office:body></office:document>"
    ).encode()


def ods() -> bytes:
    content = fods().decode().replace("office:document ", "office:document-content ", 1)
    content = content.replace("</office:document>", "</office:document-content>")
    return zipped(
        {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content}
    )


def zipped(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(
                zipfile.ZipInfo(name, (2025, 5, 15, 5, 0, 0)), content, zipfile.ZIP_DEFLATED
            )
    return out.getvalue()


SAMPLES: dict[str, Callable[[], bytes]] = {
    maker.__name__: maker
    for maker in (
        mpr, mpt, dta, par, ism, idf, pssession, dfr, zplot, p00, i2b, chi, relaxis, parstat,
        powersuite, autolab, csv_comma, csv_semicolon_utf16, no_names, lists, json_table,
        thousands, own_csv,
        xlsx, fods, ods,
    )
}  # fmt: skip
