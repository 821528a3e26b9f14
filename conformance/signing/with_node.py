"""@aws-sdk/cloudfront-signer, the AWS SDK for JavaScript: signed URLs and signed cookies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from .case import Case
from .credential import Credential
from .policy import javascript_policy
from .process import asking
from .session import Session

NAME = "aws-sdk for JavaScript"
SCRIPT = Path(__file__).parent.parent / "node" / "sign.mjs"


@contextmanager
def comparing(session: Session) -> Iterator[Callable[[Case], None]]:
    with asking("node", str(SCRIPT)) as asked:
        yield lambda case: compare(session, case, asked)


def compare(session: Session, case: Case, asked: Callable[[dict], dict]) -> None:
    key = session.keys.of(case)
    case = respelled(case, key, asked)
    session.checks.during(NAME, case)
    theirs = asked(terms(case, key))

    ours = session.gatepass.sign_url(case, key, "javascript")
    session.compare(case, "URL", Credential.from_url(theirs["url"]), Credential.from_url(ours))
    session.admission.of_url(NAME, case, theirs["url"])

    cookies = session.gatepass.sign_cookies(case, key, "javascript")
    session.compare(
        case,
        "cookies",
        Credential.from_cookies(case.resource, theirs["cookies"]),
        Credential.from_cookies(case.resource, cookies),
    )
    session.admission.of_cookies(NAME, case, theirs["cookies"])
    session.admission.of_cookies("gatepass", case, cookies)


def respelled(case: Case, key, asked: Callable[[dict], dict]) -> Case:
    """The case with its URL as the SDK spells it, which percent-encodes more than others do."""
    plain = replace(case, pattern=None, custom=False, starts=None, network=None)
    return replace(case, url=Credential.from_url(asked(terms(plain, key))["url"]).url)


def terms(case: Case, key) -> dict:
    """The case as the SDK's own parameters, as far as it takes them."""
    signer = {
        "url": case.url,
        "keyPairId": key.id,
        "privateKey": key.private_files[case.key_format].read_text(),
        "algorithm": case.hash_algorithm,
    }
    if case.pattern or (case.custom and not case.starts and not case.network):
        # A pattern apart from the URL, or a custom policy without need, it takes only as text.
        return signer | {"policy": javascript_policy(case)}
    dates = {"dateLessThan": case.expires * 1000}
    if case.starts is not None:
        dates["dateGreaterThan"] = case.starts * 1000
    if case.network is not None:
        dates["ipAddress"] = case.network
    return signer | dates
