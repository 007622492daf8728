"""What passes between libraries: a circuit with its values, errors, bounds and names.

Where two libraries define an element by other parameters, values are converted; standard errors
go with them by the derivatives of the conversion.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.circuit.circuit import Values
from eisfit.circuit.models import Model
from eisfit.errors import ModelError
from eisfit.frozen import FrozenDict

Array = NDArray[Any]
Convert = Callable[[Array], Array]

_STEP = 1e-4


@dataclass(frozen=True)
class Exchanged:
    """A circuit that came from another library, with all that it knew about its parameters.

    Attributes
    ----------
    model : Model
    values : mapping of parameter names to numbers, in our definitions
    stderr : mapping of parameter names to standard errors
        NaN where there is none, or where our parameter takes several of theirs to compute and
        their correlations are not known.
    fixed : frozenset of parameter names
        Those that were constants there.
    bounds : mapping of parameter names to (lower, upper)
        Those that were bounded there otherwise than here.
    labels : mapping of our elements (`R1`) to their names there
    """

    model: Model
    values: Mapping[str, float]
    stderr: Mapping[str, float]
    fixed: frozenset[str] = frozenset()
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=FrozenDict)
    labels: Mapping[str, str] = field(default_factory=FrozenDict)


@dataclass(frozen=True)
class Conversion:
    """Values of one library to those of another, element by element.

    Attributes
    ----------
    pieces : tuple of (how many values it takes, function of them)
    """

    pieces: tuple[tuple[int, Convert], ...]

    def values(self, given: Array) -> Array:
        """Return the converted values (M,) of values (P,)."""
        with np.errstate(all="ignore"):
            return self._map(given)

    def slopes(self, given: Array) -> Array:
        """Return d ln(converted) / d ln(given), (M, P).

        By central differences: the conversions are products of powers, straight in logarithms.
        """
        with np.errstate(all="ignore"):
            columns = []
            for i in range(len(given)):
                up, down = given.copy(), given.copy()
                up[i], down[i] = given[i] * np.exp(_STEP), given[i] * np.exp(-_STEP)
                high, low = self._map(up), self._map(down)
                changed = np.log(high / low) / (2.0 * _STEP)
                columns.append(np.where(high == low, 0.0, changed))
        slopes = np.stack(columns, axis=1)
        slopes[np.abs(slopes) < 1e-9] = 0.0
        return slopes

    def stderr(self, given: Array, stderr: Array) -> Array:
        """Return standard errors of the converted values.

        NaN where one takes several given values with an error; a constant has the error 0.
        """
        slopes, converted = self.slopes(given), self.values(given)
        with np.errstate(all="ignore"):
            relative = np.where(stderr == 0.0, 0.0, stderr / given)
            carried = np.abs(np.where(slopes == 0.0, 0.0, slopes * relative)).sum(axis=1)
            # A parameter that is passed on as it is may be zero, where logarithms do not help
            same = self._same(given)
            alone = np.count_nonzero((slopes != 0.0) & (stderr != 0.0), axis=1) <= 1
            out = np.where(alone, carried * converted, np.nan)
        out = np.where(same >= 0, stderr[same], out)
        return np.where(np.isfinite(out), out, np.nan)

    def stderr_from_covariance(self, given: Array, covariance: Array) -> Array:
        """Return standard errors of the converted values, from the covariance (P, P) of given."""
        known = np.isfinite(covariance).all(axis=1) | ~np.isfinite(given)
        with np.errstate(all="ignore"):
            slopes = self.slopes(given)
            by = self.values(given)[:, None] * slopes / given
            inside = np.where(known[:, None] & known, covariance, 0.0)
            out = np.sqrt(np.einsum("mp,pq,mq->m", by, inside, by))
        out[((slopes != 0) & ~known).any(axis=1)] = np.nan
        same = self._same(given)
        out = np.where(same >= 0, np.sqrt(np.maximum(np.diag(covariance)[same], 0.0)), out)
        return np.where(np.isfinite(out), out, np.nan)

    def fixed(self, given: Array, fixed: Array) -> Array:
        """Return which converted values are constants: those that only come from fixed ones."""
        same = self._same(given)
        constant = ~((self.slopes(given) != 0) & ~fixed).any(axis=1)
        return np.where(same >= 0, fixed[same], constant)

    def bounds(self, given: Array, bounds: Array, fixed: Array) -> Array:
        """Return the bounds (M, 2) of the converted values; NaN where one takes several free."""
        free = (self.slopes(given) != 0.0) & ~fixed
        out = np.full((len(free), 2), np.nan)
        for row in np.flatnonzero(free.sum(axis=1) == 1):
            i = int(np.flatnonzero(free[row])[0])
            ends = []
            for end in bounds[i]:
                moved = given.copy()
                moved[i] = end
                ends.append(self.values(moved)[row])
            out[row] = sorted(ends)
        same = self._same(given)
        return np.where((same >= 0)[:, None], bounds[same], out)

    def _map(self, given: Array) -> Array:
        parts, at = [], 0
        for size, convert in self.pieces:
            parts.append(convert(given[at : at + size]))
            at += size
        return np.concatenate(parts)

    def _same(self, given: Array) -> Array:
        """Return for each converted value the index of the given one that it is, or -1."""
        found: list[int] = []
        at = 0
        for size, convert in self.pieces:
            if convert is np.copy:
                found += range(at, at + size)
            else:
                found += [-1] * len(convert(given[at : at + size]))
            at += size
        return np.array(found)


def row_of(model: Model, values: Values, what: str) -> Array:
    """Return one set of values (P,); `what` names the taker in the error.

    Raises
    ------
    ModelError
        If names or shape do not fit.
    """
    if isinstance(values, Mapping):
        values = {model.resolve(str(name)): value for name, value in values.items()}
    row = model.circuit.array(values)
    if row.ndim != 1:
        raise ModelError(f"{what} takes one set of {len(model.names)} values, found {row.shape}")
    return row


def flags_of(model: Model, names: Collection[str]) -> Array:
    """Return which parameters (P,) are among the names.

    Raises
    ------
    ModelError
        If a name is no parameter.
    """
    chosen = {model.resolve(name) for name in names}
    return np.array([name in chosen for name in model.names])


def square_of(model: Model, covariance: ArrayLike | None) -> Array:
    """Return a covariance (P, P), NaN where none is given.

    Raises
    ------
    ModelError
        If its shape does not fit.
    """
    size = len(model.names)
    if covariance is None:
        return np.full((size, size), np.nan)
    square = np.asarray(covariance, dtype=np.float64)
    if square.shape != (size, size):
        raise ModelError(f"expected a covariance of shape {(size, size)}, found {square.shape}")
    return square
