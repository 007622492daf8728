"""Numbers of nature and of statistics that several parts need."""

from __future__ import annotations

BOLTZMANN_EV_K = 8.617333262e-5  # eV/K; exact by the SI of 2019, as the next
KJ_MOL_PER_EV = 96.48533212
ZERO_C = 273.15  # K
NORMAL_95 = 1.959964  # standard errors either way that hold 95 % of a normal distribution
