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


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _gram(rows: Array, gram: Array) -> None:
    """Set gram (n, n) to rows @ rows.T, two columns at a time so that each row is read less."""
    count, width = rows.shape
    for i in range(count):
        for j in range(0, i, 2):
            one, other = 0.0, 0.0
            for m in range(width):
                one += rows[i, m] * rows[j, m]
                other += rows[i, m] * rows[j + 1, m]
            gram[i, j] = gram[j, i] = one
            gram[i, j + 1] = gram[j + 1, i] = other
        if i % 2 == 0:
            gram[i, i] = _dot(rows[i], rows[i])


@njit(cache=True, nogil=True, error_model="numpy")
def _mend(gram: Array) -> None:
    """Where the cost is not finite, make it infinite, and let nothing pull anywhere."""
    last = len(gram) - 1
    if not np.isfinite(gram[last, last]):
        gram[:] = np.eye(last + 1)
        gram[last, last] = np.inf


@njit(cache=True, nogil=True, error_model="numpy")
def grams(residuals: Array, slopes: Array, gram: Array) -> None:
    """Set Gram matrices (B, F + 1, F + 1) of derivatives (B, F, M) and residuals (B, M)."""
    count, size, width = slopes.shape
    rows = np.empty((size + 1, width))
    for b in range(count):
        rows[:size], rows[size] = slopes[b], residuals[b]
        _gram(rows, gram[b])
        _mend(gram[b])


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
def _best_scales(u: Array, room: Any, scales: Any, normal: Any, work: Any) -> None:
    """Set the best scales (n,) that stay in the room; one that cannot stays at 1.

    normal : curvature (n, n) and slope (n,) of the cost by the scales
    work : where the scales go, and room to compute
    """
    lower, upper = room
    moves, member, most = scales
    curvature, slope = normal
    scale, change, matrix, held = work
    count, size = moves.shape
    held[:] = False
    for _ in range(count + 1):
        for i in range(count):
            for j in range(i):
                matrix[i, j] = 0.0 if held[i] or held[j] else curvature[i, j]
            matrix[i, i] = 1.0 if held[i] else curvature[i, i]
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
def _scale_bench(count: int, size: int) -> Any:
    """Return room in which `_rescale` computes, for n scales and F coordinates."""
    return (
        np.empty((count, count)), np.empty(count),
        (np.empty(count), np.empty(count), np.empty((count, count)), np.empty(count, np.bool_)),
        np.empty(size + 1), np.empty(size + 1), np.empty(size + 1),
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _rescale(u: Array, gram: Array, room: Any, scales: Any, bench: Any) -> None:
    """Move one place to its best scales: u (F,) and Gram matrix (F + 1, F + 1), in place."""
    moves, member, _ = scales
    curvature, slope, work, step, pushed, factor = bench
    count, size = moves.shape
    cost = gram[size, size]
    if not np.isfinite(cost):
        return
    for i in range(count):
        slope[i] = 0.0
        for j in range(i + 1):
            curvature[i, j] = 0.0
        for f in range(size):
            if moves[i, f] == 0.0:
                continue
            slope[i] += moves[i, f] * gram[size, f]
            for j in range(i + 1):
                for g in range(size):
                    if moves[j, g] != 0.0:
                        curvature[i, j] += moves[i, f] * moves[j, g] * gram[f, g]
        curvature[i, i] = curvature[i, i] * (1.0 + 1e-9) + 1e-300
    _best_scales(u, room, scales, (curvature, slope), work)
    scale = work[0]
    step[:], factor[:] = 0.0, 1.0
    for i in range(count):
        for f in range(size):
            step[f] += (scale[i] - 1.0) * moves[i, f]
            factor[f] += (scale[i] - 1.0) * member[i, f]
    step[size] = 1.0
    better = 0.0
    for f in range(size + 1):
        pushed[f] = 0.0
        for g in range(size + 1):
            pushed[f] += gram[f, g] * step[g]
        better += pushed[f] * step[f]
    if not better <= cost:
        return
    for i in range(count):
        change = np.log(scale[i])
        for f in range(size):
            u[f] += change * moves[i, f]
    for f in range(size):
        for g in range(size):
            gram[f, g] *= factor[f] * factor[g]
        gram[f, size] = gram[size, f] = pushed[f] * factor[f]
    gram[size, size] = better


@njit(cache=True, nogil=True, error_model="numpy")
def rescale(u: Array, gram: Array, room: Any, scales: Any) -> None:
    """Move every row to its best scales: u (B, F) and Gram matrices (B, F + 1, F + 1), in place.

    room : lower and upper coordinates; scales : moves, member and the longest stretch
    """
    bench = _scale_bench(*scales[0].shape)
    for b in range(len(u)):
        _rescale(u[b], gram[b], (room[0][b], room[1][b]), scales, bench)


@njit(cache=True, nogil=True, error_model="numpy")
def _step_bench(size: int) -> Any:
    """Return room in which `_propose` computes."""
    return np.empty((size, size)), np.empty(size), np.empty(size, dtype=np.bool_)


@njit(cache=True, nogil=True, error_model="numpy")
def _propose(
    u: Array, room: Any, gram: Array, damping: float, farthest: float, trial: Array, bench: Any
) -> float:
    """Set the next place to try, and return by how much the cost should fall on the way."""
    lower, upper = room
    matrix, step, held = bench
    size = len(u)
    floor = 0.0
    for f in range(size):
        slope = gram[size, f]
        held[f] = (u[f] <= lower[f] and slope > 0) or (u[f] >= upper[f] and slope < 0)
        floor = max(floor, gram[f, f])
    floor = 1e-12 * floor + 1e-300
    for f in range(size):
        for g in range(f):
            matrix[f, g] = 0.0 if held[f] or held[g] else gram[f, g]
        own = gram[f, f]
        matrix[f, f] = 1.0 if held[f] else own + damping * own + floor
        step[f] = 0.0 if held[f] else -gram[size, f]
    _solve(matrix, step)
    promise = 0.0
    for f in range(size):
        promise -= step[f] * gram[size, f]
        # Beyond a few e-folds the linear model says nothing
        moved = u[f] + min(max(step[f], -farthest), farthest)
        trial[f] = min(max(moved, lower[f]), upper[f])
    return promise


@njit(cache=True, nogil=True, error_model="numpy")
def propose(
    u: Array, lower: Array, upper: Array, gram: Array, damping: Array, farthest: float,
    trial: Array, promise: Array,
) -> None:  # fmt: skip
    """Set the next place to try (B, F), a damped step within bounds, and its promised fall."""
    bench = _step_bench(u.shape[1])
    for b in range(len(u)):
        room = lower[b], upper[b]
        promise[b] = _propose(u[b], room, gram[b], damping[b], farthest, trial[b], bench)


@njit(cache=True, nogil=True, error_model="numpy")
def judge(
    state: tuple[Array, Array], trial: tuple[Array, Array],
    pace: tuple[Array, Array, Array, Array], factors: Any, limits: Any, done: Array,
) -> None:  # fmt: skip
    """Keep what a trial has improved; change damping, quiet and rate, and set which rows are done.

    Rows that are done already stay as they are.
    state and trial hold coordinates and Gram matrices; pace the promised fall, damping, quiet and
    rate; factors are those of a good and of a bad step and what shares of the promise make them;
    limits the tolerance, the damping beyond which a row is stuck and that up to which one step
    that brings nothing is enough, and the weight of the fall before in the rate.
    """
    promise, damping, quiet, rate = pace
    calm, stir, good, bad = factors
    tolerance, stuck, bold, fading = limits
    last = state[0].shape[1]
    for b in range(len(damping)):
        if done[b]:
            continue
        old, new = state[1][b, last, last], trial[1][b, last, last]
        fall, reach = old - new, damping[b]
        quiet[b] = quiet[b] + 1 if abs(fall) <= tolerance * old else 0
        rate[b] = max(fall, fading * rate[b]) if fall == fall else fading * rate[b]
        if fall > good * promise[b]:
            damping[b] *= calm
        elif not fall > bad * promise[b]:
            damping[b] *= stir
        enough = 2
        if fall > 0:  # false where both are infinite as well
            enough = 1 if reach <= bold else 2
            state[0][b], state[1][b] = trial[0][b], trial[1][b]
        done[b] = quiet[b] >= enough or damping[b] > stuck


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def small_nnls(lower: Array, rights: Array, total: float, x: Array, cost: Array) -> None:
    """Solve K small non-negative least-squares problems; see `start.small_nnls`."""
    n, count = rights.shape
    gram, matrix = np.empty((n, n)), np.empty((n, n))
    right, part, norm = np.empty(n), np.empty(n), np.empty(n)
    free = np.empty(n, dtype=np.bool_)
    for k in range(count):
        for i in range(n):
            norm[i] = np.sqrt(max(lower[i * (i + 1) // 2 + i, k], 1e-300))
        for i in range(n):
            right[i] = rights[i, k] / norm[i]
            free[i] = True
            for j in range(i + 1):
                gram[i, j] = lower[i * (i + 1) // 2 + j, k] / (norm[i] * norm[j])
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
                x[i, k] = max(part[i], 0.0)
            if part[worst] >= 0:
                break
            free[worst] = False
        cost[k] = total
        for i in range(n):
            pull = 0.0
            for j in range(n):
                pull += gram[i, j] * x[j, k]
            cost[k] += x[i, k] * (pull - 2.0 * right[i])
        cost[k] = max(cost[k], 0.0)
        for i in range(n):
            x[i, k] /= norm[i]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _arcs(u: Array, curve: Any, weight: Array, scratch: Any, rows: Array) -> None:
    """Add weighted arcs in series to the last of rows (F + 1, 2N), and set their derivatives.

    Real parts come first, then imaginary ones: neighbours in memory go through the same sums.
    """
    ln_omega, places, flat = curve[0], curve[1], curve[2]
    parts, bits = scratch
    count, last = len(ln_omega), len(u)
    for k in range(len(places)):
        r, t, a = places[k]
        _arc(ln_omega, (u[r], u[t], 1.0 if flat[k] else u[a]), bits, parts)
        for n in range(count):
            real, imag = weight[n] * parts[0, n], weight[count + n] * parts[1, n]
            rows[r, n], rows[r, count + n] = real, imag
            rows[last, n] += real
            rows[last, count + n] += imag
        for n in range(count):
            rows[t, n] = weight[n] * parts[2, n]
            rows[t, count + n] = weight[count + n] * parts[3, n]
        if not flat[k]:
            for n in range(count):
                rows[a, n] = weight[n] * parts[4, n]
                rows[a, count + n] = weight[count + n] * parts[5, n]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _ends(u: Array, curve: Any, weight: Array, rows: Array) -> None:
    """Add weighted resistances and inductances to the last of rows, and set their derivatives."""
    columns, unit = curve[3], curve[4]
    last = len(u)
    for k in range(len(columns)):
        size = np.exp(u[columns[k]])
        for m in range(unit.shape[1]):
            part = size * unit[k, m] * weight[m]
            rows[columns[k], m] = part
            rows[last, m] += part


@njit(cache=True, nogil=True, error_model="numpy")
def _at(
    u: Array, curve: Any, goal: Any, scales: Any, room: Any, bench: Any, gram: Array
) -> None:  # fmt: skip
    """Set the Gram matrix at a place, and move both to the best scales.

    goal : weighted data (2N,) and weight (2N,); for the other tuples see `descend`
    """
    data, weight = goal
    rows, scratch, scaling = bench
    last = rows[len(u)]
    for m in range(len(data)):
        last[m] = -data[m]
    _ends(u, curve, weight, rows)
    _arcs(u, curve, weight, scratch, rows)
    _gram(rows, gram)
    _mend(gram)
    _rescale(u, gram, room, scales, scaling)


@njit(cache=True, nogil=True, error_model="numpy")
def _agreed(cost: Array, owner: Array, lead: Array, race: Any) -> Array:
    """Return whether enough starts of each problem have come to its lowest place."""
    agreement, alike = race[2], race[3]
    count = np.zeros(len(lead), dtype=np.int64)
    for b in range(len(cost)):
        count[owner[b]] += cost[b] <= (1.0 + alike) * lead[owner[b]]
    return count >= agreement


@njit(cache=True, nogil=True, error_model="numpy")
def descend(
    u: Array, curve: Any, goal: Any, scales: Any, room: Any, limits: Any, factors: Any, race: Any
) -> tuple[Array, Array, Array]:
    """Return u (B, F), cost (B,) and converged (B,) of `solve.levenberg_marquardt`, whole.

    curve : ln omega, places and flatness of the arcs, columns and unit of the ends
    goal : weighted data (S, 2N) and weight (S, 2N), real parts before imaginary ones, owner (B,)
    scales : moves, member and the longest stretch of `scales.Scales`
    room : lower and upper coordinates (B, F)
    limits : iterations, tolerance, hopeless, horizon, damping, bold, settling
    factors : (calm, stir, good, bad) of `judge`, and stuck, fading, farthest
    race : lead (S,), enough (S,), agreement, alike, patience
    """
    count, size = u.shape
    iterations, tolerance, hopeless, horizon, damping, bold, settling = limits
    changes, (stuck, fading, farthest) = factors
    owner = goal[2]
    u = np.minimum(np.maximum(u, room[0]), room[1])
    trial, cost = np.empty_like(u), np.empty(count)
    here = np.empty((count, size + 1, size + 1))
    there = np.empty((1, size + 1, size + 1))
    width = goal[0].shape[1]
    points = np.empty((8, width // 2)), np.empty(width // 2, dtype=np.int64)
    bench = np.empty((size + 1, width)), points, _scale_bench(len(scales[0]), size)
    stepping = _step_bench(size)
    reach, quiet = np.full(count, damping), np.zeros(count, dtype=np.int64)
    rate, promise = np.zeros(count), np.zeros(count)
    done, converged = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    lead = race[0].copy()
    going = np.arange(count)
    for b in going:
        own, span = (goal[0][owner[b]], goal[1][owner[b]]), (room[0][b], room[1][b])
        _at(u[b], curve, own, scales, span, bench, here[b])
        cost[b] = here[b, size, size]
    for iteration in range(iterations):
        for b in going:
            row = slice(b, b + 1)
            own, span = (goal[0][owner[b]], goal[1][owner[b]]), (room[0][b], room[1][b])
            promise[b] = _propose(u[b], span, here[b], reach[b], farthest, trial[b], stepping)
            if promise[b] <= tolerance * cost[b] and reach[b] <= bold:
                done[b] = converged[b] = True
                continue
            _at(trial[b], curve, own, scales, span, bench, there[0])
            judge(
                (u[row], here[row]), (trial[row], there),
                (promise[row], reach[row], quiet[row], rate[row]), changes,
                (tolerance, stuck, bold, fading), done[row],
            )  # fmt: skip
            converged[b] |= done[b]
            cost[b] = here[b, size, size]
        for b in going:
            lead[owner[b]] = min(lead[owner[b]], cost[b])
        if iteration + 1 >= settling and hopeless < np.inf:
            agreed = _agreed(cost, owner, lead, race)
            for b in going:
                best, far = lead[owner[b]], horizon
                if agreed[owner[b]]:
                    far = min(horizon, race[4])
                    done[b] |= best <= race[1][owner[b]]
                done[b] |= cost[b] > hopeless * best or cost[b] - best > far * rate[b]
        going = going[~done[going]]
        if not len(going):
            break
    return u, cost, converged
