"""The key pairs of a run: made by Gatepass, read and used by an independent library."""

from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from .case import Case
from .gatepass import Gatepass

HASHES = {"SHA1": hashes.SHA1, "SHA256": hashes.SHA256}


@dataclass(frozen=True)
class KeyPair:
    """A private key in both of the forms signers ask for, and its public half."""

    id: str
    private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    private_files: dict[str, Path]
    public_file: Path

    def sign(self, text: bytes, hash_algorithm: str) -> bytes:
        return self.private_key.sign(text, *self._scheme(hash_algorithm))

    def made(self, signature: bytes, text: bytes, hash_algorithm: str) -> bool:
        """Whether this key made a signature over a text."""
        try:
            scheme = self._scheme(hash_algorithm)
            self.private_key.public_key().verify(signature, text, *scheme)
        except InvalidSignature:
            return False
        return True

    @property
    def is_deterministic(self) -> bool:
        return isinstance(self.private_key, rsa.RSAPrivateKey)

    def _scheme(self, hash_algorithm: str) -> tuple:
        algorithm = HASHES[hash_algorithm]()
        if self.is_deterministic:
            return padding.PKCS1v15(), algorithm
        return (ec.ECDSA(algorithm),)


class KeyRing:
    """One key pair of each type that CloudFront takes."""

    def __init__(self, folder: Path, gatepass: Gatepass) -> None:
        self._pairs = {
            "rsa": new_pair(folder, gatepass, "rsa", "K2RSAEXAMPLE1"),
            "p256": new_pair(folder, gatepass, "p256", "K2P256EXAMPLE"),
        }

    def __iter__(self):
        return iter(self._pairs.values())

    def of(self, case: Case) -> KeyPair:
        return self._pairs[case.key_type]


def new_pair(folder: Path, gatepass: Gatepass, key_type: str, key_id: str) -> KeyPair:
    gatepass.new_key(key_type, key_id, folder)
    as_made = folder / f"{key_id}.private.pem"
    key = serialization.load_pem_private_key(as_made.read_bytes(), password=None)
    forms = serialization.PrivateFormat
    files = {
        "pkcs8": write(folder / f"{key_id}.pkcs8.pem", key, forms.PKCS8),
        "traditional": write(folder / f"{key_id}.traditional.pem", key, forms.TraditionalOpenSSL),
    }
    return KeyPair(key_id, key, files, folder / f"{key_id}.public.pem")


def write(path: Path, key, form: serialization.PrivateFormat) -> Path:
    plain = serialization.NoEncryption()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return path
