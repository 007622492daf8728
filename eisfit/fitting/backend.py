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
    gram = np.empty((1, 6, 6))
    fast.add_ends(u, columns, unit, z, slopes)
    fast.add_arcs(ln_omega, u, places, flat, z, slopes)
    fast.weigh(z, slopes, data, weight, owner)
    fast.grams(z, slopes, gram)
    fast.rescale(u, gram, room, scales)
    damping, quiet, done = np.ones(1), np.zeros(1, dtype=int), np.zeros(1, dtype=bool)
    state, pace = (u, gram), (np.ones(1), damping, quiet, np.zeros(1))
    changes = (0.3, 3.0, 0.5, 0.25)
    fast.propose(u, *room, gram, damping, 3.0, u.copy(), np.empty(1))
    fast.judge(state, state, pace, changes, (1e-4, 1e10, 1e-2, 0.5), done)
    fast.small_nnls(np.ones((3, 1)), np.ones((2, 1)), 1.0, np.empty((2, 1)), np.empty(1))
    curve = (ln_omega, places, flat, columns, unit)
    factors, race = (changes, (1e10, 0.5, 3.0)), (np.full(1, np.inf), np.zeros(1), 3, 1e-3, 10.0)
    limits = (2, 1e-4, np.inf, np.inf, 1e-2, 1e-6, 4)
    fast.descend(u, curve, (data, weight, owner), scales, room, limits, factors, race)
