"""Our fit beside impedance.py's, on the same spectra."""

import numpy as np
import pytest
from families import make

import eisfit
from eisfit.errors import EngineError

pytestmark = pytest.mark.peers


@pytest.fixture(autouse=True, scope="module")
def peer():
    pytest.importorskip("impedance", reason="the reference engine is in the extra 'peers'")


@pytest.mark.parametrize("family", ["two arcs", "three arcs", "ladder", "Gerischer"])
def test_both_engines_find_the_same_values_and_errors(family):
    case = make(family, 40_000)
    ours = eisfit.fit(case.spectrum, case.model)
    theirs = eisfit.fit(case.spectrum, case.model, engine="impedance")
    assert theirs.settings["engine"].startswith("impedance")
    # One minimum, found by two optimisers. Theirs has a numerical Jacobian of plain, badly scaled
    # parameters: it stops up to half a percent higher, and its errors of Q and alpha are rough.
    assert ours.chi_square <= theirs.chi_square * (1 + 1e-9)
    assert theirs.chi_square <= 1.01 * ours.chi_square
    for name in case.model.names:
        if np.isfinite(ours.stderr[name]):
            assert abs(theirs.values[name] - ours.values[name]) < ours.stderr[name]
        if name.startswith("R") and "arcs" in family:
            assert theirs.stderr[name] == pytest.approx(ours.stderr[name], rel=0.1)


def test_the_answer_is_our_kind_of_result():
    case = make("two arcs", 40_001)
    r = eisfit.fit(case.spectrum, case.model, engine="impedance")
    assert isinstance(r, eisfit.FitResult)
    assert len(r.impedance) == len(case.spectrum)
    assert np.sum(np.abs(r.residuals) ** 2) == pytest.approx(r.chi_square)
    assert set(r.resistances()["element"]) >= {"R0", "R1", "R2"}
    a = eisfit.analyze(case.spectrum, case.model, engine="impedance")
    assert a.fit.settings["engine"] == r.settings["engine"]


def test_it_begins_where_it_is_told():
    case = make("two arcs", 40_002)
    r = eisfit.fit(case.spectrum, case.model, engine="impedance", start=case.truth)
    assert r.values["R1"] == pytest.approx(case.truth["R1"], rel=0.2)


def test_what_it_cannot_do_is_said():
    case = make("two arcs", 40_003)
    with pytest.raises(EngineError, match="neither fixed nor bounds"):
        eisfit.fit(case.spectrum, case.model, engine="impedance", fixed={"R0": 1.0})
    with pytest.raises(EngineError, match="name a model"):
        eisfit.fit(case.spectrum, "auto", engine="impedance")
