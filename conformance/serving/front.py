"""Servers as a front: each is sent the same raw bytes, and what comes of it is kept."""

import re
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import proxies
from .ambiguous import Case
from .edge import Edge
from .witness import Witness

QUIET = 0.8
"""Seconds without a byte after which nothing more is expected."""


@dataclass(frozen=True)
class Answers:
    """What came back to whoever sent a case."""

    statuses: list[int]
    closed: bool

    def __str__(self) -> str:
        statuses = " ".join(map(str, self.statuses)) or "-"
        return f"{statuses}{' x' if self.closed else ''}"


@dataclass(frozen=True)
class Outcome:
    answers: Answers
    heard: list[str]
    """The request lines that the origin read."""
    odd: list[str]

    @property
    def statuses(self) -> list[int]:
        return self.answers.statuses

    @property
    def closed(self) -> bool:
        return self.answers.closed

    def __str__(self) -> str:
        return f"{self.answers}{shown(self.heard)}"


def shown(lines: list[str]) -> str:
    return "".join(f" →{line.split(' ')[0]} {line.split(' ')[1][:9]}" for line in lines)


def sent(port: int, case: Case) -> Answers:
    """Sends a case's bytes to a port, and waits until nothing more comes back."""
    received, closed = b"", False
    with socket.create_connection(("127.0.0.1", port), timeout=QUIET) as connection:
        try:
            connection.sendall(case.raw(port))
            while data := connection.recv(65536):
                received += data
            closed = True
        except TimeoutError:
            pass
        except OSError:
            closed = True
    time.sleep(0.05)  # What was passed on late is heard all the same.
    statuses = [int(text) for text in re.findall(rb"HTTP/1\.[01] (\d{3})", received)]
    return Answers([code for code in statuses if code >= 200], closed)


class Front:
    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, case: Case, witness: Witness) -> Outcome:
        witness.taken()
        answers = sent(self.port, case)
        heard = witness.taken()
        return Outcome(answers, [request.line for request in heard.begun], heard.odd)


@contextmanager
def gatepass(folder: Path, origin: int):
    edge = Edge(folder, DISTRIBUTION.format(origin=origin), "request-timeout-seconds = 5")
    with edge.start():
        yield Front(edge.port)


@contextmanager
def nginx(folder: Path, origin: int):
    with proxies.nginx(folder, origin, guarded=True) as proxy:
        yield Front(proxy.port)


@contextmanager
def caddy(folder: Path, origin: int):
    with proxies.caddy(folder, origin, guarded=True) as proxy:
        yield Front(proxy.port)


DISTRIBUTION = """
[[distribution]]
id = "smuggling"
aliases = ["127.0.0.1"]

[[distribution.origin]]
id = "witness"
http = "http://127.0.0.1:{origin}"

[[distribution.behavior]]
path-pattern = "/private/*"
origin = "witness"
cache-policy = "CachingDisabled"
origin-request-policy = "AllViewer"
allowed-methods = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
trusted-key-groups = ["signers"]

[distribution.default-behavior]
origin = "witness"
cache-policy = "CachingDisabled"
origin-request-policy = "AllViewer"
allowed-methods = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
"""
