"""Requests that proxies read in more than one way: how Gatepass, nginx and Caddy answer them.

Each is sent as raw bytes to each of them as a front, before an origin that writes down what reaches
it. The table is for people; what has to hold is asked of Gatepass alone: what must be refused is
refused, nothing private leaves, and the origin hears nothing that can be read in two ways.

    cargo xtask test smuggling          # runs this with all that it needs
"""

import sys
import tempfile
from pathlib import Path

from serving.ambiguous import CASES, Case
from serving.checks import Checks
from serving.front import Outcome, caddy, gatepass, nginx
from serving.witness import Witness


def main() -> int:
    checks = Checks("smuggling")
    with tempfile.TemporaryDirectory(prefix="gatepass-smuggling-") as name:
        folder = Path(name)
        columns = {start.__name__: [] for start in (gatepass, nginx, caddy)}
        for start in (gatepass, nginx, caddy):
            with Witness() as witness, start(folder / start.__name__, witness.port) as front:
                columns[start.__name__] = [front.ask(case, witness) for case in CASES]
        table(columns)
        checks.heading("what has to hold for Gatepass")
        for case, found in zip(CASES, columns["gatepass"], strict=True):
            judge(checks, case, found)
    return checks.close()


def table(columns: dict) -> None:
    print("statuses that came back; → what the origin was asked; x: the connection was closed\n")
    print("".join([f"{'':<52}", *(f"{name:<26}" for name in columns)]))
    for nth, case in enumerate(CASES):
        cells = (f"{found[nth]!s:<26}" for found in columns.values())
        print(f"{case.name:<52}{''.join(cells)}".rstrip())


def judge(checks: Checks, case: Case, found: Outcome) -> None:
    match case.wanted:
        case "refused":
            refused = found.statuses[:1] and found.statuses[0] >= 400 and not found.heard
            # Whoever hangs up without a word has refused, too.
            silent = not found.statuses and found.closed and not found.heard
            checks.holds(f"{case.name}: refused", bool(refused or silent), found)
            checks.holds(f"{case.name}: and nothing after it is read", len(found.statuses) < 2, found)
        case "broken":
            failed = not found.statuses or found.statuses[0] >= 400
            checks.holds(f"{case.name}: refused, and closed", failed and found.closed, found)
        case "closed":
            once = found.closed and len(found.statuses) < 2
            checks.holds(f"{case.name}: one answer at most, and closed", once, found)
        case "served":
            checks.holds(f"{case.name}: served", found.statuses[:1] == [200], found)
        case _:
            checks.holds(f"{case.name}: ends", bool(found.statuses) or found.closed, found)
    private = [line for line in found.heard if "/private" in line]
    checks.holds(f"{case.name}: nothing private is asked for", not private, private)
    checks.holds(
        f"{case.name}: as many answers as the origin was asked",
        len(found.heard) <= max(len(found.statuses), case.wanted == "broken"),
        found,
    )
    checks.holds(f"{case.name}: what the origin hears is plain", not found.odd, found.odd)


if __name__ == "__main__":
    sys.exit(main())
