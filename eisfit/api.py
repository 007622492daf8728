"""The public functions: thin, each hands over to the part that does the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

from eisfit.circuit.models import Model, load_model, models
from eisfit.errors import EngineError
from eisfit.spectrum import Spectrum, one_spectrum

if TYPE_CHECKING:
    from eisfit.comparison import Comparison
    from eisfit.fitting.result import FitResult
    from eisfit.relaxation.result import DRTResult
    from eisfit.series import Series
    from eisfit.validity import KKResult

__all__ = [
    "compare",
    "drt",
    "fit",
    "fit_many",
    "kramers_kronig",
    "load",
    "load_model",
    "models",
    "read",
]


def read(
    path: str | PathLike[str],
    *,
    electrode: str | None = None,
    columns: str | Sequence[str] | Mapping[str, str] | None = None,
    sign: str | None = None,
    decimal: str | None = None,
) -> list[Spectrum]:
    """Return the spectra of a file, one a sweep; the content decides the format, not the suffix.

    Parameters
    ----------
    path : str or path
        A file of an instrument, or a table as text or spreadsheet; see `docs/readers.md`.
    electrode : "Ewe", "Ece" or "Ewe-Ece", optional
        Which pair of electrodes the impedance is of, where the file holds several; chosen by the
        technique's settings unless given.
    columns : str, sequence or mapping of str, optional
        Which column is which, where the file does not say it; see `eisfit.io.read`.
    sign : "+" or "-", optional
        Whether the column of the imaginary part holds it, or its negative.
    decimal : "." or ",", optional
        The decimal sign of a text, where its numbers leave open what 10,000 is.

    Raises
    ------
    ReadError
        If the file cannot be read; NoImpedanceError if it holds no impedance.
    """
    from eisfit.io import read as read_file

    return read_file(path, electrode=electrode, columns=columns, sign=sign, decimal=decimal)


def fit(
    spectrum: Spectrum, model: str | Model = "auto", *, engine: str = "eisfit", **options: Any
) -> FitResult:
    """Fit a circuit to a spectrum; no starting values needed.

    Parameters
    ----------
    spectrum : Spectrum
    model : str or Model
        A model, its name, circuit text in either grammar, or "auto".
    engine : "eisfit" or "impedance"
        Our own, or impedance.py (extra `peers`) from our starting values.
    **options
        `weighting`, `absolute_sigma`, `part`, `quantity`, `loss`, `loss_scale`, `start`, `fixed`,
        `bounds`, `constraints`, `seed`, `effort`, `budget_s`: see
        `eisfit.fitting.options.FitOptions`; and `params`, an `lmfit.Parameters` without
        expressions, in place of `start`, `fixed` and `bounds`.

    Returns
    -------
    FitResult

    Raises
    ------
    ModelError, CircuitError
        If the model is unknown or does not parse.
    FitError
        If the fit cannot be set up; the message names the parameter.
    EngineError
        If the engine is unknown or missing.
    """
    from eisfit.fitting.engine import fit_spectrum, options_from
    from eisfit.weights import weighted

    one_spectrum(spectrum)
    settings = options_from(weighted(spectrum, options), model)
    if model == "auto":
        from eisfit.fitting.choose import choose

        return choose(spectrum, settings, engine).best
    chosen = load_model(model)
    if engine == "eisfit":
        return fit_spectrum(spectrum, chosen, settings)
    from eisfit.interop.engines import fit_with

    if not settings.is_plain:
        raise EngineError(
            f"engine {engine!r} takes no constraints, part, quantity or loss: use engine='eisfit'"
        )
    return fit_with(engine, spectrum, chosen, settings)


def drt(spectrum: Spectrum, *, engine: str = "eisfit", **options: Any) -> DRTResult:
    """Return the distribution of relaxation times; lambda is chosen by itself.

    Parameters
    ----------
    spectrum : Spectrum
    engine : "eisfit" or "pydrttools"
        Our own, or pyDRTtools (extra `peers`), headless in a process of its own.
    **options
        `regularization` (a criterion's name or a number) and the others of
        `eisfit.relaxation.drt_spectrum`.

    Raises
    ------
    RelaxationError
        If it cannot be computed as asked.
    EngineError
        If the engine is unknown or missing.
    """
    one_spectrum(spectrum)
    if engine == "eisfit":
        from eisfit.relaxation import drt_spectrum

        return drt_spectrum(spectrum, **options)
    if engine == "pydrttools":
        from eisfit.interop.pydrttools import drt_pydrttools

        return drt_pydrttools(spectrum, **options)
    raise EngineError(f"unknown engine {engine!r}: choose 'eisfit' or 'pydrttools'")


def kramers_kronig(spectrum: Spectrum, **options: Any) -> KKResult:
    """Test whether a spectrum obeys the Kramers-Kronig relations (Lin-KK), with a verdict in words.

    Raises
    ------
    ValidityError
        If the spectrum has too few points for the test.
    """
    from eisfit.validity import kramers_kronig_spectrum

    return kramers_kronig_spectrum(one_spectrum(spectrum), **options)


def fit_many(
    spectra: Sequence[Spectrum],
    model: str | Model = "auto",
    executor: Executor | None = None,
    **options: Any,
) -> list[FitResult]:
    """Fit one model to many spectra; results come in the order of the spectra.

    Parameters
    ----------
    spectra : sequence of Spectrum
    model : as in `fit`
    executor : concurrent.futures.Executor, optional
        Any: threads, processes or a cluster's. Spectra of one grid of frequencies are searched
        together, which saves most of the time; the results are those of `fit`, one by one.
    **options : as in `fit`

    Raises
    ------
    As `fit`; the first spectrum that cannot be fitted stops the rest.
    """
    from eisfit.batching import map_chunks, map_each
    from eisfit.fitting.engine import fit_spectra, options_from
    from eisfit.weights import needs_test

    spectra = [
        one_spectrum(one) for one in ([spectra] if isinstance(spectra, Spectrum) else spectra)
    ]
    engine = options.pop("engine", "eisfit")
    if model == "auto" or engine != "eisfit" or needs_test(options):
        return map_each(partial(fit, model=model, engine=engine, **options), spectra, executor)
    chosen = load_model(model)
    work = partial(fit_spectra, model=chosen, options=options_from(options, chosen))
    return map_chunks(work, spectra, executor)


def compare(series: Series, model: str | Model = "auto", **options: Any) -> Comparison:
    """Analyse a series of spectra, follow each sample along it, and compare.

    Parameters
    ----------
    series : Series
    model : as in `fit`
    **options
        `executor`, `fit_options`, `drt_options`, `area_over_thickness_cm`, `share`: see
        `eisfit.comparison.compare_series`.

    Returns
    -------
    Comparison
        With `resistances()`, `peaks()`, `ratios()`, `changes()`, `growth()`, `arrhenius()`,
        `conductivity()`, `sentences()`, `methods()`, `provenance()`, `plot()`, `save()`.

    Raises
    ------
    SeriesError, ModelError, CircuitError
        If nothing can be analysed; single members that fail are in `failures`.
    """
    from eisfit.comparison import compare_series

    return compare_series(series, model, **options)


def load(path: str | PathLike[str]) -> FitResult:
    """Return a saved result (`fit.json`), to plot and compare again.

    Raises
    ------
    ResultError
        If the file is not a saved result; the message says what is wrong with it.
    """
    from eisfit.saved import load_result

    return load_result(path)
