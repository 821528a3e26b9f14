"""A viewer who sends exactly what is asked, and keeps the connection."""

import http.client
import ssl
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def __getitem__(self, name: str) -> str | None:
        return self.headers.get(name)

    @property
    def from_cache(self) -> bool:
        return (self["X-Cache"] or "").startswith(("Hit", "RefreshHit"))


class Viewer:
    def __init__(self, port: int, cookie: str | None = None, tls: bool = False) -> None:
        if tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self._connection = http.client.HTTPSConnection(
                "127.0.0.1", port, timeout=60, context=context
            )
        else:
            self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookie = cookie

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        """Asks, with headers named as in Python: `if_none_match`."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if self._cookie is not None:
            fields.setdefault("Cookie", self._cookie)
        self._connection.request(method, path, body=body, headers=fields)
        answer = self._connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())

    def head(self, path: str, **headers: str) -> Answer:
        return self.get(path, method="HEAD", **headers)
