"""aws-sdk 2 for JavaScript, at its end and all over the place, and aws-cloudfront-sign.

Both spell the URL anew after they have signed it as it was, which breaks some; cases are bent to a
spelling that they leave alone. `refused.py` has what they break.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from .case import Case
from .credential import Credential
from .policy import javascript_policy
from .process import asking
from .session import Session

NAME = "older signers for JavaScript"
VERSION_2, CLOUDFRONT_SIGN = "aws-sdk 2", "aws-cloudfront-sign"
SCRIPT = Path(__file__).parent.parent / "node" / "sign-older.mjs"


@contextmanager
def comparing(session: Session) -> Iterator[Callable[[Case], None]]:
    with asking("node", str(SCRIPT)) as ask:

        def compare(case: Case) -> None:
            by_version_2(session, case, ask)
            by_cloudfront_sign(session, case, ask)

        yield compare


def by_version_2(session: Session, case: Case, ask: Callable[[dict], dict]) -> None:
    case = replace(case, hash_algorithm="SHA1")
    signer = {"signer": VERSION_2, **named(session, case)}
    case = respelled(case, lambda url: ask({**signer, "url": url, "expires": case.expires}))
    terms = {"expires": case.expires} if case.is_canned else {"policy": javascript_policy(case)}
    made = ask({**signer, "url": case.url, **terms})
    session.admission.of_url(VERSION_2, case, made["url"])
    session.admission.of_cookies(VERSION_2, case, made["cookies"])


def by_cloudfront_sign(session: Session, case: Case, ask: Callable[[dict], dict]) -> None:
    # It always sends a policy, and with it in a URL the expiry, once more.
    case = replace(case, hash_algorithm="SHA1", custom=True, starts=None, pattern=None)
    key = session.keys.of(case)
    terms = {
        "signer": CLOUDFRONT_SIGN,
        "keypairId": key.id,
        "privateKeyString": key.private_files[case.key_format].read_text(),
        "expireTime": case.expires * 1000,
        "ipRange": case.network,
    }
    case = respelled(case, lambda url: ask({**terms, "url": url, "resource": url}))
    made = ask({**terms, "url": case.url, "resource": case.resource})
    session.admission.of_url(CLOUDFRONT_SIGN, case, made["url"])
    session.admission.of_cookies(CLOUDFRONT_SIGN, case, made["cookies"])


def named(session: Session, case: Case) -> dict:
    key = session.keys.of(case)
    return {"keyPairId": key.id, "privateKey": key.private_files[case.key_format].read_text()}


def respelled(case: Case, signed: Callable[[str], dict]) -> Case:
    """The case with its URL as the signer spells it."""
    return replace(case, url=Credential.from_url(signed(case.url)["url"]).url)
