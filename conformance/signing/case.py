"""Random terms of a pass, the same for every signer that is asked for it."""

import random
from dataclasses import dataclass
from ipaddress import ip_network


@dataclass(frozen=True)
class Case:
    """What is to be signed: a URL, the terms, and how."""

    number: int
    key_type: str
    """`rsa` or `p256`."""
    key_format: str
    """`pkcs8`, or the older form of its type: PKCS#1 or SEC1."""
    hash_algorithm: str
    url: str
    pattern: str | None
    """How the resource is to cover the URL, if it isn't the URL itself."""
    custom: bool
    """A custom policy, even where a canned one would do."""
    expires: int
    starts: int | None
    network: str | None

    @property
    def resource(self) -> str:
        """The URL itself, or a pattern that covers it."""
        scheme, rest = self.url.split("://")
        host, path = rest.split("/", 1)
        match self.pattern:
            case "folder":
                return f"{scheme}://{host}/{path[: path.split('?')[0].rfind('/') + 1]}*"
            case "host":
                return f"{scheme}://{host}/*"
            case "any scheme":
                return f"http*://{host}/{path[0]}*"
            case "one letter":
                return f"{scheme}://{host}/?{path[1:]}"
            case _:
                return self.url

    @property
    def is_canned(self) -> bool:
        return not self.custom

    @property
    def inside(self) -> int:
        """A second at which the pass admits."""
        return self.expires - 1

    @property
    def viewer(self) -> str:
        """An address the pass admits."""
        if self.network is None:
            return "192.0.2.55"
        return str(ip_network(self.network, strict=False).broadcast_address)


def random_case(seed: str, number: int) -> Case:
    """The case of this number; every number stands for itself, so that one can be run alone."""
    pick = random.Random(f"{seed}/{number}")
    shape = pick.choice(["canned", "custom", "custom", "pattern", "pattern"])
    expires = pick.randrange(1_900_000_000, 2**31 - 1)
    canned = shape == "canned"
    return Case(
        number=number,
        key_type=pick.choice(["rsa", "rsa", "p256"]),
        key_format=pick.choice(["pkcs8", "traditional"]),
        hash_algorithm=pick.choice(["SHA1", "SHA256"]),
        url=random_url(pick),
        pattern=pick.choice(PATTERNS) if shape == "pattern" else None,
        custom=not canned,
        expires=expires,
        starts=None if canned or pick.random() < 0.5 else random_start(pick, expires),
        network=None if canned or pick.random() < 0.5 else random_network(pick),
    )


def random_start(pick: random.Random, expires: int) -> int:
    """Mostly long ago, so that the pass admits today, on the wire; else at any time before the end."""
    return pick.choice([LONG_AGO, LONG_AGO, expires]) - pick.randrange(2, 10**8)


def random_url(pick: random.Random) -> str:
    host = pick.choice(["media.example.com", "d111111abcdef8.cloudfront.net", "a-b.example.org"])
    port = pick.choice(["", "", "", ":8443"])
    path = "/".join(random_text(pick, PATH) for _ in range(pick.randrange(1, 5)))
    query = "&".join(
        f"{random_text(pick, QUERY)}={random_text(pick, QUERY)}" for _ in range(pick.randrange(4))
    )
    return f"{pick.choice(['http', 'https'])}://{host}{port}/{path}" + (query and f"?{query}")


def random_text(pick: random.Random, pieces: list[str]) -> str:
    # A letter first: segments of dots, and parameters of CloudFront's own, are other tests' matter.
    return pick.choice("abcxyz") + "".join(pick.choices(pieces, k=pick.randrange(1, 12)))


def random_network(pick: random.Random) -> str:
    address = f"198.51.{pick.randrange(256)}.{pick.randrange(256)}"
    prefix = pick.choice([None, 32, 24, 17, 8])
    if prefix is None:
        return address
    return str(ip_network(f"{address}/{prefix}", strict=False))


LONG_AGO = 1_750_000_000
PATTERNS = ["folder", "host", "any scheme", "one letter"]
LETTERS = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
PATH = LETTERS * 2 + list("-._~!$'(),;:@+") + ["%20", "%C3%A9", "%c3%a9", "%2B", "%25"]
QUERY = LETTERS * 2 + list("-._~!$'(),;:@/") + ["%20", "%C3%A9", "%26", "%3D"]
