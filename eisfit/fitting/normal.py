"""Normal equations of many starts at once, residuals and derivatives in one product.

The rows of a start are its derivatives by each free coordinate and, last, its residuals; their
Gram matrix (F + 1, F + 1) holds the normal matrix, the gradient beside it, and the cost in the
corner.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.fitting.backend import compiled
from eisfit.fitting.residual import Objective

Array = NDArray[Any]

# coordinates (B, P), problem of each row (B,) -> residuals (B, M), derivatives (B, P, M)
Model = Callable[[Array, Array], tuple[Array, Array]]
# coordinates (B, F), problem of each row (B,) -> Gram matrices (B, F + 1, F + 1)
Gram = Callable[[Array, Array], Array]


def gram_of(model: Model) -> Gram:
    """Return the function that gives the Gram matrices of a model.

    Where the residuals are not finite, the cost is infinite and nothing pulls anywhere.
    """
    if compiled() is None and type(model) is Objective and len(model.free) == len(model.held):
        return _OfCurve(model)
    return partial(_of_rows, model)


def _of_rows(model: Model, u: Array, owner: Array) -> Array:
    residuals, slopes = model(u, owner)
    count, size, width = slopes.shape
    fast = compiled()
    if fast is not None:
        gram = np.empty((count, size + 1, size + 1))
        fast.grams(residuals, slopes, gram)
        return gram
    rows = np.empty((count, size + 1, width))
    rows[:, :-1], rows[:, -1] = slopes, residuals
    return _gram(rows)


class _OfCurve:
    """Gram matrices of a plain objective; the rows are written into one place again and again."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._room = np.empty((0, 0, 0), dtype=np.complex128)

    def __call__(self, u: Array, owner: Array) -> Array:
        objective, count = self._objective, len(u)
        curve = objective.curve
        if len(self._room) < count:  # batches only shrink: once
            self._room = np.empty((count, curve.size + 1, len(curve.omega)), dtype=np.complex128)
        rows = self._room[:count]
        curve.fill(u, rows[:, -1], rows[:, :-1])
        alone = len(objective.data) == 1  # then broadcasting does what gathering would
        rows[:, -1] -= objective.data if alone else objective.data[owner]
        flat = rows.view(np.float64)
        flat *= (objective.weight if alone else objective.weight[owner])[:, None]
        return _gram(flat)


def _gram(rows: Array) -> Array:
    gram = np.matmul(rows, rows.swapaxes(1, 2))
    cost = gram[:, -1, -1]
    if not cost.sum() < np.inf:
        bad = ~np.isfinite(cost)
        gram[bad] = np.eye(gram.shape[1])
        gram[bad, -1, -1] = np.inf
    return np.asarray(gram)
