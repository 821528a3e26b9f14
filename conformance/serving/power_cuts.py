"""An edge that is killed at any moment, with a cache on disk, while the origin's objects change.

Whatever is served, before the cut and after it, is one version of its object, whole: one that may
still be seen, or the newest. What was invalidated is the newest alone. The objects come in groups:
what never changes, what is replaced, what is replaced and soon stale, what is replaced and invalidated.
"""

import asyncio
import http.client
import random
import time
from collections import Counter
from pathlib import Path

from .bodies import body, paths
from .busy import DISTRIBUTION, GRACE, Origin
from .checks import Checks
from .crowd import Crowd
from .edge import Edge
from .process import Server, free_port
from .versions import ROUNDING, Versions, some
from .viewer import Viewer

VIEWERS = 100
CACHE = 'cache = { memory = "16 MiB", disk = { directory = "cache", size = "256 MiB" } }'
DAY = 86_400
SOON = 3
"""Seconds for which the objects of the third group are fresh."""


class Scene:
    """An edge, an origin whose objects change, and an operator."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.edge = Edge(folder, DISTRIBUTION.format(origin=self.port), CACHE)
        self.places = {name: paths(name, 4, 6) for name in ("open", "private")}
        self.cookie = self.edge.cookie("/private/*")
        everything = [path for group in self.places.values() for path in group]
        _, _, soon, invalidated = self.groups = [
            [path for path in everything if f"/group-{nth}/" in path] for nth in range(4)
        ]
        self.versions = Versions(
            folder / "versions.json", {path: SOON if path in soon else DAY for path in everything}
        )
        self._invalidated = invalidated
        self._pick = random.Random()

    def replace(self) -> None:
        """Replaces half of what changes."""
        self.versions.replace([path for group in self.groups[1:] for path in some(group, self._pick)])

    def invalidate(self, within: float) -> None:
        """Invalidates the fourth group; it has to be seen within some seconds."""
        before = self.versions.current()
        self.edge.invalidate(*(f"/{folder}/group-3/*" for folder in self.places))
        self.versions.invalidated(self._invalidated, before, within)

    async def until_cut(self, crowd: Crowd, server: Server, after: float) -> None:
        """Lets viewers watch and objects change, until the edge is killed."""
        watching = asyncio.create_task(crowd.watch(VIEWERS, after + 0.1))
        await asyncio.sleep(after / 2)
        self.replace()
        await asyncio.to_thread(self.invalidate, GRACE)
        await asyncio.sleep(after / 2)
        self.replace()  # Some of it is being fetched just now.
        server.kill()
        await watching

    def while_down(self) -> None:
        """Lets objects change of which the edge hears nothing."""
        self.replace()
        self.invalidate(0)
        self.replace()

    def compared(self) -> tuple[list[str], Counter[str]]:
        """What is not as it has to be; and how often what was cached, old and new was seen."""
        odd, seen = [], Counter()
        viewer = Viewer(self.edge.port, self.cookie)
        for path, newest in self.versions.current().items():
            asked = time.time()
            try:
                answer = viewer.get(path)
            except (http.client.HTTPException, ConnectionError):
                # Replaced while it was fetched: it breaks off once, and then it is forgotten.
                seen["broken off"] += 1
                viewer = Viewer(self.edge.port, self.cookie)
                answer = viewer.get(path)
            version = int((answer["ETag"] or '"-1"').strip('W/"'))
            seen["cached"] += answer.from_cache
            seen["old" if version < newest else "new"] += 1
            oldest = self.versions.oldest(path, asked)
            if answer.status != 200 or not oldest <= version <= newest:
                odd.append(f"{path}: {answer.status}, version {version} of {oldest} to {newest}")
            elif answer.body != body(path, version):
                odd.append(f"{path}: {len(answer.body)} bytes that are not version {version}")
        return odd, seen


def power_cuts(checks: Checks, folder: Path, seconds: int) -> None:
    cuts = max(3, seconds // 5)
    checks.heading(
        f"{cuts} power cuts while {VIEWERS} viewers watch and objects change; the cache is on disk"
    )
    scene, pick, total = Scene(folder), random.Random(), Counter()
    with Origin(folder, scene.port, scene.versions.file):
        for nth in range(cuts):
            total += cut(checks, scene, nth + 1, 0.3 + pick.random() * 2)
        checks.holds(f"{total['cached']} of these came from a cache that was cut off", total["cached"] > 0, total)
        checks.holds(f"{total['old']} were older than the origin's, and might be", total["old"] > 0, total)
        scene.while_down()
        time.sleep(SOON + ROUNDING)
        soon = len(scene.groups[2])
        with scene.edge.start():
            odd, seen = scene.compared()
        checks.equal(f"what was soon stale, {soon} objects, is not seen after a longer cut", odd, [])
        damage(folder / "cache", pick)
        with scene.edge.start():
            odd, seen = scene.compared()
        checks.equal(f"a cache with holes serves nothing wrong ({seen['cached']} hits)", odd, [])


def cut(checks: Checks, scene: Scene, nth: int, after: float) -> Counter[str]:
    server = scene.edge.start()
    crowd = Crowd(scene.edge.port, scene.places, scene.cookie, [""], scene.versions.oldest, pause=0.2)
    asyncio.run(scene.until_cut(crowd, server, after))
    found = crowd.findings
    checks.equal(f"until cut {nth}, after {after:.1f} s, no body was wrong", found.wrong + found.unauthorised, [])
    checks.equal(f"until cut {nth}, nothing was older than it may be", found.stale, [])
    scene.while_down()
    with scene.edge.start():
        odd, seen = scene.compared()
    checks.equal(f"nor after it, of {seen['old'] + seen['new']} objects", odd, [])
    return seen


def damage(folder: Path, pick: random.Random) -> None:
    """Overwrites twenty places in the cache's files, as a failing disk does."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 0]
    for _ in range(20):
        with pick.choice(files).open("r+b") as file:
            file.seek(pick.randrange(file.seek(0, 2)))
            file.write(pick.randbytes(64))
