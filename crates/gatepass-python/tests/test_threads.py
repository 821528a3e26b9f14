"""Python's lock is free while a key is read, a pass is signed, or a request is judged.

No timing decides. Python is told never to take the lock away from a thread that holds it, so that
another thread can only run where the lock is given up by the one who works.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import KEY, Keys, openssl
from gatepass import Policy, Signer, explain, verify

URL = "https://media.example.com/films/a.mp4"
AT = 1_900_000_000
TRIES = 5_000


class Other:
    """Another thread, which counts as often as it comes to run."""

    def __init__(self) -> None:
        self.count = 0
        self.is_done = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self.is_done:
            self.count += 1
            time.sleep(0)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.is_done = True
        self._thread.join()


@pytest.fixture
def other() -> Iterator[Other]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1_000)
    other = Other()
    try:
        other.start()
        yield other
        other.stop()
    finally:
        sys.setswitchinterval(interval)


def is_run_during(other: Other, work: Callable[[], object]) -> bool:
    """Says whether the other thread ran while the work was done, once in many tries."""
    for _ in range(TRIES):
        before = other.count
        work()
        if other.count != before:
            return True
    return False


def test_the_method_sees_work_that_keeps_the_lock(other: Other) -> None:
    assert not is_run_during(other, lambda: sum(range(2_000)))


def test_others_run_while_a_pass_is_signed(rsa: Keys, other: Other) -> None:
    signer, policy = rsa.signer(), Policy(URL, AT)
    assert is_run_during(other, lambda: signer.sign(policy))


def test_others_run_while_a_url_is_signed(rsa: Keys, other: Other) -> None:
    signer = rsa.signer()
    assert is_run_during(other, lambda: signer.sign_url(URL, expires=AT))


def test_others_run_while_a_key_is_read(rsa: Keys, other: Other) -> None:
    words = ["-topk8", "-v2", "aes-256-cbc", "-passout", "pass:x"]
    encrypted = openssl("pkcs8", *words, "-in", rsa.private_file)
    assert is_run_during(other, lambda: Signer(KEY, encrypted, passphrase="x"))


def many_passes(keys: Keys) -> str:
    """Eight passes, of which all but the last have ended: as much work as a request can make."""
    signer = keys.signer()
    return "; ".join(signer.sign(Policy(URL, AT + n)).cookies().header() for n in range(8))


def test_others_run_while_a_request_is_judged(rsa: Keys, other: Other) -> None:
    header, trust, now = many_passes(rsa), rsa.trust(), AT + 6

    def judge() -> None:
        verify(URL, trust, cookies=header, ip_address="192.0.2.1", now=now)

    assert is_run_during(other, judge)


def test_others_run_while_a_request_is_explained(rsa: Keys, other: Other) -> None:
    header, trust, now = many_passes(rsa), rsa.trust(), AT + 6

    def tell() -> None:
        explain(URL, trust, cookies=header, ip_address="192.0.2.1", now=now)

    assert is_run_during(other, tell)


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_one_signer_serves_many_threads(kind: str, request: pytest.FixtureRequest) -> None:
    keys: Keys = request.getfixturevalue(kind)
    signer, trust = keys.signer(), keys.trust()

    def sign(nth: int) -> int:
        url = f"https://media.example.com/{nth}"
        signed = signer.sign_url(url, expires=AT + nth)
        verify(signed, trust, ip_address="192.0.2.1", now=AT + nth - 1)
        return nth

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(sign, range(400))) == sum(range(400))
