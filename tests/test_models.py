"""Model cards: every card of the project, and what is said about a broken one."""

import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from eisfit.circuit.arcs import find_arcs
from eisfit.circuit.circuit import Circuit
from eisfit.circuit.models import Model, card_from_text, load_model, models
from eisfit.errors import CircuitError, ModelError

CARDS = sorted((Path(__file__).parents[1] / "circuits").glob("*.toml"))
NAMES = (
    "se_blocking", "si_lpsc_mixture", "li_in_lpsc_si", "si_lpsc_lic_ncm", "li_ion_liquid",
    "randles", "zarc1", "zarc2", "zarc3", "zarc4", "zarc5",
)  # fmt: skip
every_card = pytest.mark.parametrize("name", [path.stem for path in CARDS])

CARD = """
name = "mine"
description = "one line"
circuit = "R0-p(R1,CPE1)-p(R2,CPE2)"
[roles.bulk]
element = "R0"
[roles.interfacial]
element = "R1"
tau_s = [1e-6, 1e-4]
[roles.diffusion]
element = "CPE2"
[derived]
R_sum = ["bulk", "interfacial"]
"""


def test_all_models_of_the_design_are_there() -> None:
    assert set(NAMES) <= set(models())
    assert all(description.strip() for description in models().values())


@every_card
def test_card_reads_and_simulates(name: str) -> None:
    model = load_model(name)
    assert model.name == name, "a card's name is its file's"
    assert "\n" not in model.description
    assert len(model.description) <= 100
    assert model.reference
    omega = 2 * np.pi * np.geomspace(7e6, 1.0, 70)
    low = [slot.parameter.typical[0] for slot in model.circuit.slots]
    z, slopes = model.circuit.evaluate(omega, np.array(low))
    assert np.isfinite(z).all()
    assert (z.real > 0).all()
    assert np.isfinite(slopes).all()
    by_name = model.impedance(omega / (2 * np.pi), dict(zip(model.names, low, strict=True)))
    np.testing.assert_allclose(by_name, z, rtol=1e-12)


@every_card
def test_roles_point_to_elements_and_read_well(name: str) -> None:
    model = load_model(name)
    labels = [leaf.label for leaf in model.circuit.elements]
    assert model.roles
    assert len({role.name for role in model.roles}) == len(model.roles)
    for role in model.roles:
        assert role.element in labels
        assert role == model.role_of(role.element)
        assert role.symbol.startswith("R_")
    for arc in model.arcs:
        assert model.role_of(arc.label) is not None, f"{arc.label} has no role"


@every_card
def test_roles_stand_in_the_order_of_their_time_constants(name: str) -> None:
    spans = [role.tau_s for role in load_model(name).roles if role.tau_s]
    for fast, slow in pairwise(spans):
        assert fast[0] < slow[0]
        assert fast[1] < slow[1]
        overlap = np.log10(fast[1] / slow[0])
        assert overlap <= 0.35 * min(np.log10(np.divide(*s[::-1])) for s in (fast, slow))


@every_card
def test_spans_belong_to_arcs(name: str) -> None:
    """A span of tau or capacitance is there only where the element has them."""
    model = load_model(name)
    with_tau = {arc.label for arc in model.arcs if arc.has_tau}
    for role in model.roles:
        if role.tau_s or role.capacitance_f_cm:
            assert role.element in with_tau


def test_spans_hold_what_was_published_and_measured() -> None:
    """Peaks that the article gives, and the arcs of a real pellet at -25 C (design page)."""

    def holds(card: str, role: str, *taus: float) -> None:
        span = next(r.tau_s for r in load_model(card).roles if r.name == role)
        assert span is not None
        assert all(span[0] <= tau <= span[1] for tau in taus)

    holds("si_lpsc_mixture", "grain_boundary", 1.1e-5)
    holds("si_lpsc_mixture", "interfacial", 9e-5)
    holds("si_lpsc_mixture", "low_frequency", 1e-2, 0.1)
    holds("li_in_lpsc_si", "interfacial", 1e-6, 1e-4)
    holds("se_blocking", "bulk", 4e-8)
    holds("se_blocking", "grain_boundary", 2e-7)


def test_derived_sums() -> None:
    expected = {
        "li_in_lpsc_si": {"R_ct_total": ("bulk", "interfacial", "charge_transfer")},
        "si_lpsc_lic_ncm": {
            "R_total": ("bulk", "electrolyte_junction", "interfacial", "charge_transfer")
        },
    }
    for name in models():
        model = load_model(name)
        assert dict(model.derived) == expected.get(name, {})


def test_circuits_of_the_issue() -> None:
    texts = {
        "se_blocking": "R0-p(R1,CPE1)-p(R2,CPE2)-CPE3-p(R3,CPE4)",
        "si_lpsc_mixture": "R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)",
        "li_in_lpsc_si": "L0-R0-p(R1,CPE1)-p(R2,CPE2)-CPE3",
        "li_ion_liquid": "L0-R0-p(R1,CPE1)-p(R2-Wo1,CPE2)",
        "randles": "R0-p(R1-W1,CPE1)",
        "zarc2": "R0-p(R1,CPE1)-p(R2,CPE2)",
    }
    for name, text in texts.items():
        assert load_model(name).circuit.text == text


def test_roles_answer_to_their_symbols() -> None:
    model = load_model("li_in_lpsc_si")
    assert dict(model.aliases) == {"R_bulk": "R0", "R_int": "R1", "R_ct": "R2"}
    assert model.resolve("R_ct") == "R2"
    assert model.resolve("CPE1_0") == "CPE1_0"
    assert dict(load_model("se_blocking").aliases) == {
        "R_s": "R0", "R_bulk": "R1", "R_gb": "R2", "R_block": "R3",
    }  # fmt: skip
    assert load_model("li_ion_liquid").aliases["R_diff"] == "Wo1_0"
    frequency = np.geomspace(1e6, 1, 5)
    values = dict(zip(model.names, np.linspace(0.2, 0.9, len(model.names)), strict=True))
    renamed = dict(values)
    renamed["R_ct"] = renamed.pop("R2")
    np.testing.assert_array_equal(
        model.impedance(frequency, renamed), model.impedance(frequency, values)
    )
    with pytest.raises(ModelError, match="R2 is given twice"):
        model.impedance(frequency, {**values, "R_ct": 3.0})
    with pytest.raises(ModelError, match=r"'R_bulb'\. Did you mean R_bulk\? There are: L0, R0"):
        model.resolve("R_bulb")
    with pytest.raises(ModelError, match=r"no parameter is called 'zzzzzz'\. There are: L0, R0"):
        model.resolve("zzzzzz")


def test_models_travel_between_processes() -> None:
    model = load_model("li_in_lpsc_si")
    copy = pickle.loads(pickle.dumps(model))
    assert copy == model
    assert copy.circuit.root == model.circuit.root
    assert load_model(copy) is copy


def test_load_by_text_name_and_path(tmp_path: Path) -> None:
    assert load_model(" randles ").name == "randles"
    assert load_model("R(RQ)Q").circuit.dialect == "CDC"
    assert load_model("R0-p(R1,CPE1)").roles == ()
    path = tmp_path / "mine.toml"
    path.write_text(CARD, "utf-8")
    assert load_model(path) == load_model(str(path)) == card_from_text(CARD)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("se_blockin", ModelError, r"'se_blockin'\. Did you mean se_blocking\? There are: "),
        ("zarc9", ModelError, "Did you mean zarc"),
        ("no_such_thing", ModelError, r"no model is called 'no_such_thing'\. There are: "),
        ("x_" * 40_000, ModelError, r"no model is called '(x_){30}\.\.\.'\. There are: "),
        ("R0-p(", CircuitError, r"\^"),
        ("R_0-p(R_1,C_1)", CircuitError, r"\^"),
        (3, ModelError, "expected a model's name or circuit text, found int"),
        ("nowhere.toml", ModelError, "nowhere.toml cannot be read"),
    ],
)
def test_names_that_are_none(name: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        load_model(name)


BROKEN = [
    ("name = ", "nome = ", "unknown key nome; known: "),
    ('element = "R0"', 'element = "R7"', "role bulk: the circuit has no element 'R7'; it has R0"),
    ('element = "R0"', 'elemnt = "R0"', "role bulk: unknown key elemnt"),
    ('element = "R0"', "element = []", "the circuit has no element"),
    ('element = "R1"', 'element = "R0"', "the element R0 stands for two things"),
    ('element = "R1"', 'element = "R1"\nsymbol = "R_bulk"', "the symbol R_bulk stands for two"),
    ('element = "R1"', 'element = "R1"\nsymbol = "R2"', "the symbol R2 stands for two things"),
    ("[1e-6, 1e-4]", "[1e-4, 1e-6]", "interfacial: tau_s: expected .low, high."),
    ("[1e-6, 1e-4]", "[0, 1e-6]", "expected .low, high."),
    ("[1e-6, 1e-4]", "[1e-6, inf]", "expected .low, high."),
    ("[1e-6, 1e-4]", "[1e-6, nan]", "expected .low, high."),
    ("[1e-6, 1e-4]", "[false, true]", "expected .low, high."),
    ("[1e-6, 1e-4]", "1e-6", "expected .low, high."),
    ('["bulk", "interfacial"]', '["bulk", "blk"]', "derived R_sum: no role is called blk; there"),
    ('["bulk", "interfacial"]', '["bulk"]', "at least two different roles"),
    ('["bulk", "interfacial"]', '["bulk", "bulk"]', "at least two different roles"),
    ('["bulk", "interfacial"]', '["bulk", ["bulk"]]', "at least two different roles"),
    ('["bulk", "interfacial"]', '["bulk", "diffusion"]', "diffusion has no resistance to sum"),
    ("R_sum", "R_bulk", "derived R_bulk: the name stands for a parameter already"),
    ("p(R2,CPE2)", "p(R2,CPE2", r"p\( is never closed"),
    ('circuit = "R0', 'circuit = "R0-p(R1)', "at least two branches"),
    ('name = "mine"', "name = 3", "name must be text, found 3"),
    ('name = "mine"', 'name = " "', "needs name = "),
    ('name = "mine"', 'name = "mine"\ntemperature_c = "warm"', "temperature_c must be a number"),
    ('name = "mine"', 'name = "mine"\nnote = 3', "note must be text, found 3"),
    ("[roles.bulk]", "[roles.bulk", "not valid TOML"),
    ("[derived]", "[derived", "not valid TOML"),
    ('name = "mine"', "name = " + "[" * 3000, "not valid TOML"),
]


@pytest.mark.parametrize(("old", "new", "message"), BROKEN)
def test_broken_cards_say_where(old: str, new: str, message: str) -> None:
    assert CARD.count(old) >= 1
    with pytest.raises(ModelError, match=message) as caught:
        card_from_text(CARD.replace(old, new, 1), "mine.toml")
    assert str(caught.value).startswith("mine.toml: ")


@pytest.mark.parametrize("entry", ["roles = 3", "derived = [1]", 'roles = {bulk = "R0"}'])
def test_tables_must_be_tables(entry: str) -> None:
    text = f'name = "a"\ndescription = "b"\ncircuit = "R0"\n{entry}\n'
    with pytest.raises(ModelError, match="table"):
        card_from_text(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # label, parameter of the resistance, of tau, of C or Q, of alpha
        ("R0-p(R1,CPE1)", [("R0", "R0", None, None, None), ("R1", "R1", None, "CPE1_0", "CPE1_1")]),
        ("p(R1,C1)", [("R1", "R1", None, "C1", None)]),
        ("R(RQ)", [("R1", "R1", None, None, None), ("R2", "R2", None, "Q1_0", "Q1_1")]),
        (
            "p(R2-Wo1,CPE2)",
            [("R2", "R2", None, "CPE2_0", "CPE2_1"), ("Wo1", "Wo1_0", "Wo1_1", None, None)],
        ),
        ("Zarc1", [("Zarc1", "Zarc1_0", "Zarc1_1", None, "Zarc1_2")]),
        # Two stores or two resistors beside each other: nobody can say which belongs to which
        ("p(R1,C1,C2)", [("R1", "R1", None, None, None)]),
        ("p(R1,R2,C1)", [("R1", "R1", None, None, None), ("R2", "R2", None, None, None)]),
        (
            "p(C1,R1-p(C2,R2))",
            [("R1", "R1", None, "C1", None), ("R2", "R2", None, "C2", None)],
        ),
    ],
)  # fmt: skip
def test_arcs(text: str, expected: list[tuple[str | None, ...]]) -> None:
    circuit = Circuit.from_text(text)

    def name(index: int | None) -> str | None:
        return None if index is None else circuit.names[index]

    found = [
        (arc.label, name(arc.resistance), name(arc.tau), name(arc.store), name(arc.alpha))
        for arc in find_arcs(circuit)
    ]
    assert found == expected


def test_tau_of_an_arc_is_where_its_imaginary_part_peaks() -> None:
    model = Model("x", Circuit.from_text("p(R1,CPE1)"))
    values = np.array([200.0, 3e-6, 0.85])
    omega = np.geomspace(1, 1e6, 60_001)
    z, _ = model.circuit.evaluate(omega, values)
    tau = model.arcs[0].tau_of(values)
    assert tau == pytest.approx(1 / omega[np.argmin(z.imag)], rel=5e-4)
    assert np.isnan(find_arcs(Circuit.from_text("R0"))[0].tau_of(np.array([1.0])))
    assert model.arcs[0].tau_of(np.tile(values, (2, 3, 1))).shape == (2, 3)


def test_the_card_in_the_documentation() -> None:
    page = (Path(__file__).parents[1] / "docs" / "circuits.md").read_text("utf-8")
    text = page.split("```toml\n")[1].split("```")[0]
    model = card_from_text(text, "docs/circuits.md")
    assert set(model.aliases) == {"R_bulk", "R_int", "R_ct"}
    for name in models():
        for role in load_model(name).roles:
            if not role.name.startswith("arc_"):
                assert f"{role.name} `{role.symbol}`" in " ".join(page.split())
