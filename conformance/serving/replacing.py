"""An object that is replaced: the old one until it is invalidated, then the new one, never both."""

import random
import time
from pathlib import Path

from .bucket import Bucket, credentials
from .checks import Checks
from .edge import Edge
from .reading import CACHE, MIB, distribution
from .viewer import Viewer

LONGEST = 2.0
"""Seconds until a running edge has seen an invalidation. One is promised; machines are busy."""


def replacing(checks: Checks, real: Bucket, folder: Path) -> None:
    checks.heading(f"{real.name}: an object that is replaced")
    old, new = (random.Random(name).randbytes(3 * MIB) for name in ("old", "new"))
    for key in ("show/one.mp4", "show/two.mp4", "other.mp4"):
        real.put(key, old)
    edge = Edge(folder, distribution(real), CACHE)
    with edge.start(credentials()), Viewer(edge.port) as viewer:
        for path in ("/show/one.mp4", "/show/two.mp4", "/other.mp4"):
            viewer.get(path)
        for key in ("show/one.mp4", "show/two.mp4", "other.mp4"):
            real.put(key, new)
        kept = viewer.get("/show/one.mp4")
        checks.equal("it stays as it was cached", (kept.from_cache, kept.body == old), (True, True))
        edge.invalidate("/show/*")
        took = until(lambda: viewer.get("/show/one.mp4").body == new)
        checks.holds(f"until it is invalidated ({took:.1f} s)", took < LONGEST, f"{took:.1f} s")
        for path, wanted in (("/show/two.mp4", new), ("/other.mp4", old)):
            found = viewer.get(path).body
            checks.holds(
                f"{path}: {'invalidated with it' if wanted is new else 'not invalidated'}",
                found == wanted,
                f"{len(found)} bytes, {'old' if found == old else 'new' if found == new else 'mixed'}",
            )
        part = viewer.get("/show/two.mp4", Range=f"bytes={2 * MIB}-")
        checks.equal("a part of it is new, too", part.body == new[2 * MIB :], True)
    with edge.start(credentials()), Viewer(edge.port) as viewer:
        found = viewer.get("/show/one.mp4").body
        checks.holds("after a restart it is the new one", found == new, len(found))


def until(proof, patience: float = 10.0) -> float:
    """Seconds until something is so."""
    begun = time.monotonic()
    while not proof() and time.monotonic() - begun < patience:
        time.sleep(0.05)
    return time.monotonic() - begun
