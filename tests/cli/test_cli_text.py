"""What the command line makes of numbers, names and widths."""

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eisfit.cli.screen import Column, Screen, _widths
from eisfit.cli.text import clean, interval, number, percent, prefixed, with_error
from eisfit.io.paths import key, safe_name, unused


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (0.0, 3, "0"),
        (math.nan, 3, "-"),
        (None, 3, "-"),
        (math.inf, 3, "inf"),
        (12.3456, 4, "12.35"),
        (50712.3, 4, "50712"),
        (0.0123456, 3, "0.0123"),
        (1.1e-5, 3, "1.10e-05"),
        (4.0751e6, 4, "4.075e+06"),
        (-147.04, 4, "-147.0"),
    ],
)
def test_number(value: float | None, digits: int, shown: str) -> None:
    assert number(value, digits) == shown


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (147.0261, 0.0674, "147.026 ± 0.067"),
        (50712.3, 312.4, "50710 ± 310"),
        (629.5, 166.1, "630 ± 170"),
        (812.0, 1234.0, "800 ± 1200"),
        (4.0751e6, 347103.0, "(4.08 ± 0.35)e6"),
        (1.1e-5, 2e-7, "(1.100 ± 0.020)e-5"),
        (12.0, math.nan, "12.00"),
        (12.0, 0.0, "12.00"),
        (math.nan, 1.0, "-"),
        (99.96, 0.996, "99.96 ± 1.00"),
    ],
)
def test_value_with_error(value: float, error: float, shown: str) -> None:
    assert with_error(value, error) == shown


@given(
    st.floats(1e-9, 1e9, allow_nan=False),
    st.floats(1e-6, 1.0, allow_nan=False),
)
def test_value_with_error_loses_less_than_a_tenth_of_the_error(value: float, share: float) -> None:
    error = value * share
    shown = with_error(value, error)
    assert "±" in shown
    inner, _, power = shown.replace("(", "").partition(")e")
    scale = 10.0 ** int(power or 0)
    read, read_error = (float(part) * scale for part in inner.split(" ± "))
    assert abs(read - value) <= 0.051 * error + 1e-12 * value
    assert abs(read_error - error) <= 0.051 * error


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (146.893, 147.159, "146.89 to 147.16"),
        (374.0, 1060.0, "374 to 1060"),
        (3.44e6, 4.82e6, "(3.44 to 4.82)e6"),
        (math.nan, 1.0, "-"),
        (1.0, math.inf, "1.00 to inf"),
        (5.0, 5.0, "5.00 to 5.00"),
    ],
)
def test_interval(low: float, high: float, shown: str) -> None:
    assert interval(low, high) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(7e6, "7 MHz"), (0.1, "100 mHz"), (999.96, "1 kHz"), (0.0, "0 Hz"), (1.59e4, "15.9 kHz")],
)
def test_prefixed(value: float, shown: str) -> None:
    assert prefixed(value, "Hz") == shown


def test_percent() -> None:
    assert [percent(x) for x in (0.00386, 0.9996, 1.6e-4)] == ["0.39 %", "100 %", "0.016 %"]


@given(st.text())
def test_nothing_that_a_terminal_obeys_survives(text: str) -> None:
    shown = clean(text)
    assert shown.isprintable() or not shown
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)
    assert clean("a\x1b[31mb\nc", lines=True) == "a\\x1b[31mb\nc"


@given(st.text(max_size=300))
def test_a_safe_name_is_one_plain_component(label: str) -> None:
    name = safe_name(label)
    assert 0 < len(name) <= 81
    assert len(name.encode("utf-8", "strict")) <= 255 or len(label) > 60
    assert not set(name) & set('/\\:*?"<>|\0')
    assert name.isprintable()
    assert name[0] not in ". "
    assert name[-1] not in ". "


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("cell 1", "cell_1"),
        ("../../etc/passwd", "etc_passwd"),
        ("..", "spectrum"),
        ("", "spectrum"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("C:\\temp\\x", "C_temp_x"),
        ("Si@AlCl3+LPSC (synthetic)", "Si@AlCl3+LPSC_synthetic"),
        ("Zelle ä Ω", "Zelle_ä_Ω"),
        (".hidden", "hidden"),
    ],
)
def test_safe_names(label: str, name: str) -> None:
    assert safe_name(label) == name


@given(st.lists(st.text("aAbB_2", max_size=4), max_size=12))
def test_unused_names_differ_on_every_file_system(names: list[str]) -> None:
    taken: set[str] = set()
    for name in names:
        new = unused(name, taken)
        assert key(new) not in taken
        taken.add(key(new))


@given(
    st.lists(
        st.tuples(st.lists(st.text("ab 1", max_size=30), min_size=1, max_size=4), st.booleans()),
        min_size=1,
        max_size=8,
    ),
    st.integers(10, 120),
)
def test_widths_give_way_only_where_needed(table: list[tuple[list[str], bool]], room: int) -> None:
    cells = [texts for texts, _ in table]
    columns = [Column("", number=is_number) for _, is_number in table]
    natural = [max(map(len, texts)) for texts in cells]
    widths = _widths(cells, columns, room)
    assert all(w <= n for w, n in zip(widths, natural, strict=True))
    least = [n if c.number else min(n, 5) for n, c in zip(natural, columns, strict=True)]
    assert sum(widths) <= max(room, sum(least))
    if sum(natural) <= room:
        assert widths == natural


def test_a_note_longer_than_the_screen_keeps_its_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    path = "/measurements/" + "x" * 80 + "/the_end.mpr"
    Screen().notes([path])
    assert path in "".join(capsys.readouterr().out.split())
