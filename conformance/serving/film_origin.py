"""An origin in a process of its own, so that it can be killed.

`film_origin.py PORT SECONDS MAX_AGE`: every object changes each SECONDS. `film_origin.py PORT
VERSIONS`: a file of JSON says of each object its version and its `max-age`, and is read at each
request. An object's ETag is its version.
"""

import asyncio
import json
import re
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from serving.bodies import body


def answer(method: str, path: str, fields: bytes, version: int, max_age: int) -> bytes:
    etag = f'"{version}"'
    whole = body(path, version)
    size = len(whole)
    kind = "video/mp4" if "/film-" in path else "text/plain"
    head = f"ETag: {etag}\r\nCache-Control: max-age={max_age}\r\nContent-Type: {kind}\r\n"
    asked = field(fields, "if-none-match")
    if asked == etag:
        return f"HTTP/1.1 304 Not Modified\r\n{head}\r\n".encode()
    if field(fields, "if-match") not in (None, etag):
        return f"HTTP/1.1 412 Precondition Failed\r\n{head}Content-Length: 0\r\n\r\n".encode()
    part = re.fullmatch(r"bytes=(\d+)-(\d*)", field(fields, "range") or "")
    if part and field(fields, "if-range") in (None, etag):
        first, last = int(part[1]), min(int(part[2] or size), size - 1)
        if first >= size:
            return (
                "HTTP/1.1 416 Range Not Satisfiable\r\n"
                f"Content-Range: bytes */{size}\r\nContent-Length: 0\r\n\r\n"
            ).encode()
        head += f"Content-Range: bytes {first}-{last}/{size}\r\n"
        status, whole = "206 Partial Content", whole[first : last + 1]
    else:
        status = "200 OK"
    head = f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(whole)}\r\n\r\n"
    return head.encode() + (b"" if method == "HEAD" else whole)


def field(fields: bytes, name: str) -> str | None:
    found = re.search(rb"(?im)^%s:[ \t]*(.*?)\r?$" % name.encode(), fields)
    return found and found[1].decode("latin-1")


async def serve(port: int, state) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                line, _, fields = head.partition(b"\r\n")
                method, target, _ = line.decode("latin-1").split(" ")
                path = target.partition("?")[0]
                writer.write(answer(method, path, fields, *state(path)))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", port)
    await server.serve_forever()


def by_clock(every: int, max_age: int):
    return lambda _: (int(time.time()) // every * every, max_age)


def by_file(file: Path):
    return lambda path: json.loads(file.read_text())[path]


if __name__ == "__main__":
    port, *rest = sys.argv[1:]
    state = by_clock(*map(int, rest)) if len(rest) == 2 else by_file(Path(rest[0]))
    asyncio.run(serve(int(port), state))
