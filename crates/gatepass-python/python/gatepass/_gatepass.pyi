"""What the extension module holds; see the classes and functions of `gatepass`."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, final

from ._cookies import SignedCookies
from ._words import HashAlgorithm, KeySizes, Kind, Naming, Network, Reading, SameSite, Style

__all__ = [
    "Diagnosis",
    "Pass",
    "PassReport",
    "Policy",
    "Report",
    "RuleReport",
    "SignedPass",
    "Signer",
    "Trust",
    "clear_cookie_lines",
    "cookie_names",
    "explain",
    "set_cookie_lines",
    "verify",
]

@final
class Policy:
    """What a pass allows: URLs or patterns of URLs, until when, perhaps from when and where."""

    def __new__(
        cls,
        resources: str | Iterable[str] | Mapping[str, str],
        expires: datetime | int,
        *,
        starts: datetime | int | None = None,
        ip_address: Network | None = None,
    ) -> Policy: ...
    @property
    def resources(self) -> tuple[str, ...]: ...
    @property
    def expires(self) -> datetime: ...
    @property
    def starts(self) -> datetime | None: ...
    @property
    def ip_address(self) -> str | None: ...
    @property
    def cookie_path(self) -> str: ...
    def for_cloudfront(self) -> list[Policy]: ...
    def to_json(self, style: Style = "botocore") -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__ = None  # type: ignore[assignment]

@final
class Signer:
    """Signs with one private key, from any number of threads. Make it once and keep it."""

    def __new__(
        cls,
        key_pair_id: str,
        private_key: str | bytes,
        *,
        passphrase: str | bytes | None = None,
    ) -> Signer: ...
    @property
    def key_pair_id(self) -> str: ...
    @property
    def public_key(self) -> str: ...
    def sign(
        self,
        policy: Policy,
        *,
        kind: Kind = "custom",
        hash_algorithm: HashAlgorithm = "SHA1",
        style: Style = "botocore",
    ) -> SignedPass: ...
    def sign_url(
        self,
        url: str,
        *,
        expires: datetime | int,
        starts: datetime | int | None = None,
        ip_address: Network | None = None,
        hash_algorithm: HashAlgorithm = "SHA1",
    ) -> str: ...

@final
class SignedPass:
    """A pass, ready to be carried in cookies or in a URL."""

    @property
    def key_pair_id(self) -> str: ...
    @property
    def expires(self) -> datetime: ...
    @property
    def message(self) -> bytes: ...
    def cookies(self, naming: Naming = "plain") -> SignedCookies: ...
    def url(self, url: str) -> str: ...

@final
class Trust:
    """The public keys that may have signed a pass, and how it is read."""

    def __new__(
        cls,
        public_keys: Mapping[str, str | bytes],
        *,
        reading: Reading = "gatepass",
        minimum_hash: HashAlgorithm = "SHA1",
        key_sizes: KeySizes = "current",
    ) -> Trust: ...

@final
class Pass:
    """Proof that a request met every rule."""

    @property
    def key_pair_id(self) -> str: ...
    @property
    def expires(self) -> datetime: ...
    @property
    def digest(self) -> str: ...

@final
class Report:
    """A request's verdict, and how it came about. As text it is for a person."""

    @property
    def admitted(self) -> bool: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def code(self) -> str | None: ...
    @property
    def sentence(self) -> str | None: ...
    @property
    def hint(self) -> str | None: ...
    @property
    def passes(self) -> list[PassReport]: ...
    @property
    def diagnoses(self) -> list[Diagnosis]: ...
    @property
    def text(self) -> str: ...
    def __bool__(self) -> bool: ...

@final
class PassReport:
    """What became of one pass."""

    @property
    def carrier(self) -> Literal["cookies", "url"] | None: ...
    @property
    def key_pair_id(self) -> str | None: ...
    @property
    def policy(self) -> str | None: ...
    @property
    def expires(self) -> datetime | None: ...
    @property
    def rules(self) -> list[RuleReport]: ...
    @property
    def diagnoses(self) -> list[Diagnosis]: ...

@final
class RuleReport:
    """What became of one rule."""

    @property
    def name(self) -> str: ...
    @property
    def outcome(self) -> Literal["met", "unmet", "not_asked"]: ...
    @property
    def detail(self) -> str | None: ...

@final
class Diagnosis:
    """A mistake behind a denial."""

    @property
    def name(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def fix(self) -> str: ...

def verify(
    url: str,
    trust: Trust,
    *,
    ip_address: str | IPv4Address | IPv6Address,
    cookies: str | bytes | Mapping[str, str] | None = None,
    now: datetime | int | None = None,
) -> Pass:
    """Judges a request as Gatepass's edge does: a `Pass`, or `Denied` is raised.

    `cookies` is best the `Cookie` header as it was sent: a mapping has lost cookies of the same
    name, which are several passes. `now` is Python's clock, unless given.
    """

def explain(
    url: str,
    trust: Trust,
    *,
    ip_address: str | IPv4Address | IPv6Address,
    cookies: str | bytes | Mapping[str, str] | None = None,
    now: datetime | int | None = None,
) -> Report:
    """Judges a request as `verify` does, and tells everything about it."""

def set_cookie_lines(
    cookies: Mapping[str, str],
    *,
    path: str = "/",
    domain: str | None = None,
    same_site: SameSite | None = None,
) -> list[str]:
    """The values of the `Set-Cookie` headers, one for each cookie."""

def clear_cookie_lines(
    *,
    key_pair_id: str | None = None,
    path: str = "/",
    domain: str | None = None,
    same_site: SameSite | None = None,
) -> list[str]:
    """The values of the headers that take away every cookie that a pass may have."""

def cookie_names(key_pair_id: str | None = None) -> list[str]:
    """The names that a pass's cookies may have: the plain ones, and those with the key's ID."""
