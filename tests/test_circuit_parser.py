"""Circuit text in both grammars: what it means, and what is said about text that means nothing."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eisfit.circuit.circuit import Circuit
from eisfit.circuit.elements import BY_CDC, BY_SYMBOL
from eisfit.circuit.parser import (
    MAX_LENGTH,
    Dialect,
    Group,
    Leaf,
    Node,
    group,
    leaves,
    parse,
    to_text,
)
from eisfit.errors import CircuitError


def shape(node: Node) -> object:
    """A tree as nested tuples of labels, which read well in a failed test."""
    if isinstance(node, Leaf):
        return node.label
    return (node.kind, *(shape(part) for part in node.parts))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R0", "R0"),
        ("R0-C1", ("series", "R0", "C1")),
        ("p(R1,CPE1)", ("parallel", "R1", "CPE1")),
        ("R0-p(R1,CPE1)-CPE2", ("series", "R0", ("parallel", "R1", "CPE1"), "CPE2")),
        (
            "R0 - p( R1 - Wo1 , CPE1 )",
            ("series", "R0", ("parallel", ("series", "R1", "Wo1"), "CPE1")),
        ),
        ("p (R1, C1)", ("parallel", "R1", "C1")),
        ("p(p(R1,C1),L1)", ("parallel", "R1", "C1", "L1")),
        ("p(p(R1,C1)-R2,L1)", ("parallel", ("series", ("parallel", "R1", "C1"), "R2"), "L1")),
        ("R10-La12-Zarc007", ("series", "R10", "La12", "Zarc007")),
        ("R", "R1"),
        ("R(RQ)Q", ("series", "R1", ("parallel", "R2", "Q1"), "Q2")),
        ("(RC)", ("parallel", "R1", "C1")),
        ("R(Q[RW])", ("series", "R1", ("parallel", "Q1", ("series", "R2", "W1")))),
        ("R(Q(RW))", ("series", "R1", ("parallel", "Q1", ("series", "R2", "W1")))),
        (
            "R(C(R(RQ)))",
            ("series", "R1", ("parallel", "C1", ("series", "R2", ("parallel", "R3", "Q1")))),
        ),
        ("[R[RC]]L", ("series", "R1", "R2", "C1", "L1")),
        ("R ( R Q )", ("series", "R1", ("parallel", "R2", "Q1"))),
    ],
)  # fmt: skip
def test_meaning(text: str, expected: object) -> None:
    assert shape(parse(text)[0]) == expected


def test_cdc_counts_each_letter_by_itself() -> None:
    assert Circuit.from_text("R(RQ)Q").names == ("R1", "R2", "Q1_0", "Q1_1", "Q2_0", "Q2_1")
    assert [leaf.label for leaf in leaves(parse("LR(C[RW])(RC)")[0])] == [
        "L1", "R1", "C1", "R2", "W1", "R3", "C2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "dialect"),
    [("R0", "impedance.py"), ("R", "CDC"), ("T1", "impedance.py"), ("T", "CDC"), ("(RG)", "CDC")],
)
def test_dialect_is_read_from_the_text(text: str, dialect: Dialect) -> None:
    assert parse(text)[1] == dialect


# Text, what is said, and the column (from 1) that the caret must point at
BAD = [
    ("R0-X1", "unknown element 'X'", 4),
    ("R0-p(R1,Q1)", "in this grammar a Q is a CPE", 9),
    ("R0-p(R1,CPE)", "CPE needs a number", 12),
    ("R0--C1", "expected an element before '-'", 4),
    ("-R0", "expected an element before '-'", 1),
    ("R0-p(,C1)", "expected an element before ','", 6),
    ("R0-p()", "expected an element before ')'", 6),
    ("R0-", "ends after '-'", 4),
    ("R0-p(R1,", "ends after ','", 9),
    ("R0-p(R1)", "needs at least two branches", 4),
    ("R0-p(R1,C1", "p( is never closed", 4),
    ("R0-C1)", "outside of p(...)", 6),
    ("R0,C1", "outside of p(...)", 3),
    ("R0C1", "expected '-', ',' or ')' between", 3),
    ("R0-p(R1,C1)C2", "expected '-', ',' or ')' between", 12),
    ("R0-p(R1,CPE1)-R1", "the name R1 is used twice", 15),
    ("R0-(R1C1)", "belongs to the other grammar", 4),
    ("R0-[R1]", "belongs to the other grammar", 4),
    ("R0(RQ)", "belongs to the other grammar", 3),
    ("R(RQ)-C", "R needs a number", 2),
    ("R(RQ)Q1", "R needs a number", 2),
    ("R\N{EN DASH}C", "dash of another kind", 2),
    ("R0\N{MINUS SIGN}C1", "dash of another kind", 3),
    ("R0-\x00", r"unknown element '\x00'", 4),
    ("R0-C1\x00", r"unknown element '\x00'", 6),
    ("R\N{ARABIC-INDIC DIGIT THREE}", "unknown element", 2),
    ("R(RZ)", "unknown element 'Z'", 4),
    ("r", "unknown element 'r'", 1),
    ("RQ)", "closes no bracket: nothing is open", 3),
    ("R(RQ]", "closes no bracket: expected ')' first", 5),
    ("R[RQ)", "closes no bracket: expected ']' first", 5),
    ("(RQ", "never closed", 1),
    ("R(R[QW)", "closes no bracket", 7),
    ("R(R)", "at least two parts", 2),
    ("R()", "nothing stands between", 2),
    ("R[]", "nothing stands between", 2),
]


@pytest.mark.parametrize(("text", "message", "column"), BAD, ids=[ascii(case[0]) for case in BAD])
def test_errors_point_at_the_character(text: str, message: str, column: int) -> None:
    with pytest.raises(CircuitError) as caught:
        parse(text)
    first, shown, caret, *_ = str(caught.value).split("\n")
    assert message in str(caught.value)
    assert f"(column {column})" in first
    assert caret.index("^") - 2 == column - 1
    # The line above the caret is the text itself, one column a character
    assert len(shown) == len(text) + 2


def test_every_mixture_of_grammars_is_refused() -> None:
    for text in ["R0(RQ)", "R(RQ)-R1", "R-C1", "p(RQ)", "R0-(RQ)", "[R0-C1]", "R(RQ)1"]:
        with pytest.raises(CircuitError, match=r"grammar|needs a number|number"):
            parse(text)


def test_long_text_is_shown_in_part_and_the_caret_still_fits() -> None:
    text = "-".join(f"R{i}" for i in range(500)) + "-X1-" + "-".join(f"C{i}" for i in range(500))
    with pytest.raises(CircuitError) as caught:
        parse(text)
    _, shown, caret, *_ = str(caught.value).split("\n")
    assert max(map(len, str(caught.value).split("\n"))) < 140
    assert shown[caret.index("^")] == "X"
    assert f"(column {text.index('X') + 1})" in str(caught.value)


@pytest.mark.parametrize("value", [None, 3, b"R0", ["R0"]])
def test_only_text_is_text(value: object) -> None:
    with pytest.raises(CircuitError, match="expected circuit text, found"):
        parse(value)


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_empty_text(text: str) -> None:
    with pytest.raises(CircuitError, match="empty"):
        parse(text)


def test_text_beyond_the_limit_is_refused_even_where_it_would_parse() -> None:
    with pytest.raises(CircuitError, match=f"has {MAX_LENGTH + 1} characters, at most"):
        parse("R" * (MAX_LENGTH + 1))
    assert len(list(leaves(parse("R" * 1000)[0]))) == 1000


HALF = MAX_LENGTH // 2
HOSTILE = {
    "a megabyte": "R0-" * 350_000,
    "open brackets": "(" * MAX_LENGTH,
    "open square brackets": "[" * MAX_LENGTH,
    "open p(": "p(" * HALF,
    "nested without end": "R(" * HALF,
    "nested parallel": "".join(f"p(R{i}," for i in range(5500)),
    "one letter": "A" * MAX_LENGTH,
    "one number": "R" + "1" * (MAX_LENGTH - 2) + "(",
    "blank": " " * MAX_LENGTH,
    "NUL": "\0" * MAX_LENGTH,
    "wide characters": "\N{CJK UNIFIED IDEOGRAPH-65E5}" * MAX_LENGTH,
    "surrogate": "R0-\ud800",
    "combining": "R0-C1" + "\N{COMBINING ACUTE ACCENT}" * 1000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_fails_fast_and_briefly(name: str) -> None:
    begin = time.process_time()
    with pytest.raises(CircuitError) as caught:
        Circuit.from_text(HOSTILE[name])
    assert time.process_time() - begin < 1.0
    assert len(str(caught.value)) < 600
    assert all(c.isprintable() or c == "\n" for c in str(caught.value))


@given(st.text(alphabet=st.characters(), max_size=40) | st.text("RCLQWOTGp(),-[]01 ", max_size=40))
@settings(derandomize=True, deadline=None, max_examples=400)
def test_any_text_parses_or_is_refused_in_words(text: str) -> None:
    try:
        circuit = Circuit.from_text(text)
    except CircuitError:
        return
    assert circuit.names
    assert parse(to_text(circuit.root, circuit.dialect)) == (circuit.root, circuit.dialect)


def assemble(kind: str, parts: list[Node]) -> Node:
    return group("series" if kind == "series" else "parallel", parts)


def trees(symbols: list[str]) -> st.SearchStrategy[object]:
    """Nested lists (kind, parts) with element letters as leaves."""
    leaf = st.sampled_from(symbols)
    return st.recursive(
        leaf,
        lambda inner: st.tuples(
            st.sampled_from(["series", "parallel"]), st.lists(inner, min_size=2, max_size=4)
        ),
        max_leaves=25,
    )


def grown(plan: object, dialect: Dialect, numbers: dict[str, int]) -> Node:
    if isinstance(plan, str):
        first = 0 if dialect == "impedance.py" else 1
        number = numbers.setdefault(plan, first)
        numbers[plan] += 1
        element = (BY_SYMBOL if dialect == "impedance.py" else BY_CDC)[plan]
        return Leaf(f"{plan}{number}", element)
    assert isinstance(plan, tuple)
    kind, parts = plan
    return assemble(kind, [grown(part, dialect, numbers) for part in parts])


@given(trees(sorted(BY_SYMBOL)))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_numbered_round_trip(plan: object) -> None:
    tree = grown(plan, "impedance.py", {})
    assert parse(to_text(tree)) == (tree, "impedance.py")


@given(trees(sorted(BY_CDC)))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_cdc_round_trip(plan: object) -> None:
    tree = grown(plan, "CDC", {})
    assert parse(to_text(tree, "CDC")) == (tree, "CDC")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R0 - p( p(R1,C1), CPE1 - W1)", "R0-p(R1,C1,CPE1-W1)"),
        ("R(Q[RW])C", "R(Q(RW))C"),
        ("[[R]C]", "RC"),
    ],
)
def test_text_is_written_in_one_way(text: str, expected: str) -> None:
    assert to_text(*parse(text)) == expected


def test_text_in_the_other_grammar_is_refused_where_it_would_change_a_name() -> None:
    with pytest.raises(CircuitError, match="finite-length Warburg"):
        to_text(parse("R1-Wo1")[0], "CDC")
    with pytest.raises(CircuitError, match="R0 would be called R1"):
        to_text(parse("R0-C1")[0], "CDC")
    with pytest.raises(CircuitError, match="Q1 is no name"):
        to_text(parse("RQ")[0], "impedance.py")


def test_nesting_to_3000() -> None:
    for text in ["R(" * 3000 + "RC" + ")" * 3000, nested_numbered(3000)]:
        root, dialect = parse(text)
        assert to_text(root, dialect) == text
        depth, node = 0, root
        while isinstance(node, Group):
            node, depth = node.parts[-1], depth + 1
        assert depth >= 3000


def nested_numbered(depth: int) -> str:
    opening = "".join(f"R{i}-p(C{i}," for i in range(depth))
    return opening + f"R{depth}" + ")" * depth
