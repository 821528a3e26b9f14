"""openssl, as CloudFront's guide signs with it: a policy's text in, a signature out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .case import Case
from .credential import Credential
from .policy import canned_policy, documented_policy, encode
from .session import Session
from .tools import said_by, tool

NAME = "openssl"


@contextmanager
def comparing(session: Session) -> Iterator[Callable[[Case], None]]:
    program = tool("GATEPASS_TOOL_OPENSSL")
    yield lambda case: compare(session, case, program)


def compare(session: Session, case: Case, program: str) -> None:
    key = session.keys.of(case)
    cookies = session.gatepass.sign_cookies(case, key, "botocore")
    ours = Credential.from_cookies(case.resource, cookies)
    if key.is_deterministic:
        theirs = signed_by_openssl(program, case, key, ours.signed_text)
        session.checks.equal("the RSA signatures are equal", theirs, ours.signature)
    verified = verified_by_openssl(session, program, case, key, ours)
    session.checks.holds("it verifies our signature", verified, str(ours))

    text = canned_policy(case.url, case.expires) if case.is_canned else documented_policy(case)
    signature = signed_by_openssl(program, case, key, text.encode())
    session.admission.of_cookies(NAME, case, cookies_by_hand(case, key.id, text, signature))


def signed_by_openssl(program: str, case: Case, key, text: bytes) -> bytes:
    digest = f"-{case.hash_algorithm.lower()}"
    private_key = str(key.private_files[case.key_format])
    return said_by(program, "dgst", digest, "-sign", private_key, stdin=text)


def verified_by_openssl(session: Session, program: str, case: Case, key, ours: Credential) -> bool:
    signature = session.folder / "signature"
    signature.write_bytes(ours.signature)
    digest = f"-{case.hash_algorithm.lower()}"
    trusted = ["-verify", str(key.public_file), "-signature", str(signature)]
    try:
        return b"Verified OK" in said_by(program, "dgst", digest, *trusted, stdin=ours.signed_text)
    except RuntimeError:
        return False


def cookies_by_hand(case: Case, key_id: str, text: str, signature: bytes) -> dict[str, str]:
    terms = {"Expires": str(case.expires)} if case.is_canned else {"Policy": encode(text.encode())}
    marker = {"Hash-Algorithm": "SHA256"} if case.hash_algorithm == "SHA256" else {}
    parts = terms | {"Signature": encode(signature), "Key-Pair-Id": key_id} | marker
    return Credential(case.resource, parts).cookies
