"""`SignedCookies`: from a policy to the cookies, in two calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from ._gatepass import Policy, Signer

if TYPE_CHECKING:
    from ._words import HashAlgorithm, Kind, Naming, Network


class SignedCookies(dict[str, str]):
    """The cookies that together carry one pass: a `dict` of names and values.

    Its `repr` shows the names alone, for whoever has the values has the pass, and logs are read by
    many. `dict(cookies)` shows both.
    """

    __slots__ = ()

    @staticmethod
    def policy(
        resources: str | Iterable[str] | Mapping[str, str],
        expires: datetime | int,
        *,
        starts: datetime | int | None = None,
        ip_address: Network | None = None,
    ) -> Policy:
        """Says which URLs a pass is for, until when, and perhaps from when and where.

        `resources` is one URL or pattern, several, or a mapping, of which all the values count,
        whatever the names. (A `dict` keeps only the last of several members of one name, before
        anybody can see the others.) Several in one policy are read by Gatepass; for CloudFront
        see `Policy.for_cloudfront`.
        """
        return Policy(resources, expires, starts=starts, ip_address=ip_address)

    @staticmethod
    def sign_cookies(
        policy: Policy,
        key_pair_id: str,
        private_key: str | bytes,
        *,
        passphrase: str | bytes | None = None,
        naming: Naming = "per-key",
        kind: Kind = "custom",
        hash_algorithm: HashAlgorithm = "SHA1",
    ) -> SignedCookies:
        """Signs the policy, with a key that is read for this once.

        The cookies are named after their key, which Gatepass reads; CloudFront itself reads only
        `naming="plain"`.
        """
        signer = Signer(key_pair_id, private_key, passphrase=passphrase)
        return signer.sign(policy, kind=kind, hash_algorithm=hash_algorithm).cookies(naming)

    def header(self) -> str:
        """The value of a request's `Cookie` header that carries this pass."""
        return "; ".join(f"{name}={value}" for name, value in self.items())

    def __repr__(self) -> str:
        return f"<gatepass.SignedCookies: {', '.join(self)}>"
