"""The linear problem behind a DRT: weighted data, series terms, and the penalty on roughness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eisfit.kernels import stacked
from eisfit.relaxation import discretization

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Grid:
    """Relaxation times and the basis of gamma over them.

    `tau` is (M,) in s, ascending, evenly spaced in ln tau; `order` is that of the derivative whose
    square is the penalty; `coefficient` is the spacing over the full width of a radial function.
    """

    tau: FloatArray
    basis: str
    order: int
    coefficient: float = discretization.DEFAULT

    @property
    def spacing(self) -> float:
        """Distance of neighbours in ln tau."""
        return float(np.log(self.tau[1] / self.tau[0]))

    @property
    def values(self) -> FloatArray:
        """(M, M) matrix from coefficients to gamma at `tau`."""
        return discretization.values(len(self.tau), self.basis, self.coefficient)

    @property
    def derivative(self) -> FloatArray:
        """(M + order, M) matrix whose product with coefficients has the penalty as its square."""
        spacing = round(self.spacing, 12)
        return discretization.derivative(
            len(self.tau), spacing, self.order, self.basis, self.coefficient
        )

    def roughness(self, weights: FloatArray) -> FloatArray:
        """Return the (M, M) penalty matrix for (M + order,) weights of the derivative."""
        if (weights == 1.0).all():
            return discretization.roughness(
                len(self.tau), round(self.spacing, 12), self.order, self.basis, self.coefficient
            )
        rows = self.derivative * np.sqrt(weights)[:, None]
        return rows.T @ rows

    def between(self, parts: int) -> FloatArray:
        """Return the matrix from coefficients to gamma on a grid `parts` times as fine."""
        return discretization.values_between(len(self.tau), self.basis, parts, self.coefficient)

    def kernel(self, omega: FloatArray) -> ComplexArray:
        """Return the (N, M) impedance of every basis function of 1 ohm at `omega` (rad/s)."""
        return discretization.kernel(omega, self.tau, self.basis, self.coefficient)

    def real_kernel(self, omega: FloatArray) -> FloatArray:
        """Return the same as a (2N, M) real matrix, real parts first."""
        return discretization.real_kernel(omega, self.tau, self.basis, self.coefficient)


@dataclass(frozen=True, eq=False)
class SeriesTerms:
    """What stands in series with gamma: resistance, inductance, and a blocking or diffusion tail.

    `exponents` holds one number alpha a term, for an impedance (j omega)^-alpha of unit size:
    0 is a resistance, -1 an inductance, 1 a capacitance, between 0 and 1 a constant-phase tail.
    """

    exponents: tuple[float, ...]

    def impedance(self, omega: FloatArray) -> ComplexArray:
        """Return the (N, T) impedance of every term of size 1 at `omega` (rad/s)."""
        exponents = np.asarray(self.exponents)
        phase = np.round(np.exp(-0.5j * np.pi * exponents), 15)
        return phase * omega[:, None] ** -exponents


@dataclass(frozen=True, eq=False)
class Problem:
    """Weighted least squares for (series terms, coefficients of gamma), in scaled variables.

    The unknowns are x / `unit`: gamma and the resistances count in units of the median modulus,
    the other terms so that their column has length one. `matrix` is (2N, T + M), `target` (2N,).
    """

    grid: Grid
    terms: SeriesTerms
    matrix: FloatArray
    target: FloatArray
    unit: FloatArray
    normal: FloatArray
    moment: FloatArray
    whole: bool = True
    signed: bool = False

    @property
    def signs(self) -> BoolArray:
        """(T + M,) bool, true for unknowns of either sign: those of gamma, where it is signed."""
        return np.arange(len(self.unit)) >= (self.n_terms if self.signed else len(self.unit))

    @property
    def n_terms(self) -> int:
        """Number of series terms, which come first among the unknowns and carry no penalty."""
        return len(self.terms.exponents)

    def penalty(self, weights: FloatArray) -> FloatArray:
        """Return the (T + M, T + M) penalty matrix for (M + order,) weights of the rows."""
        full = np.zeros_like(self.normal)
        full[self.n_terms :, self.n_terms :] = self.grid.roughness(weights)
        return full

    def gamma(self, x: FloatArray) -> FloatArray:
        """Return gamma in ohm at the grid for (..., T + M) scaled unknowns."""
        coefficients = (x * self.unit)[..., self.n_terms :]
        # Hat functions have their coefficients for values; the product is what draws cost most.
        return coefficients if self.grid.basis == "linear" else coefficients @ self.grid.values.T

    def sizes(self, x: FloatArray) -> FloatArray:
        """Return the (T,) sizes of the series terms in SI units."""
        return (x * self.unit)[: self.n_terms]

    def impedance(self, omega: FloatArray, x: FloatArray) -> ComplexArray:
        """Return the (N,) impedance of the solution `x` at any `omega` (rad/s)."""
        physical = x * self.unit
        series = self.terms.impedance(omega) @ physical[: self.n_terms]
        return series + self.grid.kernel(omega) @ physical[self.n_terms :]


def build_problem(
    omega: FloatArray,
    impedance: ComplexArray,
    sigma: FloatArray,
    grid: Grid,
    terms: SeriesTerms,
    part: str = "both",
    signed: bool = False,
) -> Problem:
    """Set up the problem for data with standard deviation proportional to `sigma`.

    Parameters
    ----------
    omega, impedance, sigma : (N,) arrays, rad/s, ohm, ohm
    grid, terms : what to solve for
    part : "both", "real" or "imaginary", of the impedance
    signed : whether gamma may be negative, as for an inductive loop
    """
    rows = {"both": slice(None), "real": slice(len(omega)), "imaginary": slice(len(omega), None)}
    series = stacked(terms.impedance(omega) / sigma[:, None])[rows[part]]
    length = np.sqrt((series**2).sum(axis=0))
    # A term that the part does not see keeps a column of zeros, and so a size of zero.
    length[length == 0.0] = np.inf
    resistance = float(np.median(np.abs(impedance)))
    unit = np.concatenate([1.0 / length, np.full(len(grid.tau), resistance)])
    kernel = grid.real_kernel(omega)[rows[part]]
    matrix = np.empty((len(kernel), len(unit)))
    np.multiply(series, unit[: len(length)], out=matrix[:, : len(length)])
    weights = np.tile(resistance / sigma, 2)[rows[part]]
    np.multiply(kernel, weights[:, None], out=matrix[:, len(length) :])
    target = stacked(impedance / sigma)[rows[part]]
    normal, moment = matrix.T @ matrix, matrix.T @ target
    return Problem(grid, terms, matrix, target, unit, normal, moment, part == "both", signed)
