"""The inner loops of a fit, compiled by numba; see `eisfit.fitting.backend` for who uses them.

Each function does what its namesake in `curve`, `scales` and `solve` does with arrays, row by row,
so that many small problems cost arithmetic and not calls. Importing this module imports numba. All
of it is in one file because numba's cache does not notice a change in another.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]

_HALF_PI = 0.5 * np.pi
_FAST = {"reassoc", "contract", "nsz"}  # sums may be reordered; NaN and infinity keep their meaning


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _exponentials(x: Array, out: Array, powers_of_two: Array) -> None:
    """Set out to exp(x), x cut to +-700: exp(x) = 2^k exp(r), |r| <= ln(2) / 2.

    The system's exp is called point by point; this one the compiler turns into vectors.
    """
    for n in range(len(x)):
        bounded = min(max(x[n], -700.0), 700.0)
        k = np.floor(bounded * 1.4426950408889634 + 0.5)
        # ln 2 in two parts, so that k times the first is exact
        r = bounded - k * 0.6931471803691238 - k * 1.9082149292705877e-10
        high = 1 / 720 + r * (1 / 5040 + r * (1 / 40320 + r * (1 / 362880 + r * (1 / 3628800))))
        low = 1.0 + r * (1.0 + r * (0.5 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120)))))
        r3 = r * r * r
        out[n] = low + r3 * r3 * (high + r3 * r * r * (1 / 39916800 + r * (1 / 479001600)))
        powers_of_two[n] = (np.int64(k) + 1023) << 52  # as the bits of a float
    scale = powers_of_two.view(np.float64)
    for n in range(len(x)):
        out[n] *= scale[n]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _arc(ln_omega: Array, of: tuple[float, float, float], bits: Array, parts: Array) -> None:
    """Set parts (8, N): an arc of (ln R, ln tau, alpha), real and imaginary, and its derivatives.

    Rows 0 and 1 are the arc, 2 and 3 its derivative by ln tau, 4 and 5 that by alpha.
    """
    size, ln_tau, alpha = np.exp(of[0]), of[1], of[2]
    cosine, sine = (
        (0.0, 1.0) if alpha == 1.0 else (np.cos(_HALF_PI * alpha), np.sin(_HALF_PI * alpha))
    )
    ln_wt, power = parts[6], parts[7]
    for n in range(len(ln_omega)):
        ln_wt[n] = ln_omega[n] + ln_tau
        parts[0, n] = alpha * ln_wt[n]
    _exponentials(parts[0], power, bits)
    for n in range(len(ln_omega)):
        x, y = 1.0 + power[n] * cosine, power[n] * sine
        share = 1.0 / (x * x + y * y)
        x, y = x * share, -y * share
        real, imag = size * x, size * y
        x -= 1.0
        bent_real, bent_imag = x * real - y * imag, x * imag + y * real
        parts[0, n], parts[1, n] = real, imag
        parts[2, n], parts[3, n] = alpha * bent_real, alpha * bent_imag
        parts[4, n] = bent_real * ln_wt[n] - bent_imag * _HALF_PI
        parts[5, n] = bent_imag * ln_wt[n] + bent_real * _HALF_PI


@njit(cache=True, nogil=True, error_model="numpy")
def _set_pairs(real: Array, imag: Array, out: Array) -> None:
    for n in range(len(real)):
        out[2 * n] = real[n]
        out[2 * n + 1] = imag[n]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def add_arcs(
    ln_omega: Array,
    u: Array,
    places: Array,
    flat: Array,
    z: Array,
    slopes: Array,
) -> None:
    """Add arcs in series to z (B, 2N) and set their derivatives in slopes (B, P, 2N).

    Complex numbers lie as pairs. places (n, 3): the coordinates of R, tau and alpha of each arc.
    """
    parts = np.empty((8, len(ln_omega)))
    bits = np.empty(len(ln_omega), dtype=np.int64)
    for b in range(len(u)):
        for k in range(len(places)):
            r, t, a = places[k]
            _arc(ln_omega, (u[b, r], u[b, t], 1.0 if flat[k] else u[b, a]), bits, parts)
            _set_pairs(parts[0], parts[1], slopes[b, r])
            _set_pairs(parts[2], parts[3], slopes[b, t])
            if not flat[k]:
                _set_pairs(parts[4], parts[5], slopes[b, a])
            for m in range(z.shape[1]):
                z[b, m] += slopes[b, r, m]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def add_ends(u: Array, columns: Array, unit: Array, z: Array, slopes: Array) -> None:
    """Add resistances and inductances, unit (k, 2N) ohm each, to z and set their derivatives."""
    for b in range(len(u)):
        for k in range(len(columns)):
            size = np.exp(u[b, columns[k]])
            for m in range(unit.shape[1]):
                part = size * unit[k, m]
                z[b, m] += part
                slopes[b, columns[k], m] = part


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def weigh(z: Array, slopes: Array, data: Array, weight: Array, owner: Array) -> None:
    """Turn z (B, 2N) into weighted residuals, and its derivatives into theirs, in place."""
    for b in range(len(z)):
        own, goal = weight[owner[b]], data[owner[b]]
        for m in range(z.shape[1]):
            z[b, m] = (z[b, m] - goal[m]) * own[m]
        for f in range(slopes.shape[1]):
            for m in range(z.shape[1]):
                slopes[b, f, m] *= own[m]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _dot(one: Array, other: Array) -> float:
    total = 0.0
    for m in range(len(one)):
        total += one[m] * other[m]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def normal_equations(
    residuals: Array, slopes: Array, cost: Array, gradient: Array, hessian: Array
) -> None:
    """Set cost (B,), gradient (B, F) and normal matrix (B, F, F) of residuals (B, M)."""
    size = slopes.shape[1]
    for b in range(len(residuals)):
        cost[b] = _dot(residuals[b], residuals[b])
        if not np.isfinite(cost[b]):
            cost[b] = np.inf
            gradient[b] = 0.0
            hessian[b] = np.eye(size)
            continue
        for i in range(size):
            gradient[b, i] = _dot(slopes[b, i], residuals[b])
            for j in range(i + 1):
                hessian[b, i, j] = hessian[b, j, i] = _dot(slopes[b, i], slopes[b, j])


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(matrix: Array, right: Array) -> None:
    """Solve a symmetric positive definite system; right becomes the solution, matrix is spent."""
    size = len(right)
    for j in range(size):
        pivot = matrix[j, j]
        for k in range(j):
            pivot -= matrix[j, k] * matrix[j, k]
        # What rounding has made of a pivot that should be positive
        root = np.sqrt(max(pivot, 1e-15 * matrix[j, j]) + 1e-300)
        matrix[j, j] = root
        for i in range(j + 1, size):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = total / root
    for i in range(size):
        total = right[i]
        for k in range(i):
            total -= matrix[i, k] * right[k]
        right[i] = total / matrix[i, i]
    for i in range(size - 1, -1, -1):
        total = right[i]
        for k in range(i + 1, size):
            total -= matrix[k, i] * right[k]
        right[i] = total / matrix[i, i]


@njit(cache=True, nogil=True, error_model="numpy")
def _best_scales(
    u: Array, room: Any, moves: Array, member: Array, normal: Any, most: float, scale: Array
) -> None:
    """Set the best scales (n,) that stay in the room; one that cannot stays at 1.

    normal : curvature (n, n) and slope (n,) of the cost by the scales
    """
    lower, upper = room
    curvature, slope = normal
    count, size = moves.shape
    held = np.zeros(count, dtype=np.bool_)
    matrix, change = np.empty((count, count)), np.empty(count)
    for _ in range(count + 1):
        for i in range(count):
            for j in range(count):
                matrix[i, j] = 0.0 if held[i] or held[j] else curvature[i, j]
            if held[i]:
                matrix[i, i] = 1.0
            change[i] = 0.0 if held[i] else -slope[i]
        _solve(matrix, change)
        for i in range(count):
            scale[i] = min(max(1.0 + change[i], 1.0 / most), most)
            change[i] = np.log(scale[i])
        stuck = False
        for f in range(size):
            moved = u[f]
            for i in range(count):
                moved += change[i] * moves[i, f]
            if moved < lower[f] or moved > upper[f]:
                for i in range(count):
                    # Without the stuck ones the others have another optimum
                    if member[i, f] > 0 and not held[i]:
                        stuck = held[i] = True
        if not stuck:
            return


@njit(cache=True, nogil=True, error_model="numpy")
def rescale(u: Array, cost: Array, gradient: Array, hessian: Array, room: Any, scales: Any) -> None:
    """Move every row to its best scales: u, cost, gradient and normal matrix, in place.

    room : lower and upper coordinates; scales : moves, member and the longest stretch
    """
    lower, upper = room
    moves, member, most = scales
    count, size = moves.shape
    scale, slope = np.empty(count), np.empty(count)
    curvature = np.empty((count, count))
    step, pushed, factor = np.empty(size), np.empty(size), np.empty(size)
    for b in range(len(u)):
        if not np.isfinite(cost[b]):
            continue
        for i in range(count):
            slope[i] = _dot(moves[i], gradient[b])
            for f in range(size):
                pushed[f] = _dot(hessian[b, f], moves[i])
            for j in range(i + 1):
                curvature[i, j] = curvature[j, i] = _dot(moves[j], pushed)
        for i in range(count):
            curvature[i, i] = curvature[i, i] * (1.0 + 1e-9) + 1e-300
        _best_scales(u[b], (lower[b], upper[b]), moves, member, (curvature, slope), most, scale)
        for f in range(size):
            step[f], factor[f] = 0.0, 1.0
            for i in range(count):
                step[f] += (scale[i] - 1.0) * moves[i, f]
                factor[f] += (scale[i] - 1.0) * member[i, f]
        better = cost[b]
        for f in range(size):
            pushed[f] = _dot(hessian[b, f], step)
            better += (2.0 * gradient[b, f] + pushed[f]) * step[f]
        if not better <= cost[b]:
            continue
        cost[b] = better
        for f in range(size):
            gradient[b, f] = (gradient[b, f] + pushed[f]) * factor[f]
            for i in range(count):
                u[b, f] += np.log(scale[i]) * moves[i, f]
            for g in range(size):
                hessian[b, f, g] *= factor[f] * factor[g]


@njit(cache=True, nogil=True, error_model="numpy")
def propose(
    u: Array, lower: Array, upper: Array, gradient: Array, hessian: Array, damping: Array,
    farthest: float, trial: Array,
) -> None:  # fmt: skip
    """Set the next place to try (B, F): a damped step within bounds."""
    size = u.shape[1]
    matrix, step = np.empty((size, size)), np.empty(size)
    held = np.empty(size, dtype=np.bool_)
    for b in range(len(u)):
        floor = 0.0
        for f in range(size):
            slope = gradient[b, f]
            held[f] = (u[b, f] <= lower[b, f] and slope > 0) or (
                u[b, f] >= upper[b, f] and slope < 0
            )
            floor = max(floor, hessian[b, f, f])
        floor = 1e-12 * floor + 1e-300
        for f in range(size):
            for g in range(f):
                matrix[f, g] = 0.0 if held[f] or held[g] else hessian[b, f, g]
            own = hessian[b, f, f]
            matrix[f, f] = 1.0 if held[f] else own + damping[b] * max(own, floor) + floor
            step[f] = 0.0 if held[f] else -gradient[b, f]
        _solve(matrix, step)
        for f in range(size):
            # Beyond a few e-folds the linear model says nothing
            moved = u[b, f] + min(max(step[f], -farthest), farthest)
            trial[b, f] = min(max(moved, lower[b, f]), upper[b, f])


@njit(cache=True, nogil=True, error_model="numpy")
def judge(
    state: tuple[Array, Array, Array, Array],
    trial: tuple[Array, Array, Array, Array],
    damping: Array,
    quiet: Array,
    factors: tuple[float, float, float, float],
    done: Array,
) -> None:
    """Keep what a trial has improved; change damping and quiet, and set which rows are done.

    Both hold u, cost, gradient and normal matrix; factors are those of a good and of a bad step,
    the tolerance and the damping beyond which a row is stuck.
    """
    calm, stir, tolerance, stuck = factors
    for b in range(len(damping)):
        old, new = state[1][b], trial[1][b]
        fall = old - new
        quiet[b] = quiet[b] + 1 if abs(fall) <= tolerance * old else 0
        if fall > 0:  # false where both are infinite as well
            damping[b] *= calm
            state[0][b], state[1][b] = trial[0][b], new
            state[2][b], state[3][b] = trial[2][b], trial[3][b]
        else:
            damping[b] *= stir
        done[b] = quiet[b] >= 2 or damping[b] > stuck or state[1][b] == 0


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def small_nnls(rows: Array, goal: Array, x: Array, cost: Array) -> None:
    """Solve non-negative least squares for each of rows (K, n, M); see `start.small_nnls`."""
    count, n, _ = rows.shape
    gram, matrix = np.empty((n, n)), np.empty((n, n))
    right, part, norm = np.empty(n), np.empty(n), np.empty(n)
    free = np.empty(n, dtype=np.bool_)
    total = _dot(goal, goal)
    for k in range(count):
        for i in range(n):
            right[i] = _dot(rows[k, i], goal)
            for j in range(i + 1):
                gram[i, j] = _dot(rows[k, i], rows[k, j])
        for i in range(n):
            norm[i] = np.sqrt(max(gram[i, i], 1e-300))
        for i in range(n):
            right[i] /= norm[i]
            free[i] = True
            for j in range(i + 1):
                gram[i, j] /= norm[i] * norm[j]
                gram[j, i] = gram[i, j]
            gram[i, i] += 1e-10
        for _ in range(n):
            for i in range(n):
                for j in range(i):
                    matrix[i, j] = gram[i, j] if free[i] and free[j] else 0.0
                matrix[i, i] = gram[i, i] if free[i] else 1.0
                part[i] = right[i] if free[i] else 0.0
            _solve(matrix, part)
            worst = np.argmin(part)
            for i in range(n):
                x[k, i] = max(part[i], 0.0)
            if part[worst] >= 0:
                break
            free[worst] = False
        cost[k] = total
        for i in range(n):
            pull = 0.0
            for j in range(n):
                pull += gram[i, j] * x[k, j]
            cost[k] += x[k, i] * (pull - 2.0 * right[i])
        cost[k] = max(cost[k], 0.0)
        for i in range(n):
            x[k, i] /= norm[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _at(
    b: int, u: Array, curve: Any, goal: Any, scales: Any, room: Any, scratch: Any, normal: Any
) -> None:
    """Evaluate row b of u at its best scales; see `descend` for what the tuples hold."""
    row = slice(b, b + 1)
    z, slopes = scratch
    cost, gradient, hessian = normal
    z[:] = 0.0
    add_ends(u[row], curve[3], curve[4], z, slopes)
    add_arcs(curve[0], u[row], curve[1], curve[2], z, slopes)
    weigh(z, slopes, goal[0], goal[1], goal[2][row])
    normal_equations(z, slopes, cost[row], gradient[row], hessian[row])
    rescale(u[row], cost[row], gradient[row], hessian[row], (room[0][row], room[1][row]), scales)


@njit(cache=True, nogil=True, error_model="numpy")
def descend(
    u: Array, curve: Any, goal: Any, scales: Any, room: Any, limits: Any, damping: Any
) -> tuple[Array, Array, Array]:
    """Return u (B, F), cost (B,) and converged (B,) of `solve.levenberg_marquardt`, whole.

    curve : ln omega, places and flatness of the arcs, columns and unit of the ends
    goal : data (S, 2N), weight (S, 2N), owner (B,)
    scales : moves, member and the longest stretch of `scales.Scales`
    room : lower and upper coordinates (B, F)
    limits : iterations, tolerance, hopeless; damping: first, calm, stir, stuck, farthest
    """
    count, size = u.shape
    iterations, tolerance, hopeless = limits
    first, calm, stir, stuck, farthest = damping
    owner = goal[2]
    u = np.minimum(np.maximum(u, room[0]), room[1])
    trial = np.empty_like(u)
    here = (np.empty(count), np.empty((count, size)), np.empty((count, size, size)))
    there = (np.empty(count), np.empty((count, size)), np.empty((count, size, size)))
    width = goal[0].shape[1]
    scratch = (np.empty((1, width)), np.empty((1, size, width)))
    reach, quiet = np.full(count, first), np.zeros(count, dtype=np.int64)
    done, converged = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    lead = np.full(owner.max() + 1, np.inf)
    going = np.arange(count)
    for b in going:
        _at(int(b), u, curve, goal, scales, room, scratch, here)
    for iteration in range(iterations):
        for b in going:
            row = slice(b, b + 1)
            propose(
                u[row], room[0][row], room[1][row], here[1][row], here[2][row], reach[row],
                farthest, trial[row],
            )  # fmt: skip
            _at(int(b), trial, curve, goal, scales, room, scratch, there)
            judge(
                (u[row], here[0][row], here[1][row], here[2][row]),
                (trial[row], there[0][row], there[1][row], there[2][row]),
                reach[row], quiet[row], (calm, stir, tolerance, stuck), done[row],
            )  # fmt: skip
            converged[b] |= done[b]
        if iteration >= 3 and hopeless < np.inf:
            for b in going:
                lead[owner[b]] = min(lead[owner[b]], here[0][b])
            for b in going:
                done[b] |= here[0][b] > hopeless * lead[owner[b]]
        going = going[~done[going]]
        if not len(going):
            break
    return u, here[0], converged
