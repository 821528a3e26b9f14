"""The document's script, as printed but for three things: the import, the time zone, and real
values for the key, which come from the command line. It prints the cookies as JSON."""

import json
import sys
from pathlib import Path

import datetime
from gatepass import SignedCookies

# Assume you have your private key content and key pair ID
private_key_content = Path(sys.argv[1]).read_text()
key_pair_id = sys.argv[2]

# Define the files to be accessed and their expiration time
policy = SignedCookies.policy(
    [
        "https://your-cloudfront-domain.com/private/image1.jpg",
        "https://your-cloudfront-domain.com/private/image2.png",
    ],
    expires=datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1),
    ip_address="203.0.113.0/24",
)

# Generate the signed cookies
signed_cookies = SignedCookies.sign_cookies(
    policy,
    key_pair_id=key_pair_id,
    private_key=private_key_content
)

print(json.dumps(signed_cookies))
