"""Gatepass as its users call it: the command line."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from .case import Case
from .tools import said_by


class Gatepass:
    """The command, and the flags that spell a case."""

    def __init__(self, program: str) -> None:
        self._program = program

    def new_key(self, key_type: str, key_id: str, folder: Path) -> None:
        named = ["--type", key_type, "--id", key_id, "--out", str(folder)]
        said_by(self._program, "keys", "new", *named)

    def sign_url(self, case: Case, key, style: str) -> str:
        pattern = ["--policy-resource", case.resource] if case.pattern else []
        return self._sign("url", ["--url", case.url, *pattern], case, key, style).strip()

    def sign_cookies(self, case: Case, key, style: str) -> dict[str, str]:
        resource = ["--resource", case.resource, "--output", "json"]
        return json.loads(self._sign("cookies", resource, case, key, style))

    def verify(self, questions: Iterable[Mapping], keys: Iterable, *flags: str) -> dict[str, dict]:
        """Gatepass's answers to many questions, by the questions' ids."""
        lines = "".join(json.dumps(question) + "\n" for question in questions)
        trusted = [word for key in keys for word in ("--public-key", f"{key.id}={key.public_file}")]
        # Its exit code is about all of them together; what counts here is each answer.
        done = subprocess.run(
            [self._program, "verify", "--batch", "-", *trusted, *flags],
            input=lines,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.stderr:
            print(done.stderr, flush=True)
        answers = (json.loads(line) for line in done.stdout.splitlines())
        return {answer["id"]: answer for answer in answers}

    def _sign(self, what: str, resource: list[str], case: Case, key, style: str) -> str:
        terms = ["--date-less-than", str(case.expires), "--hash-algorithm", case.hash_algorithm]
        if case.starts is not None:
            terms += ["--date-greater-than", str(case.starts)]
        if case.network is not None:
            terms += ["--ip-address", case.network]
        if case.custom:
            terms += ["--custom", "--policy-style", style]
        elif "?" in case.resource:
            # Of cookies' resources Gatepass would take it for a wildcard, which canned can't have.
            terms += ["--canned"]
        private_key = str(key.private_files[case.key_format])
        signer = ["--key-pair-id", key.id, "--private-key", private_key]
        return said_by(self._program, "sign", what, *resource, *signer, *terms).decode()
