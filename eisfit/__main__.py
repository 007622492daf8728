"""`python -m eisfit` is the command `eisfit`."""

from __future__ import annotations

import sys

from eisfit.cli import main

if __name__ == "__main__":
    sys.exit(main())
