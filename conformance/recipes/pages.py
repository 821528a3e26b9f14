"""The recipes' pages in Chromium, while the servers of their papers run."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from serving.checks import Checks

SCRIPT = Path(__file__).parents[1] / "browser/recipes.mjs"


def pages(checks: Checks, settings: Mapping[str, str]) -> None:
    checks.heading("in a browser")
    done = subprocess.run(
        ["node", str(SCRIPT)],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    *lines, closing = done.stdout.splitlines() or [""]
    for line in lines:
        if line.startswith(("  ok      ", "  FAILED  ")):
            checks.holds(line[10:], line.startswith("  ok"))
        else:
            print(line, flush=True)
    failed = done.returncode != 0
    checks.holds("the browser came to its end", closing.startswith("recipes: ") and not failed, closing)
