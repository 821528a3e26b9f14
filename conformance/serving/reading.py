"""Any object of a bucket, whole and in part, as HTTP asks for it."""

import email
import random
from pathlib import Path
from urllib.parse import quote

from .bucket import BUCKET, Bucket, credentials
from .checks import Checks
from .edge import Edge
from .viewer import Answer, Viewer

ODD_KEY = "a/b c+é~=%25.bin"
MIB = 1024 * 1024
BIG = random.Random("big").randbytes(20 * MIB + 17)

DISTRIBUTION = """
[[distribution]]
id = "reading"
aliases = ["127.0.0.1"]

[[distribution.origin]]
id = "bucket"
s3 = {{ bucket = "{bucket}", endpoint = "{endpoint}", region = "us-east-1", path-style = true, signing = "{signing}" }}

[distribution.default-behavior]
origin = "bucket"
cache-policy = "CachingOptimized"
"""


def distribution(real: Bucket, signing: str = "always") -> str:
    return DISTRIBUTION.format(bucket=BUCKET, endpoint=real.endpoint, signing=signing)


def reading(checks: Checks, real: Bucket, folder: Path) -> None:
    real.put("film.mp4", BIG, "video/mp4")
    real.put("cold.mp4", BIG, "video/mp4")
    real.put("empty", b"")
    real.put(ODD_KEY, b"a key of odd characters")
    edge = Edge(folder, distribution(real), CACHE)
    with edge.start(credentials()), Viewer(edge.port) as viewer:
        checks.heading(f"{real.name}: objects, whole")
        whole(checks, viewer)
        checks.heading(f"{real.name}: objects, in part, of what is not cached and of what is")
        for path in ("/cold.mp4", "/film.mp4"):
            ranges(checks, viewer, path)
        checks.heading(f"{real.name}: conditions")
        conditions(checks, viewer)
        checks.heading(f"{real.name}: what is not there, and what may not be had")
        missing = viewer.get("/nothing.mp4")
        checks.equal("a missing object is 404, not 403", missing.status, 404)
        again = viewer.get("/film.mp4")
        checks.equal("and the rest goes on as before", again.status, 200)
    refused(checks, real, folder)


def whole(checks: Checks, viewer: Viewer) -> None:
    first, second = viewer.get("/film.mp4"), viewer.get("/film.mp4")
    checks.equal("20 MiB arrive as they were put", (first.status, first.body == BIG), (200, True))
    checks.equal("with their type", first["Content-Type"], "video/mp4")
    checks.equal("and their length", first["Content-Length"], str(len(BIG)))
    checks.holds("at first they come from the bucket", not first.from_cache, first["X-Cache"])
    checks.holds("then from the cache", second.from_cache, second["X-Cache"])
    checks.equal("just the same", (second.body == BIG, second["ETag"]), (True, first["ETag"]))
    checks.holds("with an Age", (second["Age"] or "").isdigit(), second["Age"])
    head = viewer.head("/film.mp4")
    checks.equal(
        "HEAD tells the same, without a body",
        (head.status, head["Content-Length"], head["ETag"], head.body),
        (200, str(len(BIG)), first["ETag"], b""),
    )
    empty = [viewer.get("/empty") for _ in range(2)]
    checks.equal(
        "an empty object is empty, twice",
        [(answer.status, answer["Content-Length"], answer.body) for answer in empty],
        [(200, "0", b"")] * 2,
    )
    # The key has no capitals, so that lowering what is quoted lowers hexadecimal digits alone.
    for spelling in (quote(ODD_KEY), quote(ODD_KEY, safe="/+=~"), quote(ODD_KEY).lower()):
        answer = viewer.get(f"/{spelling}")
        found = (answer.status, answer.body)
        checks.equal(f"the odd key, spelled {spelling}", found, (200, b"a key of odd characters"))


def ranges(checks: Checks, viewer: Viewer, path: str) -> None:
    size = len(BIG)
    for asked, first, last in (
        ("0-0", 0, 0),
        ("1048575-1048576", MIB - 1, MIB),
        (f"{7 * MIB - 3}-{9 * MIB + 4}", 7 * MIB - 3, 9 * MIB + 4),
        ("-5", size - 5, size - 1),
        (f"{size - 3}-", size - 3, size - 1),
        (f"{size - 3}-{size * 2}", size - 3, size - 1),
    ):
        answer = viewer.get(path, Range=f"bytes={asked}")
        checks.equal(
            f"{path}: bytes={asked}",
            (answer.status, answer["Content-Range"], answer.body == BIG[first : last + 1]),
            (206, f"bytes {first}-{last}/{size}", True),
        )
    outside = viewer.get(path, Range=f"bytes={size}-")
    checks.equal(
        f"{path}: a range beyond the end",
        (outside.status, outside["Content-Range"]),
        (416, f"bytes */{size}"),
    )
    several = viewer.get(path, Range="bytes=0-9,1048570-1048580,-4")
    wanted = [BIG[:10], BIG[1048570:1048581], BIG[-4:]]
    checks.equal(f"{path}: three ranges", (several.status, parts(several)), (206, wanted))
    backwards = viewer.get(path, Range="bytes=100-199,0-9")
    checks.equal(
        f"{path}: ranges that don't ascend give all of it, as with CloudFront",
        (backwards.status, backwards.body == BIG),
        (200, True),
    )
    etag = viewer.head(path)["ETag"]
    same = viewer.get(path, Range="bytes=0-9", If_Range=etag)
    other = viewer.get(path, Range="bytes=0-9", If_Range='"other"')
    checks.equal(f"{path}: If-Range with its ETag", (same.status, same.body), (206, BIG[:10]))
    checks.equal(
        f"{path}: If-Range with another", (other.status, other.body == BIG), (200, True)
    )


def conditions(checks: Checks, viewer: Viewer) -> None:
    fresh = viewer.head("/film.mp4")
    etag, modified = fresh["ETag"], fresh["Last-Modified"]
    for fact, headers, status in (
        ("If-None-Match with its ETag", {"If_None_Match": etag}, 304),
        ("If-None-Match with another", {"If_None_Match": '"other"'}, 200),
        ("If-None-Match with several, one its own", {"If_None_Match": f'"x", {etag}'}, 304),
        ("If-None-Match with anything", {"If_None_Match": "*"}, 304),
        ("If-Modified-Since its date", {"If_Modified_Since": modified}, 304),
        ("If-Modified-Since long ago", {"If_Modified_Since": LONG_AGO}, 200),
        ("If-Match with another ETag", {"If_Match": '"other"'}, 412),
        ("If-Unmodified-Since long ago", {"If_Unmodified_Since": LONG_AGO}, 412),
    ):
        answer = viewer.get("/film.mp4", **headers)
        checks.equal(fact, answer.status, status)
        if status == 304:
            checks.equal("  it has no body, and an ETag", (answer.body, answer["ETag"]), (b"", etag))


def refused(checks: Checks, real: Bucket, folder: Path) -> None:
    """What the bucket itself refuses: nothing of it may be seen, nor kept."""
    for fact, signing, secret in (
        ("signed with a wrong secret", "always", "not the secret"),
        ("not signed", "never", None),
    ):
        edge = Edge(folder / signing, distribution(real, signing), CACHE)
        environment = credentials() if secret is None else credentials(secret)
        with edge.start(environment), Viewer(edge.port) as viewer:
            answer = viewer.get("/film.mp4")
            checks.holds(
                f"{fact}, the bucket refuses, and the viewer is told so",
                answer.status in (400, 403) and BIG[:64] not in answer.body,
                answer.status,
            )


def parts(answer: Answer) -> list[bytes] | str:
    """The parts of a multipart answer."""
    kind = answer["Content-Type"] or ""
    if not kind.startswith("multipart/byteranges"):
        return f"it is {kind}"
    _, _, boundary = kind.partition("boundary=")
    found = []
    for part in answer.body.split(b"--" + boundary.strip('"').encode())[1:-1]:
        head, _, body = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if "content-range" not in {name.lower() for name in email.message_from_bytes(head).keys()}:
            return "a part has no Content-Range"
        found.append(body.removesuffix(b"\r\n"))
    return found


CACHE = 'cache = { memory = "128 MiB" }'
LONG_AGO = "Sat, 01 Jan 2000 00:00:00 GMT"
