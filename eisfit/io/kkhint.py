"""What the data themselves say of a sign or an angle's unit that nobody wrote down.

Real and imaginary part of an impedance belong together (Kramers-Kronig). To first order

    Im Z ~ (pi/2) d Re Z / d ln omega,    arg Z ~ (pi/2) d ln|Z| / d ln omega

(the second is Bode's relation; see Ehm et al., Z-HIT, 2000), which is crude as a number but sure
as a sign.
"""

from __future__ import annotations

import numpy as np

from eisfit.spectrum import FloatArray


def slope(frequency: FloatArray, quantity: FloatArray, partner: FloatArray) -> float:
    """Regress `quantity` on (pi/2) d `partner` / d ln omega.

    Parameters
    ----------
    frequency : (N,) Hz, positive, in any order, may hold several sweeps
    quantity, partner : (N,) imaginary and real part, or phase and ln|Z|

    Returns
    -------
    float
        About 1 where the two belong together, -1 where the sign is turned, 57 for degrees; nan
        where the data do not tell (correlation below 0.3, or fewer than four points).
    """
    middle, derivative = _pairs(frequency, quantity, partner)
    power = float(derivative @ derivative)
    other = float(middle @ middle)
    product = float(middle @ derivative)
    if power == 0 or other == 0 or abs(product) < 0.3 * np.sqrt(power * other):
        return float("nan")
    return product / power


def misfit(frequency: FloatArray, quantity: FloatArray, partner: FloatArray) -> float:
    """Return the share of `quantity` that `slope` leaves unexplained: 0 is all, 1 nothing."""
    middle, derivative = _pairs(frequency, quantity, partner)
    power = float((derivative @ derivative) * (middle @ middle))
    return 1.0 - float(middle @ derivative) ** 2 / power if power > 0 else 1.0


def _pairs(
    frequency: FloatArray, quantity: FloatArray, partner: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return `quantity` between the points, and (pi/2) d `partner` / d ln omega there."""
    x = np.log(frequency)
    step = np.diff(x)
    used = np.abs(step) > 1e-6
    if used.sum() < 3:
        return np.zeros(1), np.zeros(1)
    derivative = np.pi / 2 * np.diff(partner)[used] / step[used]
    return 0.5 * (quantity[1:] + quantity[:-1])[used], derivative
