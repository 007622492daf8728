"""Physical roles for arcs and peaks: by relaxation time, checked by capacitance.

J. T. S. Irvine, D. C. Sinclair, A. R. West, Adv. Mater. 2 (1990) 132: what a capacitance says of
where it sits, for a cell of area/thickness = 1 cm; it scales with area/thickness.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eisfit.circuit.models import Model, Role, Span

NEAR = 0.5  # decades of tau within which a peak of the DRT and an arc are the same process
FAR = 1.0  # decades of tau outside its span beyond which an arc does not stand for a role
SLACK = 0.3  # decades by which tau or C may miss a span before that is worth a word


@dataclass(frozen=True)
class Process:
    """An arc of a fit: its element, role, resistance (ohm), tau (s), capacitance (F)."""

    element: str
    role: str
    resistance: float
    tau: float
    capacitance: float


def outside(value: float, span: Span) -> float:
    """Return by how many decades a positive value misses a span; 0 inside."""
    low, high = np.log10(span)
    position = np.log10(value)
    return float(max(low - position, position - high, 0.0))


def is_far(tau: float, role: Role | None) -> bool:
    """Return whether tau is so far from a role's span that the arc is another process."""
    if role is None or role.tau_s is None or not (np.isfinite(tau) and tau > 0):
        return False
    return outside(tau, role.tau_s) > FAR


def doubts(
    process: Process,
    role: Role | None,
    roles: Sequence[Role],
    geometry_cm: float,
    kept: bool = False,
) -> str:
    """Return what speaks against a role, in words; "" where nothing does.

    Parameters
    ----------
    geometry_cm : float
        Area/thickness of the cell in cm; capacitances are divided by it before the comparison.
    kept : bool
        The role is the arc's by its continuity along a track, whatever its span.
    """
    if role is None or not np.isfinite(process.tau):
        return ""
    parts = []
    far = is_far(process.tau, role)
    if role.tau_s and outside(process.tau, role.tau_s) > SLACK:
        so = f", so it is not called {role.name}" if far else ""
        if far and kept:
            so = f"; it is called {role.name} by its continuity along the track"
        parts.append(
            f"tau {process.tau:.2g} s lies outside {role.tau_s[0]:g} to {role.tau_s[1]:g} s{so}"
        )
    specific = process.capacitance / geometry_cm
    if role.capacitance_f_cm and outside(specific, role.capacitance_f_cm) > SLACK:
        others = [
            other.name for other in roles
            if other.capacitance_f_cm and outside(specific, other.capacitance_f_cm) == 0
        ]  # fmt: skip
        deciding = "" if far else "; the track decides" if kept else "; tau decides"
        pointing = f"points to {' or '.join(others)}" if others else "fits no role of the model"
        parts.append(f"capacitance {specific:.2g} F (for 1 cm) {pointing}{deciding}")
    return "; ".join(parts)


def peak_roles(
    taus: Sequence[float], processes: Sequence[Process], model: Model, window: Span
) -> Mapping[int, str]:
    """Return the role of each peak, numbered from 1: that of the nearest arc, else by span.

    Each arc gives its name to one peak at most, the nearest within half a decade; a peak left over
    inside the measured `window` (s) takes the role whose span of tau holds it, if no arc has it.
    """
    roles: dict[int, str] = {}
    pairs = sorted(
        (abs(np.log10(tau / process.tau)), i, process.element, process.role)
        for i, tau in enumerate(taus, start=1)
        for process in processes
        if np.isfinite(process.tau) and process.tau > 0
    )
    used: set[str] = set()
    for distance, i, element, role in pairs:
        if distance <= NEAR and i not in roles and element not in used:
            roles[i] = role
            used.add(element)
    taken = {process.role for process in processes}
    for i, tau in enumerate(taus, start=1):
        if i in roles or outside(tau, window) > 0:
            continue
        fitting = [
            role.name for role in model.roles
            if role.tau_s and role.name not in taken and outside(tau, role.tau_s) == 0
        ]  # fmt: skip
        if len(fitting) == 1:
            roles[i] = fitting[0]
    return roles
