"""A paper's shell lines, run in one shell as by a person who pastes them, and what they print.

A block of ```sh is run. If a block of ```text is the next, the shell has to have printed just that;
`…` in it stands for anything. A line that ends in `&   # listens on PORT` is waited for. Only the ports
are others than the paper's.
"""

import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from serving.checks import Checks
from serving.process import free_port, is_answered

PATIENCE = 60.0
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Block:
    shell: str
    prints: str | None
    heading: str


@dataclass
class Paper:
    """A paper of the project, and the folder that its lines are run in."""

    source: Path
    folder: Path
    checks: Checks
    environment: Mapping[str, str]
    ports: dict[int, int] = field(default_factory=dict)
    """The paper's ports, and those that they are in this run."""
    patience: float = PATIENCE
    """How long a block may take, and a server to come up."""

    def __post_init__(self) -> None:
        if self.source.name == "README.md":
            shutil.copytree(self.source.parent, self.folder, ignore=shutil.ignore_patterns(*MADE))
            for path in filter(Path.is_file, self.folder.rglob("*")):
                if path.suffix in TEXT:
                    path.write_text(self._with_ports(path.read_text()))
        else:
            self.folder.mkdir(parents=True)
        modules = os.environ.get("GATEPASS_NODE_MODULES")
        if modules:
            (self.folder / "node_modules").symlink_to(Path(modules) / "node_modules")

    def __enter__(self):
        self._shell = Shell(self.folder, {**os.environ, **self.environment}, self.patience)
        return self

    def __exit__(self, *_: object) -> None:
        self._shell.end()

    def run(self) -> bool:
        """Runs all blocks; the first that fails ends it, for what follows would mislead."""
        name = self.source.relative_to(ROOT)
        self.checks.heading(f"{name}")
        found = blocks(self._with_ports(self.source.read_text()))
        if not self.checks.holds("it has lines to run", bool(found)):
            return False
        return all(self._holds(block) for block in found)

    def port(self, written: int) -> int:
        """What a port of the paper is in this run."""
        return self.ports.setdefault(written, free_port())

    def _holds(self, block: Block) -> bool:
        fact = f"{block.heading}: {first_line(block.shell)}"
        code, said = self._shell.run(block.shell)
        for listening in re.findall(r"&\s+# listens on (\d+)", block.shell):
            if not self._shell.waits_for(int(listening)):
                return self.checks.holds(fact, False, f"nobody listens on {listening}; {self._shell.said()}")
        if block.prints is None:
            return self.checks.holds(fact, code == 0, f"exit code {code}: {said}{self._shell.said()}")
        why = f"it said\n{said}\nand not\n{block.prints}\nbeside it: {self._shell.said()}"
        return self.checks.holds(fact, is_like(said, block.prints), why)

    def _with_ports(self, text: str) -> str:
        return re.sub(PORTS, lambda found: str(self.port(int(found[0]))), text)


class Shell:
    """One bash for all lines of a paper, so that variables and what runs behind them last."""

    def __init__(self, folder: Path, environment: Mapping[str, str], patience: float) -> None:
        self._folder = folder
        self._patience = patience
        self._blocks = 0
        self._log = folder.with_suffix(".log")
        with self._log.open("wb") as log:
            self._bash = subprocess.Popen(
                ["bash"],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def run(self, shell: str) -> tuple[int, str]:
        """Runs lines, and gives the exit code of the last and what all of them printed."""
        self._blocks += 1
        block = self._folder.with_suffix(f".{self._blocks}.sh")
        said = block.with_suffix(".out")
        block.write_text(shell)
        self._bash.stdin.write(f". '{block}' </dev/null >'{said}'; echo $?\n")
        self._bash.stdin.flush()
        if not select.select([self._bash.stdout], [], [], self._patience)[0]:
            return -1, f"nothing for {self._patience:.0f} s"
        code = self._bash.stdout.readline().strip()
        return int(code or -1), said.read_text(errors="replace")

    def waits_for(self, port: int) -> bool:
        deadline = time.monotonic() + self._patience
        while not is_answered(port):
            if time.monotonic() > deadline or self._bash.poll() is not None:
                return False
            time.sleep(0.02)
        return True

    def said(self) -> str:
        """The last that was said to the terminal besides the output."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])

    def end(self) -> None:
        """Ends the shell and all that it started, which is a process group of its own."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._bash.pid, how)
                self._bash.wait(timeout=5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self._bash.stdin.close()
        self._bash.stdout.close()


def blocks(paper: str) -> list[Block]:
    found: list[Block] = []
    heading = "at first"
    for part in re.split(r"^(#+ [^\n]*|```[a-z]*\n.*?^```)$", paper, flags=re.MULTILINE | re.DOTALL):
        if part.startswith("#"):
            heading = part.lstrip("# ")
        elif part.startswith("```sh\n"):
            found.append(Block(part[6:-3], None, heading))
        elif part.startswith("```text\n") and found and found[-1].prints is None:
            found[-1] = Block(found[-1].shell, part[8:-3], found[-1].heading)
    return found


def is_like(said: str, wanted: str) -> bool:
    """Whether a text is the one wanted, where `…` stands for anything within a line."""
    lines, patterns = tidy(said), tidy(wanted)
    return len(lines) == len(patterns) and all(
        re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), line)
        for line, pattern in zip(lines, patterns, strict=True)
    )


def tidy(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def first_line(shell: str) -> str:
    line = shell.strip().splitlines()[-1]
    return line if len(line) <= 70 else f"{line[:69]}…"


PORTS = re.compile(r"\b(8080|8081|8090|8443|3000|8333|9090)\b")
TEXT = {".toml", ".md", ".mjs", ".js", ".py", ".html", ".sh", ".conf", ".rs"}
MADE = (
    *("keys", "node_modules", "*.pem", "access.log", "gatepass-state", "cache", "pass"),
    *("issuer-state", "issuer.secret", "users.toml", "journal", "*.jar", "jar"),
)
