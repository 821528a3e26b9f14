"""A wire that is listened to: which requests went over it, each read in the one way there is."""

import io
from dataclasses import dataclass, field

from .plain import Request, Torn, read, read_head
from .wire import Wire


@dataclass
class Passed:
    """What went to the port."""

    whole: list[Request] = field(default_factory=list)
    torn: list[bytes] = field(default_factory=list)
    """What began, and whose connection ended before it did."""
    open: list[bytes] = field(default_factory=list)
    """What began, and whose connection waits for more: the next that is sent becomes part of it."""
    unread: list[str] = field(default_factory=list)
    """What is no request at all."""

    @property
    def odd(self) -> list[str]:
        heads = [read_head(io.BytesIO(rest)) for rest in self.torn if b"\r\n\r\n" in rest]
        read = [*self.whole, *filter(None, heads)]
        return [f"{request.line!r}: {what}" for request in read for what in request.odd] + self.unread


class Tap(Wire):
    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._bytes: dict[int, bytes] = {}
        self._ended: set[int] = set()

    def asked(self, connection: int, data: bytes) -> None:
        self._bytes[connection] = self._bytes.get(connection, b"") + data
        if not data:
            self._ended.add(connection)

    def taken(self) -> Passed:
        """What went by since the last time."""
        passed = Passed()
        with self._lock:
            for connection in [*self._bytes]:
                self._take(connection, passed)
        return passed

    def _take(self, connection: int, passed: Passed) -> None:
        stream = io.BytesIO(self._bytes.pop(connection))
        begun = 0
        try:
            while request := read(stream):
                passed.whole.append(request)
                begun = stream.tell()
        except Torn:
            rest = stream.getvalue()[begun:]
            if connection in self._ended:
                passed.torn.append(rest)
            else:
                passed.open.append(rest)
                self._bytes[connection] = rest
        except ValueError as error:
            passed.unread.append(f"{stream.getvalue()[begun:]!r}: {error}")
