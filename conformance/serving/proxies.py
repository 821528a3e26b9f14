"""nginx and Caddy as proxies, each with a log of what it took for a request."""

import json
import os
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .bucket import program
from .process import Server, free_port, is_answered


@dataclass(frozen=True)
class Logged:
    asked: str
    """The method and the target."""
    status: int


@dataclass
class Proxy:
    name: str
    port: int
    _log: Path
    _parse: Callable[[str], Logged]

    def logged(self) -> list[Logged]:
        """All that it took for a request since it was started."""
        text = self._log.read_text(errors="surrogateescape") if self._log.exists() else ""
        # A last line without an end is still being written.
        return [self._parse(line) for line in text.split("\n")[:-1]]


@contextmanager
def nginx(folder: Path, origin: int, guarded: bool):
    """`guarded` lets nobody ask for what is private; its log is whole when this ends."""
    port = free_port()
    folder.mkdir(parents=True)
    guard = "location /private/ { return 403; }" if guarded else ""
    (folder / "nginx.conf").write_text(NGINX % {"port": port, "origin": origin, "guard": guard})
    words = [os.environ["GATEPASS_TOOL_NGINX"], "-p", str(folder), "-c", "nginx.conf"]
    with Server(words, folder / "nginx.log", os.environ, lambda: is_answered(port)):
        yield Proxy("nginx", port, folder / "access.log", of_nginx)


@contextmanager
def caddy(folder: Path, origin: int, guarded: bool):
    """`guarded` lets nobody ask for what is private; its log is whole when this ends."""
    port = free_port()
    folder.mkdir(parents=True)
    guard = "respond /private/* 403" if guarded else ""
    (folder / "Caddyfile").write_text(CADDY % {"port": port, "origin": origin, "guard": guard})
    words = [program("caddy"), "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
    settings = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with Server(words, folder / "caddy.log", settings, lambda: is_answered(port)):
        yield Proxy("caddy", port, folder / "access.log", of_caddy)


def of_nginx(line: str) -> Logged:
    asked, _, status = line.rpartition(" ")
    return Logged(asked, int(status))


def of_caddy(line: str) -> Logged:
    entry = json.loads(line)
    request = entry["request"]
    return Logged(f"{request['method']} {request['uri']}", entry["status"])


NGINX = """
worker_processes 1;
daemon off;
user root;
pid nginx.pid;
error_log nginx-error.log;
events { worker_connections 1024; }
http {
    # What is no request has no method and no target; the line is there all the same.
    log_format asked escape=none '$request_method $request_uri $status';
    access_log access.log asked;
    client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;
    uwsgi_temp_path t4; scgi_temp_path t5;
    upstream witness { server 127.0.0.1:%(origin)d; keepalive 4; }
    server {
        listen 127.0.0.1:%(port)d;
        %(guard)s
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
    log {
        output file access.log
        format json
    }
    %(guard)s
    reverse_proxy 127.0.0.1:%(origin)d
}
"""
