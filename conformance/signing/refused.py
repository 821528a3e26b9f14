"""What signers are known to get wrong: passes that no edge can admit, and why it says so.

Each is asked for as a user would ask for it, by the signer's own means, and shown to a running edge. If a
signer mends its way, the check fails and its entry goes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

import cloudfrontsigner
from botocore.signers import CloudFrontSigner
from cfsign import CfSignConfig, CloudfrontSignature

from . import with_node, with_older_node, with_rust
from .at_the_edge import Edge
from .case import random_case
from .process import asking
from .session import Session
from .tools import tool

SITE = "https://media.example.com"
FILM, FILMS = f"{SITE}/films/a.mp4", f"{SITE}/films/*"
VIEWER = "198.51.100.7"


@dataclass(frozen=True)
class Refused:
    what: str
    url: str
    """What the viewer's browser asks for."""
    cookies: Mapping[str, str] | None
    reasons: tuple[str, ...]
    client_ip: str = VIEWER


def judge(session: Session, edge: Edge) -> None:
    case = random_case("what is refused", 0)
    for kind in (by_javascript, by_older_javascript, by_botocore, by_cfsign, by_cloudfrontsigner, by_rust):
        for refused in kind(session):
            session.checks.during("refused", case)
            cookie = refused.cookies and "; ".join(f"{n}={v}" for n, v in refused.cookies.items())
            answer = edge.ask(refused.url, cookie, refused.client_ip)
            found = answer.status, edge.reason(answer)
            right = found[0] == 403 and found[1] in refused.reasons
            session.checks.holds(refused.what, right, f"{refused}\n    answered {found}")


def by_javascript(session: Session) -> Iterator[Refused]:
    key = rsa(session)
    signer = {"keyPairId": key.id, "privateKey": key.private_files["pkcs8"].read_text()}
    terms = signer | {"dateLessThan": tomorrow() * 1000}
    with asking("node", str(with_node.SCRIPT)) as ask:
        yield Refused(
            "@aws-sdk/cloudfront-signer signs a canned policy for a pattern",
            FILM,
            ask({**terms, "url": FILMS})["cookies"],
            ("signature_mismatch",),
        )
        yield Refused(
            "@aws-sdk/cloudfront-signer signs cookies for a raw URL, and the browser encodes it",
            f"{SITE}/films/a%20b.mp4",
            ask({**terms, "url": f"{SITE}/films/a b.mp4"})["cookies"],
            ("signature_mismatch",),
        )


def by_older_javascript(session: Session) -> Iterator[Refused]:
    key = rsa(session)
    private_key = key.private_files["pkcs8"].read_text()
    with asking("node", str(with_older_node.SCRIPT)) as ask:

        def version_2(url: str) -> dict:
            signer = {"signer": with_older_node.VERSION_2, "keyPairId": key.id, "privateKey": private_key}
            return ask({**signer, "url": url, "expires": tomorrow()})

        yield Refused(
            "aws-sdk 2 signs a canned policy for a pattern",
            FILM,
            version_2(FILMS)["cookies"],
            ("signature_mismatch",),
        )
        yield Refused(
            "aws-sdk 2 signs a query, and then spells it anew",
            version_2(f"{FILM}?x&y")["url"],
            None,
            ("signature_mismatch",),
        )


def by_botocore(session: Session) -> Iterator[Refused]:
    key = rsa(session)

    def signed(url: str, hash_algorithm: str = "SHA1", **terms) -> str:
        signer = CloudFrontSigner(key.id, lambda text: key.sign(text, hash_algorithm))
        return signer.generate_presigned_url(url, **terms)

    end = datetime.fromtimestamp(tomorrow(), timezone.utc)
    yield Refused(
        "botocore does not say that a signature is over SHA-256",
        signed(FILM, "SHA256", date_less_than=end),
        None,
        ("signature_mismatch",),
    )
    yield Refused(
        "botocore puts the pass behind a fragment, which no browser sends",
        signed(f"{FILM}#t=10", date_less_than=end).partition("#")[0],
        None,
        ("no_pass",),
    )
    signer = CloudFrontSigner(key.id, lambda text: key.sign(text, "SHA1"))
    path = f"{SITE}/strict/a.mp4"
    yield Refused(
        "botocore signs an IPv6 address, and CloudFront knows none",
        signed(path, policy=signer.build_policy(path, end, ip_address="2001:db8::1")),
        None,
        ("policy_malformed",),
        "2001:db8::1",
    )


def by_cfsign(session: Session) -> Iterator[Refused]:
    key = rsa(session)
    config = CfSignConfig(key.id, key.private_key)
    # Its base64 is not CloudFront's, and a signature of 256 bytes always ends in `==`.
    encoding = ("policy_malformed", "signature_undecodable")
    cookies = CloudfrontSignature(FILMS, timedelta(days=1), config).cookie_dict
    yield Refused("cfsign encodes cookies its own way", FILM, cookies, encoding)
    signed = CloudfrontSignature(FILM, timedelta(days=1), config).signed_url
    yield Refused("cfsign encodes URLs its own way", signed, None, encoding)
    signed = CloudfrontSignature(f"{FILM}?w=640", timedelta(days=1), config).signed_url
    yield Refused("cfsign puts a second ? into a URL", signed, None, ("policy_missing",))


def by_cloudfrontsigner(session: Session) -> Iterator[Refused]:
    key = rsa(session)
    path = str(key.private_files["traditional"])
    signer = cloudfrontsigner.CannedPolicySigner(key_pair_id=key.id, key_path=path)
    signed = signer.sign(f"{FILM}?w=640")
    yield Refused("cloudfrontsigner puts a second ? into a URL", signed, None, ("key_id_missing",))


def by_rust(session: Session) -> Iterator[Refused]:
    case = replace(random_case("cloudfront_sign", 0), key_type="rsa", starts=None, network=None)
    terms = with_rust.terms(session, replace(case, expires=tomorrow()))
    with asking(tool("GATEPASS_TOOL_CLOUDFRONT_SIGN")) as ask:
        yield Refused(
            "cloudfront_sign signs a pattern for a URL, as its own example does, and leaves the policy out",
            ask(terms | {"url": FILM, "resource": FILMS})["url"],
            None,
            ("signature_mismatch",),
        )
        injected = f'{FILM}","Resource":"*'
        yield Refused(
            "cloudfront_sign lets a URL add a second resource to the policy",
            FILM,
            ask(terms | {"url": injected, "resource": None})["cookies"],
            ("policy_malformed",),
        )


def rsa(session: Session):
    return next(key for key in session.keys if key.is_deterministic)


def tomorrow() -> int:
    return int(datetime.now(timezone.utc).timestamp()) + 86_400
