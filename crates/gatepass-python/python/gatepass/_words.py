"""The words that arguments are said with, for type checkers."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal, TypeAlias, Union

HashAlgorithm: TypeAlias = Literal["SHA1", "SHA256"]
KeySizes: TypeAlias = Literal["current", "legacy"]
Kind: TypeAlias = Literal["custom", "canned"]
Naming: TypeAlias = Literal["plain", "per-key"]
Network: TypeAlias = Union[str, IPv4Address, IPv4Network, IPv6Address, IPv6Network]
Reading: TypeAlias = Literal["gatepass", "cloudfront"]
SameSite: TypeAlias = Literal["lax", "strict", "none", "Lax", "Strict", "None"]
Style: TypeAlias = Literal["botocore", "javascript"]
