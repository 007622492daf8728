"""Whether the fit's inner loops run compiled (numba, the extra `fast`) or as array operations."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from types import ModuleType

import numpy as np

SWITCH = "EISFIT_NUMBA"  # "0" keeps to array operations where numba is installed


@cache
def compiled() -> ModuleType | None:
    """Return `eisfit.fitting.compiled`, or None where numba is absent or switched off."""
    if os.environ.get(SWITCH, "1") == "0" or find_spec("numba") is None:
        return None
    from eisfit.fitting import compiled as module

    _warm_up(module)
    return module


def _warm_up(fast: ModuleType) -> None:
    """Compile everything, or load it from numba's cache, so that no fit's budget pays for it."""
    u = np.array([[0.0, 0.0, -7.0, 0.8, -9.0]])
    ln_omega, columns = np.log(np.geomspace(1e6, 1e1, 12)), np.array([0])
    places, flat = np.array([[1, 2, 3], [1, 4, 1]]), np.array([False, True])
    unit, data = np.ones((1, 24)), np.ones((1, 24))
    weight, owner = np.ones((1, 24)), np.zeros(1, dtype=int)
    moves = np.array([[1.0, 0, 0, 0, 0], [0, 1.0, 0, 0, 0]])
    room, scales = (u - 1.0, u + 1.0), (moves, moves.copy(), 1.5)
    z, slopes = np.zeros((1, 24)), np.empty((1, 5, 24))
    cost, gradient, hessian = np.empty(1), np.empty((1, 5)), np.empty((1, 5, 5))
    fast.add_ends(u, columns, unit, z, slopes)
    fast.add_arcs(ln_omega, u, places, flat, z, slopes)
    fast.weigh(z, slopes, data, weight, owner)
    fast.normal_equations(z, slopes, cost, gradient, hessian)
    state = (u.copy(), cost, gradient, hessian)
    fast.rescale(*state, room, scales)
    damping, quiet, done = np.ones(1), np.zeros(1, dtype=int), np.zeros(1, dtype=bool)
    fast.propose(u, *room, gradient, hessian, damping, 3.0, u.copy())
    fast.judge(state, state, damping, quiet, (0.3, 3.0, 1e-4, 1e10), done)
    fast.small_nnls(slopes, z[0], np.empty((1, 5)), cost)
    curve = (ln_omega, places, flat, columns, unit)
    factors = (1e-2, 0.3, 3.0, 1e10, 3.0)
    fast.descend(u, curve, (data, weight, owner), scales, room, (2, 1e-4, np.inf), factors)
