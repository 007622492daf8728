"""The options that several commands have, and their choices."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Format(StrEnum):
    """Format of plots."""

    PNG = "png"
    PDF = "pdf"
    SVG = "svg"


class SavedAs(StrEnum):
    """Format of tables and figures of a comparison."""

    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"
    LATEX = "tex"
    MARKDOWN = "md"
    PNG = "png"
    PDF = "pdf"
    SVG = "svg"


class Electrode(StrEnum):
    """Which electrode, or pair, the impedance is of."""

    EWE = "Ewe"
    ECE = "Ece"
    BOTH = "Ewe-Ece"


class Weighting(StrEnum):
    """Weighting of a circuit fit."""

    MODULUS = "modulus"
    PROPORTIONAL = "proportional"
    UNIT = "unit"


class DRTWeighting(StrEnum):
    """Weighting of a DRT."""

    MODULUS = "modulus"
    UNIT = "unit"


class Engine(StrEnum):
    """What fits circuits."""

    EISFIT = "eisfit"
    IMPEDANCE = "impedance"


class DRTEngine(StrEnum):
    """What computes distributions of relaxation times."""

    EISFIT = "eisfit"
    PYDRTTOOLS = "pydrttools"


class DRTMethod(StrEnum):
    """How distributions of relaxation times are computed."""

    ADAPTIVE = "adaptive"
    TIKHONOV = "tikhonov"
    BLEND = "blend"


class Effort(StrEnum):
    """How hard a circuit fit searches."""

    THOROUGH = "thorough"
    FAST = "fast"


class Text(StrEnum):
    """What spectra are written as."""

    CSV = "csv"
    JSON = "json"
    ECLAB = "eclab"


FilesArg = Annotated[
    list[str],
    typer.Argument(metavar="FILE...", show_default=False, help="Measured spectra, of any format."),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME|CIRCUIT|auto",
        help="A model (see: eisfit models), a circuit such as 'R0-p(R1,CPE1)', or auto.",
    ),
]
OutOption = Annotated[
    str | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        help="Folder for tables and plots; without it only the screen.",
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print JSON instead of tables, for other programs."),
]
LowOption = Annotated[
    float | None,
    typer.Option("--f-min", metavar="HZ", min=0, help="Leave out what is below."),
]
HighOption = Annotated[
    float | None,
    typer.Option("--f-max", metavar="HZ", min=0, help="Leave out what is above."),
]
SeedOption = Annotated[int, typer.Option(min=0, help="Seed of what is drawn at random.")]
RegularizationOption = Annotated[
    str,
    typer.Option(
        metavar="NAME|NUMBER",
        help="How the DRT chooses lambda (auto, gcv, lcurve, ...), or lambda.",
    ),
]
