"""What a file is, without a fit, for a person to look at."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from eisfit.errors import ReadError
from eisfit.io.request import Request
from eisfit.io.sniff import choose
from eisfit.io.source import Source

if TYPE_CHECKING:
    from eisfit.spectrum import Spectrum

_MPR = b"BIO-LOGIC MODULAR FILE"
_MOST_SETTINGS = 300
_LONGEST_VALUE = 200


@dataclass(frozen=True)
class Sweep:
    """One sweep of a file; None where the file does not say."""

    number: int
    label: str
    points: int
    f_max_hz: float
    f_min_hz: float
    time_s: float | None = None
    potential_v: float | None = None
    temperature_c: float | None = None


@dataclass(frozen=True)
class Inspection:
    """What is in a file.

    Attributes
    ----------
    name, size, sha256 : str, int, str
        Of the file; its size in bytes.
    format, technique, electrode, acquired : str
        "" where not known.
    error : str
        Why the file cannot be read; "" where it can.
    settings : tuple of (str, str)
        What stands above the data, as far as it is text.
    structure : tuple of str
        The parts of a binary file.
    columns, unused : tuple of str
        What was taken as what; names of the columns that were not used.
    sweeps : tuple of Sweep
    warnings, notes : tuple of str
        What is doubtful; what was decided.
    """

    name: str
    size: int
    sha256: str
    format: str = ""
    technique: str = ""
    electrode: str = ""
    acquired: str = ""
    error: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    structure: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def points(self) -> int:
        """Points of all sweeps."""
        return sum(sweep.points for sweep in self.sweeps)

    @property
    def range_hz(self) -> tuple[float, float] | None:
        """Lowest and highest frequency of all sweeps, None where there is none."""
        if not self.sweeps:
            return None
        return min(s.f_min_hz for s in self.sweeps), max(s.f_max_hz for s in self.sweeps)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, numbers and text, for JSON."""
        return {**asdict(self), "points": self.points, "range_hz": self.range_hz}

    def explain(self) -> str:
        """Say in lines which column was taken as what, and what else was decided."""
        lines = [f"{self.name}: {self.format or 'unknown format'}"]
        if self.error:
            lines.append(f"  error: {self.error}")
        lines += [f"  {entry}" for entry in self.columns]
        if self.unused:
            lines.append(f"  not used: {', '.join(self.unused)}")
        notes = [note for note in self.notes if not note.startswith("column ")]
        lines += [f"  {entry}" for entry in (*self.warnings, *notes)]
        return "\n".join(lines)

    def text(self) -> str:
        """Return everything as lines for a screen."""
        lines = [f"{self.name}  {self.size} bytes  sha256 {self.sha256[:16]}"]
        for title, value in (
            ("format", self.format),
            ("technique", self.technique),
            ("electrode", self.electrode),
            ("acquired", self.acquired),
            ("error", self.error),
        ):
            if value:
                lines.append(f"  {title}: {value}")
        if span := self.range_hz:
            lines.append(
                f"  {len(self.sweeps)} sweep(s), {self.points} points, {span[1]:.6g} to "
                f"{span[0]:.6g} Hz"
            )
        lines += [_sweep_line(sweep) for sweep in self.sweeps[:50]]
        if len(self.sweeps) > 50:
            lines.append(f"    and {len(self.sweeps) - 50} more")
        for title, entries in (
            ("warnings", self.warnings),
            ("columns", self.columns),
            ("columns not used", self.unused and (", ".join(self.unused),)),
            ("notes", self.notes),
            ("structure", self.structure),
            ("settings", tuple(f"{key}: {value}" for key, value in self.settings)),
        ):
            if entries:
                lines += [f"  {title}:", *(f"    {entry}" for entry in entries)]
        return "\n".join(lines)


def inspect(
    path: str | os.PathLike[str],
    *,
    electrode: str | None = None,
    columns: str | Sequence[str] | Mapping[str, str] | None = None,
    sign: str | None = None,
    decimal: str | None = None,
) -> Inspection:
    """Say what a file is: a file that cannot be read is described too, with the error.

    Parameters
    ----------
    path, electrode, columns, sign, decimal
        As for `eisfit.io.read`.

    Raises
    ------
    ReadError
        If there is no such file, it is empty or a folder, or an option is not known.
    """
    from eisfit.io.spectra import read_source

    request = Request.of(electrode, columns, sign, decimal)
    source = Source.open(path)
    kind = error = ""
    unused: tuple[str, ...] = ()
    spectra: list[Spectrum] = []
    try:
        kind = choose(source).name
        spectra, unused = read_source(source, request)
    except ReadError as refusal:
        error = str(refusal)
    first: Mapping[str, Any] = spectra[0].metadata if spectra else {}
    said = tuple(dict.fromkeys(n for s in spectra for n in s.metadata.get("notes", ())))
    return Inspection(
        source.name,
        source.size,
        source.sha256,
        format=str(first.get("format", kind)),
        technique=str(first.get("technique", "")),
        electrode=str(first.get("electrode", "")),
        acquired=str(first.get("acquired", "")),
        error=error,
        settings=tuple(_settings(source)),
        structure=tuple(_structure(source)),
        columns=tuple(dict.fromkeys(c for s in spectra for c in s.metadata.get("columns", ()))),
        unused=unused,
        sweeps=tuple(_sweep(spectrum) for spectrum in spectra),
        warnings=tuple(n for n in said if n.startswith("warning")),
        notes=tuple(n for n in said if not n.startswith("warning")),
    )


def _sweep(spectrum: Spectrum) -> Sweep:
    known = spectrum.metadata
    return Sweep(
        int(known.get("sweep", 1)),
        spectrum.label,
        len(spectrum),
        float(spectrum.frequency[0]),
        float(spectrum.frequency[-1]),
        known.get("time_s"),
        known.get("potential_v"),
        known.get("temperature_c"),
    )


def _sweep_line(sweep: Sweep) -> str:
    line = f"    {sweep.number}: {sweep.points} points, {sweep.f_max_hz:.6g} to "
    line += f"{sweep.f_min_hz:.6g} Hz"
    for value, unit in (
        (sweep.time_s, "s"),
        (sweep.potential_v, "V"),
        (sweep.temperature_c, "degrees C"),
    ):
        line += f", {value:.6g} {unit}" if value is not None else ""
    return line


_PAIR = re.compile(r"\s*([^:=\t]{1,60}?)\s*(?::|=)\s*(.*)")


def _settings(source: Source) -> list[tuple[str, str]]:
    """Return the lines above the data that give a name and a value."""
    from eisfit.io.biologic import recorded_settings
    from eisfit.io.signatures import is_text

    if source.head.startswith(_MPR):
        return [(name, text[:_LONGEST_VALUE]) for name, text in recorded_settings(source)]
    if not is_text(source.head):
        return []
    found: list[tuple[str, str]] = []
    for line in source.head_lines()[:2000]:
        if _is_row(line) and found and len(line.split()) >= 3:
            break
        fields = line.split("\t")
        if len(fields) >= 3 and fields[0].isupper() and fields[1].isupper():  # Gamry
            found.append((fields[0], fields[2].strip()[:_LONGEST_VALUE]))
        elif (match := _PAIR.fullmatch(line)) and not line.startswith(("{", "[", "<")):
            found.append((match[1].strip(), match[2].strip()[:_LONGEST_VALUE]))
        if len(found) >= _MOST_SETTINGS:
            break
    return found


def _structure(source: Source) -> list[str]:
    """Return the parts of a binary file, as far as they are known."""
    from eisfit.io.biologic import walk

    if source.head.startswith(_MPR):
        found = []
        try:
            for module in walk(source.read_bytes(), source.name):
                there = "" if module.is_whole else f", {len(module.data)} there"
                found.append(
                    f"{module.name}: {module.length} bytes{there}, version {module.version}"
                )
                if module.name == "VMP data":
                    columns = module.data[4] if len(module.data) > 4 else 0
                    found.append(f"  columns: {module.data[4 : 5 + 2 * columns].hex()}")
        except ReadError as error:
            found.append(str(error))
        return found
    if source.head.startswith(b"PK\3\4"):
        import zipfile

        try:
            with source.stream() as stream, zipfile.ZipFile(stream) as archive:
                return [f"{i.filename[:80]}: {i.file_size} bytes" for i in archive.infolist()[:50]]
        except Exception as error:  # a damaged archive raises many kinds
            return [f"damaged archive: {type(error).__name__}"]
    return []


def _is_row(line: str) -> bool:
    from eisfit.io.layout import is_number

    fields = re.split(r"[\t; ]+|,(?=\S*[.e])", line.strip())
    return bool(fields[0]) and all(is_number(field) for field in fields if field)
