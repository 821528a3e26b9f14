"""The crate cloudfront_sign: RSA in PKCS#1, and SHA-1. It signs a pattern for cookies alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from .case import Case
from .process import asking
from .session import Session
from .tools import tool

NAME = "cloudfront_sign for Rust"


@contextmanager
def comparing(session: Session) -> Iterator[Callable[[Case], None]]:
    with asking(tool("GATEPASS_TOOL_CLOUDFRONT_SIGN")) as ask:
        yield lambda case: compare(session, case, ask)


def compare(session: Session, case: Case, ask: Callable[[dict], dict]) -> None:
    case = replace(case, key_type="rsa", hash_algorithm="SHA1")
    # Whether a URL's policy is custom is its own choice, and a resource of one's own breaks the others.
    custom = case.starts is not None or case.network is not None
    url_case = replace(case, custom=custom, pattern=case.pattern if custom else None)
    session.admission.of_url(NAME, url_case, ask(terms(session, url_case))["url"])
    case = replace(case, custom=True)
    session.admission.of_cookies(NAME, case, ask(terms(session, case))["cookies"])


def terms(session: Session, case: Case) -> dict:
    key = session.keys.of(case)
    return {
        "url": case.url,
        "resource": case.resource,
        "key_pair_id": key.id,
        "private_key": key.private_files["traditional"].read_text(),
        "expires": case.expires,
        "starts": case.starts,
        "network": case.network,
    }
