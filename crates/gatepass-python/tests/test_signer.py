"""Signing: byte for byte as botocore, with every key that openssl writes."""

from __future__ import annotations

import base64
import random
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.signers import CloudFrontSigner  # type: ignore[import-untyped]
from conftest import KEY, Keys, openssl
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from gatepass import Policy, PolicyError, Signer, Trust, UnusableKeyError, verify

URL = "https://media.example.com/films/a.mp4"
AT = 1_900_000_000
CASES = 60


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def botocores(keys: Keys, hash_algorithm: hashes.HashAlgorithm | None = None) -> Any:
    key = load_pem_private_key(keys.private.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    chosen = hash_algorithm or hashes.SHA1()
    return CloudFrontSigner(KEY, lambda message: key.sign(message, PKCS1v15(), chosen))


def test_canned_urls_are_botocores_byte_for_byte(rsa: Keys) -> None:
    theirs, ours, chance = botocores(rsa), rsa.signer(), random.Random(1)
    for _ in range(CASES):
        query = chance.choice(["", "?size=large", "?a=%20&b=~", "?"])
        url = f"{URL}/{chance.randrange(10**9)}{query}"
        at = moment(chance.randrange(1_800_000_000, 2_000_000_000))
        assert ours.sign_url(url, expires=at) == theirs.generate_presigned_url(url, at)


def test_custom_urls_are_botocores_byte_for_byte(rsa: Keys) -> None:
    theirs, ours, chance = botocores(rsa), rsa.signer(), random.Random(2)
    for _ in range(CASES):
        resource = chance.choice([URL, "https://media.example.com/*", "http*://*/a?b=*", "*"])
        expires = chance.randrange(1_800_000_000, 2_000_000_000)
        starts = chance.choice([None, expires - chance.randrange(1, 10**6)])
        address = chance.choice([None, "203.0.113.7", "198.51.100.0/24"])
        their_policy = theirs.build_policy(
            resource, moment(expires), starts and moment(starts), address
        )
        policy = Policy(resource, expires, starts=starts, ip_address=address)
        signed = ours.sign(policy)
        assert policy.to_json() == their_policy
        assert signed.message == their_policy.encode()
        assert signed.url(URL) == theirs.generate_presigned_url(URL, policy=their_policy)


def test_sha256_is_said_and_signed(rsa: Keys) -> None:
    at = moment(AT)
    theirs = botocores(rsa, hashes.SHA256()).generate_presigned_url(URL, at)
    ours = rsa.signer().sign_url(URL, expires=at, hash_algorithm="SHA256")
    assert ours == theirs + "&Hash-Algorithm=SHA256"
    cookies = rsa.signer().sign(Policy(URL, AT), hash_algorithm="SHA256").cookies()
    assert cookies["CloudFront-Hash-Algorithm"] == "SHA256"


@pytest.mark.parametrize("hash_algorithm", ["SHA1", "SHA256"])
@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_what_any_key_signs_is_admitted_in_cookies_and_in_urls(
    kind: str, hash_algorithm: Any, request: pytest.FixtureRequest
) -> None:
    keys: Keys = request.getfixturevalue(kind)
    signer, trust = keys.signer(), keys.trust()
    pass_ = signer.sign(Policy(URL, AT), hash_algorithm=hash_algorithm)
    for cookies in (pass_.cookies(), pass_.cookies("per-key")):
        verify(URL, trust, cookies=cookies, ip_address="192.0.2.1", now=AT - 1)
    verify(pass_.url(URL), trust, ip_address="192.0.2.1", now=AT - 1)
    canned = signer.sign_url(URL, expires=AT, hash_algorithm=hash_algorithm)
    assert "Policy=" not in canned
    assert verify(canned, trust, ip_address="192.0.2.1", now=AT - 1).expires == moment(AT)
    more = signer.sign_url(URL, expires=AT, starts=1, hash_algorithm=hash_algorithm)
    assert "Policy=" in more
    verify(more, trust, ip_address="192.0.2.1", now=AT - 1)


def test_a_canned_pass_has_an_expiry_and_no_policy(rsa: Keys) -> None:
    cookies = rsa.signer().sign(Policy(URL, AT), kind="canned").cookies()
    assert list(cookies) == ["CloudFront-Expires", "CloudFront-Signature", "CloudFront-Key-Pair-Id"]
    assert cookies["CloudFront-Expires"] == str(AT)


@pytest.mark.parametrize(
    "policy",
    [
        Policy([URL, URL], AT),
        Policy(URL, AT, starts=1),
        Policy(URL, AT, ip_address="203.0.113.7"),
        Policy("https://e.com/*", AT),
    ],
)
def test_what_a_canned_pass_cannot_say_is_refused(policy: Policy, rsa: Keys) -> None:
    with pytest.raises(PolicyError) as refused:
        rsa.signer().sign(policy, kind="canned")
    assert "--" not in str(refused.value), "hints are in Python's words"


def test_javascripts_spelling_can_be_asked_for(rsa: Keys) -> None:
    policy = Policy(URL, AT, starts=1, ip_address="203.0.113.7")
    message = rsa.signer().sign(policy, style="javascript").message
    assert message == policy.to_json("javascript").encode()
    assert message != policy.to_json().encode()


def spellings(keys: Keys, folder: Path) -> dict[str, str | bytes]:
    """One private key as openssl, files, variables and secrets stores write it."""
    der = folder / "key.der"
    pkcs8 = openssl("pkcs8", "-topk8", "-nocrypt", "-in", keys.private_file)
    openssl("pkcs8", "-topk8", "-nocrypt", "-in", keys.private_file, "-outform", "DER", "-out", der)
    return {
        "as generated": keys.private,
        "bytes": keys.private.encode(),
        "PKCS#8": pkcs8,
        "DER": der.read_bytes(),
        "CRLF": keys.private.replace("\n", "\r\n"),
        "in one line": keys.private.replace("\n", "\\n"),
        "indented": "".join(f"    {line}" for line in keys.private.splitlines(keepends=True)),
        "base64 of PEM": base64.b64encode(keys.private.encode()).decode(),
    }


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_a_private_key_is_read_in_every_spelling(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    keys: Keys = request.getfixturevalue(kind)
    for name, text in spellings(keys, tmp_path).items():
        assert Signer(KEY, text).public_key == keys.public, name


def test_an_encrypted_key_opens_with_its_passphrase_alone(rsa: Keys) -> None:
    words = ["-topk8", "-v2", "aes-256-cbc", "-passout", "pass:open sesame"]
    encrypted = openssl("pkcs8", *words, "-in", rsa.private_file)
    for passphrase in ("open sesame", b"open sesame"):
        assert Signer(KEY, encrypted, passphrase=passphrase).public_key == rsa.public
    with pytest.raises(UnusableKeyError, match="no passphrase was given") as missing:
        Signer(KEY, encrypted)
    assert missing.value.hint == "give it as passphrase=…"
    with pytest.raises(UnusableKeyError, match="does not open"):
        Signer(KEY, encrypted, passphrase="open barley")


def test_an_unusable_key_is_named_and_never_shown(rsa: Keys) -> None:
    small = openssl("genrsa", "1024")
    p384 = openssl("ecparam", "-name", "secp384r1", "-genkey", "-noout")
    for text in (small, p384, rsa.public, "", "no key", rsa.private[:900]):
        with pytest.raises(UnusableKeyError) as refused:
            Signer(KEY, text)
        body = "".join(text.splitlines()[1:-1])
        assert not body or body[:40] not in str(refused.value)
        assert "gatepass keys" not in str(refused.value)


def test_a_path_in_place_of_a_key_is_told_so(rsa: Keys) -> None:
    with pytest.raises(UnusableKeyError, match="read_text"):
        Signer(KEY, str(rsa.private_file))


@pytest.mark.parametrize("key_pair_id", ["", "K 2", "é", "K" * 129])
def test_an_id_that_is_none_is_refused(key_pair_id: str, rsa: Keys) -> None:
    with pytest.raises(UnusableKeyError, match="not a public key ID"):
        Signer(key_pair_id, rsa.private)
    with pytest.raises(UnusableKeyError, match="not a public key ID"):
        Trust({key_pair_id: rsa.public})


def test_no_repr_gives_anything_away(rsa: Keys) -> None:
    signer = rsa.signer()
    signed = signer.sign(Policy(URL, AT))
    shown = f"{signer!r} {signed!r} {Policy(URL, AT)!r} {rsa.trust()!r}"
    assert KEY in shown
    for value in signed.cookies().values():
        assert value == KEY or value not in shown
    assert URL not in shown


@pytest.mark.parametrize(
    ("argument", "word"),
    [("kind", "cannd"), ("hash_algorithm", "sha1"), ("style", "json")],
)
def test_a_word_that_means_nothing_is_refused_with_those_that_do(
    argument: str, word: str, rsa: Keys
) -> None:
    with pytest.raises(ValueError, match=f"{argument} is \"{word}\": expected \""):
        rsa.signer().sign(Policy(URL, AT), **{argument: word})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="naming"):
        rsa.signer().sign(Policy(URL, AT)).cookies("both")  # type: ignore[arg-type]
