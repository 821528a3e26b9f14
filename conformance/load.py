"""A thousand viewers while everything else changes, and power cuts: no byte is wrong, none is lost.

While they watch, the configuration is reloaded and something invalidated each second, and the origin
is killed and revived. Some have no pass, or one that ended: they get 403, always. Then one edge
does the same work again and again, and what it holds afterwards is compared; and one is killed without a
warning, with a cache on disk, and what it serves after its restart is compared.

    cargo xtask test load                               # 20 s
    GATEPASS_LOAD_SECONDS=120 cargo xtask test load     # the two minutes that a release is held to
"""

import os
import sys
import tempfile
from pathlib import Path

from serving.busy import busy
from serving.checks import Checks
from serving.power_cuts import power_cuts
from serving.steady import steady


def main() -> int:
    seconds = int(os.environ.get("GATEPASS_LOAD_SECONDS") or 20)
    checks = Checks("load")
    with tempfile.TemporaryDirectory(prefix="gatepass-load-") as name:
        busy(checks, Path(name) / "busy", seconds)
        steady(checks, Path(name) / "steady", seconds)
        power_cuts(checks, Path(name) / "power-cuts", seconds)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
