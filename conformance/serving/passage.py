"""Gatepass before a proxy: what goes on has one reading, and the proxy took it for just that."""

import time
from dataclasses import dataclass
from pathlib import Path

from . import front
from .ambiguous import CASES, Case
from .checks import Checks
from .proxies import Logged, Proxy
from .tap import Passed, Tap
from .witness import Heard, Witness

PATIENCE = 5.0
"""The longest that a proxy's log is waited for, in seconds."""


@dataclass(frozen=True)
class Passage:
    """What became of a case, from the viewer's side to the far end."""

    answers: front.Answers
    passed: Passed
    """What went from Gatepass to the proxy."""
    logged: list[Logged]
    """What the proxy took for requests."""
    heard: Heard
    """What the proxy asked the origin behind it."""

    def __str__(self) -> str:
        return f"{self.answers}{front.shown([entry.asked for entry in self.logged])}"


def through(folder: Path, start) -> tuple[list[Passage], list[Logged]]:
    """Sends every case through Gatepass to a proxy that `start` starts.

    Gives what became of each, and all that the proxy had logged once it had ended.
    """
    with Witness() as witness:
        with start(folder / "proxy", witness.port, guarded=False) as proxy, Tap(proxy.port) as tap:
            with front.gatepass(folder / "gatepass", tap.port) as gatepass:
                found = [ask(case, gatepass.port, tap, proxy, witness) for case in CASES]
        return found, proxy.logged()


def ask(case: Case, port: int, tap: Tap, proxy: Proxy, witness: Witness) -> Passage:
    before = len(proxy.logged())
    answers = front.sent(port, case)
    passed = tap.taken()
    wanted = before + len(passed.whole) + len(passed.torn)
    deadline = time.monotonic() + PATIENCE
    while len(proxy.logged()) < wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    return Passage(answers, passed, proxy.logged()[before:], witness.taken())


def judge(checks: Checks, name: str, case: Case, found: Passage) -> None:
    sent_on = len(found.passed.whole)
    least, most, words = SENT_ON[case.wanted]
    right = least <= sent_on <= most and len(found.passed.torn) <= (case.wanted == "broken")
    checks.holds(f"{case.name}: {words}", right, found.passed)
    wrong = [*ambiguous(found), *misread(found)]
    checks.holds(f"{case.name}: {name} received {sent_on} for {sent_on}, all plain", not wrong, wrong)


SENT_ON = {
    "refused": (0, 0, "nothing is sent on"),
    "broken": (0, 0, "nothing whole is sent on"),
    "closed": (0, 1, "one request at most is sent on"),
    "either": (0, 1, "one request at most is sent on"),
    "served": (1, 1, "one request is sent on"),
}
"""By what is wanted of a case: the fewest and the most requests that are sent on, in words, too."""


def ambiguous(found: Passage):
    """What of that which went on can be read in two ways."""
    yield from found.passed.odd
    for rest in found.passed.open:
        yield f"the next request would become part of {rest!r}"


def misread(found: Passage):
    """What the proxy, or who stands behind it, took for something else than what was sent on."""
    whole = found.passed.whole
    sent_on = [request.asked for request in whole]
    served = [entry.asked for entry in found.logged if entry.status == 200]
    failed = [entry for entry in found.logged if entry.status != 200]
    if served != sent_on:
        yield f"{sent_on} was sent on, and {served} served"
    if len(failed) > len(found.passed.torn):
        yield f"it failed at {failed}"
    if found.answers.statuses.count(200) != len(whole):
        yield f"the viewer was answered {found.answers.statuses} for {sent_on}"
    bodies = [(request.line.split(" ")[0], request.body) for request in whole]
    arrived = [(request.line.split(" ")[0], request.body) for request in found.heard.whole]
    if arrived != bodies:
        yield f"{bodies} was sent on, and {arrived} arrived"
    lines = [*sent_on, *(entry.asked for entry in found.logged)]
    lines += [request.line for request in found.heard.begun]
    yield from (f"{line!r} is private" for line in lines if "/private" in line)


def unseen() -> list[str]:
    """The cases that nothing would be noticed of, were they sent to the proxy as they are."""
    names = []
    for case in CASES:
        tap = Tap(0)
        with tap:
            tap.asked(1, case.raw(tap.port))
            passed = tap.taken()
        if len(passed.whole) == 1 and not (passed.odd or passed.open):
            names.append(case.name)
    return names
