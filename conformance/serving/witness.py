"""An origin that writes down what reaches it, and what of that could be read in two ways."""

import re
import socket
import threading

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: 2\r\n\r\nok"


class Witness:
    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._heard: list[str] = []
        self._odd: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def taken(self) -> tuple[list[str], list[str]]:
        """Request lines since the last time, and what was odd about them."""
        with self._lock:
            taken = self._heard, self._odd
            self._heard, self._odd = [], []
        return taken

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            try:
                while head := read_head(stream):
                    self._note(head)
                    read_body(stream, head)
                    connection.sendall(ANSWER)
            except (OSError, ValueError):
                return

    def _note(self, head: bytes) -> None:
        line, _, fields = head.partition(b"\r\n")
        names = [field.partition(b":")[0].lower() for field in fields.split(b"\r\n") if field]
        found = []
        if b"content-length" in names and b"transfer-encoding" in names:
            found.append("both Content-Length and Transfer-Encoding")
        for name in (b"content-length", b"transfer-encoding", b"host"):
            if names.count(name) > 1:
                found.append(f"{name.decode()} {names.count(name)} times")
        if names.count(b"host") != 1:
            found.append("no Host")
        if re.search(rb"(?<!\r)\n|\r(?!\n)|\0|\r\n[ \t]", head):
            found.append("a bare CR or LF, a NUL, or a folded line")
        if any(not re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) for name in names):
            found.append("a field name that is none")
        with self._lock:
            self._heard.append(line.decode("latin-1"))
            self._odd += [f"{line!r}: {what}" for what in found]


def read_head(stream) -> bytes:
    """Everything up to the empty line; nothing if the connection ends before it."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline(65536)
        if not line:
            return b""
        head += line
    return head[:-4] + b"\r\n"


def read_body(stream, head: bytes) -> None:
    if re.search(rb"(?i)\r\ntransfer-encoding:.*chunked", head):
        while size := int(stream.readline().split(b";")[0], 16):
            stream.read(size + 2)
        while stream.readline() not in (b"\r\n", b""):
            pass
    elif found := re.search(rb"(?i)\r\ncontent-length:\s*(\d+)", head):
        stream.read(int(found[1]))
