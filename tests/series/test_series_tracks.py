"""Which spectra follow each other, and along what."""

import pickle
from typing import Any

import pytest
from series_cells import spectrum

from eisfit.errors import SeriesError
from eisfit.series import Member, Series


def series(along: str = "", **columns: Any) -> Series:
    size = max(len(v) for v in columns.values() if isinstance(v, list))
    return Series.from_spectra([spectrum() for _ in range(size)], along, **columns)


def test_cells_states_and_samples_are_tracks_of_their_own() -> None:
    found = series(
        sample=["Si", "Si", "Si", "Si", "C", "C"],
        cell=["1", "1", "2", "1", "1", "1"],
        state=["pristine", "pristine", "pristine", "charged", "pristine", "pristine"],
        time_h=[10.0, 0.0, 0.0, 0.0, 5.0, 1.0],
    )
    assert found.along == "time_h"
    assert found.tracks() == ((1, 0), (2,), (3,), (5, 4))


@pytest.mark.parametrize(
    ("columns", "along"),
    [
        ({"time_h": [0.0, 1.0], "temperature_c": [25.0, 25.4]}, "time_h"),
        ({"cycle": [1, 2]}, "cycle"),
        ({"temperature_c": [25.0, 5.0]}, "temperature_c"),
        ({"temperature_c": [25.0, 24.2], "soc_percent": [10, 20]}, "soc_percent"),
        ({"state": ["charged", "pristine"]}, "state"),
        ({"sample": ["a", "b"]}, "time_h"),
    ],
)
def test_the_coordinate_is_the_first_that_varies_in_a_cell(
    columns: dict[str, Any], along: str
) -> None:
    assert series(**{"sample": "Si", **columns}).along == along


def test_a_thermostat_that_swings_parts_no_track_and_a_setting_does() -> None:
    found = series(
        sample="LPSCl", time_h=[0.0, 0.0, 5.0, 5.0], temperature_c=[25.0, 59.8, 24.3, 60.4]
    )
    assert found.tracks() == ((0, 2), (1, 3))


def test_a_clock_beside_the_temperature_parts_nothing_until_it_must() -> None:
    once = series("temperature_c", sample="x", temperature_c=[25.0, 5.0], time_h=[0.0, 0.7])
    assert once.tracks() == ((1, 0),)
    again = series(
        "temperature_c", sample="x", temperature_c=[25.0, 5.0, 25.0, 5.0],
        time_h=[0.0, 0.0, 100.0, 100.0],
    )  # fmt: skip
    assert again.tracks() == ((1, 0), (3, 2))


def test_states_stand_in_the_order_of_a_cycle() -> None:
    found = series("state", sample="Si", state=["charged", "discharge", "as made", "stored"])
    (track,) = found.tracks()
    assert [found.members[i].state for i in track] == [
        "pristine", "discharged", "charged", "stored",
    ]  # fmt: skip


def test_places_that_are_no_numbers_come_last() -> None:
    found = series("time_h", sample="Si", time_h=[float("nan"), 3.0, 1.0])
    assert found.tracks() == ((2, 1, 0),)


def test_instruments_clocks_stand_in_where_nothing_else_is_said(tmp_path: Any) -> None:
    spectra = [
        spectrum(acquired="2025-05-15T04:00:00.000", time_s=1800.0),
        spectrum(acquired="2025-05-15T01:00:00.000"),
    ]
    found = Series.from_spectra(spectra, sample="Si")
    assert [m.time_h for m in found.members] == pytest.approx([3.5, 0.0])
    assert found.along == "time_h"
    assert "clocks" in found.notes[0]
    told = Series.from_spectra(spectra, sample="Si", bias_v=[0.0, 0.1])
    assert told.along == "bias_v"
    assert all(m.time_h != m.time_h for m in told.members)


def test_a_series_is_frozen_and_travels(tmp_path: Any) -> None:
    found = series(sample="Si", time_h=[0.0, 1.0], reference_R1_ohm=[1.0, 2.0], soc=[1, 2])
    again = pickle.loads(pickle.dumps(found))
    assert [m.conditions() for m in again.members][1]["soc"] == 2
    assert again.members[1].reference["R1"] == 2.0
    with pytest.raises(AttributeError):
        found.along = "cycle"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        found.members[0].extra.new = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Series(()), "at least one spectrum"),
        (lambda: Member(spectrum(), " "), "name of its sample"),
        (lambda: Member(spectrum(), "Si", cell_type="third"), "third"),
        (lambda: Member(spectrum(), "Si", time_h="late"), "time_h"),  # type: ignore[arg-type]
        (lambda: series("pressure", sample=["Si", "C"]), "no member has a coordinate 'pressure'"),
        (lambda: Series.from_spectra([spectrum()], time_h=[1.0, 2.0]), "2 values for 1 spectra"),
    ],
)
def test_what_can_be_no_series_is_refused(make: Any, said: str) -> None:
    with pytest.raises(SeriesError, match=said):
        make()


def test_an_extra_that_is_called_like_a_column_of_the_tables_keeps_apart() -> None:
    member = Member(spectrum(), "Si", extra={"status": "dry", "soc": 3.0})
    assert member.conditions()["given_status"] == "dry"
    assert "status" not in member.conditions()


def test_a_window_that_leaves_nothing_costs_only_that_member() -> None:
    wide, low = spectrum(), spectrum().crop(0.0, 10.0)
    found = Series.from_spectra([wide, low], sample=["a", "b"])
    cut = found.prepared(lambda s: s.crop(1e3, 1e6))
    assert [m.sample for m in cut.members] == ["a"]
    assert "no point between" in cut.failures[0].error
