"""The same work again and again: it leaves nothing behind.

A bound on what an edge may hold in all says nothing of what it loses. So it is asked for hits, copies,
what it has to fetch and what it refuses, and reads its configuration anew, in rounds that are alike. Once
its cache is full and its allocator has seen it all, the memory it holds is compared with what it holds
many rounds later.
"""

import asyncio
import statistics
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from .bodies import paths
from .busy import DISTRIBUTION, Origin
from .checks import Checks
from .crowd import answer, is_gzip, request
from .edge import Edge, forged
from .process import free_port

CACHE = 'cache = { memory = "16 MiB" }'
VIEWERS = 8
BATCH = 50
"""Requests that a viewer sends at once, on a connection of its own."""
WARM_UP = 30
"""Rounds until the cache is full, and was so for a while."""
WINDOW = 10
"""Rounds over which a median is taken."""
BOUND = 64
"""Bytes that each request may leave behind, on average; what is kept of any request is more."""
CALM = {"MALLOC_ARENA_MAX": "1"}
"""With one arena for all threads, what the allocator itself keeps goes up and down by less."""


@dataclass(frozen=True)
class Figures:
    """What a process held at two times, in bytes, and how many requests lie between."""

    before: int
    after: int
    requests: int

    @classmethod
    def of(cls, held: list[int], requests: int) -> "Figures":
        """From what was held after each round, of so many requests, that followed the warm-up."""
        before, after = (int(statistics.median(part)) for part in (held[:WINDOW], held[-WINDOW:]))
        return cls(before, after, (len(held) - WINDOW) * requests)

    @property
    def leak(self) -> bool:
        return self.after - self.before > BOUND * self.requests

    def __str__(self) -> str:
        per_thousand = (self.after - self.before) / self.requests * 1000 / 1024
        return (
            f"from {self.before >> 10:,} to {self.after >> 10:,} KiB in {self.requests:,} requests, "
            f"{per_thousand:.1f} KiB for a thousand"
        )


def steady(checks: Checks, folder: Path, seconds: int) -> None:
    rounds, requests = max(2 * seconds, 3 * WINDOW), VIEWERS * BATCH
    checks.heading(f"the same {requests} requests {rounds} times, after {WARM_UP} times to warm up")
    plain = [28 * 2**20 + nth % 3 * 2**19 for nth in range(rounds)]
    leaking = [held + nth * requests * 100 for nth, held in enumerate(plain)]
    checks.holds("a leak of 100 bytes a request would be told", Figures.of(leaking, requests).leak, leaking)
    checks.holds("an allocator's ups and downs would not", not Figures.of(plain, requests).leak, plain)
    port = free_port()
    edge = Edge(folder, DISTRIBUTION.format(origin=port), CACHE)
    work, text, held = Work(edge), edge.config.read_text(), []
    server = edge.start(CALM)
    with server, Origin(folder, port, 3600, 86_400):
        for nth in range(WARM_UP + rounds):
            edge.config.write_text(f"# {nth}\n{text}")
            server.hang_up()
            asyncio.run(work.round(nth))
            held.append(server.heap())
    print(f"  {dict(work.outcomes)}")
    figures = Figures.of(held[WARM_UP:], requests)
    bound = f"{BOUND * 1000 / 1024:.0f} KiB is the most"
    checks.holds(f"what it holds went {figures}; {bound}", not figures.leak, [size >> 10 for size in held])
    checks.equal("it did all that it was asked for", {*work.outcomes}, DONE)


class Work:
    """A round of requests, always alike; only what is to be missed in the cache has a new name."""

    def __init__(self, edge: Edge) -> None:
        self._port = edge.port
        self._known = paths("open", 1, 4)[:8] + paths("private", 1, 4)[:8]
        self._good = edge.cookie("/private/*")
        self._bad = [forged(self._good), edge.cookie("/other/*"), ""]
        self.outcomes: Counter[str] = Counter()

    async def round(self, nth: int) -> None:
        await asyncio.gather(*(self._viewer(nth * VIEWERS + viewer) for viewer in range(VIEWERS)))

    async def _viewer(self, nth: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
        writer.write(b"".join(self._request(nth * BATCH + at) for at in range(BATCH)))
        for _ in range(BATCH):
            status, head, _ = await answer(reader)
            self.outcomes[outcome(status, head)] += 1
        writer.close()
        await writer.wait_closed()

    def _request(self, nth: int) -> bytes:
        if nth % 10 == 0:
            return request(self._port, f"/open/group-1/middle-{nth}", "", None)
        path = self._known[nth % len(self._known)]
        if nth % 3 == 0:
            bad = self._bad[nth % len(self._bad)]
            return request(self._port, path.replace("open", "private"), bad, None)
        return request(self._port, path, self._good, None, takes_gzip=nth % 2 == 0)


def outcome(status: int, head: bytes) -> str:
    if status != 200:
        return str(status)
    return "compressed" if is_gzip(head) else "hit" if b"Hit from" in head else "fetched"


DONE = {"hit", "compressed", "fetched", "403"}
