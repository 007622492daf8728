"""The comparison of a series: one object that all tables, sentences and figures come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eisfit.analysis import Analysis
from eisfit.circuit.models import Model
from eisfit.comparison import tables
from eisfit.comparison.electrolyte import shows_series_apart
from eisfit.frozen import FrozenDict
from eisfit.series import Failure, Series

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a series says.

    Attributes
    ----------
    series : Series
    model : Model or "auto"
        For members that name none of their own.
    analyses : tuple of Analysis or None
        In the order of the members; None for one that could not be analysed.
    failures : tuple of Failure
        What could not be read or analysed, and why.
    notes : tuple of str
        What was decided for whole tracks: times, circuits, lambda, names.
    settings : mapping
        The options that differ from the defaults.
    """

    series: Series
    model: Model | str
    analyses: tuple[Analysis | None, ...]
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", FrozenDict(self.settings))

    def __repr__(self) -> str:
        done = sum(a is not None for a in self.analyses)
        return f"<Comparison of {done} spectra along {self.series.along}>"

    @cached_property
    def rows_by_member(self) -> tuple[tuple[Mapping[str, Any], ...], ...]:
        """The rows of `resistances` of each member, none where it could not be analysed."""
        extra = self.series.extra_columns()
        # One definition for all, or ratios and energies would mix two quantities
        with_series = any(a is not None and not shows_series_apart(a) for a in self.analyses)
        return tuple(
            tuple(tables.resistance_rows(member, analysis, extra, with_series))
            for member, analysis in zip(self.series.members, self.analyses, strict=True)
        )

    def resistances(self) -> pd.DataFrame:
        """Return one row a member and role; sums of roles are rows too.

        Columns `eisfit.tables.RESISTANCE_COLUMNS`, then the conditions (`cell`, `time_h`, `state`,
        `electrode_state`, `temperature_c`, `cycle`, extra ones), then `rms_percent` (misfit),
        `verdict` (Kramers-Kronig), `reference_ohm`, `difference_percent`, further ones, and `note`,
        `file`. Where the model's card names the electrolyte's roles, their sum is a row
        `R_electrolyte`; unless every spectrum shows the series resistance apart it holds that too,
        and the note says so.
        """
        return tables.resistances(self)

    def peaks(self) -> pd.DataFrame:
        """Return one row a member and peak of its DRT.

        Columns `eisfit.tables.PEAK_COLUMNS`, then the conditions as in `resistances`.
        """
        return tables.peaks(self)

    def ratios(self) -> pd.DataFrame:
        """Return the ratio of the first sample to every other, a row a role and condition.

        Role and conditions, then the columns of `eisfit.trends.Ratio.row`.
        """
        return tables.ratios(self)

    def changes(self) -> pd.DataFrame:
        """Return what each role does from the first to the last of each track.

        Sample, conditions and role, then the columns of `eisfit.trends.Change.row`.
        """
        return tables.changes(self)

    def growth(self) -> pd.DataFrame:
        """Return the laws of growth over aging time, a row a law, the best first.

        Sample, conditions and role, then the columns of `eisfit.trends.Growth.rows`.
        """
        return tables.growth(self)

    def arrhenius(self) -> pd.DataFrame:
        """Return activation energies, a row a role and form, where temperatures differ.

        Sample, conditions and role, then the columns of `eisfit.trends.Activation.row`.
        """
        return tables.arrhenius(self)

    def conductivity(self) -> pd.DataFrame:
        """Return area-specific resistance and conductivity, a row a member and role.

        Members without a geometry are left out; see `eisfit.trends.conductivity_row`.
        """
        return tables.conductivity(self)

    def provenance(self) -> pd.DataFrame:
        """Return where the numbers come from: file, sweep, SHA-256, format, circuit."""
        return tables.provenance(self)

    def findings(self) -> dict[str, tuple[str, ...]]:
        """Return what the comparison says, in sentences under their headings."""
        from eisfit.comparison.sentences import findings

        return findings(self)

    def sentences(self) -> tuple[str, ...]:
        """Return what the comparison says: ratios, changes, laws, energies, references."""
        return tuple(sentence for part in self.findings().values() for sentence in part)

    def hints(self) -> tuple[str, ...]:
        """Return what a colleague would say of such measurements, where it applies."""
        from eisfit.comparison.prose import hints

        return tuple(hints(self))

    def methods(self) -> str:
        """Return a paragraph for a paper: what was done, with settings, versions and sources."""
        from eisfit.comparison.prose import methods

        return methods(self)

    def plot(
        self,
        kind: str = "resistance_trend",
        ax: Axes | None = None,
        *,
        where: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Axes:
        """Draw a figure of the comparison.

        Parameters
        ----------
        kind : str
            "nyquist_series", "drt_waterfall", "drt_map", "resistance_trend", "contributions" or
            "resistance_by_state": the functions of `eisfit.plots` of these names.
        ax : matplotlib Axes, optional
            Where to draw; without it a figure of its own is made.
        where : mapping of columns to values, optional
            Which members: {"sample": "Si", "state": "pristine"}.
        **options
            Of the function: `columns`, `roles`, `log` ...

        Raises
        ------
        SeriesError
            If the kind or a column is unknown, no member is left, or a DRT figure is asked for
            with more than one track.
        """
        from eisfit.comparison.figures import chosen, draw

        return draw(self, kind, chosen(self.series, where or {}), ax, **options)

    def save(
        self,
        folder: str | PathLike[str],
        formats: Sequence[str] = (),
        force: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> tuple[Path, ...]:
        """Write tables, figures, `report.html`, `comparison.json` and the fits, and return paths.

        Parameters
        ----------
        folder : path
            Made if it does not exist.
        formats : sequence of str
            Of tables: csv, parquet, xlsx, tex, md (csv unless any is given); of figures: png,
            svg, pdf (png unless any is given).
        force : bool
            Replace files that exist.
        progress : function of float, optional
            Told when a step is done; there are `2 + figures` of them.

        Raises
        ------
        OutputError
            If a format is unknown, files exist and `force` is false, or they cannot be written.
        """
        from eisfit.comparison.save import save

        return save(self, folder, formats, force, progress)
