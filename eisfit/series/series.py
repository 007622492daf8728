"""Spectra as a series: along which coordinate, and which of them belong to one track."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eisfit.correction import Blanks
from eisfit.errors import EisfitError, SeriesError, SeriesWarning, located
from eisfit.series.files import with_clock_times
from eisfit.series.member import CONDITIONS, Failure, Member
from eisfit.series.states import state_rank
from eisfit.series.tracks import arranged, choose_along, varies
from eisfit.spectrum import Spectrum, one_spectrum

if TYPE_CHECKING:
    from eisfit.comparison import Comparison
    from eisfit.geometry import Geometry

_FIELDS = (
    "sample", "cell", "time_h", "state", "temperature_c", "cycle", "geometry", "model",
    "cell_type", "file",
)  # fmt: skip
_TOLD = 3  # failures, where nothing else is left to tell


@dataclass(frozen=True, eq=False)
class Series:
    """Spectra with their conditions, and the coordinate along which they are followed.

    Attributes
    ----------
    members : tuple of Member
    along : str
        The column of that coordinate: "time_h", "cycle", "temperature_c", "state", "sweep", or an
        extra column. By default the first of these that varies.
    failures : tuple of Failure
        What a manifest or a list of files names, but could not be read.
    notes : tuple of str
        What was decided about the series: where times are from, for instance.

    Raises
    ------
    SeriesError
        If there is no member, or none has the coordinate.
    """

    members: tuple[Member, ...]
    along: str = ""
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", tuple(self.members))
        if not self.members:
            raise SeriesError("a series needs at least one spectrum, found none")
        if not self.along:
            object.__setattr__(self, "along", choose_along(self.members))
        known = dict.fromkeys(c for m in self.members for c in m.conditions())
        if self.along not in (*known, "sweep"):
            raise SeriesError(
                f"no member has a coordinate {self.along!r} to follow (--along): there are "
                f"{', '.join(c for c in (*known, 'sweep') if c not in ('cell', 'electrode_state'))}"
            )

    def __repr__(self) -> str:
        samples = dict.fromkeys(member.sample for member in self.members)
        return f"<Series of {len(self)} spectra along {self.along}: {', '.join(samples)}>"

    def __len__(self) -> int:
        return len(self.members)

    @classmethod
    def from_manifest(cls, path: str | PathLike[str], along: str = "") -> Series:
        """Return the series that a manifest describes; see `docs/comparison.md` for its columns.

        A row whose file cannot be read is in `failures` and costs only itself; a `SeriesWarning`
        says how many.

        Raises
        ------
        SeriesError
            If the manifest has no column `file`, or no row could be read; the message names file,
            line and column.
        ReadError
            If the manifest itself cannot be read.
        """
        from eisfit.series.manifest import read_manifest

        series = cls._of(*read_manifest(path), along=along)
        _warn_of(series.failures, f"of the rows of {Path(path).name}")
        return series

    @classmethod
    def from_files(
        cls, paths: Sequence[str | PathLike[str]], pattern: str = "{sample}", along: str = ""
    ) -> Series:
        """Return a series of files whose names say what they are.

        Parameters
        ----------
        paths : sequence of path
        pattern : str
            Such as "{sample}_{time_h}h_{state}.mpr": names of columns in braces, `{*}` for what
            does not matter, everything else as it stands. Without a suffix it is matched against
            the name without suffix; with slashes, against as many folders above the file.

        Raises
        ------
        SeriesError
            If the pattern is none, or no file could be taken in.
        """
        from eisfit.series.files import read_files

        series = cls._of(*read_files(paths, pattern), along=along)
        _warn_of(series.failures, "of the files")
        return series

    @classmethod
    def from_spectra(
        cls, spectra: Sequence[Spectrum], along: str = "", **columns: Sequence[Any] | Any
    ) -> Series:
        """Return a series of spectra that are there already.

        Parameters
        ----------
        spectra : sequence of Spectrum
        **columns : one value for all, or a sequence with one a spectrum
            `sample` (else the label of each), `cell`, `time_h`, `state`, `temperature_c`, `cycle`,
            `geometry`, `model`, `cell_type`; `reference_<role>_ohm`; any other is an extra column.

        Raises
        ------
        SeriesError
            If a sequence has another length than the spectra.
        """
        spectra = [one_spectrum(s) for s in spectra]
        rows = [_columns(columns, i, len(spectra)) for i in range(len(spectra))]
        members = [member_of(s, row) for s, row in zip(spectra, rows, strict=True)]
        return cls._of(members, (), (), along)

    @classmethod
    def _of(
        cls,
        members: Sequence[Member],
        failures: Sequence[Failure],
        notes: Sequence[str],
        along: str = "",
    ) -> Series:
        if not members:
            said = "; ".join(located(f.where, f.error) for f in failures[:_TOLD]) or "no row"
            more = f"; and {len(failures) - _TOLD} more" if len(failures) > _TOLD else ""
            raise SeriesError(f"no spectrum could be read: {said}{more}")
        nothing_varies = not along and not varies(members)
        if nothing_varies or (along == "time_h" and all(m.time_h != m.time_h for m in members)):
            members, on_clocks = with_clock_times(members)
            notes = [*notes, *on_clocks]
        return cls(tuple(members), along, tuple(failures), tuple(notes))

    def prepared(self, prepare: Callable[[Spectrum], Spectrum]) -> Series:
        """Return the series with every spectrum prepared, as by cropping it to a window.

        A member whose spectrum cannot be is in `failures`.

        Raises
        ------
        SeriesError
            If none can be.
        """
        kept: list[Member] = []
        failures = list(self.failures)
        for member in self.members:
            try:
                kept.append(replace(member, spectrum=prepare(member.spectrum)))
            except EisfitError as error:
                failures.append(Failure(member.file or member.title(), str(error)))
        return Series._of(kept, failures, self.notes, along=self.along)

    def corrected(self, short: Spectrum | None = None, open: Spectrum | None = None) -> Series:
        """Return the series without cables and contacts, by blanks; see `eisfit.correct`.

        Raises
        ------
        CorrectionError
            If the blanks are none; SeriesError if no spectrum can be corrected.
        """
        return self.prepared(Blanks(short, open).correct)

    def with_geometry(self, geometry: Geometry) -> Series:
        """Return the series with this geometry for the members that have none."""
        members = tuple(
            m if m.geometry is not None else replace(m, geometry=geometry) for m in self.members
        )
        return replace(self, members=members)

    def tracks(self) -> tuple[tuple[int, ...], ...]:
        """Return the members that follow each other, as indices, each track in order.

        A track holds members of one sample, cell, state and temperature (and of one value of any
        other coordinate, where several members would otherwise share a place), except for the
        coordinate that the series is along.
        """
        return arranged(self.members, self.along, self.position)

    def position(self, index: int) -> float:
        """Return a member's place along the series: a number; NaN where it has none."""
        member = self.members[index]
        if self.along in ("state", "electrode_state"):
            return float(state_rank(member.state, member.cell_type))
        value = member.coordinate(self.along)
        if isinstance(value, str):
            texts = list(dict.fromkeys(m.coordinate(self.along) for m in self.members))
            return float(texts.index(value))
        return float(value)

    def extra_columns(self) -> tuple[str, ...]:
        """Return the names of the extra conditions, in the order in which they appear."""
        names = dict.fromkeys(name for m in self.members for name in m.conditions())
        return tuple(name for name in names if name not in CONDITIONS)

    def compare(self, model: Any = "auto", **options: Any) -> Comparison:
        """Return the comparison of the series; see `eisfit.compare`."""
        # The comparison is a layer above, and imports this one
        from importlib import import_module

        result: Comparison = import_module("eisfit.comparison").compare_series(
            self, model, **options
        )
        return result


def _warn_of(failures: Sequence[Failure], what: str) -> None:
    if failures:
        warnings.warn(
            f"{len(failures)} {what} could not be taken into the series (Series.failures has "
            f"all): {failures[0].error}",
            SeriesWarning,
            stacklevel=3,
        )


def member_of(spectrum: Spectrum, row: Mapping[str, Any]) -> Member:
    """Return the member that a spectrum and the columns of its row make."""
    from eisfit.series.reference import references

    known = {name: row[name] for name in _FIELDS if name in row}
    reference, rest = references({k: v for k, v in row.items() if k not in _FIELDS})
    known.setdefault("sample", spectrum.label or "spectrum")
    return Member(spectrum, **known, extra=rest, reference=reference)


def _columns(columns: Mapping[str, Any], index: int, size: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, values in columns.items():
        if isinstance(values, str) or not hasattr(values, "__len__"):
            row[name] = values
            continue
        if len(values) != size:
            raise SeriesError(f"{name} has {len(values)} values for {size} spectra: give one each")
        row[name] = values[index]
    return row
