"""A thousand viewers, and an operator and an origin who give them no rest."""

import asyncio
import os
import sys
import time
from pathlib import Path

from .bodies import paths
from .checks import Checks
from .crowd import Crowd
from .edge import Edge, forged
from .process import Server, free_port, is_answered

VIEWERS = 1000
EVERY, MAX_AGE = 1, 30
"""Seconds: the objects change so often, and may be kept for so long."""
GROUPS = 8
GRACE = 2.5
"""Seconds until an invalidation is seen. One is promised; this machine is busy."""
MEMORY = 512 * 1024 * 1024

DISTRIBUTION = """
[[distribution]]
id = "films"
aliases = ["127.0.0.1"]

[[distribution.origin]]
id = "origin"
http = "http://127.0.0.1:{origin}"

[[distribution.behavior]]
path-pattern = "/private/*"
origin = "origin"
cache-policy = "CachingOptimized"
trusted-key-groups = ["signers"]
compress = true

[distribution.default-behavior]
origin = "origin"
cache-policy = "CachingOptimized"
compress = true
"""


def busy(checks: Checks, folder: Path, seconds: int) -> None:
    checks.heading(f"{VIEWERS} viewers for {seconds} s; reloads, invalidations, an origin that dies")
    port = free_port()
    edge = Edge(folder, DISTRIBUTION.format(origin=port), 'cache = { memory = "64 MiB" }')
    places = {name: paths(name, GROUPS, 6) for name in ("open", "private")}
    invalidated = [0.0] * GROUPS
    server = edge.start()
    with server, Origin(folder, port, EVERY, MAX_AGE) as origin:
        crowd = Crowd(
            edge.port, places, edge.cookie("/private/*"), strangers(edge),
            oldest=lambda path, asked: oldest(invalidated, path, asked),
        )
        begun = server.memory()
        trouble = asyncio.run(everything(crowd, edge, server, origin, invalidated, seconds))
        time.sleep(1)
        ended, survived = server.memory(), server.is_running()
    report(checks, crowd, trouble, survived)
    checks.holds(
        f"its memory grew from {begun >> 20} to {ended >> 20} MiB, with a cache of 64 MiB",
        ended < MEMORY,
        f"more than {MEMORY >> 20} MiB",
    )


def report(checks: Checks, crowd: Crowd, trouble: dict, survived: bool) -> None:
    found = crowd.findings
    for outcome, count in sorted(found.outcomes.items()):
        print(f"  {count:>8} {outcome}")
    print(f"  {trouble}")
    served = found.outcomes["200"] + found.outcomes["206"]
    refused = sum(count for what, count in found.outcomes.items() if what.startswith("stranger"))
    checks.holds("the edge lived through it", survived, "it ended")
    checks.holds("most that was asked was served", served > found.outcomes.total() / 3, served)
    checks.holds("strangers were there", refused > 100, refused)
    compressed = found.outcomes["compressed"]
    checks.holds("what is text was compressed", compressed > 100, compressed)
    checks.equal("no body was wrong", found.wrong, [])
    checks.equal("no stranger got a byte", found.unauthorised, [])
    checks.equal("nothing was older than its invalidation", found.stale, [])
    late = found.outcomes["took too long"]
    checks.equal("nobody waited for half a minute", late, 0)
    for what, count in trouble.items():
        checks.holds(f"{what}: {count}", count > 0, "it did not happen")


def strangers(edge: Edge) -> list[str]:
    good = edge.cookie("/private/*")
    expired = edge.cookie("/private/*", until="1s")
    time.sleep(2)
    return [expired, edge.cookie("/other/*"), forged(good), ""]


def oldest(invalidated: list[float], path: str, asked: float) -> int:
    group = int(path.split("group-")[1].split("/")[0])
    # The version is the second it was made in, and may have been on its way then.
    return int(invalidated[group]) - 1 if asked > invalidated[group] + GRACE else 0


async def everything(crowd, edge, server, origin, invalidated, seconds) -> dict[str, int]:
    trouble = {"reloads": 0, "invalidations": 0, "deaths of the origin": 0}

    async def reloads() -> None:
        text = edge.config.read_text()
        while True:
            await asyncio.sleep(1)
            trouble["reloads"] += 1
            edge.config.write_text(f"# {trouble['reloads']}\n{text}")
            server.hang_up()

    async def invalidations() -> None:
        while True:
            await asyncio.sleep(1)
            group = trouble["invalidations"] % GROUPS
            patterns = [f"/{folder}/group-{group}/*" for folder in crowd.paths]
            await asyncio.to_thread(edge.invalidate, *patterns)
            # What was asked for before it, and stored after, may be as old as this.
            invalidated[group] = time.time() - 0.5
            trouble["invalidations"] += 1

    async def deaths() -> None:
        while True:
            await asyncio.sleep(4)
            origin.kill()
            trouble["deaths of the origin"] += 1
            await asyncio.sleep(1.5)
            await asyncio.to_thread(origin.revive)

    tasks = [asyncio.create_task(task()) for task in (reloads, invalidations, deaths)]
    await crowd.watch(VIEWERS, seconds)
    for task in tasks:
        if task.done():
            task.result()  # Raises what ended it before its time.
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return trouble


class Origin:
    """The origin of `film_origin.py`, which dies and comes back at the same port."""

    def __init__(self, folder: Path, port: int, *words: object) -> None:
        """`words` say when it changes, as `film_origin.py` takes them."""
        script = Path(__file__).with_name("film_origin.py")
        self.port = port
        self._words = [sys.executable, str(script), str(port), *map(str, words)]
        self._log = folder / "origin.log"
        self.revive()

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def revive(self) -> None:
        self._server = Server(
            self._words, self._log, os.environ, lambda: is_answered(self.port)
        )

    def kill(self) -> None:
        self._server.kill()
