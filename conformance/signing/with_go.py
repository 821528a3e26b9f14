"""The AWS SDKs for Go, 1 and 2, of Debian's release: RSA in PKCS#1, and SHA-1."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from .case import Case
from .process import asking
from .session import Session
from .tools import said_by, tool

NAME = "AWS SDKs for Go"
SOURCE = Path(__file__).parent.parent / "go/sign.go"


@contextmanager
def comparing(session: Session) -> Iterator[Callable[[Case], None]]:
    program = session.folder / "sign-by-go"
    said_by(tool("GATEPASS_TOOL_GO"), "build", "-o", str(program), str(SOURCE))
    with asking(str(program)) as ask:
        yield lambda case: compare(session, case, ask)


def compare(session: Session, case: Case, ask: Callable[[dict], dict]) -> None:
    case = replace(case, key_type="rsa", hash_algorithm="SHA1")
    key = session.keys.of(case)
    for version in ("v1", "v2"):
        made = ask(
            {
                "Signer": version,
                "URL": case.url,
                "Resource": case.resource,
                "KeyPairId": key.id,
                "PrivateKey": str(key.private_files["traditional"]),
                "Network": case.network or "",
                "Expires": case.expires,
                "Starts": case.starts or 0,
                "Canned": case.is_canned,
            }
        )
        name = f"the AWS SDK for Go, {version}"
        session.admission.of_url(name, case, made["url"])
        # Of cookies they make those with a policy alone.
        session.admission.of_cookies(name, replace(case, custom=True), made["cookies"])
