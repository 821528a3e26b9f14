"""`aws cloudfront sign` of the AWS CLI, and `sign-cookies` of those that have it.

The CLI takes half a second a call, hence few cases. It takes RSA keys and SHA-1 only, and signs no
pattern apart from the URL; cases are bent to that.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from .case import Case
from .credential import Credential
from .session import Session
from .tools import said_by, tool

NAME = "aws cli"


@contextmanager
def comparing(session: Session) -> Iterator[Callable[[Case], None]]:
    # Nothing of whoever runs this is to be read, and no cloud to be looked for.
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"}
    program = tool("GATEPASS_TOOL_AWS")
    has_cookies = knows_sign_cookies(program)
    if not has_cookies:
        version = said_by(program, "--version").decode().split()[0]
        print(f"  {version} has no sign-cookies to compare")
    yield lambda case: compare(session, bent(case), program, has_cookies)


def knows_sign_cookies(program: str) -> bool:
    try:
        said_by(program, "cloudfront", "sign-cookies")
    except RuntimeError as complaint:
        # One that knows it asks for its arguments instead.
        return "Invalid choice" not in str(complaint)
    return True


def bent(case: Case) -> Case:
    """The case as far as the CLI can sign it."""
    return replace(
        case,
        key_type="rsa",
        key_format="traditional",
        hash_algorithm="SHA1",
        pattern=None,
        custom=case.starts is not None or case.network is not None,
    )


def compare(session: Session, case: Case, program: str, has_cookies: bool) -> None:
    session.checks.during(NAME, case)
    key = session.keys.of(case)
    theirs = said_by(program, "cloudfront", "sign", "--url", case.url, *terms(case, key)).decode()
    ours = session.gatepass.sign_url(case, key, "botocore")
    session.checks.equal("URL: equal, byte for byte", theirs.strip(), ours)
    session.admission.of_url(NAME, case, theirs.strip())
    if has_cookies:
        said = said_by(program, "cloudfront", "sign-cookies", "--url", case.url, *terms(case, key))
        theirs = Credential.from_cookies(case.url, json.loads(said))
        ours = session.gatepass.sign_cookies(case, key, "botocore")
        session.compare(case, "cookies", theirs, Credential.from_cookies(case.url, ours))


def terms(case: Case, key) -> list[str]:
    private_key = f"file://{key.private_files[case.key_format]}"
    words = ["--key-pair-id", key.id, "--private-key", private_key]
    words += ["--date-less-than", str(case.expires)]
    if case.starts is not None:
        words += ["--date-greater-than", str(case.starts)]
    if case.network is not None:
        words += ["--ip-address", case.network]
    return words
