"""How low chi-square can be: what a free sum of Debye terms leaves, as a yardstick."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.fitting.residual import Objective
from eisfit.kernels import debye, log_tau_grid, stacked

Array = NDArray[Any]


def debye_floor(objective: Objective, s: int) -> float:
    """Return the reduced chi-square that a free sum of Debye terms reaches for spectrum s."""
    columns = _debye_columns(objective.curve.omega.tobytes())
    room = objective.n_data - columns.shape[1]
    if room <= 4:
        return 0.0
    goal, weight = objective.halves[0][s], objective.halves[1][s]
    matrix = columns * weight[:, None]
    gram = matrix.T @ matrix
    norm = np.sqrt(np.maximum(gram.diagonal(), 1e-300))
    gram /= norm[:, None] * norm
    gram[np.diag_indices_from(gram)] += 1e-11  # far below what the data can tell
    solution = np.linalg.solve(gram, goal @ matrix / norm) / norm
    misfit = goal - matrix @ solution
    return float(misfit @ misfit) / room


@lru_cache(maxsize=16)
def _debye_columns(grid: bytes) -> Array:
    omega = np.frombuffer(grid)
    tau = log_tau_grid(0.3 / omega.max(), 3.0 / omega.min(), 4.0)
    series: Sequence[Array] = (np.ones_like(omega), 1j * omega, 1.0 / (1j * omega))
    return stacked(np.concatenate([debye(omega, tau), np.stack(series, axis=1)], axis=1))
