"""What was compared, counted by topic; failures are shown whole, but not by the thousand."""

from collections import Counter

from .case import Case

SHOWN = 10


class Checks:
    def __init__(self) -> None:
        self._passed: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._signer = ""
        self._case: Case | None = None

    def during(self, signer: str, case: Case) -> None:
        """Says which case the next checks are about."""
        self._signer, self._case = signer, case

    def equal(self, topic: str, theirs, ours) -> None:
        self.holds(topic, theirs == ours, f"theirs: {theirs!r}\n    ours:   {ours!r}")

    def holds(self, topic: str, fact: bool, detail: str) -> None:
        topic = f"{self._signer}: {topic}" if self._signer else topic
        if fact:
            self._passed[topic] += 1
            return
        self._failed[topic] += 1
        if self._failed.total() <= SHOWN:
            print(f"FAILED {topic}\n    {self._case}\n    {detail}", flush=True)

    def close(self) -> int:
        """Prints what was found, and gives the exit code."""
        print()
        for topic in sorted(self._passed | self._failed):
            failed = f", {self._failed[topic]} FAILED" if self._failed[topic] else ""
            print(f"  {self._passed[topic]:>6} {topic}{failed}")
        if self._failed.total() > SHOWN:
            print(f"  only the first {SHOWN} failures were shown")
        print(f"signers: {self._passed.total()} passed, {self._failed.total()} failed")
        return 1 if self._failed else 0
