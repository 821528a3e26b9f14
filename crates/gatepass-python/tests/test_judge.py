"""Verifying and explaining, as the edge judges."""

from __future__ import annotations

import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from conftest import KEY, Keys, openssl
from gatepass import Denied, Policy, RequestError, Trust, UnusableKeyError, explain, verify

URL = "https://media.example.com/films/a.mp4"
AT = 1_900_000_000
HOME = "192.0.2.7"


def cookies(keys: Keys, **more: Any) -> Any:
    return keys.signer().sign(Policy("https://media.example.com/films/*", AT, **more)).cookies()


def test_a_pass_tells_its_key_its_end_and_its_digest(rsa: Keys) -> None:
    admitted = verify(URL, rsa.trust(), cookies=cookies(rsa), ip_address=HOME, now=AT - 1)
    assert admitted.key_pair_id == KEY
    assert admitted.expires == Policy(URL, AT).expires
    assert len(bytes.fromhex(admitted.digest)) == 32


def test_cookies_come_as_a_header_or_as_names_and_values(rsa: Keys) -> None:
    shown = cookies(rsa)
    header = f"session=1; {shown.header()}"
    for form in (shown, dict(shown), header, header.encode(), {"session": "1", **shown}):
        verify(URL, rsa.trust(), cookies=form, ip_address=ip_address(HOME), now=AT - 1)


@pytest.mark.parametrize(
    ("url", "now", "address", "reason", "code"),
    [
        (URL, AT, HOME, "expired", "AccessDenied"),
        (URL, AT - 100, HOME, "not_yet", "AccessDenied"),
        (URL, AT - 1, "198.51.100.1", "address_not_allowed", "AccessDenied"),
        (URL.replace("films", "songs"), AT - 1, HOME, "resource_not_covered", "AccessDenied"),
        (URL.replace("films/", "films/../"), AT - 1, HOME, "resource_not_covered", "AccessDenied"),
    ],
)
def test_a_denial_has_a_reason_and_cloudfronts_code(
    rsa: Keys, url: str, now: int, address: str, reason: str, code: str
) -> None:
    shown = cookies(rsa, starts=AT - 100, ip_address="192.0.2.0/24")
    with pytest.raises(Denied) as denied:
        verify(url, rsa.trust(), cookies=shown, ip_address=address, now=now)
    assert (denied.value.reason, denied.value.code) == (reason, code)
    assert denied.value.viewer_message == "Access denied"
    assert denied.value.hint
    assert "--" not in denied.value.hint
    report = explain(url, rsa.trust(), cookies=shown, ip_address=address, now=now)
    assert (report.admitted, report.reason, report.code) == (False, reason, code)
    assert not report


def test_nothing_presented_and_nobody_trusted_deny(rsa: Keys, p256: Keys) -> None:
    nothings: list[Any] = [None, "", {}, "a=b"]
    for shown in nothings:
        with pytest.raises(Denied) as nothing:
            verify(URL, rsa.trust(), cookies=shown, ip_address=HOME, now=1)
        assert nothing.value.reason == "no_pass"
    for trust, reason in (
        (Trust({}), "key_unknown"),
        (p256.trust(), "signature_mismatch"),
        (Trust({KEY: rsa.public}, minimum_hash="SHA256"), "hash_too_weak"),
    ):
        with pytest.raises(Denied) as refused:
            verify(URL, trust, cookies=cookies(rsa), ip_address=HOME, now=AT - 1)
        assert refused.value.reason == reason


def test_read_as_cloudfront_several_resources_deny(rsa: Keys) -> None:
    shown = rsa.signer().sign(Policy([URL, "https://e.com/"], AT)).cookies()
    verify(URL, rsa.trust(), cookies=shown, ip_address=HOME, now=AT - 1)
    strict = Trust({KEY: rsa.public}, reading="cloudfront")
    with pytest.raises(Denied) as refused:
        verify(URL, strict, cookies=shown, ip_address=HOME, now=AT - 1)
    assert refused.value.code == "MalformedPolicy"


def test_now_is_pythons_clock_unless_given(rsa: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = cookies(rsa)
    monkeypatch.setattr(time, "time", lambda: AT - 0.5)
    verify(URL, rsa.trust(), cookies=shown, ip_address=HOME)
    monkeypatch.setattr(time, "time", lambda: float(AT))
    with pytest.raises(Denied):
        verify(URL, rsa.trust(), cookies=shown, ip_address=HOME)


@pytest.mark.parametrize("url", ["", "/films/a.mp4", "ftp://e.com/", "https://", "x" * 10_000])
def test_what_is_no_request_is_refused_and_never_admitted(url: str, rsa: Keys) -> None:
    for ask in (verify, explain):
        with pytest.raises(RequestError):
            ask(url, rsa.trust(), cookies=cookies(rsa), ip_address=HOME, now=1)


@pytest.mark.parametrize("address", ["", "localhost", "192.0.2.0/24", "192.0.2.7:80", "1" * 999])
def test_what_is_no_address_is_refused(address: str, rsa: Keys) -> None:
    with pytest.raises(RequestError, match="no IP address"):
        verify(URL, rsa.trust(), cookies=cookies(rsa), ip_address=address, now=1)


def test_a_strangers_megabytes_are_judged_and_denied(rsa: Keys) -> None:
    # Each is beyond a limit of the library's: sets of cookies, keys named, bytes of a policy.
    for header in (
        "; ".join(f"CloudFront-Policy=e30_; CloudFront-Signature=a; x{n}=y" for n in range(20_000)),
        "; ".join(f"CloudFront-Signature-K{n}=aaaa" for n in range(20_000)),
        f"CloudFront-Policy={'a' * 1_000_000}; CloudFront-Signature=a; CloudFront-Key-Pair-Id={KEY}",
    ):
        with pytest.raises(Denied):
            verify(URL, rsa.trust(), cookies=header, ip_address=HOME, now=1)
        assert not explain(URL, rsa.trust(), cookies=header, ip_address=HOME, now=1).admitted


def test_a_report_asks_every_rule_and_finds_the_mistake(rsa: Keys) -> None:
    asked = URL.replace("https", "http")
    report = explain(asked, rsa.trust(), cookies=cookies(rsa), ip_address=HOME, now=AT)
    (only,) = report.passes
    assert (only.carrier, only.key_pair_id) == ("cookies", KEY)
    assert only.expires == Policy(URL, AT).expires
    assert only.policy is not None and "films" in only.policy
    outcomes = {rule.name: rule.outcome for rule in only.rules}
    assert outcomes["the signature matches"] == "met"
    assert outcomes["the window is open"] == "unmet"
    assert outcomes["the resource is covered"] == "unmet"
    assert [rule.detail for rule in only.rules if rule.outcome == "met"] == [None] * 7
    (scheme,) = [mistake for mistake in only.diagnoses if mistake.name == "scheme_differs"]
    assert scheme.sentence in report.text and scheme.fix in report.text
    assert str(report) == report.text
    assert "UNMET  the window is open" in report.text


def test_a_report_on_an_admitted_request_says_so(rsa: Keys) -> None:
    url = rsa.signer().sign_url(URL, expires=AT)
    report = explain(url, rsa.trust(), ip_address=HOME, now=AT - 1)
    assert report and report.admitted
    assert (report.reason, report.code, report.sentence, report.hint) == (None, None, None, None)
    assert report.passes[0].carrier == "url"
    assert "admitted: by the key" in report.text


def test_old_key_sizes_verify_only_if_asked_for(tmp_path: Path) -> None:
    old = tmp_path / "old.pem"
    openssl("genrsa", "-out", old, "1024")
    public = openssl("rsa", "-pubout", "-in", old)
    with pytest.raises(UnusableKeyError, match="1024") as refused:
        Trust({KEY: public})
    assert 'key_sizes="legacy"' in (refused.value.hint or "")
    assert KEY in repr(Trust({KEY: public}, key_sizes="legacy"))
