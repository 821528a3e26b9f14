"""Programs that `cargo xtask` names in the environment."""

import os
import subprocess
import sys


def tool(variable: str) -> str:
    """The program a variable names; without it there is nothing to compare."""
    try:
        return os.environ[variable]
    except KeyError:
        sys.exit(f"error: {variable} is not set\n\nhint: cargo xtask test signers sets it")


def said_by(*command: str, stdin: bytes | None = None) -> bytes:
    """What a program writes to its standard output, if it succeeds."""
    done = subprocess.run(command, input=stdin or b"", capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(
            f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.decode()}"
        )
    return done.stdout
