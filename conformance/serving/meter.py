"""A wire with a meter: counts the bytes that come back."""

from .wire import Wire


class Meter(Wire):
    received = 0

    def answered(self, connection: int, data: bytes) -> None:
        self.received += len(data)
