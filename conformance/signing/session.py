"""What every comparison works with."""

from dataclasses import dataclass
from pathlib import Path

from .admission import Admission
from .case import Case
from .checks import Checks
from .credential import Credential
from .gatepass import Gatepass
from .keys import KeyRing


@dataclass(frozen=True)
class Session:
    folder: Path
    gatepass: Gatepass
    keys: KeyRing
    checks: Checks
    admission: Admission

    def compare(self, case: Case, what: str, theirs: Credential, ours: Credential) -> None:
        """Holds our pass against theirs, and keeps both to be shown at the gate."""
        key = self.keys.of(case)
        both = f"theirs: {theirs}\n    ours:   {ours}"
        self.checks.holds(f"{what}: the terms are equal", theirs.terms == ours.terms, both)
        if key.is_deterministic:
            equal = theirs.parts["Signature"] == ours.parts["Signature"]
            self.checks.holds(f"{what}: the RSA signatures are equal", equal, both)
        else:
            made = key.made(ours.signature, ours.signed_text, case.hash_algorithm)
            self.checks.holds(f"{what}: our ECDSA signature is one", made, str(ours))
