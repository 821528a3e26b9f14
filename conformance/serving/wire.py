"""A wire to a port of the loopback; what is made of the bytes on it is for others to say."""

import contextlib
import socket
import threading


class Wire:
    """Passes bytes on, both ways, and ends both ends with either."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def asked(self, connection: int, data: bytes) -> None:
        """Hears, under the lock, what goes to the port; nothing once that side has ended."""

    def answered(self, connection: int, data: bytes) -> None:
        """Hears, under the lock, what comes back."""

    def _accept(self) -> None:
        connection = 0
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to))
            connection += 1
            for source, sink, hear in ((near, far, self.asked), (far, near, self.answered)):
                arguments = (source, sink, connection, hear)
                threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, connection: int, hear) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(256 * 1024):
                with self._lock:
                    hear(connection, data)
                sink.sendall(data)
        with self._lock:
            hear(connection, b"")
        for side in (source, sink):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
