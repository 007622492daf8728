"""A chain of RC elements fitted to a spectrum, and how many elements it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eisfit.kernels import debye, log_tau_grid, stacked
from eisfit.spectrum import ComplexArray, FloatArray

BoolArray = NDArray[np.bool_]

PARTS = ("both", "real", "imaginary")

_FEWEST_RC = 3
# More RC elements a decade than this follow noise and nothing else.
_MOST_PER_DECADE = 4.0
_TRIED = 14
# A larger number of elements must lower the variance below this share of the smaller one's.
_GUARD = 1.15
# Decades by which relaxation times pass the window, at either end. Arcs that the window cuts, and
# tails of constant phase, want some; with more, elements outside the window follow drift and
# artefacts at its ends (measured: 0.7 hides a drift of a third in the last decade).
_EXTENSION = 0.15
# A point that is followed to more than this has no residual of its own.
_FOLLOWED = 0.99


@dataclass(frozen=True, eq=False)
class Chain:
    """Series resistance, inductance, capacitance and RC elements, fitted to weighted data.

    `solution` is (3 + M,): ohm, H, 1/F, then ohm for each of the (M,) times `tau` in s; `variance`
    that of the weighted residuals of the part that was fitted.
    """

    tau: FloatArray
    solution: FloatArray
    variance: float

    @property
    def mu(self) -> float:
        """1 - sum |R_k < 0| / sum |R_k >= 0|."""
        resistances = self.solution[3:]
        positive = resistances[resistances >= 0].sum()
        negative = -resistances[resistances < 0].sum()
        return float(1.0 - negative / positive) if positive > 0 else -np.inf

    def impedance(self, omega: FloatArray) -> ComplexArray:
        """Return the (N,) impedance in ohm at `omega` (rad/s)."""
        return _columns(omega, self.tau) @ self.solution


def select(omega: FloatArray, impedance: ComplexArray, c: float, part: str) -> Chain:
    """Return the chain with M chosen by mu, and by the variance where mu stops too early.

    Parameters
    ----------
    omega, impedance : (N,) arrays, rad/s descending, ohm
    c : limit of mu
    part : one of `PARTS`
    """
    decades = np.log10(omega[0] / omega[-1])
    left = max(3, len(omega) // 4)  # data beyond parameters, where points are few
    data = len(omega) * (2 if part == "both" else 1)
    most = max(int(min(_MOST_PER_DECADE * decades, data - 3 - left)), _FEWEST_RC)
    counts = np.unique(np.geomspace(_FEWEST_RC, most, _TRIED).round().astype(int))
    chains = [fit(omega, impedance, grid(omega, int(m)), part) for m in counts]
    overfitted = [chain.mu < c for chain in chains]
    first = overfitted.index(True) if any(overfitted) else len(chains) - 1
    least = min(chain.variance for chain in chains)
    return next((ch for ch in chains[first:] if ch.variance <= _GUARD * least), chains[-1])


def grid(omega: FloatArray, count: int) -> FloatArray:
    """Return `count` relaxation times in s, evenly spaced in log tau over the window of `omega`."""
    reach = 10.0**_EXTENSION
    low, high = 1.0 / (omega[0] * reach), reach / omega[-1]
    return log_tau_grid(low, high, (count - 1) / np.log10(high / low))


def fit(omega: FloatArray, impedance: ComplexArray, tau: FloatArray, part: str) -> Chain:
    """Return the chain with relaxation times `tau`, by least squares weighted by the modulus."""
    matrix, target, given, seen = _system(omega, impedance, tau, part)
    solution = np.zeros(matrix.shape[1])
    solution[seen] = _solved(matrix[given][:, seen], target[given])
    left = target - matrix @ solution
    misfit, count = float((left[given] ** 2).sum()), len(left[given])
    unseen = np.setdiff1d(np.arange(matrix.shape[1]), seen)
    if len(unseen):
        other = slice(len(omega), None) if part == "real" else slice(len(omega))
        solution[unseen] = _solved(matrix[other][:, unseen], left[other])
    return Chain(tau, solution, misfit / max(count - len(seen), 1))


def pull(omega: FloatArray, impedance: ComplexArray, chain: Chain, part: str) -> FloatArray:
    """Return (N,) sizes of the residuals, relative to |Z|, as if no point drew the chain to itself.

    The square of each is by how much the misfit falls, per part, without the point: e' (1 - H)^-1 e
    with its residual e and its block H of the hat matrix (Cook and Weisberg, Residuals and
    Influence in Regression, 1982, ch. 2). At the ends, where a chain follows a single point,
    residuals alone would blame the neighbours.
    """
    matrix, target, given, seen = _system(omega, impedance, chain.tau, part)
    left = (target - matrix @ chain.solution)[given]
    q, _ = np.linalg.qr(matrix[given][:, seen])
    rows = q.reshape(-1, len(omega), q.shape[1])
    hat = np.einsum("ani,bni->nab", rows, rows)
    free = np.eye(len(rows)) - _FOLLOWED * hat
    e = left.reshape(-1, len(omega)).T
    square = np.einsum("na,na->n", e, np.linalg.solve(free, e[:, :, None])[:, :, 0])
    return np.sqrt(square / len(rows))


def _system(
    omega: FloatArray, impedance: ComplexArray, tau: FloatArray, part: str
) -> tuple[FloatArray, FloatArray, slice, NDArray[np.int64]]:
    """Return weighted matrix and target, the rows of `part`, and the columns that they see."""
    weight = 1.0 / np.abs(impedance)
    matrix = stacked(_columns(omega, tau) * weight[:, None])
    half = len(omega)
    given = {"both": slice(None), "real": slice(half), "imaginary": slice(half, None)}[part]
    unseen = {"both": (), "real": (1, 2), "imaginary": (0,)}[part]
    seen = np.setdiff1d(np.arange(matrix.shape[1]), unseen)
    return matrix, stacked(impedance * weight), given, seen


def _columns(omega: FloatArray, tau: FloatArray) -> ComplexArray:
    series = np.column_stack([np.ones_like(omega), 1j * omega, -1j / omega])
    return np.hstack([series, debye(omega, tau)])


def _solved(matrix: FloatArray, target: FloatArray) -> FloatArray:
    from scipy.linalg import lstsq

    length = np.sqrt((matrix**2).sum(axis=0))
    # Neighbours are nearly parallel where M is large: a rank-revealing factor keeps them small.
    factor = lstsq(matrix / length, target, cond=1e-10, lapack_driver="gelsy", check_finite=False)
    return np.asarray(factor[0] / length)
