"""Damaged files and any text at all: our own errors, or sound spectra, in time."""

import numpy as np
import pytest
from damage import damaged, read_or_refuse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import SAMPLES

import eisfit.io as eio
from eisfit.errors import ReadError

EACH = 78  # times 26 samples: 2,028 files


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_damaged_samples(tmp_path, name):
    random = np.random.default_rng([20250515, sorted(SAMPLES).index(name)])
    content = SAMPLES[name]()
    others = [make() for make in SAMPLES.values()]
    path = tmp_path / "fuzzed"
    outcomes = set()
    for _ in range(EACH):
        other = others[int(random.integers(len(others)))]
        path.write_bytes(damaged(content, other, random))
        outcomes.add(read_or_refuse(path))
    assert False in outcomes


# Every example writes its file anew.
SHARED = [HealthCheck.function_scoped_fixture]

FIELDS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True).map(str),
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from(["", "1,5", "1.000,5", "1,000", "2.000", "1 000", "1'000", "1e400", "freq/Hz",
                     "Re(Z)/Ohm", "-Im(Z)/Ohm", "f", "Z'", "Z''", "|Z|", "phase", "#NAME?", '"',
                     "[1, 2]", "time/s", "cycle"]),
    st.text(max_size=8),
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=SHARED)
@given(
    names=st.lists(FIELDS, min_size=1, max_size=6),
    rows=st.lists(st.lists(FIELDS, min_size=1, max_size=6), max_size=8),
    separator=st.sampled_from([",", ";", "\t", " ", "  "]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
)
def test_any_table(tmp_path, names, rows, separator, end, encoding):
    text = end.join(separator.join(row) for row in [names, *rows])
    path = tmp_path / "fuzzed"
    path.write_bytes(text.encode(encoding, errors="replace"))
    read_or_refuse(path)


@settings(max_examples=100, deadline=None, suppress_health_check=SHARED)
@given(
    name=st.sampled_from(sorted(SAMPLES)),
    columns=st.one_of(
        st.none(), st.lists(FIELDS, max_size=8), st.dictionaries(FIELDS, FIELDS, max_size=3),
        st.text(max_size=30),
    ),
    sign=st.sampled_from([None, "+", "-"]),
    electrode=st.sampled_from([None, *eio.ELECTRODES]),
    decimal=st.sampled_from([None, ".", ","]),
)  # fmt: skip
def test_any_request(tmp_path, name, columns, sign, electrode, decimal):
    path = tmp_path / "sample"
    path.write_bytes(SAMPLES[name]())
    try:
        spectra = eio.read(path, columns=columns, sign=sign, electrode=electrode, decimal=decimal)
    except ReadError:
        return
    assert all(np.isfinite(s.impedance).all() and (s.frequency > 0).all() for s in spectra)
