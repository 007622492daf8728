"""The page on trends prints what it says."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "trends.md"


def test_the_page_prints_what_it_says():
    text = PAGE.read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    said = re.search(r"```text\n(.*?)```", text, re.DOTALL)
    assert said is not None
    assert len(blocks) == 2
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", "\n".join(blocks)],
        capture_output=True, encoding="utf-8", timeout=120, cwd=PAGE.parents[1],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == said[1]
