"""What was checked, one line each; closes with the counts that `cargo xtask` reads."""

import time


class Checks:
    def __init__(self, name: str) -> None:
        self._name = name
        self._passed = 0
        self._failed = 0
        self._started = time.monotonic()

    def heading(self, text: str) -> None:
        print(f"\n{text}", flush=True)

    def holds(self, fact: str, proof: bool, detail: object = "") -> bool:
        """Counts a fact; if it isn't one, says what was found instead."""
        self._passed += proof
        self._failed += not proof
        print(f"  {'ok    ' if proof else 'FAILED'}  {fact}{'' if proof else f': {detail}'}", flush=True)
        return proof

    def equal(self, fact: str, found: object, wanted: object) -> bool:
        return self.holds(fact, found == wanted, f"{short(found)}, and not {short(wanted)}")

    def close(self) -> int:
        """Prints the counts, and gives the exit code."""
        took = time.monotonic() - self._started
        print(f"\n{self._name} took {took:.0f} s")
        print(f"{self._name}: {self._passed} passed, {self._failed} failed")
        return 1 if self._failed else 0


def short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:200]}… ({len(text)} characters)"
