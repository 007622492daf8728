"""Drawings: literal examples for the connections, and for any circuit every name exactly once."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eisfit.circuit.circuit import Circuit
from eisfit.circuit.drawing import MAX_ELEMENTS, draw
from eisfit.circuit.models import load_model, models
from eisfit.errors import CircuitError

EXAMPLES = {
    "R0": ["──R0──"],
    "R0-C1": ["──R0──C1──"],
    "R0-p(R1,CPE1)": [
        "──R0──┬──R1────┬──",
        "      └──CPE1──┘  ",
    ],
    "p(R0,C0,L0)": [
        "──┬──R0──┬──",
        "  ├──C0──┤  ",
        "  └──L0──┘  ",
    ],
    "p(R2-Wo1,CPE2)-CPE3": [
        "──┬──R2──Wo1──┬──CPE3──",
        "  └──CPE2─────┘        ",
    ],
    "R(Q[R(RQ)(RC)]L)W": [
        "──R1──┬──Q1──────────────────────┬──W1──",
        "      ├──R2──┬──R3──┬──┬──R4──┬──┤      ",
        "      │      └──Q2──┘  └──C1──┘  │      ",
        "      └──L1──────────────────────┘      ",
    ],
    "p(p(R1,C1)-R2,C2)": [
        "──┬──┬──R1──┬──R2──┬──",
        "  │  └──C1──┘      │  ",
        "  └──C2────────────┘  ",
    ],
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_literal_drawings(text: str) -> None:
    assert draw(Circuit.from_text(text)).split("\n") == EXAMPLES[text]


def check(circuit: Circuit) -> None:
    lines = draw(circuit).split("\n")
    labels = [leaf.label for leaf in circuit.elements]
    assert sorted(re.findall(r"[A-Za-z]+[0-9]+", "".join(lines))) == sorted(labels)
    assert {len(line) for line in lines} == {len(lines[0])}
    assert lines[0].startswith("──")
    assert lines[0].endswith("──")
    grid = [*lines, " " * len(lines[0])]
    # Every wire meets a wire: an open end upward or downward finds its partner
    for upper, lower in pairwise(grid):
        for above, below in zip(upper, lower, strict=True):
            assert (above in "┬├┤│") == (below in "└┘├┤│")


@st.composite
def circuit_texts(draw_: st.DrawFn, depth: int = 4) -> str:
    if depth == 0 or draw_(st.booleans()):
        return draw_(st.sampled_from("RCLQW"))
    parts = draw_(st.lists(circuit_texts(depth - 1), min_size=2, max_size=3))
    opening, closing = draw_(st.sampled_from(["()", "[]"]))
    return opening + "".join(parts) + closing


@given(circuit_texts())
@settings(derandomize=True, deadline=None, max_examples=80)
def test_any_circuit(text: str) -> None:
    check(Circuit.from_text(text))


@pytest.mark.parametrize("name", models())
def test_every_model_card(name: str) -> None:
    check(load_model(name).circuit)


def test_what_nobody_could_read_is_not_drawn() -> None:
    check(Circuit.from_text("R(" * (MAX_ELEMENTS - 2) + "RC" + ")" * (MAX_ELEMENTS - 2)))
    with pytest.raises(CircuitError, match="not drawn"):
        draw(Circuit.from_text("R" * (MAX_ELEMENTS + 1)))
