"""Signatures a second from Python, beside `openssl speed` on the same core, in one run.

Figures drift with the machine, so what counts are the ratios. A timing decides nothing.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
from collections.abc import Callable

from gatepass import Policy, SignedCookies, Signer

ROUNDS = 9
TURN = 0.5
BATCH = 16
OPENSSL = os.environ.get("GATEPASS_TOOL_OPENSSL", "openssl")
KEY = "K2JCJMDEHXQW5F"
URL = "https://media.example.com/films/a.mp4"
EXPIRES = 1_900_000_000

KEYS = {
    "RSA-2048": ("rsa2048", ["genrsa", "2048"]),
    "P-256": ("ecdsap256", ["ecparam", "-name", "prime256v1", "-genkey", "-noout"]),
}


def openssl(*words: str) -> str:
    return subprocess.run([OPENSSL, *words], check=True, capture_output=True, text=True).stdout


def openssls_rate(algorithm: str) -> float:
    lines = openssl("speed", "-seconds", "1", algorithm).splitlines()
    (line,) = [line for line in lines if "bits" in line and "sign" not in line]
    return float(line.split()[-2])


def seconds() -> float:
    """Our own time on the processor, as `openssl speed` counts its own: the kernel's not."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def rate(work: Callable[[], object]) -> float:
    """How often the work is done in a second."""
    count, start = 0, seconds()
    while (took := seconds() - start) < TURN:
        for _ in range(BATCH):
            work()
        count += BATCH
    return count / took


def bench(name: str, algorithm: str, key: str) -> None:
    signer = Signer(KEY, key)
    policy = Policy("https://media.example.com/films/*", EXPIRES)
    works: dict[str, Callable[[], object]] = {
        "a policy to cookies, SHA-1": lambda: signer.sign(policy).cookies(),
        "a policy to cookies, SHA-256": lambda: signer.sign(
            policy, hash_algorithm="SHA256"
        ).cookies(),
        "a URL, policy and all": lambda: signer.sign_url(URL, expires=EXPIRES),
        "SignedCookies (reads the key)": lambda: SignedCookies.sign_cookies(policy, KEY, key),
    }
    ours: dict[str, list[float]] = {work: [] for work in works}
    theirs: list[float] = []
    for _ in range(ROUNDS):
        for about, work in works.items():
            ours[about].append(rate(work))
        theirs.append(openssls_rate(algorithm))
    for about, rates in ours.items():
        ratio = statistics.median(one / other for one, other in zip(rates, theirs, strict=True))
        found, wanted = statistics.median(rates), statistics.median(theirs)
        print(f"{name:<10}{about:<32}{found:>10.0f}{wanted:>10.0f}{ratio:>8.2f}", flush=True)


def main() -> None:
    os.sched_setaffinity(0, {0})
    print(f"one core, {ROUNDS} rounds in turn, medians of processor time; goal for RSA-2048: 0.90\n")
    print(f"{'signatures per second':<42}{'gatepass':>10}{'openssl':>10}{'ratio':>8}")
    for name, (algorithm, words) in KEYS.items():
        bench(name, algorithm, openssl(*words))


main()
