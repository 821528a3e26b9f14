"""A long film: a seek fetches its slices and no more, and a new cut is never mixed with the old."""

import random
import time
from http.client import HTTPException
from pathlib import Path

from .bucket import Bucket, credentials
from .checks import Checks
from .edge import Edge
from .meter import Meter
from .reading import CACHE, MIB, distribution
from .viewer import Viewer

FILM = random.Random("film").randbytes(64 * MIB)
NEW_CUT = random.Random("new cut").randbytes(64 * MIB)


def seeking(checks: Checks, real: Bucket, folder: Path) -> None:
    checks.heading(f"{real.name}: a film of 64 MiB")
    real.put("long.mp4", FILM, "video/mp4")
    with Meter(real.port) as meter:
        text = distribution(real).replace(f":{real.port}", f":{meter.port}")
        edge = Edge(folder, text, CACHE)
        with edge.start(credentials()), Viewer(edge.port) as viewer:
            for at in (40, 3, 61):
                seek(checks, viewer, meter, at * MIB + 5)
            before = meter.received
            again = viewer.get("/long.mp4", Range=f"bytes={40 * MIB + 5}-{40 * MIB + 104}")
            checks.equal(
                "a seek to where someone was costs nothing",
                (again.body == FILM[40 * MIB + 5 : 40 * MIB + 105], meter.received - before),
                (True, 0),
            )
            real.put("long.mp4", NEW_CUT, "video/mp4")
            mixture(checks, edge.port)


def seek(checks: Checks, viewer: Viewer, meter: Meter, at: int) -> None:
    before, begun = meter.received, time.monotonic()
    answer = viewer.get("/long.mp4", Range=f"bytes={at}-{at + 99}")
    took = time.monotonic() - begun
    time.sleep(0.3)  # What is still under way counts.
    cost = meter.received - before
    checks.equal(
        f"a seek to {at / MIB:.0f} MiB gives the right bytes",
        (answer.status, answer.body == FILM[at : at + 100]),
        (206, True),
    )
    checks.holds(
        f"and costs {cost / MIB:.1f} MiB of the bucket's, in {took:.2f} s",
        cost < 5 * MIB,
        f"{cost / MIB:.1f} MiB",
    )


def mixture(checks: Checks, port: int) -> None:
    """After some slices of the old cut were cached, the new one is put in its place."""
    for nth in range(1, 4):
        with Viewer(port) as viewer:
            try:
                body = viewer.get("/long.mp4").body
            except (OSError, HTTPException):
                # To break off is right, once bytes of the old cut are out.
                continue
        pure = body in (FILM, NEW_CUT)
        checks.holds(f"view {nth} is of one cut alone", pure, f"{len(body)} bytes, mixed")
        if body == NEW_CUT:
            break
    with Viewer(port) as viewer:
        final = viewer.get("/long.mp4").body
    checks.holds("in the end it is the new cut", final == NEW_CUT, f"{len(final)} bytes")
