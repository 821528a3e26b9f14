"""What Gatepass says of itself, read by the programs that others use for it.

A real `gatepass serve` writes its access log in CloudFront's standard fields. Two libraries that were
made for CloudFront's own logs (aws-log-parser, cloudfront-log-parser) read it, and what they find has
to be what the viewer saw. Prometheus' own library reads the metrics.

    cargo xtask test logs               # runs this with all that it needs
"""

import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import cloudfront_log_parser
from aws_log_parser.interface import AwsLogParser
from aws_log_parser.models import LogType
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from serving.checks import Checks
from serving.edge import Edge
from serving.process import free_port
from serving.viewer import Answer, Viewer

DISTRIBUTION = """[[distribution]]
id = "E1EXAMPLE"
aliases = ["*"]
default-root-object = "index.html"

[[distribution.origin]]
id = "site"
directory = "site"

[[distribution.behavior]]
path-pattern = "/members/*"
origin = "site"
trusted-key-groups = ["signers"]

[distribution.default-behavior]
origin = "site"
"""

AGENT = 'Mozilla/5.0 (X11; Linux x86_64) "quoted" 100% \tAppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0'


@dataclass(frozen=True)
class Seen:
    """What a viewer asked, and got."""

    method: str
    path: str
    answer: Answer


@dataclass(frozen=True)
class Passes:
    cookie: str
    signed: str
    """Path and query of a signed URL."""

    def secrets(self) -> list[str]:
        """Runs of what opens the gate."""
        parts = [part.partition("=") for part in [*self.cookie.split("; "), *self.signed.split("&")]]
        values = [value for name, _, value in parts if name.endswith(("Policy", "Signature"))]
        return [value[at : at + 20] for value in values for at in range(0, len(value) - 20, 20)]


def main() -> int:
    checks = Checks("logs")
    with tempfile.TemporaryDirectory(prefix="gatepass-logs-") as name:
        folder = Path(name)
        write_site(folder / "site")
        port = free_port()
        edge = Edge(folder, DISTRIBUTION, f'metrics-listen = "127.0.0.1:{port}"', "cloudfront")
        passes = Passes(edge.cookie("/members/*"), edge.signed_path("/members/film.mp4"))
        log = folder / "access.log"
        with edge.start() as server:
            first = visit(edge, passes)
            checks.heading("metrics and health, by prometheus_client")
            metrics(checks, port, len(first))
            checks.heading("a log that was moved away")
            checks.holds("is complete before it is", has_lines(log, 2 + len(first)), log.read_text())
            moved = log.rename(folder / "access.log.1")
            server.hang_up()
            checks.holds("is opened anew on SIGHUP", appears(log), "there is no new file")
            second = visit(edge, passes)
        for heading, file, seen in (
            ("the log before it was moved", moved, first),
            ("and after", log, second),
        ):
            checks.heading(f"{heading}, by aws-log-parser")
            with_aws_log_parser(checks, file, seen)
            checks.heading(f"{heading}, by cloudfront-log-parser")
            with_cloudfront_log_parser(checks, file, seen)
            text = file.read_text()
            found = [secret for secret in passes.secrets() if secret in text]
            checks.equal("no credential is in it", found, [])
    return checks.close()


def write_site(site: Path) -> None:
    (site / "members").mkdir(parents=True)
    (site / "index.html").write_text("welcome")
    (site / "a b.txt").write_text("a space in its name")
    (site / "members" / "film.mp4").write_bytes(bytes(range(256)) * 1000)


def visit(edge: Edge, passes: Passes) -> list[Seen]:
    """One of everything, in order."""
    cookie, signed = passes.cookie, passes.signed
    seen = []
    with Viewer(edge.port) as viewer:
        for method, path, headers in (
            ("GET", "/", {"User_Agent": AGENT}),
            ("HEAD", "/", {}),
            ("GET", "/a%20b.txt?x=%7E&y=1", {"Referer": f"http://elsewhere.example{signed}&z"}),
            ("GET", "/members/film.mp4", {"Cookie": cookie}),
            ("GET", "/members/film.mp4", {"Cookie": cookie, "Range": "bytes=10-19"}),
            ("GET", signed, {}),
            ("GET", "/members/film.mp4", {}),
            ("GET", "/missing", {"User_Agent": "caf\u00e9".encode("latin-1").decode("latin-1")}),
        ):
            seen.append(Seen(method, path, viewer.get(path, method=method, **headers)))
    return seen


def with_aws_log_parser(checks: Checks, file: Path, seen: list[Seen]) -> None:
    parser = AwsLogParser(log_type=LogType.CloudFront)
    with file.open(newline="") as lines:
        entries = list(parser.parse(lines))
    if not checks.equal("every request is an entry", len(entries), len(seen)):
        return
    for entry, one in zip(entries, seen, strict=True):
        path, _, _ = one.path.partition("?")
        checks.equal(
            f"{one.method} {path[:40]} {one.answer.status}: method, path, status, host, ID, outcome",
            [entry.http_method, entry.uri_stem, entry.status_code, entry.host,
             entry.edge_request_id, entry.edge_result_type],
            [one.method, path.replace("%", "%25"), one.answer.status, "E1EXAMPLE",
             one.answer["X-Amz-Cf-Id"], one.answer["X-Cache"].partition(" ")[0]],
        )
        sent = len(one.answer.body)
        checks.holds("bytes and time", entry.sent_bytes > sent and entry.time_taken >= 0,
                     [entry.sent_bytes, entry.time_taken])
    checks.equal("the user agent comes back", entries[0].user_agent, AGENT)
    checks.equal("the query is the viewer's own", entries[2].uri_query, {"x": ["%7E"], "y": ["1"]})
    checks.equal("the referer is without a pass", entries[2].referrer,
                 "http://elsewhere.example/members/film.mp4?z")
    checks.equal("the query of a signed URL is empty", entries[5].uri_query, None)
    checks.holds("the moment is now", abs(time.time() - entries[0].timestamp.timestamp()) < 600,
                 entries[0].timestamp)


def with_cloudfront_log_parser(checks: Checks, file: Path, seen: list[Seen]) -> None:
    lines = [line for line in file.read_text().splitlines(keepends=True) if not line.startswith("#")]
    entries = cloudfront_log_parser.parse("".join(lines))
    if not checks.equal("every request is an entry", len(entries), len(seen)):
        return
    found = [(entry.http_method, int(entry.status_code), entry.request_id) for entry in entries]
    wanted = [(one.method, one.answer.status, one.answer["X-Amz-Cf-Id"]) for one in seen]
    checks.equal("method, status and ID", found, wanted)
    checks.equal("viewers and protocol", {(entry.ip_address, entry.request_protocol) for entry in entries},
                 {("127.0.0.1", "http")})
    checks.equal("no cookie is told", {entry.cookies for entry in entries}, {None})


def metrics(checks: Checks, port: int, requests: int) -> None:
    checks.equal("health", status(port, "/health"), 200)
    checks.equal("ready", status(port, "/ready"), 200)
    checks.equal("what is not there", status(port, "/"), 404)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        page = answer.read().decode()
        checks.holds("it says that it is OpenMetrics",
                     answer.headers["Content-Type"].startswith("application/openmetrics-text"),
                     answer.headers["Content-Type"])
    families = {family.name: family for family in text_string_to_metric_families(page)}
    counted = {}
    for sample in families["gatepass_requests"].samples:
        key = (sample.labels["behavior"], sample.labels["status"], sample.labels["outcome"])
        counted[key] = counted.get(key, 0) + sample.value
    checks.equal("every request is counted once", sum(counted.values()), requests)
    checks.equal("the refusal", counted.get(("/members/*", "4xx", "Error")), 1)
    refusals = {sample.labels["reason"]: sample.value for sample in families["gatepass_refusals"].samples}
    checks.equal("and its reason", refusals, {"no_pass": 1})
    for name in ("gatepass_gate_seconds", "gatepass_request_seconds", "gatepass_first_byte_seconds"):
        checks.equal(f"{name} is a histogram", families[name].type, "histogram")


def status(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def appears(file: Path) -> bool:
    return has_lines(file, 0)


def has_lines(file: Path, count: int) -> bool:
    """Waits until a file is there, with so many lines."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if file.exists() and len(file.read_text().splitlines()) >= count:
            return True
        time.sleep(0.02)
    return False


if __name__ == "__main__":
    sys.exit(main())
