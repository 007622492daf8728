"""pyDRTtools as second engine: the same spectrum, both engines; and that it leaves no trace."""

import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from eisfit import Spectrum
from eisfit.errors import EngineError, RelaxationError
from eisfit.interop import pydrttools
from eisfit.interop.pydrttools import drt_pydrttools
from eisfit.relaxation import drt_spectrum

FREQUENCY = np.geomspace(1e5, 1e-2, 50)
S = 2j * np.pi * FREQUENCY
needs_peer = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("pyDRTtools", "cvxopt", "sklearn")),
    reason="pyDRTtools is not installed: pip install -e '.[peers]'",
)


@pytest.fixture(scope="module")
def spectrum():
    both = np.random.default_rng(7).standard_normal((2, 50))
    z = 10 + 50 / (1 + (S * 1e-3) ** 0.9) + 80 / (1 + (S * 0.5) ** 0.9)
    z = z + np.abs(z) * 1e-3 * (both[0] + 1j * both[1])
    spectrum = Spectrum(FREQUENCY, z, label="two arcs")
    return spectrum.masked(np.arange(50) == 3, "test")


@pytest.fixture(scope="module")
def theirs(spectrum):
    return drt_pydrttools(spectrum, order=2)


@pytest.mark.peers
@needs_peer
def test_both_engines_agree_on_the_arcs(spectrum, theirs):
    ours = drt_spectrum(spectrum)
    assert theirs.method == "pydrttools"
    assert theirs.criterion == "gcv"
    assert theirs.resistance_inf == pytest.approx(ours.resistance_inf, rel=0.03)
    assert theirs.resistance_polarization == pytest.approx(130, rel=0.03)
    assert ours.resistance_polarization == pytest.approx(130, rel=0.02)
    large = [row for row in theirs.peak_rows if row["fraction"] > 0.2]
    for row, tau, resistance in zip(large, (1e-3, 0.5), (50, 80), strict=True):
        assert abs(np.log10(row["tau_s"] / tau)) < 0.1
        assert row["resistance_ohm"] == pytest.approx(resistance, rel=0.15)


@pytest.mark.peers
@needs_peer
def test_their_gamma_is_ours_to_a_few_percent(spectrum, theirs):
    """Two discretisations, two penalties and two lambdas, yet much the same curve."""
    ours = drt_spectrum(spectrum, samples=0)
    gamma = np.interp(np.log(theirs.tau), np.log(ours.tau), ours.gamma)
    inside = theirs.in_window
    difference = np.linalg.norm((theirs.gamma - gamma)[inside])
    assert difference < 0.25 * np.linalg.norm(gamma[inside])


@pytest.mark.peers
@needs_peer
def test_impedance_at_all_points_and_masked_ones(spectrum, theirs):
    assert theirs.impedance.shape == (50,)
    np.testing.assert_allclose(theirs.impedance, spectrum.impedance, rtol=0.02)
    assert theirs.rms < 5e-3
    assert (theirs.spectrum.mask == spectrum.mask).all()
    assert np.isnan(theirs.lower).all()


@pytest.mark.peers
@needs_peer
def test_lambda_by_hand_without_inductance(spectrum):
    result = drt_pydrttools(spectrum, regularization=1e-3, inductance=False)
    assert result.regularization == pytest.approx(1e-3)
    assert result.inductance == 0
    assert result.criterion == "given"


@pytest.mark.peers
@needs_peer
def test_nothing_is_printed_and_matplotlib_is_left_alone(spectrum):
    code = (
        "import sys, numpy as np, matplotlib; matplotlib.use('svg')\n"
        "from eisfit import Spectrum\n"
        "from eisfit.interop.pydrttools import drt_pydrttools\n"
        "f = np.geomspace(1e4, 1e-1, 20); s = 2j * np.pi * f\n"
        "drt_pydrttools(Spectrum(f, 1 + 5 / (1 + s * 0.01)), regularization=1e-3)\n"
        "assert matplotlib.get_backend().lower() == 'svg'\n"
        "assert not [m for m in sys.modules if m.startswith(('pyDRTtools', 'PyQt5'))]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr == ""


@pytest.mark.peers
@needs_peer
def test_qt_need_not_be_there(tmp_path):
    """A PyQt5 that fails to import, as without libGL, is never touched."""
    (tmp_path / "PyQt5").mkdir()
    (tmp_path / "PyQt5" / "__init__.py").write_text("raise ImportError('libGL.so.1: missing')")
    code = (
        "import numpy as np\n"
        "from eisfit import Spectrum\n"
        "from eisfit.interop.pydrttools import drt_pydrttools\n"
        "f = np.geomspace(1e4, 1e-1, 20); s = 2j * np.pi * f\n"
        "r = drt_pydrttools(Spectrum(f, 1 + 5 / (1 + s * 0.01)), regularization=1e-3)\n"
        "assert abs(r.resistance_polarization - 5) < 0.3\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr


def test_missing_package_names_the_extra(spectrum, monkeypatch):
    monkeypatch.setattr(pydrttools, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"pip install 'eisfit-toolkit\[peers\]'"):
        drt_pydrttools(spectrum)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("import json; print(json.dumps({'error': 'ValueError: no'}))", "failed: ValueError: no"),
        ("import sys; sys.exit('segmentation of things')", "without an answer: segmentation"),
        ("import time; time.sleep(60)", "no answer within"),
    ],
)
def test_a_failing_worker_is_an_engine_error(spectrum, monkeypatch, answer, text):
    real = subprocess.run
    monkeypatch.setattr(pydrttools, "find_spec", lambda name: object())
    monkeypatch.setattr(
        pydrttools.subprocess,
        "run",
        lambda command, **rest: real([sys.executable, "-c", answer], **rest),
    )
    with pytest.raises(EngineError, match=text):
        drt_pydrttools(spectrum, timeout=2.0)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"regularization": "evidence"}, "re-im"),
        ({"regularization": -1.0}, "positive"),
        ({"order": 0}, "order 1 and 2"),
        ({"basis": "linear"}, "gaussian"),
    ],
)
def test_wrong_options_are_named(spectrum, options, text):
    with pytest.raises(RelaxationError, match=text):
        drt_pydrttools(spectrum, **options)
