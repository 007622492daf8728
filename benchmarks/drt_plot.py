"""The figure of docs/drt.md from the kept results: python benchmarks/drt_plot.py."""

from __future__ import annotations

import csv
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

HERE = Path(__file__).parent
OUT = HERE.parent / "docs" / "images" / "drt_benchmark.png"
SHAPES = {"drt.csv": "families", "drt_foreign.csv": "foreign shapes"}
COLUMNS = {
    "l2_median": "L2 error of γ, median",
    "l2_p90": "L2 error of γ, 90th percentile",
    "precision": "precision of peaks",
    "r_error_median": "error of a peak's R, median",
}
COLOURS = ("#0072B2", "#D55E00")


def main() -> None:
    """Draw a panel a measure, a pair of bars a method."""
    tables = {
        name: list(csv.DictReader((HERE / "results" / file).open()))
        for file, name in SHAPES.items()
    }
    methods = [row["method"] for row in next(iter(tables.values()))]
    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    for ax, (column, title) in zip(figure.subplots(2, 2).ravel(), COLUMNS.items(), strict=True):
        for k, (name, rows) in enumerate(tables.items()):
            by_method = {row["method"]: float(row[column]) for row in rows}
            values = [by_method.get(method, float("nan")) for method in methods]
            places = [i + 0.4 * (k - 0.5) for i in range(len(methods))]
            bars = ax.barh(places, values, 0.38, color=COLOURS[k], label=name)
            ax.bar_label(bars, [f"{v:.3g}" for v in values], fontsize=7, padding=2)
        ax.set_yticks(range(len(methods)), methods, fontsize=8)
        ax.invert_yaxis()
        ax.set_title(title, fontsize=9, loc="left")
        ax.margins(x=0.18)
        ax.tick_params(axis="x", labelsize=7)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8)
    figure.savefig(OUT, dpi=130)


if __name__ == "__main__":
    main()
