"""Every discretisation of gamma holds the same resistances, and agrees with pyDRTtools."""

from importlib.util import find_spec

import numpy as np
import pytest

import eisfit
from eisfit.relaxation.discretization import BASES, kernel, values

FREQUENCY = np.geomspace(2e6, 2e-2, 81)
S = 2j * np.pi * FREQUENCY
CLEAN = 7 + 21 / (1 + (S * 4e-5) ** 0.8) + 13 / (1 + (S * 6e-2) ** 0.85)


def two_arcs(noise=2e-3):
    both = np.random.default_rng(77).standard_normal((2, len(S)))
    return eisfit.Spectrum(FREQUENCY, CLEAN + np.abs(CLEAN) * noise * (both[0] + 1j * both[1]))


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("coefficient", [0.3, 0.5, 0.8])
def test_gamma_at_the_grid_has_the_area_of_the_kernel(basis, coefficient):
    """A basis function far inside the grid: at low frequency its impedance is its integral."""
    count, spacing = 121, 0.2
    tau = np.exp(spacing * (np.arange(count) - count // 2))
    integral = kernel(np.array([1e-30]), tau, basis, coefficient).real[0, count // 2]
    held = values(count, basis, coefficient)[:, count // 2].sum() * spacing
    assert held == pytest.approx(integral, rel=1e-9)


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_every_basis_and_order_gives_the_resistances(basis, order):
    result = eisfit.drt(two_arcs(), basis=basis, order=order, method="tikhonov", samples=0)
    total = result.resistance_inf + result.resistance_polarization
    assert total == pytest.approx(41, rel=3e-3)
    fast = (result.tau > 1e-7) & (result.tau < 2e-3)
    spacing = np.log(result.tau[1] / result.tau[0])
    assert result.gamma[fast].sum() * spacing == pytest.approx(21, rel=0.05)


@pytest.mark.slow
@pytest.mark.peers
@pytest.mark.parametrize(("basis", "order"), [("gaussian", 1), ("inverse quadratic", 2)])
def test_the_same_lambda_gives_the_curve_of_pydrttools(basis, order):
    """Both minimise |Z_fit - Z|^2 + lambda int (d^k gamma)^2 dln tau; their grids differ."""
    if find_spec("pyDRTtools") is None:  # not imported: that would turn matplotlib to Qt
        pytest.skip("pyDRTtools is not installed (extra 'peers')")
    spectrum = two_arcs()
    alike = {"regularization": 1e-2, "basis": basis, "order": order}
    theirs = eisfit.drt(spectrum, engine="pydrttools", **alike)
    ours = eisfit.drt(
        spectrum, method="tikhonov", weighting="unit", tail=False, robust=False, samples=0, **alike
    )
    at = np.linspace(np.log(1e-6), np.log(3.0), 200)
    a, b = (np.interp(at, np.log(r.tau), r.gamma) for r in (ours, theirs))
    assert np.linalg.norm(a - b) < 0.07 * np.linalg.norm(b)
