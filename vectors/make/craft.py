"""What `rules.py` needs to make a pass: keys, signatures, policies, and files of cases."""

import base64
import json
import pathlib
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from oracle import CODES

HERE = pathlib.Path(__file__).resolve().parent.parent

NOW = 1767225600                 # 1 January 2026, 00:00:00 UTC
SOON = NOW + 3600
URL = "https://media.example.com/v/a.mp4"
VIEWER = "192.0.2.7"

A, B, P = "K2GATEPASSRSA1", "K2GATEPASSRSA2", "K2GATEPASSP256"
SMALL, LARGE = "APKAGATEPASSRSA1024X", "APKAGATEPASSRSA4096X"
KEY_FILES = {A: "rules_rsa2048_a", B: "rules_rsa2048_b", P: "rules_p256",
             SMALL: "rules_rsa1024", LARGE: "rules_rsa4096"}
MAKERS = {
    A: lambda: rsa.generate_private_key(65537, 2048),
    B: lambda: rsa.generate_private_key(65537, 2048),
    P: lambda: ec.generate_private_key(ec.SECP256R1()),
    SMALL: lambda: rsa.generate_private_key(65537, 1024),
    LARGE: lambda: rsa.generate_private_key(65537, 4096),
}
TRUSTED = {key_id: f"keys/{KEY_FILES[key_id]}.public.pem" for key_id in (A, B, P)}


def load_or_make(key_id):
    """The private key; made once, and kept beside its public half."""
    path = HERE / "keys" / f"{KEY_FILES[key_id]}.private.pem"
    if not path.exists():
        key = MAKERS[key_id]()
        path.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        (HERE / "keys" / f"{KEY_FILES[key_id]}.public.pem").write_bytes(public)
    return serialization.load_pem_private_key(path.read_bytes(), None)


KEYS = {key_id: load_or_make(key_id) for key_id in KEY_FILES}


def sign(message, key_id, hash_name):
    algorithm = hashes.SHA256() if hash_name == "SHA256" else hashes.SHA1()
    key = KEYS[key_id]
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), algorithm)
    return key.sign(message, ec.ECDSA(algorithm))


def safe(raw):
    """CloudFront's base64."""
    return base64.b64encode(raw).translate(bytes.maketrans(b"+=/", b"-_~")).decode()


@dataclass(frozen=True)
class Pass:
    """The texts of one pass; None leaves a part out."""
    policy: str | None = None
    expires: str | None = None
    signature: str | None = None
    key_id: str | None = None
    hash: str | None = None

    def but(self, **parts):
        return replace(self, **parts)

    def parts(self):
        named = {"Policy": self.policy, "Expires": self.expires, "Signature": self.signature,
                 "Key-Pair-Id": self.key_id, "Hash-Algorithm": self.hash}
        return [(name, value) for name, value in named.items() if value is not None]

    def cookie(self, suffix=""):
        return "; ".join(f"CloudFront-{name}{suffix}={value}" for name, value in self.parts())

    def on(self, url):
        query = "&".join(f"{name}={value}" for name, value in self.parts())
        return url + ("&" if "?" in url else "?") + query


def policy(resource=URL, expires=SOON, starts=None, ip=None):
    """A policy as the AWS SDKs write it. `resource` None leaves it out."""
    condition = {"DateLessThan": {"AWS:EpochTime": expires}}
    if starts is not None:
        condition["DateGreaterThan"] = {"AWS:EpochTime": starts}
    if ip is not None:
        condition["IpAddress"] = {"AWS:SourceIp": ip}
    statement = {"Condition": condition} if resource is None else {
        "Resource": resource, "Condition": condition}
    return json.dumps({"Statement": [statement]}, separators=(",", ":"), ensure_ascii=False)


def signed(text, key=A, hash=None, mark="same"):
    """A custom pass over any text or bytes. `mark` is the marker, if not as signed."""
    raw = text.encode() if isinstance(text, str) else text
    return Pass(policy=safe(raw), signature=safe(sign(raw, key, hash)), key_id=key,
                hash=hash if mark == "same" else mark)


def custom(resource=URL, expires=SOON, starts=None, ip=None, **how):
    return signed(policy(resource, expires, starts, ip), **how)


def canned(url=URL, expires=SOON, **how):
    text = ('{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%s}}}]}'
            % (url, expires))
    return signed(text, **how).but(policy=None, expires=str(expires))


class Cases:
    """Writes the cases of one rule, and remembers which files are there to stay."""

    written = set()

    def __init__(self, rule):
        self.rule = rule

    def admits(self, name, about, **case):
        self.write(name, about, {"admitted": True}, **case)

    def refuses(self, name, reason, about, **case):
        self.write(name, about, {"denied": reason, "code": CODES[reason]}, **case)

    def write(self, name, about, expect, given=None, url=URL, at=NOW, viewer=VIEWER, keys=None,
              reading=None, legacy=False, ecdsa=False):
        """`given` is a Pass, a Cookie header line or several of either; None for none."""
        lines = [] if given is None else given if isinstance(given, list) else [given]
        case = {"about": about, "now": at, "request": {"url": url, "from": viewer},
                "cookies": [line.cookie() if isinstance(line, Pass) else line for line in lines],
                "keys": TRUSTED if keys is None else keys}
        if reading:
            case["reading"] = reading
        if legacy:
            case["legacy"] = True
        case["expect"] = expect
        path = HERE / "rules" / self.rule / f"{name}.json"
        if path in self.written:
            raise ValueError(f"two cases are called {path}")
        self.written.add(path)
        if ecdsa and path.exists():
            return  # an ECDSA signature is another one each time
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(case, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
