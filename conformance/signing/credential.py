"""What a signer hands out: the parts of a pass, from a URL or from cookies."""

from collections.abc import Mapping
from dataclasses import dataclass

from .policy import canned_policy, decode

NAMES = ("Policy", "Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm")


@dataclass(frozen=True)
class Credential:
    """A pass's parts by CloudFront's names, and the URL or resource they go with."""

    url: str
    parts: Mapping[str, str]

    @classmethod
    def from_url(cls, signed: str) -> "Credential":
        base, _, query = signed.partition("?")
        pairs = [pair.split("=", 1) for pair in query.split("&")]
        own = "&".join("=".join(pair) for pair in pairs if pair[0] not in NAMES)
        return cls(base + (own and f"?{own}"), {name: v for name, v in pairs if name in NAMES})

    @classmethod
    def from_cookies(cls, resource: str, cookies: Mapping[str, str]) -> "Credential":
        # The SDK for JavaScript gives the expiry as a number.
        return cls(resource, {n.removeprefix("CloudFront-"): str(v) for n, v in cookies.items()})

    def __str__(self) -> str:
        short = {name: f"{v[:24]}…" if len(v) > 40 else v for name, v in self.parts.items()}
        return f"{self.url} {short}\n            signed {self.signed_text.decode()}"

    @property
    def cookies(self) -> dict[str, str]:
        return {f"CloudFront-{name}": value for name, value in self.parts.items()}

    @property
    def signed_text(self) -> bytes:
        """The policy as it was signed."""
        if "Policy" in self.parts:
            return decode(self.parts["Policy"])
        return canned_policy(self.url, int(self.parts["Expires"])).encode()

    @property
    def signature(self) -> bytes:
        return decode(self.parts["Signature"])

    @property
    def terms(self) -> dict[str, str]:
        """All parts but the signature, which differs from one ECDSA signature to the next."""
        return {name: value for name, value in self.parts.items() if name != "Signature"}
