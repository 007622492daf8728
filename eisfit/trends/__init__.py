"""What resistances do over time, temperature and samples; plain functions on numbers.

Nothing here knows of spectra or fits: values, standard errors and statuses come in, frozen results
go out, each with `row()` or `rows()` for a table and `sentence()` for a reader.
"""

from eisfit.trends.activation import Activation, arrhenius
from eisfit.trends.changes import Change, change, change_over_cells
from eisfit.trends.conduction import conductivity_row
from eisfit.trends.growth import growth_laws
from eisfit.trends.growth_cells import CommonGrowth, growth_over_cells
from eisfit.trends.lawfit import Growth, LawFit, Rate
from eisfit.trends.multiplicity import corrected, holm, many_comparisons
from eisfit.trends.ratios import Group, Ratio, ratio

__all__ = [
    "Activation",
    "Change",
    "CommonGrowth",
    "Group",
    "Growth",
    "LawFit",
    "Rate",
    "Ratio",
    "arrhenius",
    "change",
    "change_over_cells",
    "conductivity_row",
    "corrected",
    "growth_laws",
    "growth_over_cells",
    "holm",
    "many_comparisons",
    "ratio",
]
