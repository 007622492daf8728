"""Elements of pyimpspec 5.1 (V. Yrjänä, JOSS 7 (2022) 4808), and ours in its terms.

Its circuit description code leaves out what has its default, so the defaults are here; a test
compares them with pyimpspec's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from eisfit.circuit.elements import Element
from eisfit.interop.exchange import Array, Convert


@dataclass(frozen=True)
class PeerParameter:
    """A parameter there: its symbol, default, bounds, and whether it is a constant by default."""

    symbol: str
    default: float
    lower: float
    upper: float
    fixed: bool = False


@dataclass(frozen=True)
class PeerElement:
    """An element there.

    Attributes
    ----------
    symbol : str
    parameters : tuple of PeerParameter
    ours : symbol of ours
    to_ours : values (m,) there to ours
    plain : symbol of our element without the exponent, where that is 1/2 and a constant
    plain_to_ours : values (m,) there to those of the plain one
    """

    symbol: str
    parameters: tuple[PeerParameter, ...]
    ours: str
    to_ours: Convert = np.copy
    plain: str = ""
    plain_to_ours: Convert = np.copy


@dataclass(frozen=True)
class Export:
    """How one of ours is written there; a value that comes from none of ours is a constant."""

    symbol: str
    to_theirs: Convert = np.copy


_TINY = 1e-24


def _n(symbol: str = "n", default: float = 0.8, fixed: bool = False) -> PeerParameter:
    return PeerParameter(symbol, default, 0.0, 1.0, fixed)


def _positive(symbol: str, default: float, lower: float = _TINY) -> PeerParameter:
    return PeerParameter(symbol, default, lower, inf)


_LENGTH = PeerParameter("L", 1.0, _TINY, inf, True)
_HALF = _n("n", 0.5, True)


def _finite(theirs: Array) -> Array:
    y, b, n = theirs
    return np.array([(b / y) ** n, b, 2.0 * n])


def _gerischer(theirs: Array) -> Array:
    y, k, n = theirs
    return np.array([1.0 / (y * k**n), 1.0 / k, n])


def _blocking(theirs: Array) -> Array:
    # The code of pyimpspec has R_i where R_i L is meant; at L = 1, its default, they are the same
    r_i, y, n, length = theirs
    return np.array([r_i, y * length**2, n])


def _blocking_short(theirs: Array) -> Array:
    r_i, y, n, length = theirs
    return np.array([r_i, (r_i * y * length**2) ** (1.0 / n), n])


def _blocking_closed(theirs: Array) -> Array:
    r_i, y, n, y_b, n_b, length = theirs
    return np.array([r_i, (r_i * y * length**2) ** (1.0 / n), n, (r_i * y_b) ** (1.0 / n_b), n_b])


def _reacting(theirs: Array) -> Array:
    r_i, r_ct, y, n, length = theirs
    return np.array([r_i * length, r_ct / length, (r_ct * y) ** (1.0 / n), n])


def _reacting_closed(theirs: Array) -> Array:
    r_i, r_ct, y, n, r_b, y_b, n_b, length = theirs
    start = _reacting(np.array([r_i, r_ct, y, n, length]))
    return np.array([*start, r_b, (r_b * y_b) ** (1.0 / n_b), n_b])


def _de_levie(theirs: Array) -> Array:
    # Its code has coth(d sqrt(R_i R_r) ...), its text coth(d sqrt(R_i / R_r) ...): the code counts
    r_i, r_r, y, n, d = theirs
    return np.array([d * r_i * r_r, 1.0 / d, y ** (1.0 / n), n])


PEERS: dict[str, PeerElement] = {
    peer.symbol: peer
    for peer in (
        PeerElement("R", (_positive("R", 1000.0, 0.0),), "R"),
        PeerElement("C", (PeerParameter("C", 1e-6, _TINY, 1e3),), "C"),
        PeerElement("L", (PeerParameter("L", 1e-6, 0.0, 1e3),), "L"),
        PeerElement("Q", (PeerParameter("Y", 1e-6, _TINY, 1e6), _n("n", 0.95)), "CPE"),
        PeerElement("La", (PeerParameter("L", 1e-6, 0.0, 1e3), _n("n", 0.95)), "La"),
        PeerElement(
            "W", (_positive("Y", 1e-3), _HALF), "We",
            plain="W", plain_to_ours=lambda v: np.array([1.0 / (v[0] * np.sqrt(2.0))]),
        ),
        PeerElement(
            "Wo", (_positive("Y", 1.0), _positive("B", 1.0, 0.0), _HALF), "Woe", _finite,
            plain="Wo", plain_to_ours=lambda v: _finite(v)[:2],
        ),
        PeerElement(
            "Ws", (_positive("Y", 1.0), _positive("B", 1.0, 0.0), _HALF), "Wse", _finite,
            plain="Ws", plain_to_ours=lambda v: _finite(v)[:2],
        ),
        PeerElement(
            "Zarc", (_positive("R", 1000.0, 0.0), _positive("tau", 1.0), _n("n", 0.95)), "Zarc"
        ),
        PeerElement(
            "G", (_positive("Y", 1.0), _positive("k", 1.0), _HALF), "Ge", _gerischer,
            plain="G", plain_to_ours=lambda v: _gerischer(v)[:2],
        ),
        PeerElement(
            "Ga", (_positive("R", 1.0, 0.0), _positive("tau", 1.0), _HALF), "Ge",
            plain="G", plain_to_ours=lambda v: v[:2],
        ),
        PeerElement(
            "H", (_positive("dC", 1e-6), _positive("tau", 1.0), _n("a", 0.9), _n("b", 0.9)), "H"
        ),
        PeerElement(
            "Ha",
            (_positive("R", 1.0, 0.0), _positive("tau", 1.0), _n("a", 0.7), _n("b", 0.8)), "Ha",
        ),
        PeerElement(
            "K",
            (PeerParameter("R", 1.0, -inf, inf), PeerParameter("tau", 1.0, -inf, inf, True)), "K",
        ),
        PeerElement(
            "Ky",
            (PeerParameter("C", 1.0, -inf, inf), PeerParameter("tau", 1.0, -inf, inf, True)),
            "Ky",
        ),
        PeerElement(
            "Ls",
            (_positive("R_i", 10.0, 0.0), _positive("R_r", 1.0, 0.0), _positive("Y", 1e-2), _n(),
             _positive("d", 0.2)),
            "Ls", _de_levie,
        ),
        PeerElement(
            "Tlmbo", (_positive("R_i", 1.0, 0.0), _positive("Y", 5e-3), _n(), _LENGTH),
            "TLMQ", _blocking,
        ),
        PeerElement(
            "Tlmbs", (_positive("R_i", 1.0, 0.0), _positive("Y", 5e-3), _n(), _LENGTH),
            "Wse", _blocking_short,
        ),
        PeerElement(
            "Tlmbq",
            (_positive("R_i", 1.0, 0.0), _positive("Y", 5e-3), _n(), _positive("Y_B", 10e-3),
             _n("n_B", 0.7), _LENGTH),
            "Tlmbq", _blocking_closed,
        ),
        PeerElement(
            "Tlmno",
            (_positive("R_i", 1.0, 0.0), _positive("R_ct", 3.0, 0.0), _positive("Y", 5e-3), _n(),
             _LENGTH),
            "Ls", _reacting,
        ),
        PeerElement(
            "Tlmns",
            (_positive("R_i", 1.0, 0.0), _positive("R_ct", 3.0, 0.0), _positive("Y", 5e-3), _n(),
             _LENGTH),
            "Tlmns", _reacting,
        ),
        PeerElement(
            "Tlmnq",
            (_positive("R_i", 1.0, 0.0), _positive("R_ct", 3.0, 0.0), _positive("Y", 5e-3), _n(),
             _positive("R_B", 5.0, 0.0), _positive("Y_B", 0.1), _n("n_B", 0.7), _LENGTH),
            "Tlmnq", _reacting_closed,
        ),
    )
}  # fmt: skip


def _wall(ours: Array) -> Array:
    r, r_ct, tau, alpha = ours
    return np.array([r, r_ct, tau**alpha / r_ct, alpha, 1.0])


def _closed_wall(ours: Array) -> Array:
    r_b, tau_b, beta = ours[4:]
    return np.array([*_wall(ours[:4])[:4], r_b, tau_b**beta / r_b, beta, 1.0])


def _open_with_exponent(ours: Array) -> Array:
    r, tau, alpha = ours
    return np.array([tau / r ** (2.0 / alpha), tau, 0.5 * alpha])


def _finite_gerischer(ours: Array) -> Array:
    # A pore of resistance R phi, its wall R/phi beside a capacitor
    r, tau, phi = ours
    return np.array([r * phi, r / phi, tau * phi / r, 1.0, 1.0])


_EXPORTS = {
    "CPE": Export("Q"),
    "W": Export("W", lambda v: np.array([1.0 / (v[0] * np.sqrt(2.0)), 0.5])),
    "We": Export("W"),
    "Wo": Export("Wo", lambda v: np.array([v[1] / v[0] ** 2, v[1], 0.5])),
    "Ws": Export("Ws", lambda v: np.array([v[1] / v[0] ** 2, v[1], 0.5])),
    "Woe": Export("Wo", _open_with_exponent),
    "Wse": Export("Ws", _open_with_exponent),
    "G": Export("Ga", lambda v: np.array([*v, 0.5])),
    "Ge": Export("Ga"),
    "Gs": Export("Tlmno", _finite_gerischer),
    "TLMQ": Export("Tlmbo", lambda v: np.array([*v, 1.0])),
    "Tlmbq": Export(
        "Tlmbq",
        lambda v: np.array(
            [v[0], v[1] ** v[2] / v[0], v[2], v[3] ** v[4] / v[0], v[4], 1.0]
        ),
    ),
    "Ls": Export("Tlmno", _wall),
    "Tlmns": Export("Tlmns", _wall),
    "Tlmnq": Export("Tlmnq", _closed_wall),
}  # fmt: skip
# Boukamp's Y0 and B: Y = Y0^2 and tau = B^2, as Z0 = B / Y0
_BOUKAMP = {
    "O": Export("Ws", lambda v: np.array([v[0] ** 2, v[1] ** 2, 0.5])),
    "T": Export("Wo", lambda v: np.array([v[0] ** 2, v[1] ** 2, 0.5])),
    "G": Export("G", lambda v: np.array([*v, 0.5])),
}


def export_of(element: Element) -> Export | None:
    """Return how one of our elements is written there; None where it has nothing like it."""
    if not element.symbol:
        return _BOUKAMP[element.cdc]
    if element.module:
        return None
    if element.symbol in _EXPORTS:
        return _EXPORTS[element.symbol]
    return Export(element.symbol) if element.symbol in PEERS else None
