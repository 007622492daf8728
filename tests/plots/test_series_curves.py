"""Plots of spectra and distributions along a series: places, colours, scales, names."""

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from plot_looks import bars_of_colour, insets, is_whole, texts
from plot_studies import NASTY, TIMES, distribution, spectrum

from eisfit import plots
from eisfit.plots import style
from eisfit.plots.sequence import Positions, in_words, thinned
from eisfit.relaxation.result import DRTResult


@pytest.fixture(scope="module")
def base() -> DRTResult:
    return distribution([100.0])


def lightness(colour: object) -> float:
    """CIE lightness, of which a colour-blind reader sees the same."""
    rgb = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    y = float(linear @ [0.2126, 0.7152, 0.0722])
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def test_time_is_colour_of_rising_lightness() -> None:
    members = [(spectrum(1 + t / 10), t) for t in TIMES]
    ax = plots.nyquist_series(members)
    lines = style.data_lines(ax)
    for line, (one, _) in zip(lines, members, strict=True):
        np.testing.assert_allclose(line.get_xdata(), one.impedance.real)
        np.testing.assert_allclose(line.get_ydata(), -one.impedance.imag)
    steps = np.diff([lightness(line.get_color()) for line in lines])
    assert steps.min() > 1.0
    (bar,) = bars_of_colour(ax)
    assert bar.get_ylabel() == "Time (h)"
    assert [t.get_text() for t in bar.get_yticklabels()][-1] == "48"


def test_axes_of_a_series_are_equal() -> None:
    ax = plots.nyquist_series([(spectrum(t + 1), t) for t in TIMES])
    ax.figure.canvas.draw()
    (x0, y0), (x1, y1) = ax.transData.transform([(0, 0), (10, 10)])
    assert x1 - x0 == pytest.approx(y1 - y0, rel=1e-3)


def test_states_have_a_key_in_the_order_of_a_cycle_and_no_bar() -> None:
    members = [(spectrum(k), s) for k, s in ((3, "charged"), (1, "discharged"), (2, "pristine"))]
    ax = plots.nyquist_series(members, along="state")
    assert not bars_of_colour(ax)
    assert [t for t in texts(ax) if t] == ["pristine", "discharged", "charged"]


def test_an_unknown_place_is_grey_and_one_place_needs_no_bar() -> None:
    ax = plots.nyquist_series([(spectrum(), 0.0), (spectrum(2), float("nan")), (spectrum(3), 5.0)])
    colours = [line.get_color() for line in style.data_lines(ax)]
    assert colours[1] == style.GREY
    assert len(set(map(str, colours))) == 3
    ax = plots.nyquist_series([(spectrum(), 24.0)], samples=["Si"])
    assert not bars_of_colour(ax)
    assert ax.get_title(loc="left") == "Si, 24 h"


@pytest.mark.parametrize(("ratio", "count"), [(3.0, 0), (100.0, 1), (1e5, 1)])
def test_spectra_decades_smaller_are_enlarged(ratio: float, count: int) -> None:
    ax = plots.nyquist_series([(spectrum(), 0.0), (spectrum(ratio), 1.0)], samples=["a", "b"])
    found = insets(ax)
    assert len(found) == count
    for inset in found:
        assert inset.get_xlim()[1] < 300.0
        ax.figure.canvas.draw()
        frame = inset.get_tightbbox()
        for line in style.data_lines(ax):
            points = ax.transData.transform(np.column_stack(line.get_data()))
            assert not any(frame.contains(*point) for point in points)
    members = [(spectrum(), 0.0), (spectrum(ratio), 1.0)]
    assert not insets(plots.nyquist_series(members, inset=False))


def test_samples_differ_by_their_markers() -> None:
    ax = plots.nyquist_series([(spectrum(), 0.0), (spectrum(2), 0.0)], samples=NASTY[1:3])
    markers = [line.get_marker() for line in style.data_lines(ax)]
    assert len(set(markers)) == 2
    assert NASTY[1] in texts(ax)


def test_times_that_crowd_get_a_logarithmic_bar() -> None:
    places = np.array([0.1, 0.2, 0.5, 1.0, 10.0, 1000.0])
    norm = Positions.of(list(places), "time_h").norm()
    np.testing.assert_allclose(norm(places), np.log(places / 0.1) / np.log(1e4))
    even = Positions.of([0.0, 10.0, 20.0, 30.0], "time_h").norm()
    np.testing.assert_allclose(even([0.0, 15.0, 30.0]), [0.0, 0.5, 1.0])
    with_zero = Positions.of([0.0, 1.0, 2.0, 5.0, 1000.0], "time_h").norm()
    assert np.all(np.diff(with_zero([0.0, 1.0, 2.0, 5.0, 1000.0])) > 0.05)


def test_the_ends_of_a_bar_are_always_labelled() -> None:
    marked = thinned(Positions.of(list(range(40)), "cycle"), 7)
    assert marked[0] == 0
    assert marked[-1] == 39
    assert np.diff(marked).min() >= 39 / 7 * 0.99
    assert in_words(24.0, "time_h") == "24 h"
    assert in_words("charged") == "charged"


def test_the_waterfall_stands_by_ascending_place_on_one_scale(base: DRTResult) -> None:
    members = [(distribution([100.0 + t, 50.0], base), t) for t in TIMES[::-1]]
    ax = plots.drt_waterfall(members)
    assert [t for t in texts(ax) if t][:6] == ["0", "3", "6", "12", "24", "48"]
    curves = [line for line in ax.get_lines() if len(line.get_xdata()) > 10]
    rises = [float(np.ptp(line.get_ydata())) for line in curves]
    np.testing.assert_allclose(rises, [100.0 + t for t in TIMES], rtol=0.01)
    floors = [float(np.min(line.get_ydata())) for line in curves]
    np.testing.assert_allclose(np.diff(floors), np.diff(floors)[0], rtol=1e-6)
    (bar,) = (line for line in ax.get_lines() if len(line.get_xdata()) == 2)
    assert f"{style.quantity(float(np.ptp(bar.get_ydata())), 'Ω')}" in texts(ax)


def test_heights_that_differ_by_decades_have_scales_of_their_own(base: DRTResult) -> None:
    members = [(distribution([h], base), i) for i, h in enumerate((5.0, 5e4))]
    ax = plots.drt_waterfall(members)
    assert "each to its own peak" in ax.get_ylabel()
    assert [t for t in texts(ax) if "Ω" in t] == ["0 (5 Ω)", "1 (50 kΩ)"]
    assert ax.get_ylim()[1] < 5.0
    common = plots.drt_waterfall(members, scale="common")
    assert common.get_ylim()[1] > 5e4


def test_only_the_window_or_the_wanted_span_is_drawn(base: DRTResult) -> None:
    members = [(distribution([100.0, 50.0], base), t) for t in TIMES]
    window = members[0][0].spectrum.tau_window
    for make in (plots.drt_waterfall, plots.drt_map):
        assert make(members).get_xlim() == pytest.approx(window)
        ax = make(members, tau_s=(1e-5, 1e-3))
        assert ax.get_xlim() == pytest.approx((1e-5, 1e-3))
        (upper,) = (child for child in ax.child_axes if child.get_xlabel() == "Frequency (Hz)")
        ax.figure.canvas.draw()
        above = upper.transData.transform((1 / (2 * np.pi * 1e-4), 0))[0]
        assert above == pytest.approx(ax.transData.transform((1e-4, 0))[0], abs=0.1)


def test_the_map_holds_gamma_at_its_place(base: DRTResult) -> None:
    members = [(distribution([100.0 + t, 50.0], base), t) for t in (0.0, 10.0, 20.0)]
    ax = plots.drt_map(members)
    mesh = ax.collections[0]
    values = mesh.get_array().reshape(3, -1)
    np.testing.assert_allclose(values.max(axis=1), [100.0, 110.0, 120.0], rtol=0.01)
    edges = mesh.get_coordinates()[:, 0, 1]
    np.testing.assert_allclose(edges, [-5.0, 5.0, 15.0, 25.0])
    rings = [line for line in ax.get_lines() if line.get_marker() == "o"]
    assert {(float(r.get_xdata()[0]), float(r.get_ydata()[0])) for r in rings} >= {(1e-4, 10.0)}
    assert mesh.norm.vmax == 120.0
    assert not isinstance(mesh.norm, matplotlib.colors.LogNorm)


def test_a_map_of_uneven_times_names_its_rows(base: DRTResult) -> None:
    ax = plots.drt_map([(distribution([1e4, 10.0], base), t) for t in (0.0, 1.0, 100.0)])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["0", "1", "100"]
    assert isinstance(ax.collections[0].norm, matplotlib.colors.LogNorm)


@pytest.mark.parametrize("kind", ["nyquist_series", "drt_waterfall", "drt_map"])
@pytest.mark.parametrize(
    ("case", "columns"), [("one", 1), ("forty", 2), ("nasty", 1), ("nasty", 2), ("states", 1)]
)
def test_nothing_is_cut_and_the_width_is_that_of_the_paper(
    kind: str, case: str, columns: int, base: DRTResult
) -> None:
    places = {
        "one": [24.0], "forty": list(np.geomspace(0.1, 1e3, 40)), "nasty": [0.0, np.nan, 1e6],
        "states": ["charged", "pristine", "a state with a very long name indeed"],
    }[case]  # fmt: skip
    scales = np.geomspace(1.0, 1e4 if case == "nasty" else 3.0, len(places))
    options: dict[str, object] = {"along": "state" if case == "states" else "time_h"}
    if kind == "nyquist_series":
        members: list[object] = [(spectrum(k), p) for k, p in zip(scales, places, strict=True)]
        options["samples"] = [NASTY[i % 3] for i in range(len(places))]
    else:
        members = [
            (distribution([k, 0.1 * k], base), p) for k, p in zip(scales, places, strict=True)
        ]
        options["sample"] = NASTY[0]
    ax = getattr(plots, kind)(members, columns=columns, **options)
    is_whole(ax)
    width_cm = ax.figure.get_figwidth() * 2.54
    assert width_cm == pytest.approx({1: 8.5, 2: 17.8}[columns])


@pytest.mark.parametrize("form", ["svg", "pdf"])
def test_vector_formats_are_the_same_each_time(form: str, base: DRTResult) -> None:
    one, other = (
        plots.render(plots.drt_map([(distribution([9.0], base), t) for t in TIMES]), form)
        for _ in range(2)
    )
    assert one == other


def test_callers_axes_are_used_and_returned(base: DRTResult) -> None:
    panels = Figure(figsize=(7, 3)).subplots(1, 3)
    assert plots.nyquist_series([(spectrum(), 0.0)], panels[0]) is panels[0]
    assert plots.drt_waterfall([(base, 0.0)], panels[1]) is panels[1]
    assert plots.drt_map([(base, 0.0)], panels[2]) is panels[2]


def test_what_cannot_be_drawn_is_refused(base: DRTResult) -> None:
    with pytest.raises(ValueError, match="at least one spectrum"):
        plots.nyquist_series([])
    with pytest.raises(ValueError, match="1 sample names for 2 spectra"):
        plots.nyquist_series([(spectrum(), 0.0), (spectrum(), 1.0)], samples=["a"])
    with pytest.raises(ValueError, match="at least one distribution"):
        plots.drt_waterfall([])
    with pytest.raises(ValueError, match="at least one distribution"):
        plots.drt_map([])
    with pytest.raises(ValueError, match="unknown scale"):
        plots.drt_waterfall([(base, 0.0)], scale="log")
    with pytest.raises(ValueError, match="1 or 2 columns"):
        plots.drt_map([(base, 0.0)], columns=3)


def test_what_is_shared_stands_above_the_key() -> None:
    members = [(spectrum(1.0), 0.0), (spectrum(0.16), 0.0), (spectrum(1.2), 4.0)]
    ax = plots.nyquist_series(members, samples=["Si", "Si@AlCl3", "Si"], title="60 °C")
    assert ax.get_title(loc="left") == "60 °C"
    assert "Si@AlCl3" in texts(ax)
    # Seven times as small: a blob without a closer look
    assert len(insets(ax)) == 1
    is_whole(ax)
    alone = plots.nyquist_series(members[:1], title="Si, cell 1, 60 °C")
    assert alone.get_title(loc="left") == "Si, cell 1, 60 °C, 0 h"


@pytest.mark.parametrize("count", [3, 20])
def test_the_key_marks_points_as_the_plot_does(count: int) -> None:
    members = [(spectrum(1.0 + i), float(i)) for i in range(count)]
    ax = plots.nyquist_series(members, samples=["a", "b"] + ["a"] * (count - 2))
    keys = [child for child in ax.get_children() if isinstance(child, Legend)]
    (handle, *_) = [h for key in keys for h in key.legend_handles]
    assert (handle.get_markerfacecolor() == "none") == (count == 3)
    assert (ax.get_lines()[0].get_markerfacecolor() == "none") == (count == 3)
