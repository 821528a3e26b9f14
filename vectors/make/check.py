"""Asks the oracle about everything committed here, and counts.

    python3 check.py

The last line is `N passed, N failed`; the exit code is 1 if anything failed.
"""

import functools
import json
import pathlib
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from oracle import judge

HERE = pathlib.Path(__file__).resolve().parent.parent


@functools.cache
def key(name):
    return load_pem_public_key((HERE / name).read_bytes())


def expectation(answer):
    if answer["admitted"]:
        return {"admitted": True}
    return {"denied": answer["reason"], "code": answer["code"]}


def rules():
    """(name, expected, answered) of each case in rules/."""
    for path in sorted((HERE / "rules").glob("*/*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        trusted = {key_id: key(name) for key_id, name in case["keys"].items()}
        request = case["request"]
        answer = judge(request["url"], "; ".join(case["cookies"]) if case["cookies"] else None,
                       trusted, request["from"], case["now"], case.get("reading", "gatepass"),
                       case.get("legacy", False))
        yield str(path.relative_to(HERE)), case["expect"], expectation(answer)


def signers():
    """(name, expected, answered) of each check in signers.jsonl, in both readings."""
    with (HERE / "signers.jsonl").open(encoding="utf-8") as lines:
        for vector in map(json.loads, lines):
            trusted = {vector["key_id"]: key("keys/" + vector["key"])}
            for check in vector["checks"]:
                for reading in ("gatepass", "strict"):
                    expect = check.get(reading, check["expect"])
                    answer = judge(vector["url"], vector.get("cookie"), trusted,
                                   check.get("client_ip", vector["client_ip"]), check["now"],
                                   reading, vector.get("legacy", False))
                    yield f"{vector['id']} at {check['now']}, {reading}", expect, expectation(answer)


def main():
    passed = failed = 0
    for cases in (rules(), signers()):
        for name, expected, answered in cases:
            if expected == answered:
                passed += 1
            else:
                failed += 1
                print(f"{name}: expected {expected}, the oracle says {answered}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
