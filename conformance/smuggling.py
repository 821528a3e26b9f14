"""Requests that proxies read in more than one way: how Gatepass, nginx and Caddy answer them.

Each is sent as raw bytes to each of them as a front, before an origin that writes down what reaches
it. The table is for people; what has to hold is asked of Gatepass alone: what must be refused is
refused, nothing private leaves, and the origin hears nothing that can be read in two ways.

Then nginx and Caddy stand behind Gatepass, and the same is sent through it. What leaves Gatepass has
one reading, and the proxy took for requests just those that were sent on: one for one.

    cargo xtask test smuggling          # runs this with all that it needs
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from serving import passage, proxies
from serving.ambiguous import CASES, Case
from serving.checks import Checks
from serving.front import Outcome, caddy, gatepass, nginx
from serving.witness import Witness


def main() -> int:
    checks = Checks("smuggling")
    with tempfile.TemporaryDirectory(prefix="gatepass-smuggling-") as name, ThreadPoolExecutor() as all_at_once:
        folder = Path(name)
        # Most of the time is spent waiting until nothing more comes.
        fronts = [all_at_once.submit(as_front, folder / start.__name__, start) for start in FRONTS]
        behind = [
            all_at_once.submit(passage.through, folder / f"before-{start.__name__}", start) for start in BEHIND
        ]
        judge_fronts(checks, [column.result() for column in fronts])
        seen(checks)
        judge_passages(checks, [column.result() for column in behind])
    return checks.close()


FRONTS = (gatepass, nginx, caddy)
BEHIND = (proxies.nginx, proxies.caddy)


def as_front(folder: Path, start) -> list[Outcome]:
    with Witness() as witness, start(folder, witness.port) as front:
        return [front.ask(case, witness) for case in CASES]


def judge_fronts(checks: Checks, columns: list[list[Outcome]]) -> None:
    names = [start.__name__ for start in FRONTS]
    about = "statuses that came back; → what the origin was asked; x: the connection was closed"
    table(about, dict(zip(names, columns, strict=True)))
    checks.heading("what has to hold for Gatepass")
    for case, found in zip(CASES, columns[0], strict=True):
        judge(checks, case, found)


def seen(checks: Checks) -> None:
    checks.heading("what is seen of what goes on: of the cases themselves, sent as they are")
    unseen = passage.unseen()
    framed = [case.name for case in CASES if case.wanted in ("closed", "broken")]
    missed = [name for name in framed if name in unseen]
    checks.equal("whatever is wrong with where a body ends", missed, [])
    odd = len(CASES) - len(unseen)
    checks.holds(f"and {odd} of {len(CASES)} in all", odd > len(CASES) / 2, unseen)


def judge_passages(checks: Checks, columns: list) -> None:
    names = [start.__name__ for start in BEHIND]
    for name, (passages, logged) in zip(names, columns, strict=True):
        checks.heading(f"Gatepass before {name}: what was sent on is what it received")
        for case, found in zip(CASES, passages, strict=True):
            passage.judge(checks, name, case, found)
        told = [entry for found in passages for entry in found.logged]
        checks.equal(f"{name} received nothing else until its end", logged, told)
    about = "statuses that came back; → what the proxy behind took for requests"
    table(about, {f"before {name}": passages for name, (passages, _) in zip(names, columns, strict=True)})


def table(about: str, columns: dict) -> None:
    print(f"\n{about}\n")
    print("".join([f"{'':<52}", *(f"{name:<26}" for name in columns)]).rstrip())
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
