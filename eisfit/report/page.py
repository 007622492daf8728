"""The page: one template, one style, one script, and the policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from eisfit.report.content import Content
from eisfit.report.figures import figures_of

SCRIPTS = (
    "numbers.js", "ticks.js", "view.js", "drawing.js", "plot.js", "gestures.js", "tables.js",
    "spectra.js", "picker.js", "trends.js", "start.js",
)  # fmt: skip
STYLES = ("report.css", "plots.css", "print.css")
# Control characters, halves of surrogate pairs, and what turns the direction of text: none of it
# is of use in a name, and some of it makes a name look like another.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def render(content: Content) -> str:
    """Return the page as HTML."""
    style, script = "\n".join(map(_asset, STYLES)), _script()
    html = _template().render(
        content=content,
        style=_trusted(style),
        script=_trusted(script),
        data=_trusted(embedded(content.plots)),
        policy=policy(style, script),
        figures=figures_of(content.entries),
    )
    return _UNSEEN.sub("\ufffd", html)


def policy(style: str, script: str) -> str:
    """Return the Content-Security-Policy: this style, this script, and nothing from anywhere."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def embedded(data: Mapping[str, Any]) -> str:
    """Return data as JSON that no text in it can end, comment out, or turn into markup."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()


@cache
def _asset(name: str) -> str:
    return (files("eisfit.report") / "page" / name).read_text(encoding="utf-8").strip()


def _script() -> str:
    parts = "\n".join(map(_asset, SCRIPTS))
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


def _trusted(text: str) -> Any:
    """Mark text of our own as HTML; everything else is escaped."""
    from markupsafe import Markup

    return Markup(text)


@cache
def _template() -> Any:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
