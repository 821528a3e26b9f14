"""What signs on PyPI besides botocore: django-storages, cloudfront-signed-cookies, cloudfrontsigner.

Each does a part of it, with RSA and SHA-1 alone; cases are bent to that. Two of them count the end from now.
(cfsign's passes are refused: see `refused.py`.)
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import unquote

import cloudfrontsigner
import django.conf
from cloudfront_signed_cookies.signer import Signer

from .case import Case
from .credential import Credential
from .policy import documented_policy
from .session import Session

NAME = "other signers for Python"
A_DAY = 86_400


@contextmanager
def comparing(session: Session) -> Iterator[Callable[[Case], None]]:
    # django-storages hands botocore a time without a zone, which is right in UTC alone.
    if not django.conf.settings.configured:
        django.conf.settings.configure(TIME_ZONE="UTC")
    yield lambda case: compare(session, replace(case, key_type="rsa", hash_algorithm="SHA1"))


def compare(session: Session, case: Case) -> None:
    by_signed_cookies(session, case)
    by_cloudfrontsigner(session, case)
    by_django_storages(session, case)


def by_signed_cookies(session: Session, case: Case) -> None:
    case = replace(case, custom=True)
    key = session.keys.of(case)
    signer = Signer(key.id, str(key.private_files[case.key_format]))
    cookies = signer.generate_cookies(Policy=json.loads(documented_policy(case)))
    session.admission.of_cookies("cloudfront-signed-cookies", case, cookies)


def by_cloudfrontsigner(session: Session, case: Case) -> None:
    # It puts a `?` behind a URL that has one already.
    case = plain(case, case.url.partition("?")[0])
    key = session.keys.of(case)
    signer = cloudfrontsigner.CannedPolicySigner(
        key_pair_id=key.id, key_path=str(key.private_files["traditional"]), expire_seconds=A_DAY
    )
    signed = signer.sign(case.url)
    session.admission.of_url("cloudfrontsigner", ending_as_said(case, signed), signed)


def by_django_storages(session: Session, case: Case) -> None:
    from storages.backends.s3 import S3Storage  # it asks for settings when it is imported

    key = session.keys.of(case)
    scheme, rest = case.url.split("://")
    host, path = rest.split("/", 1)
    storage = S3Storage(
        bucket_name="films",
        custom_domain=host,
        url_protocol=f"{scheme}:",
        querystring_expire=A_DAY,
        cloudfront_key_id=key.id,
        cloudfront_key=key.private_files[case.key_format].read_bytes(),
    )
    signed = storage.url(unquote(path.partition("?")[0]))
    case = plain(case, Credential.from_url(signed).url)
    session.admission.of_url("django-storages", ending_as_said(case, signed), signed)


def plain(case: Case, url: str) -> Case:
    """The case of one URL until its end, and no more."""
    return replace(case, url=url, pattern=None, custom=False, starts=None, network=None)


def ending_as_said(case: Case, signed: str) -> Case:
    return replace(case, expires=int(Credential.from_url(signed).parts["Expires"]))
