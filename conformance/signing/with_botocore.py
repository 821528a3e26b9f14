"""botocore, the AWS SDK for Python: signed URLs. (It has no signed cookies, nor a hash marker.)"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from botocore.signers import CloudFrontSigner

from .case import Case
from .credential import Credential
from .session import Session

NAME = "botocore"


@contextmanager
def comparing(session: Session) -> Iterator[Callable[[Case], None]]:
    yield lambda case: compare(session, case)


def compare(session: Session, case: Case) -> None:
    key = session.keys.of(case)
    theirs = signed_by_botocore(case, key)
    ours = session.gatepass.sign_url(case, key, "botocore")
    session.compare(case, "URL", Credential.from_url(theirs), Credential.from_url(ours))
    if key.is_deterministic:
        session.checks.equal("URL: equal, byte for byte", theirs, ours)
    session.admission.of_url(NAME, case, theirs)
    session.admission.of_url("gatepass", case, ours)


def signed_by_botocore(case: Case, key) -> str:
    signer = CloudFrontSigner(key.id, lambda text: key.sign(text, case.hash_algorithm))
    expires, starts = moment(case.expires), case.starts and moment(case.starts)
    if case.is_canned:
        signed = signer.generate_presigned_url(case.url, date_less_than=expires)
    else:
        policy = signer.build_policy(case.resource, expires, starts, case.network)
        signed = signer.generate_presigned_url(case.url, policy=policy)
    # botocore signs as its callback does, but can't say how: CloudFront takes silence as SHA-1.
    return signed + ("&Hash-Algorithm=SHA256" if case.hash_algorithm == "SHA256" else "")


def moment(epoch_seconds: int) -> datetime:
    return datetime.fromtimestamp(epoch_seconds, timezone.utc)
