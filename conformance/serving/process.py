"""A server that a check starts on free loopback ports, and stops."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

PATIENCE = 30.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def is_answered(port: int) -> bool:
    """Whether someone takes connections at a port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class Server:
    """A running program; what it says goes to a file, and is shown if it does not come up."""

    def __init__(
        self,
        words: list[str],
        log: Path,
        environment: Mapping[str, str],
        is_ready: Callable[[], bool],
    ) -> None:
        self._log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                words,
                env=dict(environment),
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + PATIENCE
        while not is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{' '.join(words)} did not come up; it said:\n{self.said()}")
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def said(self) -> str:
        """The last of what the server said."""
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        return "\n".join(text.splitlines()[-30:])

    def stop(self) -> None:
        """Asks it to end, and makes it end if it takes long."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()

    def hang_up(self) -> None:
        """Asks it to read its configuration again."""
        self._process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """Ends it without a warning, as a power cut does."""
        self._process.kill()
        self._process.wait()

    def memory(self) -> int:
        """Bytes of memory that it holds; none if it ended."""
        return self._memory("VmRSS")

    def heap(self) -> int:
        """Bytes of memory that it holds and no file does; none if it ended."""
        return self._memory("RssAnon")

    def _memory(self, kind: str) -> int:
        if not self.is_running():
            return 0
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(f"{kind}:"))
        return int(line.split()[1]) * 1024
