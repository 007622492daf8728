"""Run pyDRTtools in a process of its own: a JSON request on stdin, a JSON answer on stdout.

pyDRTtools imports its Qt windows with itself, makes matplotlib switch to Qt, and prints. Its
windows are replaced by empty modules before the import, so neither PyQt5 nor the system libraries
that Qt loads (libGL, libglib, libxkbcommon, ...) are needed; what it prints goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from types import ModuleType
from typing import Any


def main() -> None:
    """Answer one request: `{"gamma": ...}`, or `{"error": text}` where pyDRTtools fails."""
    answer_to = os.dup(1)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    request = json.load(sys.stdin)
    try:
        answer = run(request)
    except Exception as error:  # whatever it is, the caller has to hear of it
        answer = {"error": f"{type(error).__name__}: {error}"}
    with os.fdopen(answer_to, "w") as stream:
        json.dump(answer, stream)


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Return pyDRTtools' simple run on `request`, as lists."""
    import numpy as np

    for name in ("GUI", "layout", "cli"):
        sys.modules[f"pyDRTtools.{name}"] = ModuleType(f"pyDRTtools.{name}")
    from cvxopt import solvers  # type: ignore[import-untyped]
    from pyDRTtools import runs

    solvers.options["show_progress"] = False
    entry = runs.EIS_object(
        np.array(request["frequency"]), np.array(request["real"]), np.array(request["imaginary"])
    )
    runs.simple_run(entry, **request["options"])
    return {
        "tau": entry.out_tau_vec.tolist(),
        "gamma": entry.gamma.tolist(),
        "resistance": float(entry.R),
        "inductance": float(entry.L),
        "lambda": float(np.ravel(entry.lambda_value)[0]),
        "real": entry.mu_Z_re.tolist(),
        "imaginary": entry.mu_Z_im.tolist(),
    }


if __name__ == "__main__":
    main()
