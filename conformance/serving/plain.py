"""Requests read in the one way that has no second: what could be read otherwise is noted."""

import re
from dataclasses import dataclass, field

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"


class Torn(Exception):
    """The bytes end before the request does."""


@dataclass
class Request:
    line: str
    head: bytes
    body: bytes = b""
    odd: list[str] = field(default_factory=list)
    """What a second reader may take for something else."""

    @property
    def asked(self) -> str:
        """The method and the target."""
        return self.line.rpartition(" ")[0]


def read(stream) -> Request | None:
    """The next request, whole; nothing if the stream ends before one begins."""
    request = read_head(stream)
    if request is not None:
        read_body(stream, request)
    return request


def read_head(stream) -> Request | None:
    """The next request without its body."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline(65536)
        if not line:
            if head:
                raise Torn(f"{head!r} has no end")
            return None
        head += line
    head = head[:-2]
    line, _, fields = head.partition(b"\r\n")
    return Request(line.decode("latin-1"), head, odd=[*oddities(head, line, fields)])


def oddities(head: bytes, line: bytes, fields: bytes):
    names = [text.partition(b":")[0].lower() for text in fields.split(b"\r\n") if text]
    if b"content-length" in names and b"transfer-encoding" in names:
        yield "both Content-Length and Transfer-Encoding"
    for name in (b"content-length", b"transfer-encoding", b"host"):
        if names.count(name) > 1:
            yield f"{name.decode()} {names.count(name)} times"
    if b"host" not in names:
        yield "no Host"
    if re.search(rb"(?<!\r)\n|\r(?!\n)|\0|\r\n[ \t]", head):
        yield "a bare CR or LF, a NUL, or a folded line"
    if any(not re.fullmatch(TOKEN, name) for name in names):
        yield "a field name that is none"
    if any(b":" not in text for text in fields.split(b"\r\n") if text):
        yield "a field without a colon"
    if not re.fullmatch(TOKEN + rb" /[!-~]* HTTP/1\.1", line):
        yield "a request line that asks for no path by HTTP/1.1"
    if not all(re.fullmatch(rb"[0-9A-Za-z.:\[\]-]+", host) for host in values(head, b"host")):
        yield "a Host that is none"
    if any(not value.isdigit() for value in values(head, b"content-length")):
        yield "a length that is no number"
    if any(value != b"chunked" for value in values(head, b"transfer-encoding")):
        yield "an encoding that is not chunked alone"


def values(head: bytes, name: bytes) -> list[bytes]:
    return re.findall(rb"(?i)\r\n%s:[ \t]*([^\r\n]*)" % name, head)


def read_body(stream, request: Request) -> None:
    """Reads the body into the request."""
    if any(b"chunked" in value.lower() for value in values(request.head, b"transfer-encoding")):
        read_chunks(stream, request)
    elif found := values(request.head, b"content-length"):
        if not re.fullmatch(rb"[0-9]{1,18}", found[0]):
            raise ValueError(f"the length {found[0]!r}")
        request.body = exactly(stream, int(found[0]))


def read_chunks(stream, request: Request) -> None:
    while True:
        line = ended(stream)
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}\r\n", line):
            request.odd.append(f"the chunk's size {line!r}")
        size = int(line.split(b";")[0], 16)
        if not 0 <= size < 2**60:
            raise ValueError(f"the chunk's size {line!r}")
        if size == 0:
            break
        request.body += exactly(stream, size)
        if (end := exactly(stream, 2)) != b"\r\n":
            raise ValueError(f"a chunk is followed by {end!r}")
    while (line := ended(stream)) != b"\r\n":
        if re.match(rb"(?i)content-length|transfer-encoding|host", line):
            request.odd.append(f"the trailer {line!r}")


def exactly(stream, size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise Torn(f"{len(found)} bytes of {size}")
    return found


def ended(stream) -> bytes:
    line = stream.readline(65536)
    if not line.endswith(b"\n"):
        raise Torn(f"{line!r} has no end")
    return line
