"""pyDRTtools as a second engine for the DRT, headless, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import eisfit
from eisfit.errors import EngineError, RelaxationError
from eisfit.relaxation import report
from eisfit.relaxation.discretization import kernel
from eisfit.relaxation.peaks import find_peaks
from eisfit.relaxation.problem import Grid
from eisfit.relaxation.result import DRTResult
from eisfit.spectrum import Spectrum

# Version 0.2 has two more that do not run: k-fold cross-validation fails with an inductance, the
# piecewise linear basis always.
CRITERIA = {
    "auto": "GCV",
    "gcv": "GCV",
    "mgcv": "mGCV",
    "rgcv": "rGCV",
    "lcurve": "LC",
    "re-im": "re-im",
}
BASES = {
    "gaussian": "Gaussian",
    "matern0": "C0 Matern",
    "matern2": "C2 Matern",
    "matern4": "C4 Matern",
    "matern6": "C6 Matern",
    "inverse quadratic": "Inverse Quadratic",
    "inverse quadric": "Inverse Quadric",
    "cauchy": "Cauchy",
}
_NEEDED = ("pyDRTtools", "cvxopt", "sklearn")


def drt_pydrttools(
    spectrum: Spectrum,
    *,
    regularization: str | float = "auto",
    order: int = 1,
    basis: str = "gaussian",
    inductance: bool = True,
    timeout: float = 300.0,
) -> DRTResult:
    """Compute a DRT by pyDRTtools (Wan, Saccoccio, Chen, Ciucci, Electrochim. Acta 184 (2015) 483).

    It minimises absolute, unweighted residuals, has no series capacitance or tail, and its lambda
    is not ours. Peaks are found in its gamma by our own rules, without resamples, so intervals and
    probabilities are NaN.

    Parameters
    ----------
    spectrum : Spectrum
        Its masked points are not used.
    regularization : str or positive float
        "auto" (GCV), "gcv", "mgcv", "rgcv", "lcurve", "re-im", or lambda itself.
    order : 1 or 2
        Derivative of gamma whose square is the penalty.
    basis : str
        Discretisation, a key of `BASES`, with its FWHM coefficient of 0.5.
    inductance : bool
        Whether an inductance stands in series.
    timeout : float
        Seconds after which to give up.

    Returns
    -------
    DRTResult with `method` "pydrttools".

    Raises
    ------
    EngineError
        If the package is missing, fails, or takes too long.
    RelaxationError
        If an option is unknown to it.
    SpectrumError
        If every point is masked.
    """
    options = _options(regularization, order, basis, inductance)
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise EngineError(
            f"the engine 'pydrttools' needs {', '.join(missing)}, which is not installed: "
            "pip install 'eisfit-toolkit[peers]'"
        )
    used = spectrum.used()
    request = {
        "frequency": used.frequency.tolist(),
        "real": used.impedance.real.tolist(),
        "imaginary": used.impedance.imag.tolist(),
        "options": options,
    }
    answer = _ask(request, timeout)
    given = not isinstance(regularization, str)
    criterion = "given" if given else {"auto": "gcv"}.get(str(regularization), str(regularization))
    return _result(spectrum, answer, criterion, order)


def _options(
    regularization: str | float, order: int, basis: str, inductance: bool
) -> dict[str, Any]:
    options: dict[str, Any] = {"induct_used": 1 if inductance else 0}
    if isinstance(regularization, str):
        if regularization not in CRITERIA:
            raise RelaxationError(
                f"pyDRTtools has no criterion {regularization!r}: choose one of "
                f"{', '.join(CRITERIA)}, or a number"
            )
        options["cv_type"] = CRITERIA[regularization]
    elif np.isfinite(regularization) and regularization > 0:
        options |= {"cv_type": "custom", "reg_param": float(regularization)}
    else:
        raise RelaxationError(f"lambda must be a positive number, found {regularization!r}")
    if order not in (1, 2):
        raise RelaxationError(f"pyDRTtools has derivatives of order 1 and 2, not {order!r}")
    options["der_used"] = "1st order" if order == 1 else "2nd order"
    if basis not in BASES:
        raise RelaxationError(
            f"pyDRTtools has no basis {basis!r}: choose one of {', '.join(BASES)}"
        )
    return options | {"rbf_type": BASES[basis]}


def _ask(request: dict[str, Any], timeout: float) -> dict[str, Any]:
    """Return the worker's answer.

    A process of its own: importing pyDRTtools prints, and switches matplotlib to Qt for good.
    """
    home = str(Path(eisfit.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")]))
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "QT_QPA_PLATFORM": "offscreen",
        "MPLBACKEND": "Agg",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "eisfit.interop._pydrttools_worker"],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=timeout,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(
            f"pyDRTtools gave no answer within {timeout:g} s: raise timeout, or use fewer points"
        ) from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise EngineError(f"pyDRTtools ended without an answer: {last[0]}") from None
    if "error" in answer:
        raise EngineError(f"pyDRTtools failed: {answer['error']}")
    return answer


def _result(spectrum: Spectrum, answer: dict[str, Any], criterion: str, order: int) -> DRTResult:
    tau, gamma = np.array(answer["tau"]), np.array(answer["gamma"])
    grid = Grid(tau, "linear", order)
    resistance, inductance = answer["resistance"], answer["inductance"]
    omega = spectrum.omega
    # Its own fit where it has one; at masked points the same sum, taken over its fine grid.
    impedance = resistance + 1j * omega * inductance + kernel(omega, tau, "linear") @ gamma
    impedance[~spectrum.mask] = np.array(answer["real"]) + 1j * np.array(answer["imaginary"])
    used = spectrum.used()
    modulus = np.exp(np.interp(np.log(tau), -np.log(used.omega), np.log(used.modulus)))
    window = spectrum.tau_window
    found = find_peaks(np.clip(gamma, 0.0, None), modulus, grid.spacing, report.SMALLEST)
    rows = report.peak_rows(found, gamma, grid, modulus, window, None)
    unknown = np.full(len(tau), np.nan)
    return DRTResult(
        spectrum=spectrum,
        tau=tau,
        gamma=gamma,
        lower=unknown,
        upper=unknown,
        in_window=(tau >= window[0]) & (tau <= window[1]),
        resistance_inf=resistance,
        inductance=inductance,
        elastance=0.0,
        regularization=answer["lambda"],
        criterion=criterion,
        order=order,
        method="pydrttools",
        sweep=np.empty((0, 2)),
        impedance=impedance,
        residuals=(impedance - spectrum.impedance) / spectrum.modulus,
        messages=("Computed by pyDRTtools: unweighted residuals, no tail, no resamples.",),
        peak_rows=tuple(rows),
    )
