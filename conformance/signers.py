"""Compares Gatepass with the other signers of CloudFront passes at hand, live, on random inputs.

Each case is signed by Gatepass and by another signer, from the same terms. Where signatures are
deterministic (RSA) everything has to be equal, byte for byte; where they are not (ECDSA) each side
has to accept the other's. Last, Gatepass has to admit whatever anyone signed, inside its terms, and
to deny it outside of them: asked by `gatepass verify`, and on the wire, of a running edge.

`cargo xtask test signers` runs this with all that it needs. To see one failure again, give it the
seed and the case that the failure names:

    cargo xtask test signers            # says its seed
    GATEPASS_BIN=… python signers.py --seed SEED --case NUMBER
"""

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from signing import (
    at_the_edge,
    refused,
    with_aws_cli,
    with_botocore,
    with_go,
    with_node,
    with_older_node,
    with_openssl,
    with_pypi,
    with_rust,
)
from signing.admission import Admission
from signing.case import random_case
from signing.checks import Checks
from signing.gatepass import Gatepass
from signing.keys import KeyRing
from signing.session import Session
from signing.tools import tool


def main() -> int:
    asked = arguments()
    print(f"seed {asked.seed}; repeat with --seed {asked.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="gatepass-signers-") as folder:
        gatepass = Gatepass(tool("GATEPASS_BIN"))
        keys = KeyRing(Path(folder), gatepass)
        session = Session(Path(folder), gatepass, keys, Checks(), Admission(gatepass, keys))
        sign_with_everyone(session, asked)
        session.admission.judge(session.checks)
        with at_the_edge.running(Path(folder) / "edge", keys) as edge:
            at_the_edge.judge(session.checks, edge, session.admission.questions)
            refused.judge(session, edge)
    return session.checks.close()


def sign_with_everyone(session: Session, asked: argparse.Namespace) -> None:
    for signer, count in (
        (with_botocore, asked.cases),
        (with_node, asked.cases),
        (with_openssl, asked.openssl_cases),
        (with_aws_cli, asked.aws_cli_cases),
        (with_older_node, asked.other_cases),
        (with_pypi, asked.other_cases),
        (with_go, asked.other_cases),
        (with_rust, asked.other_cases),
    ):
        started = time.monotonic()
        numbers = range(count) if asked.case is None else [asked.case]
        name, asks = signer.NAME, (random_case(asked.seed, number) for number in numbers)
        with signer.comparing(session) as compare:
            for case in asks:
                session.checks.during(name, case)
                try:
                    compare(case)
                except RuntimeError as complaint:
                    session.checks.holds("both sign", False, str(complaint))
        print(f"  {name}: {len(numbers)} cases in {time.monotonic() - started:.1f} s", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", default=secrets.token_hex(4), help="repeats an earlier run")
    parser.add_argument("--case", type=int, help="runs only the case of this number")
    parser.add_argument("--cases", type=int, default=300, help="for the SDKs (default: 300)")
    parser.add_argument("--openssl-cases", type=int, default=40, help="default: 40")
    parser.add_argument("--aws-cli-cases", type=int, default=12, help="slow, so default: 12")
    parser.add_argument("--other-cases", type=int, default=30, help="default: 30")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
