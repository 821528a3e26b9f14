"""A signer in a process of its own that is asked by lines of JSON."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def asking(*command: str) -> Iterator[Callable[[dict], dict]]:
    """Starts a signer; what it gives sends one question and takes its answer."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(question: dict) -> dict:
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline() or '{"error": "it ended"}')
        if "error" in answer:
            raise RuntimeError(f"{command[0]}: {answer['error']}")
        return answer

    try:
        yield ask
    finally:
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()
