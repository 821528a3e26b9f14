"""The quick start "before a private bucket", as it is written, but for the ports."""

import os
import subprocess
from pathlib import Path

from .bucket import Bucket, credentials
from .checks import Checks
from .process import Server, free_port, is_answered
from .viewer import Viewer

EXAMPLE = Path(__file__).parents[2] / "examples/bucket"
LISTEN, BUCKET_PORT = "127.0.0.1:8080", "127.0.0.1:8333"


def quick_start(checks: Checks, real: Bucket, folder: Path) -> None:
    checks.heading(f"{real.name}: the quick start before a private bucket")
    text = (EXAMPLE / "gatepass.toml").read_text()
    checks.equal("the ports to replace are there", (text.count(LISTEN), text.count(BUCKET_PORT)), (1, 1))
    port = free_port()
    text = text.replace(LISTEN, f"127.0.0.1:{port}").replace(BUCKET_PORT, f"127.0.0.1:{real.port}")
    folder.mkdir()
    (folder / "gatepass.toml").write_text(text)
    real.put("films/a.mp4", b"a film", "video/mp4")
    real.put("index.html", b"open to all", "text/html")
    environment = {**os.environ, **credentials()}
    program = os.environ["GATEPASS_BIN"]
    commands = [
        line.replace("gatepass ", f"{program} ", 1).replace(LISTEN, f"127.0.0.1:{port}")
        for line in shell_lines((EXAMPLE / "README.md").read_text())
        if line.startswith("gatepass ")
    ]
    make_keys, sign = commands
    run(make_keys, folder)
    log = folder / "gatepass.log"
    words = [program, "serve", "--config", "gatepass.toml"]
    with Server(words, log, environment, lambda: is_answered(port)):
        with Viewer(port) as viewer:
            checks.equal("a film is refused without a pass", viewer.get("/films/a.mp4").status, 403)
            checks.equal("the rest is open", viewer.get("/index.html").body, b"open to all")
        run(sign, folder)
        name, _, cookie = (folder / "pass").read_text().strip().partition(": ")
        checks.equal("the pass is a header", name, "Cookie")
        with Viewer(port, cookie) as viewer:
            answer = viewer.get("/films/a.mp4")
            checks.equal("the film is admitted with one", (answer.status, answer.body), (200, b"a film"))


def shell_lines(text: str) -> list[str]:
    """The commands of a paper, one each, however many lines they take."""
    blocks = text.split("```sh\n")[1:]
    return "".join(block.partition("```")[0] for block in blocks).replace("\\\n", " ").splitlines()


def run(command: str, folder: Path) -> None:
    subprocess.run(["sh", "-c", command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
