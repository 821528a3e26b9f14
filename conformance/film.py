"""Chromium plays an HLS film from a private bucket, through Gatepass, over TLS and HTTP/2.

This starts SeaweedFS and Gatepass and puts the demo's film into the bucket, with a page that plays
it by hls.js; `browser/film.mjs` watches it as a viewer.

    cargo xtask test film               # runs this with all that it needs
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from serving.bucket import BUCKET, Bucket, credentials, seaweedfs
from serving.edge import KEY, Edge

HERE = Path(__file__).parent
FILM = HERE.parent / "crates/gatepass-cli/demo/site/private/film"

DISTRIBUTION = """
[[distribution]]
id = "film"
aliases = ["127.0.0.1"]

[[distribution.origin]]
id = "bucket"
s3 = {{ bucket = "{bucket}", endpoint = "{endpoint}", region = "us-east-1", path-style = true, signing = "always" }}

[[distribution.behavior]]
path-pattern = "/film/*"
origin = "bucket"
cache-policy = "CachingOptimized"
trusted-key-groups = ["signers"]

[distribution.default-behavior]
origin = "bucket"
cache-policy = "CachingOptimized"
"""

TLS = """cache = { memory = "64 MiB" }
tls = [{ certificate = "cert.pem", key = "key.pem" }]"""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="gatepass-film-") as name:
        folder = Path(name)
        with seaweedfs(folder / "bucket") as real:
            fill(real)
            edge = Edge(folder / "edge", DISTRIBUTION.format(bucket=BUCKET, endpoint=real.endpoint), TLS)
            make_certificate(edge.folder)
            with edge.start(credentials()):
                return watch(edge)


def fill(real: Bucket) -> None:
    real.put("index.html", (HERE / "browser/film.html").read_bytes(), "text/html")
    player = Path(os.environ["GATEPASS_NODE_MODULES"], "node_modules/hls.js/dist/hls.min.js")
    real.put("hls.js", player.read_bytes(), "text/javascript")
    for path in FILM.iterdir():
        kind = "application/vnd.apple.mpegurl" if path.suffix == ".m3u8" else "video/mp4"
        real.put(f"film/{path.name}", path.read_bytes(), kind)


def make_certificate(folder: Path) -> None:
    subprocess.run(
        [
            *[os.environ["GATEPASS_TOOL_OPENSSL"], "req", "-x509", "-nodes", "-days", "2"],
            *["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=127.0.0.1"],
            *["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def watch(edge: Edge) -> int:
    settings = {
        "GATEPASS_FILM_URL": edge.url("/index.html", "https"),
        "GATEPASS_KEY_ID": KEY,
        "GATEPASS_KEY": str(edge.folder / f"{KEY}.private.pem"),
    }
    script = str(HERE / "browser/film.mjs")
    return subprocess.run(["node", script], env={**os.environ, **settings}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
