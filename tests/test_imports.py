"""What `import eisfit` loads, what stays callable after it, and what no file of it may use."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "eisfit").rglob("*.py"))

HEAVY = {"jinja2", "numba", "matplotlib", "pandas", "lmfit", "galvani", "yadg", "scipy"}
# A worker is a script for another process; importing it would do its work.
NOT_IMPORTED = ("__main__", "_pydrttools_worker")
if find_spec("numba") is None:  # the extra 'fast'
    NOT_IMPORTED += ("fitting.compiled",)

FORBIDDEN_MODULES = {
    "pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib",
    "urllib", "urllib3", "requests", "httpx", "aiohttp", "http", "socket", "ftplib", "webbrowser",
}  # fmt: skip
FORBIDDEN_CALLS = {"eval", "exec", "read_pickle", "to_pickle"}


def run_python(code: str) -> str:
    """Return what a fresh interpreter prints, with this checkout first on its path."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("module", ["eisfit", "eisfit.cli"])
def test_import_is_light(module: str) -> None:
    loaded = json.loads(
        run_python(f"import {module}, sys, json; print(json.dumps([*sys.modules]))")
    )
    assert module in loaded
    assert HEAVY.isdisjoint(name.partition(".")[0] for name in loaded)


def test_public_names_survive_the_import_of_every_submodule() -> None:
    code = f"""
import importlib, inspect, json, pkgutil
import eisfit

def fail(name):
    raise ImportError(name)

names = [
    m.name for m in pkgutil.walk_packages(eisfit.__path__, "eisfit.", onerror=fail)
    if not m.name.endswith({NOT_IMPORTED!r})
]
for name in names:
    importlib.import_module(name)
public = {{name: getattr(eisfit, name) for name in eisfit.__all__}}
print(json.dumps({{
    "imported": names,
    "modules": [n for n, v in public.items() if inspect.ismodule(v)],
    "not callable": [n for n, v in public.items() if not callable(v)],
}}))
"""
    # json.loads also says that no submodule prints when it is imported.
    found = json.loads(run_python(code))
    packages = {"eisfit.io", "eisfit.circuit", "eisfit.relaxation", "eisfit.fitting"}
    assert packages <= set(found["imported"])
    assert found["modules"] == []
    assert found["not callable"] == ["__version__"]


def test_no_submodule_bears_a_public_name() -> None:
    import eisfit

    public = set(eisfit.__all__)
    top = [path for path in (ROOT / "eisfit").iterdir() if path.suffix == ".py" or path.is_dir()]
    assert public.isdisjoint(path.stem for path in top)


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        yield node.module or ""
    elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
        yield from (str(a.value) for a in node.args if isinstance(a, ast.Constant))


def forbidden(source: str) -> list[str]:
    """Return "line: what" for every use of code from text, pickle or network in `source`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for name in _imported(node):
            if name.partition(".")[0] in FORBIDDEN_MODULES:
                found.append(f"{node.lineno}: import {name}")
        if isinstance(node, ast.Call):
            if _called(node) in FORBIDDEN_CALLS:
                found.append(f"{node.lineno}: {_called(node)}(")
            for keyword in node.keywords:
                # Only a literal False is sure to be no pickle.
                if keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False":
                    found.append(f"{node.lineno}: allow_pickle")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_code_from_text_no_pickle_no_network(path: Path) -> None:
    assert forbidden(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("eval('1')", 1),
        ("import builtins\nbuiltins.exec('x = 1')", 1),
        ("frame.eval('a + b')", 1),
        ("import os, pickle", 1),
        ("from urllib.request import urlopen", 1),
        ("def f():\n    import requests", 1),
        ("from importlib import import_module\nimport_module('socket')", 1),
        ("numpy.load(path, allow_pickle=True)", 1),
        ("numpy.load(path, allow_pickle=False)", 0),
        ("'eval(1) and import pickle are words here'  # exec(", 0),
        ("from eisfit.io import http_like\nevaluate(1)", 0),
    ],
)
def test_the_check_itself_sees_what_it_should(source: str, count: int) -> None:
    assert len(forbidden(source)) == count
