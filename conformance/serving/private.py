"""Private content in a bucket: a hit is as private as a miss, and nothing is told to the log."""

import time
from pathlib import Path

from .bucket import BUCKET, SECRET_KEY, Bucket, credentials
from .checks import Checks
from .edge import Edge, forged
from .viewer import Viewer

SECRET = b"only for those who may"

DISTRIBUTION = """
[[distribution]]
id = "private"
aliases = ["127.0.0.1"]

[[distribution.origin]]
id = "bucket"
s3 = {{ bucket = "{bucket}", endpoint = "{endpoint}", region = "us-east-1", path-style = true, signing = "always" }}

[distribution.default-behavior]
origin = "bucket"
cache-policy = "CachingOptimized"
trusted-key-groups = ["signers"]
"""


def private_content(checks: Checks, real: Bucket, folder: Path) -> None:
    checks.heading(f"{real.name}: private content")
    real.put("films/secret.mp4", SECRET)
    text = DISTRIBUTION.format(bucket=BUCKET, endpoint=real.endpoint)
    edge = Edge(folder, text, 'cache = { memory = "64 MiB" }')
    admitted = edge.cookie("/films/*")
    path = "/films/secret.mp4"
    elsewhere = edge.cookie("/other/*")
    short = edge.cookie("/films/*", until="3s")
    short_ends = time.time() + 3
    strangers = {
        "without a pass": None,
        "with a pass for elsewhere": elsewhere,
        "with a forged pass": forged(admitted),
    }
    with edge.start(credentials()):
        for when in ("before anyone has seen it", "when it is cached"):
            for who, cookie in strangers.items():
                with Viewer(edge.port, cookie) as viewer:
                    for ask in (viewer.get, viewer.head):
                        answer = ask(path)
                        refused = answer.status == 403 and SECRET not in answer.body
                        checks.holds(f"{who}, {when}, it is 403", refused, answer)
                    part = viewer.get(path, Range="bytes=0-3")
                    checks.equal(f"{who}, {when}, a part is 403", part.status, 403)
                    fresh = viewer.get(path, If_None_Match="*")
                    checks.equal(f"{who}, {when}, nor is it told if it changed", fresh.status, 403)
            with Viewer(edge.port, admitted) as viewer:
                answer = viewer.get(path)
                checks.equal(f"with a pass, {when}", (answer.status, answer.body), (200, SECRET))
        with Viewer(edge.port) as viewer:
            answer = viewer.get(edge.signed_path(path))
            checks.equal("by a signed URL", (answer.status, answer.body), (200, SECRET))
            checks.holds("which finds what the cookies' viewer left", answer.from_cache, answer["X-Cache"])
        with Viewer(edge.port, short) as viewer:
            if time.time() < short_ends - 1:
                checks.equal("a pass of three seconds admits", viewer.get(path).status, 200)
            time.sleep(max(0.0, short_ends + 1 - time.time()))
            checks.equal("and then no more, hit or not", viewer.get(path).status, 403)
    said = (folder / "access.log").read_bytes() + (folder / "gatepass.log").read_bytes()
    signature = next(part for part in admitted.split("; ") if "Signature=" in part).partition("=")[2]
    for what, text in (("the bucket's secret", SECRET_KEY), ("a signature", signature)):
        checks.holds(f"{what} is in no log", text.encode() not in said, "it is")
    checks.holds("the log has the requests", said.count(b"/films/secret.mp4") > 5, said[:300])
