"""Uses the package as programs do, for `mypy --strict` to read. It is not run.

Where a mistake is marked to be ignored, mypy must see one: what is ignored in vain is an error.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from ipaddress import ip_network

from django.http import HttpResponse
from fastapi import Response as FastApiResponse
from flask import Response as FlaskResponse
from gatepass import (
    Denied,
    Pass,
    Policy,
    Report,
    SignedCookies,
    SignedPass,
    Signer,
    Trust,
    clear_cookies,
    explain,
    set_cookie_lines,
    set_cookies,
    verify,
)
from starlette.responses import Response as StarletteResponse
from typing_extensions import assert_type

expires = datetime.now(timezone.utc) + timedelta(hours=1)

policy = SignedCookies.policy({"a": "https://e.com/a", "b": "https://e.com/b"}, expires=expires)
assert_type(policy, Policy)
assert_type(policy.resources, tuple[str, ...])
assert_type(policy.starts, datetime | None)
assert_type(policy.for_cloudfront(), list[Policy])
Policy(["https://e.com/*"], 1_900_000_000, ip_address=ip_network("203.0.113.0/24"))
Policy("https://e.com/*", "tomorrow")  # type: ignore[arg-type]
Policy("https://e.com/*")  # type: ignore[call-arg]
policy.resources = ()  # type: ignore[misc]

cookies = SignedCookies.sign_cookies(policy, key_pair_id="K2", private_key="…")
assert_type(cookies, SignedCookies)
as_dict: dict[str, str] = cookies
SignedCookies.sign_cookies(policy, "K2", "…", naming="both")  # type: ignore[arg-type]

signer = Signer("K2", b"...", passphrase="…")
assert_type(signer.sign(policy, kind="canned", hash_algorithm="SHA256"), SignedPass)
assert_type(signer.sign(policy).cookies(), SignedCookies)
assert_type(signer.sign_url("https://e.com/a", expires=expires), str)
signer.sign(policy, hash_algorithm="MD5")  # type: ignore[arg-type]
signer.sign("https://e.com/a")  # type: ignore[arg-type]

trust = Trust({"K2": signer.public_key}, reading="cloudfront")
try:
    admitted = verify("https://e.com/a", trust, cookies=cookies, ip_address="192.0.2.1")
    assert_type(admitted, Pass)
    assert_type(admitted.expires, datetime)
except Denied as denied:
    assert_type(denied.reason, str)
    assert_type(denied.hint, str | None)
verify("https://e.com/a", trust)  # type: ignore[call-arg]
report = explain("https://e.com/a", trust, ip_address="192.0.2.1", now=expires)
assert_type(report, Report)
assert_type([rule.detail for one in report.passes for rule in one.rules], list[str | None])

set_cookies(HttpResponse(), cookies, path="/films", same_site="lax")
set_cookies(FlaskResponse(), cookies, domain="media.example.com")
set_cookies(FastApiResponse(), cookies, same_site="none")
set_cookies(StarletteResponse(), as_dict)
set_cookies(object(), cookies)  # type: ignore[arg-type]
clear_cookies(HttpResponse(), key_pair_id="K2")
assert_type(set_cookie_lines(cookies), list[str])
