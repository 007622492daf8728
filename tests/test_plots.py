"""Plots: what is on the axes, what the text says, and that the same figure gives the same file."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread

from eisfit import plots
from eisfit.api import drt, fit, kramers_kronig, load_model
from eisfit.fitting.result import FitResult
from eisfit.plots import style
from eisfit.relaxation.result import DRTResult
from eisfit.spectrum import Spectrum

FREQUENCY = np.geomspace(1e5, 1.0, 41)
VALUES = {"R0": 20.0, "R1": 100.0, "C1": 1e-6, "R2": 50.0, "C2": 1e-4}
CIRCUIT = "R0-p(R1,C1)-p(R2,C2)"


def sample(scale: float = 1.0, label: str = "cell") -> Spectrum:
    z = load_model(CIRCUIT).impedance(FREQUENCY, VALUES)
    return Spectrum(FREQUENCY, scale * z, label)


@pytest.fixture(scope="module")
def fitted() -> FitResult:
    return fit(sample(), CIRCUIT)


def pixels(ax: Axes) -> np.ndarray:
    return imread(io.BytesIO(plots.render(ax, "png", 60)))


def texts(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    return [t.get_text() for t in [*ax.texts, *(legend.get_texts() if legend else [])]]


def test_nyquist_shows_ohm_upwards_with_one_scale_on_both_axes(fitted: FitResult) -> None:
    spectrum = sample()
    ax = plots.nyquist(spectrum, fitted)
    data = ax.get_lines()[0]
    np.testing.assert_array_equal(data.get_xdata(), spectrum.impedance.real)
    np.testing.assert_array_equal(data.get_ydata(), -spectrum.impedance.imag)
    ax.figure.canvas.draw()
    (x0, y0), (x1, y1) = ax.transData.transform([(0, 0), (10, 10)])
    assert x1 - x0 == pytest.approx(y1 - y0, rel=1e-3)
    assert x1 > x0
    assert ax.get_xlabel() == "Z′ (Ω)"


@pytest.mark.parametrize(
    "impedance",
    [
        [10 - 5j],
        [47.0, 47.0, 47.0],
        [0.0, 0.0],
        [1 + 50j, 1 - 0.1j, 2 - 0.2j],
        [1e3 - 10j, 2e3 - 1e6j, 3e4 - 9e6j],
        [1e-7 - 1e-8j, 2e-7 - 3e-8j],
        [3e11 - 1e10j, 9e11 - 3e11j],
        [-5 - 1j, -3 - 4j],
    ],
    ids=["point", "resistor", "zero", "inductive", "blocking", "tiny", "huge", "negative"],
)
def test_odd_spectra_stay_inside_equal_axes(impedance: list[complex]) -> None:
    z = np.array(impedance, dtype=complex)
    spectrum = Spectrum(np.geomspace(1e4, 1.0, len(z)), z)
    ax = plots.nyquist(spectrum)
    pixels(ax)
    (x_low, x_high), (y_low, y_high) = ax.get_xlim(), ax.get_ylim()
    assert np.all((x_low < z.real) & (z.real < x_high))
    assert np.all((y_low < -z.imag) & (-z.imag < y_high))
    box = ax.get_window_extent()
    assert (y_high - y_low) / (x_high - x_low) == pytest.approx(box.height / box.width, rel=0.01)
    pixels(plots.bode(spectrum))


@pytest.mark.parametrize(
    ("scale", "unit"), [(1.0, "Ω"), (1e-4, "mΩ"), (100.0, "kΩ"), (1e5, "MΩ"), (1e8, "GΩ")]
)
def test_the_unit_suits_the_size_and_the_data_stay_in_ohm(scale: float, unit: str) -> None:
    ax = plots.nyquist(sample(scale))
    assert ax.get_xlabel() == f"Z′ ({unit})"
    ax.figure.canvas.draw()
    labels = [t.get_text() for t in ax.get_xticklabels() if t.get_text()]
    assert all(abs(float(text.replace("−", "-"))) < 1000 for text in labels)
    position = ax.xaxis.get_majorticklocs()[-1]
    factor = {"mΩ": 1e-3, "Ω": 1.0, "kΩ": 1e3, "MΩ": 1e6, "GΩ": 1e9}[unit]
    assert float(labels[-1]) * factor == pytest.approx(position)


def test_an_area_shows_in_the_unit() -> None:
    assert plots.nyquist(sample().scaled_by_area(0.5)).get_xlabel() == "Z′ (Ω cm²)"


@pytest.mark.parametrize(
    ("value", "said"),
    [(50730.0, "50.7 kΩ"), (999.9, "1 kΩ"), (0.5, "500 mΩ"), (0.0, "0 Ω"), (2.5e9, "2.5 GΩ")],
)
def test_a_quantity_has_three_digits_and_a_prefix(value: float, said: str) -> None:
    assert style.quantity(value, "Ω") == said


def test_masked_points_are_grey_set_no_limit_and_those_outside_are_counted() -> None:
    clean = sample()
    z = np.array(clean.impedance)
    z[3], z[20] = 1e6 - 1e6j, z[20] * 1.02
    where = np.isin(np.arange(len(z)), [3, 20])
    spectrum = Spectrum(FREQUENCY, z, "cell").masked(where, "outlier")
    ax = plots.nyquist(spectrum)
    assert ax.get_xlim()[1] < 300
    assert "masked (1 outside)" in texts(ax)
    grey = [line for line in ax.get_lines() if line.get_markeredgecolor() == style.GREY]
    assert [len(line.get_xdata()) for line in grey] == [1]
    assert grey[0].get_markerfacecolor() == "none"
    assert plots.bode(spectrum).get_ylim()[1] < 1000


def test_decades_of_frequency_are_marked_where_they_are() -> None:
    spectrum = sample()
    ax = plots.nyquist(spectrum)
    black = next(line for line in ax.get_lines() if line.get_color() == "black")
    expected = [spectrum.impedance[np.argmin(np.abs(FREQUENCY - 10.0**k))] for k in range(6)]
    found = np.asarray(black.get_xdata()) - 1j * np.asarray(black.get_ydata())
    np.testing.assert_allclose(sorted(found, key=abs), sorted(expected, key=abs))
    by_text = {note.get_text(): note.xy for note in ax.texts}
    assert by_text["1 Hz"] == pytest.approx(
        (spectrum.impedance[-1].real, -spectrum.impedance[-1].imag)
    )


def test_the_fit_is_a_smooth_curve_through_the_truth(fitted: FitResult) -> None:
    ax = plots.nyquist(sample(), fitted)
    line = next(line for line in ax.get_lines() if line.get_linestyle() == "-")
    assert len(line.get_xdata()) > 3 * len(FREQUENCY)
    exact = load_model(CIRCUIT).impedance(np.geomspace(1e5, 1.0, 2001), VALUES)
    z = np.asarray(line.get_xdata()) - 1j * np.asarray(line.get_ydata())
    assert np.abs(z[:, None] - exact).min(axis=1).max() < 0.5


def test_bode_shows_modulus_and_phase_over_log_frequency(fitted: FitResult) -> None:
    spectrum = sample()
    ax = plots.bode(spectrum, fitted)
    (right,) = (other for other in ax.figure.axes if other is not ax)
    np.testing.assert_allclose(ax.get_lines()[0].get_ydata(), np.abs(spectrum.impedance))
    phase = np.degrees(np.arctan2(spectrum.impedance.imag, spectrum.impedance.real))
    np.testing.assert_allclose(right.get_lines()[0].get_ydata(), phase)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    colours = {line.get_markeredgecolor() for line in (ax.get_lines()[0], right.get_lines()[0])}
    markers = {line.get_marker() for line in (ax.get_lines()[0], right.get_lines()[0])}
    assert len(colours) == len(markers) == 2


def test_drt_names_its_peaks_and_its_upper_axis_is_frequency() -> None:
    result = drt(sample())
    ax = plots.drt(result, roles={1: "grain_boundary"})
    ax.figure.canvas.draw()
    rows = result.peak_rows
    assert f"1  grain boundary  {style.quantity(rows[0]['resistance_ohm'], 'Ω')}" in texts(ax)
    (upper,) = ax.child_axes
    for tau in (1e-5, 1e-2):
        frequency = 1 / (2 * np.pi * tau)
        above, below = upper.transData.transform((frequency, 0)), ax.transData.transform((tau, 0))
        assert above[0] == pytest.approx(below[0], abs=0.1)
    low, high = result.spectrum.tau_window
    shaded = [patch.get_extents() for patch in ax.patches]
    window = ax.transData.transform([(low, 0), (high, 0)])[:, 0]
    assert [shaded[0].x1, shaded[-1].x0] == pytest.approx(list(window), abs=0.5)


def test_the_key_of_the_drt_covers_no_peak() -> None:
    result = drt(sample())
    ax = plots.drt(result, roles=dict.fromkeys(range(1, 9), "a_long_name"))
    ax.figure.canvas.draw()
    key = ax.get_legend().get_window_extent()
    top = ax.transData.transform((1.0, float(np.max(result.gamma))))[1]
    assert key.y0 > top


def blocking(tail_ohm: float = 1e6, label: str = "pellet") -> Spectrum:
    """Two arcs of 100 and 50 ohm before a tail that reaches `tail_ohm` at 1 Hz."""
    z = sample().impedance + tail_ohm * (1j * FREQUENCY) ** -0.9
    return Spectrum(FREQUENCY, z, label)


def insets(ax: Axes) -> list[Axes]:
    return [child for child in ax.child_axes if child.get_gid() == "eisfit-inset"]


@pytest.mark.parametrize(("tail", "count"), [(1e6, 1), (1e4, 1), (300.0, 0), (30.0, 0)])
def test_arcs_before_a_large_tail_are_enlarged(tail: float, count: int) -> None:
    frequency = np.geomspace(1e6, 1e-2, 81)  # here the tail lies below the arcs
    z = load_model(CIRCUIT).impedance(frequency, VALUES) + tail * (1j * frequency * 1e2) ** -0.9
    ax = plots.nyquist(Spectrum(frequency, z))
    assert len(insets(ax)) == count


def test_an_inset_shows_the_arcs_with_one_scale_and_covers_nothing() -> None:
    spectrum = blocking()
    ax = plots.nyquist(spectrum, inset=True)
    (inset,) = insets(ax)
    ax.figure.canvas.draw()
    (x0, y0), (x1, y1) = inset.transData.transform([(0, 0), (10, 10)])
    assert x1 - x0 == pytest.approx(y1 - y0, rel=0.02)
    assert inset.get_xlim()[1] < 0.5 * ax.get_xlim()[1]
    assert inset.get_xlabel().endswith("Ω)")
    frame = inset.get_tightbbox()
    z = spectrum.impedance
    points = ax.transData.transform(np.column_stack([z.real, -z.imag]))
    assert not any(frame.contains(*point) for point in points)
    words = [t.get_window_extent() for t in ax.texts] + [ax.get_legend().get_window_extent()]
    assert not any(frame.overlaps(word) for word in words)
    assert not insets(plots.nyquist(spectrum, inset=False))


@pytest.mark.parametrize("where", [None, "panel"])
@pytest.mark.parametrize("kind", ["arcs", "blocking", "warburg", "spiral", "full"])
def test_key_and_names_never_cover_data(kind: str, where: str | None) -> None:
    turn = np.linspace(0.0, 6.0 * np.pi, 60)
    rng = np.random.default_rng(1)
    z = {
        "arcs": sample().impedance,
        "blocking": blocking().impedance,
        "warburg": 10.0 + 1e3 * (1j * FREQUENCY) ** -0.5,
        "spiral": 50.0 + turn * np.exp(1j * turn),
        "full": rng.uniform(0, 1, 60) - 1j * rng.uniform(0, 1, 60),
    }[kind]
    spectrum = Spectrum(np.geomspace(1e6, 1.0, len(z)), z)
    panel = Figure(figsize=(5, 4)).subplots(2, 2)[0, 0] if where else None
    ax = plots.nyquist(spectrum, ax=panel)
    ax.figure.canvas.draw()
    points = ax.transData.transform(np.column_stack([z.real, -z.imag]))
    words = [t.get_window_extent() for t in ax.texts] + [ax.get_legend().get_window_extent()]
    for word in words:
        assert not any(word.contains(*point) for point in points)
    box = ax.get_window_extent()
    assert all(box.contains(*corner) for word in words for corner in word.corners())


def test_a_second_sample_moves_names_and_inset_aside() -> None:
    ax = plots.nyquist(blocking(label="one"))
    assert len(insets(plots.nyquist(blocking(3e5, label="two"), ax=ax, inset=True))) == 1
    ax = plots.nyquist(sample(label="one"))
    plots.nyquist(sample(1.5, label="two"), ax=ax)
    ax.figure.canvas.draw()
    for line in style.data_lines(ax):
        points = ax.transData.transform(np.column_stack(line.get_data()))
        assert not any(t.get_window_extent().contains(*p) for t in ax.texts for p in points)


def with_peak_outside(height: float) -> DRTResult:
    """A distribution with 100 ohm inside the window, and `height` behind its low end."""
    result = drt(sample())
    low, high = result.spectrum.tau_window
    tau = np.geomspace(low / 10.0, high * 100.0, 200)
    gamma = 100.0 * np.exp(-(np.log(tau / 1e-4) ** 2))
    gamma += height * np.exp(-(np.log(tau / (30.0 * high)) ** 2))
    rows = tuple(
        {"tau_s": t, "gamma_ohm": g, "resistance_ohm": 1.77 * g, "status": status}
        for t, g, status in ((1e-4, 100.0, "ok"), (30.0 * high, height, "outside window"))
    )
    nan = np.full(len(tau), np.nan)
    return replace(
        result, tau=tau, gamma=gamma, lower=nan, upper=nan,
        in_window=(low <= tau) & (tau <= high), peak_rows=rows,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("height", "off"), [(50.0, False), (200.0, False), (400.0, True), (2e6, True)]
)
def test_the_drt_follows_the_peaks_inside_the_window(height: float, off: bool) -> None:
    ax = plots.drt(with_peak_outside(height))
    ax.figure.canvas.draw()
    said = " ".join(texts(ax))
    assert ("off scale" in said) == off
    assert (ax.get_ylim()[1] > height) != off
    assert ax.get_yscale() == "linear"
    inside = ax.transData.transform((1e-4, 100.0))[1] - ax.transData.transform((1e-4, 0.0))[1]
    if off:
        assert f"off scale: {style.quantity(1.77 * height, 'Ω')} at" in said
        assert inside > 0.3 * ax.get_window_extent().height
        # The curve ends where the ground of the key begins
        header = next(p for p in ax.patches if p.get_gid() == "eisfit-header")
        key = ax.get_legend().get_window_extent()
        assert header.get_window_extent().y0 <= key.y0
        assert max(ax.get_yticks()) <= header.get_extents().transformed(
            ax.transData.inverted()
        ).y0 * (1 + 1e-9)


def share_of_height(ax: Axes, top: float) -> float:
    """Return the share of the axes' height from zero to `top`."""
    ax.figure.canvas.draw()
    low, high = ax.transData.transform([(1e-4, 0.0), (1e-4, top)])[:, 1]
    return float((high - low) / ax.get_window_extent().height)


def test_a_band_beyond_the_window_does_not_press_the_curve_down() -> None:
    result = with_peak_outside(50.0)
    upper = np.where(result.in_window, 1.1 * result.gamma, 1e5)
    lower = 0.9 * result.gamma
    ax = plots.drt(replace(result, lower=lower, upper=upper))
    assert share_of_height(ax, 100.0) > 0.5
    # A band as wide inside is cut at half as much again
    ax = plots.drt(replace(result, lower=lower, upper=np.full(len(upper), 1e5)))
    assert share_of_height(ax, 100.0) > 0.45


def test_a_spectrum_without_peaks_has_an_axis_of_its_modulus() -> None:
    flat = Spectrum(FREQUENCY, np.full(len(FREQUENCY), 100.0 + 0j))
    assert plots.drt(drt(flat)).get_ylim()[1] < 5.0


def test_many_peaks_make_the_figure_higher_and_the_key_names_what_is_sure() -> None:
    result = with_peak_outside(50.0)
    row = dict(result.peak_rows[0])
    tau = np.geomspace(1e-5, 1e-2, 16)
    rows = [{**row, "tau_s": t, "status": "not determined", "gamma_ohm": 20.0} for t in tau]
    rows[7] |= {"status": "ok", "gamma_ohm": 100.0, "resistance_ohm": 1.0}
    few = plots.drt(result)
    ax = plots.drt(replace(result, peak_rows=tuple(rows)))
    assert ax.figure.get_figheight() > few.figure.get_figheight() + 0.5
    assert share_of_height(ax, 100.0) > 0.3
    key = ax.get_legend().get_window_extent()
    assert key.y0 > ax.transData.transform((1e-4, 100.0))[1]
    said = texts(ax)
    assert "8  1 Ω" in said
    assert any(text.startswith("and ") for text in said)
    assert all(str(number) in said for number in range(1, 17))


def test_a_peak_beyond_the_grid_is_marked_at_its_end() -> None:
    result = with_peak_outside(50.0)
    far = {**result.peak_rows[1], "tau_s": 1e4 * result.tau[-1]}
    ax = plots.drt(replace(result, peak_rows=(result.peak_rows[0], far)))
    ax.figure.canvas.draw()
    frame = ax.get_window_extent()
    (number,) = [text for text in ax.texts if text.get_text() == "2"]
    assert frame.contains(*number.get_window_extent().get_points().mean(axis=0))
    assert f"at {style.quantity(far['tau_s'], 's', 2)}" in " ".join(texts(ax))


def test_outliers_do_not_set_the_limits_of_the_residuals() -> None:
    z = sample().impedance.copy()
    z[[20, 31]] *= 1.3
    ax = plots.residuals(kramers_kronig(Spectrum(FREQUENCY, z)))
    assert ax.get_ylim()[1] < 2.0
    arrows = [line for line in ax.get_lines() if line.get_marker() in "^v"]
    marked = {float(x) for line in arrows for x in line.get_xdata()}
    assert marked == {float(FREQUENCY[20]), float(FREQUENCY[31])}


def test_residuals_have_one_sign_for_circuit_and_kramers_kronig(fitted: FitResult) -> None:
    spectrum = sample()
    shifted = Spectrum(FREQUENCY, spectrum.impedance * 1.01, "cell")
    kk = kramers_kronig(spectrum)
    wrong_fit, wrong_kk = replace(fitted, spectrum=shifted), replace(kk, spectrum=shifted)
    ax = plots.residuals(wrong_kk, wrong_fit)
    drawn = [line for line in ax.get_lines() if len(line.get_xdata()) == len(FREQUENCY)]
    assert len(drawn) == 4
    for line, part in zip(drawn, ("real", "imag") * 2, strict=True):
        expected = 100 * getattr((spectrum.impedance - shifted.impedance), part)
        expected = expected / np.abs(shifted.impedance)
        np.testing.assert_allclose(line.get_ydata(), expected, atol=0.02)
    guides = {float(line.get_ydata()[0]) for line in ax.get_lines() if line.get_linestyle() == "--"}
    assert guides == {-0.5, 0.5}


def test_residuals_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="kk, fit or both"):
        plots.residuals()


@pytest.mark.parametrize("label", [r"$\bad$", "_x", r"$x$ \frac{", "50 % & #1 ~", "$", "日本 №"])
def test_a_label_is_shown_as_it_is(label: str) -> None:
    ax = plots.nyquist(sample(label=label))
    assert ax.get_title(loc="left") == label
    assert pixels(ax).shape[2] == 4
    plots.nyquist(sample(0.5, label="second"), ax=ax)
    assert label in texts(ax)
    pixels(ax)
    svg = plots.render(plots.nyquist(sample(label=label)), "svg").decode()
    assert f"<!-- {label.replace('&', '&amp;')} -->" in svg


def test_control_characters_and_endless_labels_do_not_break_the_title() -> None:
    title = plots.nyquist(sample(label="a\x00\nb\t" + "long" * 100)).get_title(loc="left")
    assert title.startswith("a b")
    assert title.endswith("long")
    assert "…" in title
    assert title.count("\n") <= 2


@pytest.mark.parametrize("name", ["nyquist", "bode", "drt", "residuals"])
@pytest.mark.parametrize("label", ["cell", "words of a label " * 20, "unbroken" * 30])
def test_nothing_runs_out_of_the_picture(name: str, label: str, fitted: FitResult) -> None:
    spectrum = sample(label=label)
    made = {
        "nyquist": lambda: plots.nyquist(spectrum, fitted),
        "bode": lambda: plots.bode(spectrum, fitted),
        "drt": lambda: plots.drt(drt(spectrum)),
        "residuals": lambda: plots.residuals(kramers_kronig(spectrum), fitted),
    }
    image = pixels(made[name]())[:, :, :3]
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    assert edge.min() == 1.0  # white all around: no letter touches the border
    assert image.min() < 0.2


def test_several_samples_share_axes_with_a_legend_and_colours_of_their_own() -> None:
    ax = plots.bode(sample(label="one"))
    assert plots.bode(sample(3.0, label="two"), ax=ax) is ax
    assert len(ax.figure.axes) == 2
    assert texts(ax) == ["one", "two"]
    first, second = style.data_lines(ax)
    assert first.get_markeredgecolor() != second.get_markeredgecolor()
    assert ax.get_ylim()[1] > np.abs(sample(3.0).impedance).max()


def test_summary_has_four_panels_under_name_and_circuit() -> None:
    from eisfit import analyze

    analysis = analyze(sample(label="$cell$"), CIRCUIT)
    figure = plots.summary(analysis)
    panels = [ax for ax in figure.axes if ax.get_title(loc="left")]
    assert [ax.get_title(loc="left") for ax in panels] == ["(a)", "(b)", "(c)", "(d)"]
    assert figure.get_suptitle().startswith("$cell$\n")
    assert CIRCUIT in figure.get_suptitle()
    assert plots.render(figure, "png", 60).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("form", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_the_same_figure_gives_the_same_bytes_without_a_date(form: str, magic: bytes) -> None:
    one, other = (plots.render(plots.bode(sample()), form) for _ in range(2))
    assert one.startswith(magic)
    assert one == other
    assert b"CreationDate" not in one
    assert b"<dc:date>" not in one


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="png, pdf, svg"):
        plots.render(Figure(), "exe")


def test_the_callers_settings_stay_as_they_are() -> None:
    before = dict(matplotlib.rcParams)
    plots.render(plots.nyquist(sample()), "svg")
    assert dict(matplotlib.rcParams) == before


def test_plots_never_load_pyplot(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np, eisfit.plots as p; from eisfit.spectrum import Spectrum;"
        "assert 'matplotlib' not in sys.modules;"
        "p.render(p.bode(Spectrum([1., 2.], [1-1j, 2-1j])));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
