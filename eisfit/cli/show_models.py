"""The circuit models, in a list or one in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eisfit.cli.run import print_json
from eisfit.cli.screen import Column, Screen
from eisfit.errors import CircuitError

if TYPE_CHECKING:
    from eisfit.circuit.models import Model, Span


def show(name: str | None, as_json: bool) -> int:
    """Print all models, or one, and return the exit status.

    Raises
    ------
    ModelError, CircuitError
        If there is no such model and it is no circuit.
    """
    from eisfit.api import load_model, models

    if name is not None:
        model = load_model(name)
        if as_json:
            print_json(_document(model))
        else:
            _show_one(model, Screen())
        return 0
    if as_json:
        print_json([_document(load_model(known)) for known in models()])
        return 0
    screen = Screen()
    screen.table((Column("model"), Column("what it is for")), [*models().items()])
    screen.plain("\neisfit models NAME shows one: circuit, roles, source, drawing.")
    return 0


def _show_one(model: Model, screen: Screen) -> None:
    screen.heading(f"{model.name}: {model.description}" if model.description else model.name)
    screen.line("Circuit", model.circuit.text)
    _draw(model, screen)
    if model.roles:
        screen.table(
            (Column("role"), Column("symbol"), Column("element"), Column("tau / s", number=True),
             Column("C / F for 1 cm", number=True)),
            [
                (role.name, role.symbol if role.symbol in model.aliases else "-", role.element,
                 _span(role.tau_s), _span(role.capacitance_f_cm))
                for role in model.roles
            ],
        )  # fmt: skip
        screen.plain("")
    screen.line(
        "Parameters",
        ", ".join(
            f"{name} ({unit})" if unit and unit != "1" else name
            for name, unit in zip(model.names, model.circuit.units, strict=True)
        ),
    )
    for name, members in model.derived.items():
        screen.line(name, " + ".join(members))
    if model.temperature_c is not None:
        screen.line("Temperature", f"{model.temperature_c:g} C, for the spans of tau")
    if model.reference:
        screen.line("Source", model.reference)
    screen.notes(
        [model.note] * bool(model.note)
        + [f"{role.name}: {role.note}" for role in model.roles if role.note]
    )


def _draw(model: Model, screen: Screen) -> None:
    from eisfit.circuit.drawing import draw

    try:
        drawing = draw(model.circuit)
    except CircuitError as error:
        screen.line("Drawing", str(error))
        return
    if max(map(len, drawing.splitlines())) + 4 <= screen.console.width:
        screen.plain("\n" + "\n".join(f"    {line.rstrip()}" for line in drawing.splitlines()))
        if not model.roles:
            screen.plain("")
    else:
        screen.line("Drawing", "too wide for this screen")


def _span(span: Span | None) -> str:
    return "-" if span is None else f"{span[0]:g} to {span[1]:g}"


def _document(model: Model) -> dict[str, Any]:
    from eisfit.saved import model_to_json

    return {
        **model_to_json(model),
        "parameters": [
            {"name": name, "unit": unit}
            for name, unit in zip(model.names, model.circuit.units, strict=True)
        ],
    }
