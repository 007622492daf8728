"""Draw the benchmarks' results for the documentation: python benchmarks/figures.py."""

from __future__ import annotations

import json
from pathlib import Path

from matplotlib.figure import Figure

RESULTS = Path(__file__).parent / "results"
IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
COLOURS = {
    "eisfit": "#0072B2", "eisfit, no numba": "#56B4E9", "impedance": "#D55E00",
    "pyimpspec": "#009E73",
}  # fmt: skip
MARKERS = dict(zip(COLOURS, "oDs^", strict=True))


def fits() -> Figure:
    """Return share of global minima and time of a fit, by family and engine."""
    families = json.loads((RESULTS / "fit.json").read_text())["families"]
    names = list(families)[::-1]
    figure = Figure(figsize=(7.0, 4.4), layout="constrained")
    success, time = figure.subplots(1, 2, sharey=True)
    for k, (engine, colour) in enumerate(COLOURS.items()):
        rows = [(i + 0.24 - 0.16 * k, families[name][engine]) for i, name in enumerate(names)
                if engine in families[name]]  # fmt: skip
        places = [i for i, _ in rows]
        style = {"color": colour, "marker": MARKERS[engine], "linestyle": "none", "alpha": 0.9}
        near = [row["within_tenth_percent"] for _, row in rows]
        success.plot(near, places, **{**style, "markerfacecolor": "none"})
        shares = [row["global_minimum_percent"] for _, row in rows]
        success.plot(shares, places, label=engine, **style)
        time.plot([row["median_ms"] for _, row in rows], places, **style)
        for i, row in rows:
            time.plot([row["median_ms"], row["p99_ms"]], [i, i], color=colour, linewidth=1)
    success.set(xlabel="Global minimum (%); open: within 10 %", xlim=(-3, 103))
    success.set_yticks(range(len(names)), names)
    time.set(xlabel="Time (ms): median to 99th percentile", xscale="log")
    for ax in (success, time):
        ax.grid(axis="y", color="0.9")
        ax.set_axisbelow(True)
    figure.legend(*success.get_legend_handles_labels(), loc="outside upper center", ncols=4,
                  frameon=False)  # fmt: skip
    return figure


def main() -> None:
    fits().savefig(IMAGES / "benchmark_fit.png", dpi=150)


if __name__ == "__main__":
    main()
