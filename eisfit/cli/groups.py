"""Options that go together, and commands that take them as one.

A group is a dataclass whose fields are options. `spread` makes of a command that takes groups one
that takes all their options, which is what typer understands. Nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from eisfit.cli import options as o
from eisfit.errors import EngineError


def spread(command: Callable[..., int]) -> Callable[..., int]:
    """Return a command with the options of its groups in place of the groups."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {n: hint for n, hint in hints.items() if is_dataclass(hint)}
    taken: list[Parameter] = []
    for name, own in signature(command).parameters.items():
        if name in groups:
            taken += _options(groups[name])
        else:
            taken.append(own.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name]))

    @wraps(command)
    def call(**given: Any) -> int:
        for name, group in groups.items():
            given[name] = group(**{f.name: given.pop(f.name) for f in fields(group)})
        return command(**given)

    call.__signature__ = Signature(taken)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in taken}
    del call.__wrapped__  # which would be asked for the annotations
    return call


def _options(group: Any) -> list[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How files are read."""

    electrode: Annotated[
        o.Electrode | None,
        typer.Option(help="Electrode, where a file holds several; by default what was controlled."),
    ] = None
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Which column is which: names in order, '-' for one to leave out "
            "('f/kHz,Re(Z),-Im(Z)'), or pairs ('Zr=Re(Z)/kOhm').",
        ),
    ] = None
    sign: Annotated[
        str | None,
        typer.Option(
            metavar="+|-",
            help="What the imaginary column holds: + the part itself, - its negative.",
        ),
    ] = None
    decimal: Annotated[
        str | None,
        typer.Option(
            metavar=".|,", help="Decimal sign of a text, where it leaves open what 10,000 is."
        ),
    ] = None

    @property
    def asked(self) -> dict[str, str | None]:
        """What `eisfit.read` is asked for."""
        electrode = None if self.electrode is None else self.electrode.value
        return {
            "electrode": electrode,
            "columns": self.columns,
            "sign": self.sign,
            "decimal": self.decimal,
        }


@dataclass(frozen=True, kw_only=True)
class Selection(Reading):
    """Which files, and what of them."""

    files: o.FilesArg
    f_min: o.LowOption = None
    f_max: o.HighOption = None
    sweeps: Annotated[
        list[int] | None,
        typer.Option(
            "--sweep", metavar="N", min=1, help="Only this sweep; may be given several times."
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """How a distribution of relaxation times is computed, and by what."""

    weighting: Annotated[
        o.DRTWeighting | None,
        typer.Option(help="Of the data.  [default: modulus; pydrttools has unit alone]"),
    ] = None
    regularization: o.RegularizationOption = "auto"
    method: Annotated[
        o.DRTMethod | None,
        typer.Option(help="blend: peaks and the regularised curve (default); tikhonov: the plain"
                     " penalty."),
    ] = None  # fmt: skip
    signed: Annotated[
        bool, typer.Option("--signed", help="Gamma of either sign, for inductive loops.")
    ] = False
    engine: Annotated[o.DRTEngine, typer.Option(help="What computes the DRT.")] = o.DRTEngine.EISFIT
    seed: o.SeedOption = 0

    @property
    def options(self) -> dict[str, Any]:
        """What `eisfit.drt` is asked for.

        Raises
        ------
        EngineError
            If the engine has no such option.
        """
        asked: dict[str, Any] = {"regularization": self.regularization}
        if self.engine is o.DRTEngine.EISFIT:
            asked |= {"weighting": self.weighting.value if self.weighting else "modulus"}
            asked |= {"seed": self.seed, "signed": self.signed}
            return asked | ({"method": self.method.value} if self.method else {})
        if self.weighting not in (None, o.DRTWeighting.UNIT):
            raise EngineError(
                f"{self.engine.value} has no weighting {self.weighting.value!r}: leave it out, or "
                "take unit"
            )
        if self.method or self.signed:
            raise EngineError(
                f"{self.engine.value} has neither --method nor --signed: leave them out"
            )
        return asked


@dataclass(frozen=True)
class Output:
    """Where results go."""

    out: o.OutOption = None
    formats: Annotated[
        list[o.Format] | None,
        typer.Option(
            "--format", help="Format of the plots; may be given several times.  [default: png]"
        ),
    ] = None
    force: o.ForceOption = False

    @property
    def folder(self) -> Path | None:
        """The folder, where one was given."""
        return None if self.out is None else Path(self.out)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Of the plots, each once."""
        return tuple(dict.fromkeys(f.value for f in self.formats or ())) or ("png",)


@dataclass(frozen=True)
class Target:
    """A file that spectra are written to."""

    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="FILE", help="Without it the screen.")
    ] = None
    to: Annotated[
        o.Text | None, typer.Option(help="What to write; by the suffix of --out, else csv.")
    ] = None
    force: o.ForceOption = False

    @property
    def kind(self) -> str | None:
        """The format that was asked for."""
        return None if self.to is None else self.to.value


@dataclass(frozen=True)
class Targets(Target):
    """A file that spectra are written to, or a folder for a file an input."""

    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE|DIR",
            help="A name with a suffix (.csv, .json, .txt) takes all spectra; else a folder, one "
            "file an input. Without it the screen.",
        ),
    ] = None


@dataclass(frozen=True)
class Settings:
    """How a spectrum is analysed."""

    weighting: Annotated[o.Weighting, typer.Option(help="Of the circuit fit.")] = (
        o.Weighting.MODULUS
    )
    regularization: o.RegularizationOption = "auto"
    seed: o.SeedOption = 0

    @property
    def of_fit(self) -> dict[str, Any]:
        """Options of the circuit fit."""
        return {"weighting": self.weighting.value, "seed": self.seed}

    @property
    def of_drt(self) -> dict[str, Any]:
        """Options of the distribution of relaxation times."""
        return {"regularization": self.regularization, "seed": self.seed}


@dataclass(frozen=True, kw_only=True)
class Study:
    """Which spectra are compared, and what is done with them before."""

    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="MANIFEST|FILE...",
            show_default=False,
            help="A table that says what each file is (see the page on comparison), or the files.",
        ),
    ]
    along: Annotated[
        str,
        typer.Option(metavar="COLUMN", help="What to follow; by default the first that varies."),
    ] = ""
    pattern: Annotated[
        str,
        typer.Option(
            metavar="PATTERN",
            help="What the names of files say, such as '{sample}_{time_h}h_{state}.mpr'.",
        ),
    ] = ""
    short: Annotated[
        str | None, typer.Option(metavar="FILE", help="Blank: a short circuit for the cell.")
    ] = None
    open_circuit: Annotated[
        str | None, typer.Option("--open", metavar="FILE", help="Blank: nothing for the cell.")
    ] = None
    area: Annotated[
        float | None, typer.Option(metavar="CM2", min=1e-9, help="Of cells without their own.")
    ] = None
    thickness: Annotated[
        float | None, typer.Option(metavar="CM", min=1e-9, help="Of cells without their own.")
    ] = None
    f_min: o.LowOption = None
    f_max: o.HighOption = None


@dataclass(frozen=True)
class Grid:
    """Frequencies to simulate at; what is None follows from elsewhere."""

    f_max: Annotated[
        float | None, typer.Option("--f-max", metavar="HZ", help="Highest.  [default: 7e6]")
    ] = None
    f_min: Annotated[
        float | None, typer.Option("--f-min", metavar="HZ", help="Lowest.  [default: 1]")
    ] = None
    per_decade: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Points a decade.  [default: 10]")
    ] = None


@dataclass(frozen=True, kw_only=True)
class Work(Reading):
    """What a batch does with every spectrum."""

    kk: Annotated[bool, typer.Option("--kk", help="Kramers-Kronig test as well.")] = False
    drt: Annotated[bool, typer.Option("--drt", help="Relaxation times as well.")] = False
    drt_method: Annotated[
        o.DRTMethod, typer.Option(help="blend is the truest, and five times as slow.")
    ] = o.DRTMethod.ADAPTIVE
    drt_samples: Annotated[
        int, typer.Option(min=0, metavar="N", help="Resamples, for intervals of peaks.")
    ] = 0
    weighting: Annotated[o.Weighting, typer.Option(help="Of the circuit fit.")] = (
        o.Weighting.MODULUS
    )
    effort: Annotated[o.Effort, typer.Option(help="Of the circuit fit.")] = o.Effort.THOROUGH
    seed: o.SeedOption = 0
    f_min: o.LowOption = None
    f_max: o.HighOption = None

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The entries of `eisfit.batching.recipe.Recipe`, but for the model."""
        return {
            **{field.name: getattr(self, field.name) for field in fields(self)},
            **self.asked,
            "drt_method": self.drt_method.value,
            "weighting": self.weighting.value,
            "effort": self.effort.value,
        }


@dataclass(frozen=True)
class Running:
    """How a batch is run."""

    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes.  [default: all cores]")
    ] = None
    dask: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:PORT", help="A dask scheduler, in place of processes."),
    ] = None
    time_limit: Annotated[
        float, typer.Option(min=1, metavar="S", help="After which a task is stopped.")
    ] = 300.0
    memory_limit: Annotated[
        float, typer.Option(min=0, metavar="GB", help="Of a process; 0 for none.")
    ] = 2.0
    retry: Annotated[bool, typer.Option("--retry", help="Do failed files again.")] = False
    anew: Annotated[bool, typer.Option("--anew", help="Put results of other settings aside.")] = (
        False
    )
