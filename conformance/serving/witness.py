"""An origin that writes down what reaches it, and what of that could be read in two ways."""

import socket
import threading
from dataclasses import dataclass, field

from .plain import Request, Torn, read_body, read_head

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Heard:
    begun: list[Request] = field(default_factory=list)
    """What broke off is among it."""
    whole: list[Request] = field(default_factory=list)

    @property
    def odd(self) -> list[str]:
        return [f"{request.line!r}: {what}" for request in self.begun for what in request.odd]


class Witness:
    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._heard = Heard()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def taken(self) -> Heard:
        """What was heard since the last time."""
        with self._lock:
            taken, self._heard = self._heard, Heard()
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
                while request := read_head(stream):
                    with self._lock:
                        self._heard.begun.append(request)
                    read_body(stream, request)
                    with self._lock:
                        self._heard.whole.append(request)
                    connection.sendall(ANSWER)
            except (OSError, Torn, ValueError):
                return
