"""Every error that eisfit raises on purpose.

A message says what is wrong, where (file, line, column, parameter) and what to do about it.
All descend from `EisfitError`, so a caller, and the command line, can catch them in one place.
"""

from __future__ import annotations


class EisfitError(Exception):
    """Root of all errors that eisfit raises on purpose."""


def said_of(error: BaseException) -> str:
    """Return what to say of an error of one piece of work, whose failure the rest outlives.

    Its own message, or, where eisfit did not raise it on purpose, that it is a fault of ours.
    """
    if isinstance(error, EisfitError):
        return str(error)
    return f"{fault(error)}: please report it"


def located(where: str, said: str) -> str:
    """Return what is said of a place with the place before it, once.

    Messages of readers begin with a file's bare name, which does not say in which folder.
    """
    name = where.replace("\\", "/").rpartition("/")[2]
    for known in (where, name):
        rest = said.removeprefix(known)
        if known and rest != said and rest[:1] in ("", " ", ",", ":"):
            return where + rest
    return f"{where}: {said}"


def fault(error: BaseException) -> str:
    """Return what to say of an error that eisfit did not raise on purpose."""
    return f"eisfit failed where it should not: {type(error).__name__}: {error}"


class SpectrumError(EisfitError, ValueError):
    """Numbers that cannot form a spectrum, or an operation that leaves none."""


class CorrectionError(SpectrumError):
    """Blanks, of a short or an open circuit, that cannot correct a spectrum."""


class ReadError(EisfitError, ValueError):
    """A file that cannot be read as impedance; the message names the file and the reason."""


class NoImpedanceError(ReadError):
    """A readable file that holds no impedance (an OCV or CV measurement, an aborted run)."""


class CircuitError(EisfitError, ValueError):
    """Circuit text that does not parse; a caret marks the offending character."""


class ModelError(EisfitError, ValueError):
    """An unknown model name, a broken model card, or values that do not fit the circuit."""


class ElementError(EisfitError, ValueError):
    """An element of the user's own that cannot be registered, or returns what is no impedance."""


class FitError(EisfitError, ValueError):
    """A fit that cannot be set up: bad bounds, too few points, nothing free."""


class RelaxationError(EisfitError, ValueError):
    """A distribution of relaxation times that cannot be computed as asked."""


class ValidityError(EisfitError, ValueError):
    """A Kramers-Kronig test that cannot be computed as asked."""


class EngineError(EisfitError, RuntimeError):
    """A reference engine (impedance.py, pyDRTtools) that is missing or failed."""


class SeriesError(EisfitError, ValueError):
    """A manifest, a pattern or members that cannot form a series; says file, line and column."""


class SeriesWarning(UserWarning):
    """What a manifest or a list of files names, and the series made of it lacks."""


class ResultError(EisfitError, ValueError):
    """A saved result that cannot be loaded."""


class TrendError(EisfitError, ValueError):
    """Numbers over time, temperature or samples that cannot be compared as asked."""


class GeometryError(EisfitError, ValueError):
    """Sizes of a sample that are not positive, contradict each other, or do not suffice."""


class OutputError(EisfitError, OSError):
    """A result that cannot be written, for instance because it exists already."""
