"""CloudFront's signed cookies and signed URLs: sign them, verify them, and explain them.

    import datetime
    from gatepass import SignedCookies

    policy = SignedCookies.policy(
        "https://media.example.com/films/*",
        expires=datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1),
    )
    cookies = SignedCookies.sign_cookies(policy, key_pair_id="K2JCJMDEHXQW5F", private_key=pem)

Whoever signs often makes a `Signer` once, which reads the key once. `verify` and `explain` judge a
request as Gatepass's edge does. `set_cookies` puts the cookies on a response of Django, Flask,
FastAPI or Starlette; for anything else there are `set_cookie_lines`.
"""

from ._cookies import SignedCookies
from ._errors import (
    CookieError,
    Denied,
    GatepassError,
    NaiveDatetimeError,
    PolicyError,
    RequestError,
    UnusableKeyError,
)
from ._gatepass import (
    Diagnosis,
    Pass,
    PassReport,
    Policy,
    Report,
    RuleReport,
    SignedPass,
    Signer,
    Trust,
    clear_cookie_lines,
    cookie_names,
    explain,
    set_cookie_lines,
    verify,
)
from ._responses import clear_cookies, set_cookies

__all__ = [
    "CookieError",
    "Denied",
    "Diagnosis",
    "GatepassError",
    "NaiveDatetimeError",
    "Pass",
    "PassReport",
    "Policy",
    "PolicyError",
    "Report",
    "RequestError",
    "RuleReport",
    "SignedCookies",
    "SignedPass",
    "Signer",
    "Trust",
    "UnusableKeyError",
    "clear_cookie_lines",
    "clear_cookies",
    "cookie_names",
    "explain",
    "set_cookie_lines",
    "set_cookies",
    "verify",
]
