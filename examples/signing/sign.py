"""Signed URLs by botocore, and signed cookies, which botocore lacks, by the same signer.

    python3 sign.py cookies|url URL SECONDS     KEY_ID and PRIVATE_KEY name the key
"""

import base64
import os
import sys
from datetime import datetime, timedelta, timezone

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding


def cloudfront_signer(key_pair_id: str, private_key: bytes) -> CloudFrontSigner:
    # The key is read once: reading it takes far longer than signing with it.
    key = serialization.load_pem_private_key(private_key, password=None)
    # CloudFront takes silence for SHA-1, and botocore does not say SHA-256.
    return CloudFrontSigner(key_pair_id, lambda text: key.sign(text, padding.PKCS1v15(), hashes.SHA1()))


def signed_url(signer: CloudFrontSigner, url: str, expires: datetime) -> str:
    return signer.generate_presigned_url(url, date_less_than=expires)


def signed_cookies(signer: CloudFrontSigner, resource: str, expires: datetime) -> dict[str, str]:
    """The three cookies of a custom policy; the resource may hold `*` and `?`."""
    policy = signer.build_policy(resource, expires).encode()
    return {
        "CloudFront-Policy": encode(policy),
        "CloudFront-Signature": encode(signer.rsa_signer(policy)),
        "CloudFront-Key-Pair-Id": signer.key_id,
    }


def encode(data: bytes) -> str:
    """CloudFront's base64."""
    return base64.b64encode(data).translate(bytes.maketrans(b"+=/", b"-_~")).decode()


if __name__ == "__main__":
    kind, url, seconds = sys.argv[1:]
    with open(os.environ["PRIVATE_KEY"], "rb") as file:
        signer = cloudfront_signer(os.environ["KEY_ID"], file.read())
    # A time with a zone: botocore takes one without for local time.
    expires = datetime.now(timezone.utc) + timedelta(seconds=int(seconds))
    if kind == "url":
        print(signed_url(signer, url, expires))
    else:
        cookies = signed_cookies(signer, url, expires)
        print("Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()))
