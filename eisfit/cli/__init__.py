"""The command line: arguments in, exit status out, and no error shows a traceback.

Nothing heavy is imported before a command runs, so `eisfit --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from eisfit.cli.text import clean

DONE, SOME_FAILED, NOTHING_DONE = 0, 1, 2
INTERRUPTED, BROKEN_PIPE, FAULT = 130, 141, 70

TRACEBACK = "EISFIT_TRACEBACK"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; those of the process by default.

    Returns
    -------
    0 everything was done; 1 some inputs failed, the results of the others stand; 2 nothing was
    done: wrong use, an output that exists, or every input failed; 70 a fault of eisfit itself; 130
    interrupted; 141 the reader of the output went away.
    """
    for library in ("OPENBLAS", "OMP", "MKL"):
        # Before numpy loads: its threads take longer over our small matrices than one core does,
        # and the cores are needed to draw
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    if arguments is None and sys.argv[1:2] != ["batch"]:
        # A few fits are done before the compiled loops are loaded
        os.environ.setdefault("EISFIT_NUMBA", "0")
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character must not end the program
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return _end("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # Python would complain when it flushes at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def _run(arguments: list[str]) -> int:
    import typer
    from typer.main import get_command

    from eisfit.cli.app import app
    from eisfit.errors import EisfitError, fault

    # ClickException: typer brings its own copy of click, older versions use the installed one
    click_exception: type[Exception] = typer.BadParameter.__mro__[2]
    command = get_command(app)
    try:
        with command.make_context("eisfit", arguments) as context:
            status = command.invoke(context)
        return DONE if status is None else int(status)
    except EisfitError as error:
        return _end(f"error: {error}", NOTHING_DONE)
    except typer.Exit as end:
        return int(end.exit_code)
    except typer.Abort:
        return _end("interrupted", INTERRUPTED)
    except click_exception as error:
        return _wrong_use(error)
    except BrokenPipeError:
        raise
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        return _end(
            f"error: {fault(error)}\n"
            "Please report this, with the file if you may share it, and with what the same command "
            f"prints with {TRACEBACK}=1 before it, or after eisfit --traceback",
            FAULT,
        )


def _wrong_use(error: Exception) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stdout.write(f"{error}\n")
        return NOTHING_DONE
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "eisfit"
    said = error.format_message() if hasattr(error, "format_message") else str(error)
    return _end(f"error: {said}\nTry: {command} --help", NOTHING_DONE)


def _end(message: str, status: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"{clean(message, lines=True)}\n")
    return status
