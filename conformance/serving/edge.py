"""`gatepass serve`, with the keys and the configuration of one run."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .process import Server, free_port, is_answered

KEY = "K2JCJMDEHXQW5F"

HEAD = """[edge]
listen = "127.0.0.1:{port}"
access-log = {{ file = "access.log", format = "{log}" }}
{edge}

[[public-key]]
id = "{key}"
file = "{key}.public.pem"

[[key-group]]
id = "signers"
public-keys = ["{key}"]

"""


class Edge:
    """A folder with keys and a configuration, and the server that runs from it."""

    def __init__(
        self, folder: Path, distribution: str, edge: str = "", log: str = "json"
    ) -> None:
        """Writes the configuration; `distribution` may name `{port}`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._program = os.environ["GATEPASS_BIN"]
        self.folder = folder
        self.port = free_port()
        self.config = folder / "gatepass.toml"
        self._call("keys", "new", "--type", "p256", "--id", KEY, "--out", str(folder))
        head = HEAD.format(port=self.port, key=KEY, edge=edge, log=log)
        self.config.write_text(head + distribution)

    def start(self, environment: Mapping[str, str] | None = None) -> Server:
        words = [self._program, "serve", "--config", str(self.config)]
        log = self.folder / "gatepass.log"
        settings = {**os.environ, **(environment or {})}
        return Server(words, log, settings, lambda: is_answered(self.port))

    def url(self, path: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def cookie(self, path: str, until: str = "1h", scheme: str = "http") -> str:
        """A `Cookie` header's value: a pass for a path or a pattern of paths."""
        cookies = self._call(
            *["sign", "cookies", "--resource", self.url(path, scheme), "--key-pair-id", KEY],
            *["--private-key", str(self.folder / f"{KEY}.private.pem")],
            *["--date-less-than", until, "--custom", "--output", "json"],
        )
        return "; ".join(f"{name}={value}" for name, value in json.loads(cookies).items())

    def signed_path(self, path: str, until: str = "1h") -> str:
        """The path and query of a signed URL."""
        url = self._call(
            *["sign", "url", "--url", self.url(path), "--key-pair-id", KEY],
            *["--private-key", str(self.folder / f"{KEY}.private.pem")],
            *["--date-less-than", until],
        )
        return url.strip().split(f":{self.port}", 1)[1]

    def invalidate(self, *patterns: str) -> None:
        self._call("invalidate", "--config", str(self.config), *patterns)

    def check(self) -> None:
        """Lets Gatepass read the configuration; what is wrong with it is told."""
        self._call("serve", "--config", str(self.config), "--check")

    def _call(self, *words: str) -> str:
        done = subprocess.run(
            [self._program, *words], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"gatepass {' '.join(words)}:\n{done.stdout}{done.stderr}")
        return done.stdout


def forged(cookie: str) -> str:
    """A `Cookie` header's value with another signature, and all else as it was."""
    name = "CloudFront-Signature="
    begin = cookie.index(name) + len(name)
    end = cookie.find(";", begin) if ";" in cookie[begin:] else len(cookie)
    signature = cookie[begin:end]
    other = signature[:20] + signature[20:40].swapcase() + signature[40:]
    if other == signature:
        raise ValueError("a signature without a letter in it can't be")
    return cookie[:begin] + other + cookie[end:]
