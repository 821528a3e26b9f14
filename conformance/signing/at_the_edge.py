"""Sends what was signed to a running edge, as viewers do: what `verify` says must be so on the wire."""

import http.client
import json
import os
import time
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from serving.process import Server, free_port, is_answered
from serving.witness import Witness

from .admission import Question
from .checks import Checks
from .keys import KeyRing

CONFIGURATION = """[edge]
listen = "127.0.0.1:{port}"
trusted-proxies = ["127.0.0.1"]
access-log = {{ file = "access.log", format = "json" }}
{keys}
[[key-group]]
id = "signers"
public-keys = {ids}

[[distribution]]
id = "everything"
aliases = ["*"]

[[distribution.origin]]
id = "witness"
http = "http://127.0.0.1:{origin}"

[[distribution.behavior]]
path-pattern = "/strict/*"
origin = "witness"
cache-policy = "CachingDisabled"
trusted-key-groups = ["signers"]
cloudfront-strict = true

[distribution.default-behavior]
origin = "witness"
cache-policy = "CachingDisabled"
trusted-key-groups = ["signers"]
"""

PUBLIC_KEY = """
[[public-key]]
id = "{id}"
file = "{file}"
"""


@dataclass(frozen=True)
class Answer:
    status: int
    id: str
    """By which the log has it."""


class Edge:
    """A running `gatepass serve`, before an origin that answers everything."""

    def __init__(self, port: int, log: Path) -> None:
        self._log = log
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(self, url: str, cookie: str | None, client_ip: str) -> Answer:
        """Asks for a URL of any host, from any address, as behind a proxy that is believed."""
        scheme, rest = url.split("://", 1)
        host, path = rest.split("/", 1)
        connection = self._connection
        connection.putrequest("GET", f"/{path}", skip_host=True, skip_accept_encoding=True)
        fields = {"Host": host, "X-Forwarded-Proto": scheme, "X-Forwarded-For": client_ip, "Cookie": cookie}
        for name, value in fields.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        return Answer(answer.status, answer.headers["X-Amz-Cf-Id"])

    def reason(self, answer: Answer) -> str | None:
        """Why it was refused, as the log says it."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            for line in self._log.read_text().splitlines():
                if f'"{answer.id}"' in line:
                    return json.loads(line).get("reason")
            time.sleep(0.05)
        return "not in the log"


@contextmanager
def running(folder: Path, keys: KeyRing):
    """Starts an edge that trusts these keys."""
    folder.mkdir()
    port = free_port()
    with Witness() as witness:
        listed = "".join(PUBLIC_KEY.format(id=key.id, file=key.public_file) for key in keys)
        ids = json.dumps([key.id for key in keys])
        text = CONFIGURATION.format(port=port, keys=listed, ids=ids, origin=witness.port)
        (folder / "gatepass.toml").write_text(text)
        words = [os.environ["GATEPASS_BIN"], "serve", "--config", "gatepass.toml"]
        with Server(words, folder / "gatepass.log", os.environ, lambda: is_answered(port)):
            yield Edge(port, folder / "access.log")


def judge(checks: Checks, edge: Edge, questions: Iterable[Question]) -> None:
    """Asks again what does not hang on the clock, and what does as of now."""
    now = time.time()
    for question in questions:
        if question.is_about_time:
            continue
        case = question.case
        begun = case.starts is None or case.starts < now
        status = 200 if question.admitted and begun else 403
        answer = edge.ask(question.url, question.cookie, question.client_ip)
        checks.during("", case)
        about = question.about if begun else f"{question.signed} are denied before they start"
        checks.holds(f"{about}, on the wire", answer.status == status, f"{question}\n    answered {answer}")
