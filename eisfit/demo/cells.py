"""The four cells whose resistances the article gives in its text, one spectrum each."""

from __future__ import annotations

from eisfit.demo.given import (
    INDUCTANCE,
    TAU_HALF_CELL,
    TAU_MIXTURE,
    Cell,
    Given,
    arc,
    series,
    tail,
)
from eisfit.frozen import FrozenDict

_MIXTURE = "powder mixture, resistance as published"
_CELL = "half-cell after one charge and discharge and 12 h rest, resistance as published"

CELLS = (
    Cell(
        label="Si+LPSC mixture (synthetic)",
        file_name="mixture_Si_LPSC_synthetic.txt",
        model="si_lpsc_mixture",
        circuit="R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)",
        given=(
            series(),
            *arc(1, Given("R1", 5.07e4, "ohm", True, f"grain boundary: {_MIXTURE}"), 1.1e-5,
                  TAU_MIXTURE),
            *arc(2, Given("R2", 1.23e4, "ohm", True, f"interfacial: {_MIXTURE}"), 9e-5,
                  TAU_MIXTURE),
            *arc(3, Given("R3", 5.55e5, "ohm", True, f"low-frequency: {_MIXTURE}"), 0.05,
                  "at most 0.1 s, so that the arc closes within the window", 0.9),
        ),
        published=FrozenDict(
            {"grain_boundary": 5.07e4, "interfacial": 1.23e4, "low_frequency": 5.55e5}
        ),
        seed=1,
    ),
    Cell(
        label="Si@AlCl3+LPSC mixture (synthetic)",
        file_name="mixture_Si-AlCl3_LPSC_synthetic.txt",
        model="si_lpsc_mixture",
        circuit="R0-p(R1,CPE1)-p(R2,CPE2)",
        given=(
            series(),
            *arc(1, Given("R1", 4938.0, "ohm", True, f"grain boundary: {_MIXTURE}"), 1.1e-5,
                  TAU_MIXTURE),
            *arc(2, Given("R2", 3222.0, "ohm", True, f"interfacial: {_MIXTURE}"), 9e-5,
                  TAU_MIXTURE + "; no low-frequency resistance is published, and none is here"),
        ),
        published=FrozenDict({"grain_boundary": 4938.0, "interfacial": 3222.0}),
        seed=2,
    ),
    Cell(
        label="Li-In|LPSC|Si (synthetic)",
        file_name="half-cell_Si_synthetic.txt",
        model="li_in_lpsc_si",
        circuit="L0-R0-p(R1,CPE1)-p(R2,CPE2)-CPE3",
        given=(
            Given("L0", 5e-8, "H", False, INDUCTANCE),
            Given("R0", 15.0, "ohm", True, f"bulk: {_CELL}"),
            *arc(1, Given("R1", 147.0, "ohm", True, f"interfacial: {_CELL}"), 8e-6,
                  TAU_HALF_CELL),
            *arc(2, Given("R2", 27.0, "ohm", False,
                           "taken as one arc: what the published parts (15 and 147 ohm) leave "
                           "of the published total R_ct of 189 ohm"), 1e-3,
                  "slower than the interface, well inside the window"),
            *tail(),
        ),
        published=FrozenDict({"bulk": 15.0, "interfacial": 147.0, "R_ct_total": 189.0}),
        seed=3,
    ),
    Cell(
        label="Li-In|LPSC|Si@AlCl3 (synthetic)",
        file_name="half-cell_Si-AlCl3_synthetic.txt",
        model="li_in_lpsc_si",
        circuit="L0-R0-p(R1,CPE1)-CPE3",
        given=(
            Given("L0", 5e-8, "H", False, INDUCTANCE),
            Given("R0", 5.0, "ohm", True, f"bulk: {_CELL}"),
            *arc(1, Given("R1", 22.0, "ohm", False,
                           "taken as one arc: what the published bulk of 5 ohm leaves of the "
                           "published total R_ct of 27 ohm; the article does not divide it"), 2e-5,
                  TAU_HALF_CELL),
            *tail(),
        ),
        published=FrozenDict({"bulk": 5.0, "R_ct_total": 27.0}),
        seed=4,
    ),
)  # fmt: skip
