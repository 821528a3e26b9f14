"""What can go wrong: the fact, and with it what to write instead."""

from __future__ import annotations


class GatepassError(Exception):
    """Whatever this package raises about what it was given."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.message = message
        """The fact, as one sentence."""
        self.hint = hint
        """What to try next, if there is something to say."""

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class PolicyError(GatepassError, ValueError):
    """The policy or the URL would be no good: no gate would read it, or no request could meet it."""


class NaiveDatetimeError(PolicyError):
    """A `datetime` does not say its time zone."""


class UnusableKeyError(GatepassError, ValueError):
    """The key can't be read, or is of a kind that CloudFront does not use."""


class CookieError(GatepassError, ValueError):
    """A browser would not understand the cookie as meant."""


class RequestError(GatepassError, ValueError):
    """What should be judged is no request: its URL or its address can't be read."""


class Denied(GatepassError):
    """The pass does not admit the request. This is an answer; nothing has failed."""

    def __init__(
        self, message: str, hint: str | None, reason: str, code: str, viewer_message: str
    ) -> None:
        super().__init__(message, hint)
        self.args = (message, hint, reason, code, viewer_message)
        self.reason = reason
        """A stable name for programs and logs, such as `expired`."""
        self.code = code
        """CloudFront's code: this and `viewer_message` are all that a viewer need be told."""
        self.viewer_message = viewer_message
        """CloudFront's message."""
