"""Many viewers at once, who look at every byte they get."""

import asyncio
import random
import re
import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from .bodies import body

SHOWN = 10


@dataclass
class Findings:
    """What the viewers saw."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    unauthorised: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)

    def note(self, kind: list[str], what: str) -> None:
        if len(kind) < SHOWN:
            kind.append(what)


@dataclass
class Crowd:
    port: int
    paths: dict[str, list[str]]
    """By folder."""
    cookie: str
    """The pass for the folder `private`."""
    bad_cookies: list[str]
    """Expired, forged, for elsewhere, none."""
    oldest: Callable[[str, float], int]
    """The oldest version of a path that may be seen by who asks at a time."""
    findings: Findings = field(default_factory=Findings)
    ends: float = 0.0
    pause: float = 1.5
    """The longest that a viewer waits between requests, in seconds."""

    async def watch(self, viewers: int, seconds: float) -> None:
        self.ends = time.monotonic() + seconds
        await asyncio.gather(*(self._viewer(nth) for nth in range(viewers)))

    async def _viewer(self, nth: int) -> None:
        pick = random.Random(nth)
        await asyncio.sleep(pick.random() * min(self.pause, 1.0))
        while time.monotonic() < self.ends:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
            except OSError:
                self.findings.outcomes["no connection"] += 1
                await asyncio.sleep(0.2)
                continue
            try:
                await self._visit(pick, reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.findings.outcomes["broke off"] += 1
            except TimeoutError:
                self.findings.outcomes["took too long"] += 1
            finally:
                writer.close()

    async def _visit(self, pick: random.Random, reader, writer) -> None:
        while time.monotonic() < self.ends:
            folder = pick.choice([*self.paths])
            path = pick.choice(self.paths[folder])
            stranger = folder == "private" and pick.random() < 0.3
            cookie = pick.choice(self.bad_cookies) if stranger else self.cookie
            span = pick_range(pick, path)
            takes_gzip = span is None and pick.random() < 0.5
            asked = time.time()
            async with asyncio.timeout(30):
                writer.write(request(self.port, path, cookie, span, takes_gzip))
                status, headers, found = await answer(reader)
                if is_gzip(headers) and takes_gzip:
                    self.findings.outcomes["compressed"] += 1
                    found = unpacked(found)
                self._judge(path, span, stranger, asked, status, headers, found)
            if pick.random() < 0.03:
                # Gone in the middle: whoever is led by this request must not notice.
                writer.write(request(self.port, path, self.cookie, None))
                await writer.drain()
                return
            await asyncio.sleep(pick.random() * self.pause)

    def _judge(self, path, span, stranger, asked, status, headers, found) -> None:
        said = f"{path} {span or ''} {status}"
        if stranger:
            self.findings.outcomes[f"stranger: {status}"] += 1
            if status != 403 or b"as of" in found or len(found) > 2_000:
                self.findings.note(self.findings.unauthorised, f"{said}: {found[:80]!r}")
            return
        self.findings.outcomes[str(status)] += 1
        if status not in (200, 206):
            if status not in (500, 502, 503, 504):
                self.findings.note(self.findings.wrong, f"{said}: {found[:120]!r}")
            return
        version = re.search(rb'(?i)\r\netag: (?:W/)?"(\d+)"', headers)
        if version is None:
            self.findings.note(self.findings.wrong, f"{said}: no ETag")
            return
        right = body(path, int(version[1]))
        if status == 206:
            right = right[span[0] : span[1] + 1]
        if found != right:
            self.findings.note(
                self.findings.wrong, f"{said}: {len(found)} bytes of {len(right)}, {found[:80]!r}"
            )
        oldest = self.oldest(path, asked)
        if int(version[1]) < oldest:
            self.findings.note(self.findings.stale, f"{said}: {int(version[1])} of at least {oldest}")


def pick_range(pick: random.Random, path: str) -> tuple[int, int] | None:
    if "/film-" not in path or pick.random() < 0.2:
        return None
    first = pick.randrange(3_400_000)
    return first, min(first + pick.randrange(1, 150_000), 3_500_000)


def request(
    port: int, path: str, cookie: str, span: tuple[int, int] | None, takes_gzip: bool = False
) -> bytes:
    ranged = f"Range: bytes={span[0]}-{span[1]}\r\n" if span else ""
    taken = "Accept-Encoding: gzip\r\n" if takes_gzip else ""
    cookies = f"Cookie: {cookie}\r\n" if cookie else ""
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    return f"{head}{cookies}{ranged}{taken}\r\n".encode()


def is_gzip(head: bytes) -> bool:
    return re.search(rb"(?i)\r\ncontent-encoding: *gzip", head) is not None


def unpacked(found: bytes) -> bytes:
    """The text of a whole gzip; what is torn is told as it is."""
    try:
        return zlib.decompress(found, wbits=31)
    except zlib.error:
        return b"(torn gzip) " + found


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    if length := re.search(rb"(?i)\r\ncontent-length: *(\d+)", head):
        return status, head, await reader.readexactly(int(length[1]))
    if not re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        return status, head, b""
    found = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        found.append((await reader.readexactly(size + 2))[:-2])
    await reader.readline()
    return status, head, b"".join(found)
