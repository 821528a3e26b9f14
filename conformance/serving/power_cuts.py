"""An edge that is killed at any moment, with a cache on disk: every byte it serves is the origin's."""

import asyncio
import random
from pathlib import Path

from .bodies import body, paths
from .busy import DISTRIBUTION, Origin
from .checks import Checks
from .crowd import Crowd
from .edge import Edge
from .process import Server, free_port
from .viewer import Viewer

VIEWERS = 100
CACHE = 'cache = { memory = "16 MiB", disk = { directory = "cache", size = "256 MiB" } }'


def power_cuts(checks: Checks, folder: Path, seconds: int) -> None:
    cuts = max(3, seconds // 5)
    checks.heading(f"{cuts} power cuts while {VIEWERS} viewers watch; the cache is on disk")
    pick = random.Random()
    port = free_port()
    edge = Edge(folder, DISTRIBUTION.format(origin=port), CACHE)
    places = {name: paths(name, 4, 6) for name in ("open", "private")}
    cookie = edge.cookie("/private/*")
    everything = [path for group in places.values() for path in group]
    hits = 0
    with Origin(folder, port, every=0, max_age=86_400):
        for nth in range(cuts):
            server = edge.start()
            crowd = Crowd(edge.port, places, cookie, [""], lambda *_: 0, pause=0.2)
            after = 0.3 + pick.random() * 2
            asyncio.run(until_cut(crowd, server, after))
            wrong = crowd.findings.wrong + crowd.findings.unauthorised
            checks.equal(f"until cut {nth + 1}, after {after:.1f} s, no body was wrong", wrong, [])
            with edge.start():
                odd, hit = compared(edge, cookie, everything)
            checks.equal(f"nor after it, of {len(everything)} objects", odd, [])
            hits += hit
        checks.holds(f"{hits} of these came from a cache that was cut off", hits > 0, "none")
        damage(folder / "cache", pick)
        with edge.start():
            odd, hit = compared(edge, cookie, everything)
        checks.equal(f"a cache with holes serves nothing wrong ({hit} hits)", odd, [])


async def until_cut(crowd: Crowd, server: Server, after: float) -> None:
    watching = asyncio.create_task(crowd.watch(VIEWERS, after + 0.1))
    await asyncio.sleep(after)
    server.kill()
    await watching


def compared(edge: Edge, cookie: str, everything: list[str]) -> tuple[list[str], int]:
    """The paths whose bytes are not the origin's, and how many came from the cache."""
    odd, hits = [], 0
    with Viewer(edge.port, cookie) as viewer:
        for path in everything:
            answer = viewer.get(path)
            hits += answer.from_cache
            if answer.status != 200 or answer.body != body(path, 0):
                odd.append(f"{path}: {answer.status}, {len(answer.body)} bytes")
    return odd, hits


def damage(folder: Path, pick: random.Random) -> None:
    """Overwrites a hundred places in the cache's files, as a failing disk does."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 0]
    for _ in range(100):
        with pick.choice(files).open("r+b") as file:
            file.seek(pick.randrange(file.seek(0, 2)))
            file.write(pick.randbytes(64))
