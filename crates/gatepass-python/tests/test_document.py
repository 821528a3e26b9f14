"""What the document writes, and how it is told where it errs."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path

import pytest
from conftest import KEY, Keys
from gatepass import Denied, NaiveDatetimeError, Policy, SignedCookies, verify

DOCUMENT = Path(__file__).with_name("document.py")
SITE = "https://your-cloudfront-domain.com/private"
IMAGES = [f"{SITE}/image1.jpg", f"{SITE}/image2.png"]


def in_an_hour() -> datetime:
    return datetime.now(timezone.utc) + timedelta(hours=1)


def cookies_of_the_document(keys: Keys) -> dict[str, str]:
    """Runs the document in a virtual environment that has the wheel and nothing else."""
    python = os.environ["GATEPASS_FRESH_PYTHON"]
    done = subprocess.run(
        [python, "-I", "-W", "error", DOCUMENT, keys.private_file, KEY],
        check=True,
        capture_output=True,
        text=True,
    )
    cookies = json.loads(done.stdout)
    assert isinstance(cookies, dict)
    return cookies


def test_a_fresh_environment_holds_nothing_but_the_wheel() -> None:
    python = os.environ["GATEPASS_FRESH_PYTHON"]
    listed = "import importlib.metadata as m; print(*[d.name for d in m.distributions()])"
    done = subprocess.run([python, "-I", "-c", listed], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["gatepass"]


def test_the_document_runs_in_a_fresh_environment_and_its_cookies_admit(rsa: Keys) -> None:
    cookies = cookies_of_the_document(rsa)
    assert list(cookies) == [
        f"CloudFront-Policy-{KEY}",
        f"CloudFront-Signature-{KEY}",
        f"CloudFront-Key-Pair-Id-{KEY}",
    ]
    assert cookies[f"CloudFront-Key-Pair-Id-{KEY}"] == KEY
    for image in IMAGES:
        verify(image, rsa.trust(), cookies=cookies, ip_address="203.0.113.7")
    with pytest.raises(Denied) as elsewhere:
        verify(IMAGES[0], rsa.trust(), cookies=cookies, ip_address="198.51.100.7")
    assert elsewhere.value.reason == "address_not_allowed"
    with pytest.raises(Denied) as other:
        verify(f"{SITE}/image3.gif", rsa.trust(), cookies=cookies, ip_address="203.0.113.7")
    assert other.value.reason == "resource_not_covered"


def test_a_mapping_of_any_names_means_all_its_values() -> None:
    named = {"first": IMAGES[0], "second": IMAGES[1]}
    assert SignedCookies.policy(named, in_an_hour()).resources == tuple(IMAGES)


def test_of_one_name_written_twice_python_itself_keeps_the_last() -> None:
    as_printed = {"url": IMAGES[0], "url": IMAGES[1]}  # noqa: F601
    assert SignedCookies.policy(as_printed, in_an_hour()).resources == (IMAGES[1],)


def test_resources_are_one_url_or_any_that_can_be_gone_through() -> None:
    expires = in_an_hour()
    assert SignedCookies.policy(f"{SITE}/*", expires).resources == (f"{SITE}/*",)
    for several in (IMAGES, tuple(IMAGES), iter(IMAGES), dict.fromkeys(IMAGES)):
        if not isinstance(several, dict):
            assert SignedCookies.policy(several, expires).resources == tuple(IMAGES)


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_the_documents_utcnow_is_refused_and_the_hint_says_what_to_write() -> None:
    with pytest.raises(NaiveDatetimeError) as refused:
        SignedCookies.policy(IMAGES, expires=datetime.utcnow() + timedelta(hours=1))
    assert "does not say its time zone" in refused.value.message
    assert refused.value.hint is not None
    assert "datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)" in refused.value.hint
    assert refused.value.hint in str(refused.value)


def test_a_time_zone_without_an_offset_is_none() -> None:
    class Nowhere(tzinfo):
        def utcoffset(self, _: datetime | None, /) -> None:
            return None

        def dst(self, _: datetime | None, /) -> None:
            return None

        def tzname(self, _: datetime | None, /) -> str:
            return "nowhere"

    with pytest.raises(NaiveDatetimeError):
        SignedCookies.policy(IMAGES, expires=datetime(2030, 1, 1, tzinfo=Nowhere()))


def test_the_cookies_are_a_dict_whose_repr_gives_nothing_away(rsa: Keys) -> None:
    policy = SignedCookies.policy(IMAGES, in_an_hour())
    cookies = SignedCookies.sign_cookies(policy, key_pair_id=KEY, private_key=rsa.private)
    assert isinstance(cookies, dict)
    assert dict(cookies) == cookies
    shown = repr(cookies) + str(cookies) + f"{cookies}"
    assert f"CloudFront-Policy-{KEY}" in shown
    for name in ("Policy", "Signature"):
        assert cookies[f"CloudFront-{name}-{KEY}"] not in shown
    assert cookies.header().startswith(f"CloudFront-Policy-{KEY}=")


def test_plain_names_are_those_that_cloudfront_reads(rsa: Keys) -> None:
    policy = Policy(f"{SITE}/*", in_an_hour())
    cookies = SignedCookies.sign_cookies(policy, KEY, rsa.private, naming="plain")
    assert list(cookies) == ["CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"]
