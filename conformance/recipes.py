"""The examples and the pages of `docs/`, run as they are written, against a real `gatepass serve`.

    cargo xtask test recipes            # runs this with all that it needs
"""

import os
import sys
import tempfile
from pathlib import Path

from recipes.paper import ROOT, Paper
from serving.checks import Checks

def main() -> int:
    checks = Checks("recipes")
    with tempfile.TemporaryDirectory(prefix="gatepass-recipes-") as name:
        folder = Path(name)
        with Paper(ROOT / "examples/express/README.md", folder / "express", checks, {}) as paper:
            paper.run()
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
