"""Make the figures of the documentation again, from the demo: python docs/images/make.py."""

import tempfile
from pathlib import Path

import eisfit
from eisfit import demo, plots

HERE = Path(__file__).parent
DPI = 130


def main() -> None:
    """Write every figure beside this file."""
    folder = Path(tempfile.mkdtemp())
    demo.make_files(folder)
    cell = next(a for a in demo.analyses(folder) if "Si (" in a.spectrum.label)
    keep("demo", cell.plot())
    aging, states = (
        eisfit.Series.from_manifest(path).compare(study.model)
        for path, study in zip(demo.make_series(folder), demo.STUDIES, strict=True)
    )
    uncoated = {"sample": aging.series.members[0].sample}
    keep("nyquist_series", aging.plot("nyquist_series"))
    keep("drt_waterfall", aging.plot("drt_waterfall", where=uncoated, tau_s=(1e-6, 1e-3)))
    keep("drt_map", aging.plot("drt_map", where=uncoated))
    trend = plots.resistance_trend(aging.resistances(), laws=aging.growth(), columns=2)
    keep("resistance_trend", trend)
    keep("contributions", aging.plot("contributions"))
    keep("resistance_by_state", states.plot("resistance_by_state"))


def keep(name: str, figure: object) -> None:
    """Write one figure."""
    (HERE / f"{name}.png").write_bytes(plots.render(figure, "png", DPI))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
