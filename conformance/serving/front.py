"""Servers as a front: each is sent the same raw bytes, and what comes of it is kept."""

import os
import re
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .ambiguous import Case
from .bucket import program
from .edge import Edge
from .process import Server, free_port, is_answered
from .witness import Witness

QUIET = 0.4
"""Seconds without a byte after which nothing more is expected."""


@dataclass(frozen=True)
class Outcome:
    statuses: list[int]
    heard: list[str]
    odd: list[str]
    closed: bool

    def __str__(self) -> str:
        statuses = " ".join(map(str, self.statuses)) or "-"
        heard = "".join(f" →{line.split(' ')[0]} {line.split(' ')[1][:9]}" for line in self.heard)
        return f"{statuses}{' x' if self.closed else ''}{heard}"


class Front:
    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, case: Case, witness: Witness) -> Outcome:
        witness.taken()
        received, closed = b"", False
        with socket.create_connection(("127.0.0.1", self._port), timeout=QUIET) as connection:
            try:
                connection.sendall(case.raw(self._port))
                while data := connection.recv(65536):
                    received += data
                closed = True
            except TimeoutError:
                pass
            except OSError:
                closed = True
        time.sleep(0.05)  # What was passed on late is heard all the same.
        heard, odd = witness.taken()
        statuses = [int(text) for text in re.findall(rb"HTTP/1\.[01] (\d{3})", received)]
        return Outcome([code for code in statuses if code >= 200], heard, odd, closed)


@contextmanager
def gatepass(folder: Path, origin: int):
    edge = Edge(folder, DISTRIBUTION.format(origin=origin), "request-timeout-seconds = 5")
    with edge.start():
        yield Front(edge.port)


@contextmanager
def nginx(folder: Path, origin: int):
    port = free_port()
    folder.mkdir()
    (folder / "nginx.conf").write_text(NGINX % {"port": port, "origin": origin})
    words = [os.environ["GATEPASS_TOOL_NGINX"], "-p", str(folder), "-c", "nginx.conf"]
    with Server(words, folder / "nginx.log", os.environ, lambda: is_answered(port)):
        yield Front(port)


@contextmanager
def caddy(folder: Path, origin: int):
    port = free_port()
    folder.mkdir()
    (folder / "Caddyfile").write_text(CADDY % {"port": port, "origin": origin})
    words = [program("caddy"), "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
    settings = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with Server(words, folder / "caddy.log", settings, lambda: is_answered(port)):
        yield Front(port)


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

NGINX = """
worker_processes 1;
daemon off;
user root;
pid nginx.pid;
error_log nginx-error.log;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;
    uwsgi_temp_path t4; scgi_temp_path t5;
    upstream witness { server 127.0.0.1:%(origin)d; keepalive 4; }
    server {
        listen 127.0.0.1:%(port)d;
        location /private/ { return 403; }
        location / {
            proxy_pass http://witness; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $http_host;
        }
    }
}
"""

CADDY = """
{
    admin off
    auto_https off
}
http://127.0.0.1:%(port)d {
    respond /private/* 403
    reverse_proxy 127.0.0.1:%(origin)d
}
"""
