"""Plots of tables: what is drawn where, with which interval, open or left out, and said."""

from itertools import pairwise

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from plot_looks import is_whole, texts
from plot_studies import NASTY, TIMES, aging, rows, states
from scipy import stats

from eisfit import plots
from eisfit.plots import keys
from eisfit.plots.growth import SHAPES, best_curves
from eisfit.trends import arrhenius, growth_laws
from eisfit.trends.laws import LAWS


def lines_of(ax: Axes, marker: str) -> list[tuple[np.ndarray, np.ndarray, str, str]]:
    """Points with a marker: x, y, edge, face."""
    return [
        (np.asarray(line.get_xdata()), np.asarray(line.get_ydata()),
         to_hex(line.get_markeredgecolor()), to_hex(line.get_markerfacecolor()))
        for line in ax.get_lines() if line.get_marker() == marker
    ]  # fmt: skip


def reaches(ax: Axes) -> list[np.ndarray]:
    """Ends of all error bars, (N, 2) each; NaN where one is not drawn."""
    found = []
    for container in ax.containers:
        if isinstance(container, ErrorbarContainer):
            (bars,) = container[2]
            ends = [np.asarray(segment).reshape(-1, 2)[:, 1] for segment in bars.get_segments()]
            found.append(np.array([pair if len(pair) == 2 else [np.nan] * 2 for pair in ends]))
    return found


def bars_of(ax: Axes) -> list[Rectangle]:
    return [p for p in ax.patches if isinstance(p, Rectangle) and p.get_height() > 0]


def test_the_trend_shows_values_and_their_intervals() -> None:
    table = aging()
    ax = plots.resistance_trend(table, roles=["interfacial"])
    for (x, y, *_), sample in zip(
        [points for mark in keys.MARKERS[:2] for points in lines_of(ax, mark)],
        ("Si", "Si@AlCl3"),
        strict=True,
    ):
        own = table[(table["sample"] == sample) & (table["role"] == "interfacial")]
        np.testing.assert_allclose(x, own["time_h"])
        np.testing.assert_allclose(y, own["resistance_ohm"])
    first = table[(table["sample"] == "Si") & (table["role"] == "interfacial")]
    np.testing.assert_allclose(reaches(ax)[0], first[["lower_ohm", "upper_ohm"]])
    assert ax.get_ylabel() == "Interfacial resistance (Ω)"


def test_sums_are_left_out_unless_asked_for() -> None:
    said = texts(plots.resistance_trend(aging()))
    assert {"bulk", "interfacial"} <= set(said)
    assert "R_ct_total" not in said
    ax = plots.resistance_trend(aging(), roles=["R_ct_total"])
    assert ax.get_ylabel() == "R_ct_total (Ω)"


@pytest.mark.parametrize(("apart", "scale"), [(1.2, "linear"), (100.0, "log")])
def test_the_scale_follows_the_data(apart: float, scale: str) -> None:
    ax = plots.resistance_trend(aging(apart=apart), roles=["interfacial"])
    assert ax.get_yscale() == scale
    assert plots.resistance_trend(aging(), log=False).get_yscale() == "linear"


def test_what_is_not_ok_is_open_and_what_has_no_number_is_said() -> None:
    found = [
        *rows("Si", {"bulk": 10.0}, time_h=0.0), *rows("Si", {"bulk": 11.0}, time_h=1.0,
                                                       status="unresolved"),
        *rows("Si", {"bulk": float("nan")}, time_h=2.0),
    ]  # fmt: skip
    ax = plots.resistance_trend(pd.DataFrame(found), roles=["bulk"])
    drawn = lines_of(ax, "o")
    faces = {float(x[0]): face for x, _, _, face in drawn}
    assert faces[1.0] == "#ffffff"
    assert faces[0.0] != "#ffffff"
    assert 2.0 not in faces
    assert "unresolved" in texts(ax)
    assert "not determined: bulk, Si (1)" in ax.get_xlabel()


def test_a_table_without_a_number_says_so() -> None:
    found = rows("Si", {"bulk": np.nan, "interfacial": np.nan}, time_h=0.0)
    ax = plots.resistance_trend(pd.DataFrame(found))
    assert "not determined: bulk, Si (1)" in ax.get_xlabel()
    assert "not determined: interfacial, Si (1)" in ax.get_xlabel()
    mixed = [*found, *rows("Si", {"bulk": 5.0}, time_h=1.0)]
    said = plots.resistance_trend(pd.DataFrame(mixed)).get_xlabel()
    assert "not determined: interfacial, Si (1)" in said
    is_whole(ax)


def test_intervals_that_are_not_known_are_not_drawn() -> None:
    found = rows("Si", {"bulk": 10.0}, time_h=0.0) + rows("Si", {"bulk": 11.0}, time_h=1.0)
    table = pd.DataFrame(found)
    table.loc[1, ["stderr_ohm", "lower_ohm", "upper_ohm"]] = np.nan
    drawn = reaches(plots.resistance_trend(table))[0]
    assert np.isfinite(drawn[0]).all()
    assert np.isnan(drawn[1]).all()
    bare = table.drop(columns=["lower_ohm", "upper_ohm", "status", "element"])
    only = reaches(plots.resistance_trend(bare))[0][0]
    np.testing.assert_allclose(only, 10 + np.array([-1, 1]) * stats.norm.ppf(0.975) * 0.2)


def test_an_interval_below_zero_does_not_break_a_logarithmic_axis() -> None:
    found = rows("Si", {"bulk": 10.0}, 0.9, time_h=0.0)
    found += rows("Si", {"bulk": 1e4}, time_h=1.0)
    ax = plots.resistance_trend(pd.DataFrame(found))
    assert ax.get_yscale() == "log"
    assert ax.get_ylim()[0] > 0.5
    assert np.isnan(reaches(ax)[0][0]).all()


def test_references_are_crosses_where_they_belong() -> None:
    ax = plots.resistance_trend(states(), along="state", roles=["R_ct_total"])
    drawn = {round(float(y[0]), 3) for _, y, *_ in lines_of(ax, "+")}
    assert drawn == {round(1.01 * v, 3) for v in (470, 16.5, 443, 71, 18, 36)}
    assert "reference" in texts(ax)
    off = plots.resistance_trend(states(), along="state", reference=False)
    assert not lines_of(off, "+")


def test_states_stand_in_the_order_of_a_cycle() -> None:
    for ax in (
        plots.resistance_trend(states(), along="state"),
        plots.resistance_by_state(states()),
    ):
        assert [t.get_text() for t in ax.get_xticklabels()] == ["pristine", "discharged", "charged"]


def test_laws_are_drawn_in_place_of_the_line_from_point_to_point() -> None:
    time = np.array([0.0, 1, 2, 4, 8, 16, 32, 64])
    ohm = 100 + 10 * np.sqrt(time)
    law = growth_laws(time, ohm, 0.01 * ohm)
    laws = pd.DataFrame([{"sample": "Si", "role": "bulk", **row} for row in law.rows()])
    found = [r for t, v in zip(time, ohm, strict=True) for r in rows("Si", {"bulk": v}, time_h=t)]
    ax = plots.resistance_trend(pd.DataFrame(found), laws=laws)
    (curve,) = (line for line in ax.get_lines() if len(line.get_xdata()) == 200)
    np.testing.assert_allclose(curve.get_ydata(), 100 + 10 * np.sqrt(curve.get_xdata()), rtol=0.02)
    assert "parabolic" in texts(ax)
    is_whole(ax)
    doubt = plots.resistance_trend(pd.DataFrame(found), laws=laws.assign(status="undecided"))
    assert "parabolic (undecided)" in texts(doubt)
    with pytest.raises(ValueError, match="no column law"):
        best_curves(laws.drop(columns="law"))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_the_shapes_of_laws_are_those_that_were_fitted(law: object) -> None:
    time = np.linspace(0.0, 50.0, 11)
    expected = law.shape(time, np.asarray(7.0))  # type: ignore[attr-defined]
    np.testing.assert_allclose(SHAPES[law.name](time, 7.0), expected)  # type: ignore[attr-defined]
    assert len(SHAPES) == len(LAWS)


def test_contributions_add_up_to_the_total() -> None:
    table = aging(("Si",))
    ax = plots.contributions(table)
    tops = {}
    for bar in bars_of(ax):
        at = round(bar.get_x() + bar.get_width() / 2)
        tops[at] = max(tops.get(at, 0.0), bar.get_y() + bar.get_height())
    totals = table[table["role"] == "R_ct_total"]["resistance_ohm"]
    np.testing.assert_allclose([tops[i] for i in range(len(TIMES))], totals)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "3", "6", "12", "24", "48"]


def test_totals_decades_apart_are_drawn_as_shares_with_the_total_above() -> None:
    ax = plots.contributions(aging())
    assert ax.get_ylabel() == "Share of the total (%)"
    assert max(bar.get_y() + bar.get_height() for bar in bars_of(ax)) == pytest.approx(100.0)
    said = [t for t in texts(ax) if t.endswith("Ω")]
    assert {"120 Ω", "1.2 Ω"} <= set(said)
    assert len(said) == 2 * len(TIMES)
    assert plots.contributions(aging(), share=False).get_ylabel() == "Resistance (Ω)"


def test_doubtful_contributions_are_hatched_and_missing_ones_left_out() -> None:
    found = rows("Si", {"bulk": 10.0, "interfacial": 20.0, "diffusion": np.nan}, time_h=0.0)
    found[1]["status"] = "at bound"
    ax = plots.contributions(pd.DataFrame(found))
    assert [bar.get_hatch() for bar in bars_of(ax)] == [None, "////"]
    assert "at bound" in texts(ax)
    with pytest.raises(ValueError, match="no resistance"):
        plots.contributions(pd.DataFrame(rows("Si", {"bulk": np.nan}, time_h=0.0)), roles=["bulk"])


def test_bars_of_states_show_the_published_totals() -> None:
    ax = plots.resistance_by_state(states())
    assert ax.get_yscale() == "log"
    assert ax.get_ylabel() == "R_ct_total (Ω)"
    bars = {round(b.get_height(), 2): b for b in bars_of(ax)}
    assert set(bars) == {470.0, 16.5, 443.0, 71.0, 18.0, 36.0}
    for left, right in ((470.0, 71.0), (16.5, 18.0), (443.0, 36.0)):
        assert bars[left].get_x() < bars[right].get_x()
        assert bars[left].get_facecolor() != bars[right].get_facecolor()
    assert {"470 Ω", "16.5 Ω", "36 Ω"} <= set(texts(ax))


def test_of_several_cells_the_interval_is_that_of_their_scatter() -> None:
    ohms = [400.0, 440.0, 410.0, 390.0]
    found = [
        row for i, v in enumerate(ohms)
        for row in rows("Si", {"R_ct_total": v}, 1e-4, cell=str(i), state="charged")
    ]  # fmt: skip
    ax = plots.resistance_by_state(pd.DataFrame(found), log=False)
    (bar,) = bars_of(ax)
    assert bar.get_height() == pytest.approx(410.0)
    expected = stats.t.interval(0.95, 3, np.mean(ohms), stats.sem(ohms))
    np.testing.assert_allclose(reaches(ax)[0][0], expected)
    dots = [y for _, y, *_ in lines_of(ax, "o") if len(y) == 4]
    np.testing.assert_allclose(dots[0], ohms)
    assert "single cells" in texts(ax)


def series_over_temperature() -> tuple[pd.DataFrame, pd.DataFrame]:
    celsius = np.array([-25.0, 5.0, 25.0, 60.0])
    kelvin = celsius + 273.15
    found, energies = [], []
    for role, energy in (("bulk", 0.38), ("grain_boundary", 0.30)):
        ohm = kelvin / (1e6 * np.exp(-energy / (8.617333262e-5 * kelvin)))
        for t, v in zip(celsius, ohm, strict=True):
            found += rows("LPSC", {role: v}, 0.01, temperature_c=t)
        law = arrhenius(celsius, ohm, 0.01 * ohm, form="sigma T")
        energies.append({"sample": "LPSC", "role": role, **law.row()})
    return pd.DataFrame(found), pd.DataFrame(energies)


def test_the_arrhenius_plot_is_straight_for_the_form_it_says() -> None:
    table, energies = series_over_temperature()
    ax = plots.arrhenius(table, energies=energies)
    x, y, *_ = lines_of(ax, "o")[0]
    slope = np.polyfit(x, np.log(y), 1)[0]
    assert slope == pytest.approx(-0.38 / 8.617333262e-5 / 1000.0, rel=1e-6)
    assert ax.get_ylabel() == "T/R (K Ω⁻¹)"
    said = texts(ax)
    assert any(text.startswith("bulk, 0.38") for text in said)
    law = next(line for line in ax.get_lines() if len(line.get_xdata()) == 100)
    at = np.interp(x[::-1], law.get_xdata()[::-1], np.log(law.get_ydata())[::-1])
    np.testing.assert_allclose(at, np.log(y[::-1]), atol=1e-3)
    assert plots.arrhenius(table, form="sigma").get_ylabel() == "1/R (Ω⁻¹)"
    is_whole(ax)


def test_degrees_stand_above_the_inverse_temperature() -> None:
    table, _ = series_over_temperature()
    ax = plots.arrhenius(table)
    (upper,) = ax.child_axes
    ax.figure.canvas.draw()
    below = ax.transData.transform((1000.0 / 298.15, 1.0))[0]
    assert upper.transData.transform((25.0, 0.0))[0] == pytest.approx(below, abs=0.2)


def test_a_role_has_its_colour_in_every_plot() -> None:
    roles = ["bulk", "interfacial", "mine"]
    alone, among = keys.of_roles(["interfacial"]), keys.of_roles(roles)
    assert alone["interfacial"] == among["interfacial"]
    assert len(set(keys.of_roles([*roles, "a", "b", "c", "charge_transfer"]).values())) == 7


@pytest.mark.parametrize("kind", ["resistance_trend", "contributions", "resistance_by_state"])
@pytest.mark.parametrize(
    ("case", "columns"), [("one", 1), ("five", 1), ("five", 2), ("forty", 2), ("no_errors", 1)]
)
def test_nothing_is_cut_and_the_width_is_that_of_the_paper(
    kind: str, case: str, columns: int
) -> None:
    forty = [
        row for t in np.linspace(0, 400, 40)
        for row in rows("Si", {"bulk": 15.0, "interfacial": 40 + t}, time_h=t)
    ]  # fmt: skip
    table = {
        "one": pd.DataFrame(rows("Si", {"bulk": 15.0, "interfacial": 147.0}, time_h=24.0)),
        "five": aging(NASTY, apart=20.0),
        "forty": pd.DataFrame(forty),
        "no_errors": aging().assign(stderr_ohm=np.nan, lower_ohm=np.nan, upper_ohm=np.nan),
    }[case]
    ax = getattr(plots, kind)(table, along="time_h", columns=columns)
    is_whole(ax)
    assert ax.figure.get_figwidth() * 2.54 == pytest.approx({1: 8.5, 2: 17.8}[columns])
    if case == "five":
        joined = " ".join(" ".join(text.split()) for text in texts(ax))
        assert NASTY[4] in joined


def test_callers_axes_and_settings_stay() -> None:
    before = dict(matplotlib.rcParams)
    panels = Figure(figsize=(10, 3)).subplots(1, 4)
    table, _ = series_over_temperature()
    assert plots.resistance_trend(aging(), panels[0]) is panels[0]
    assert plots.contributions(aging(), panels[1]) is panels[1]
    assert plots.resistance_by_state(states(), panels[2]) is panels[2]
    assert plots.arrhenius(table, panels[3]) is panels[3]
    assert panels[0].figure.get_figwidth() == 10
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    "kind", ["resistance_trend", "contributions", "resistance_by_state", "arrhenius"]
)
def test_a_table_without_what_it_takes_is_refused(kind: str) -> None:
    work = getattr(plots, kind)
    with pytest.raises(ValueError, match="no column role"):
        work(aging().drop(columns="role"))
    if kind != "arrhenius":
        with pytest.raises(ValueError, match="no row"):
            work(aging().iloc[:0])
    option = {"role": "grain"} if kind == "resistance_by_state" else {"roles": ["grain"]}
    table = aging().assign(temperature_c=25.0)
    with pytest.raises(ValueError, match="no role grain"):
        work(table, **option)


def test_one_temperature_is_no_arrhenius_plot() -> None:
    with pytest.raises(ValueError, match="two temperatures"):
        plots.arrhenius(aging().assign(temperature_c=25.0))
    with pytest.raises(ValueError, match="unknown form"):
        plots.arrhenius(aging().assign(temperature_c=25.0), form="tau")


def replicates() -> pd.DataFrame:
    """Two cells each of two samples; the second is larger by a tenth."""
    found: list[dict[str, object]] = []
    for sample, scale in (("Si", 1.0), ("Si@AlCl3", 0.3)):
        for cell, f in (("1", 1.0), ("2", 1.1)):
            for time in (0.0, 4.0, 16.0):
                parts = {"bulk": 20 * f * scale, "interfacial": f * scale * (100 + 10 * time**0.5)}
                found += rows(sample, parts, cell=cell, time_h=time)
    return pd.DataFrame(found)


def test_a_stack_is_the_mean_of_cells_and_says_so() -> None:
    ax = plots.contributions(replicates())
    tops = sorted({round(p.get_y() + p.get_height(), 6) for p in ax.patches})
    assert tops[-1] == pytest.approx(1.05 * 160.0)
    assert len(ax.patches) == 2 * 3 * 2  # samples, times, roles
    assert "mean of 2 cells" in texts(ax)
    assert "cells" not in " ".join(texts(plots.contributions(aging())))
    is_whole(ax)


def test_cells_of_a_sample_have_marks_of_their_own() -> None:
    ax = plots.resistance_trend(replicates())
    drawn = {line.get_marker() for line in ax.get_lines()} & set(keys.MARKERS)
    assert len(drawn) == 4
    assert {"Si, cell 1", "Si, cell 2", "Si@AlCl3, cell 1"} <= set(texts(ax))
    is_whole(ax)


def test_every_law_has_its_name_and_none_stands_on_another() -> None:
    table = replicates()
    laws = pd.DataFrame(
        [
            {"sample": sample, "cell": cell, "role": role, "law": "constant", "best": True,
             "r0": ohm, "k": 0.0, "t0": np.nan}
            for (sample, cell, role), ohm in table.groupby(["sample", "cell", "role"])[
                "resistance_ohm"
            ].mean().items()
        ]
    )  # fmt: skip
    ax = plots.resistance_trend(table, laws=laws)
    plots.render(ax)
    names = [note for note in ax.texts if note.get_text() == "constant"]
    assert len(names) == len(laws) == 8
    inside = ax.get_window_extent()
    boxes = sorted((Text.get_window_extent(n) for n in names), key=lambda box: box.y0)
    assert all(box.x0 > inside.x1 for box in boxes)
    assert all(low.y1 <= high.y0 + 1.0 for low, high in pairwise(boxes))
    is_whole(ax)


def test_fourteen_samples_are_told_apart() -> None:
    samples = [f"a mixture with a long name, number {i}" for i in range(14)]
    ax = plots.contributions(aging(samples, apart=1.0))
    plots.render(ax)
    heads = [t for t in ax.texts if "mixture" in t.get_text() or "number" in t.get_text()]
    boxes = sorted((t.get_window_extent() for t in heads), key=lambda box: box.x0)
    assert len(boxes) == 14
    assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))
    assert len(set(keys.of_samples(samples).values())) == 14
    is_whole(ax)
