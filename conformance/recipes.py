"""The examples and the pages of `docs/`, run as they are written, against a real `gatepass serve`.

Each paper's shell lines are pasted into a shell, and what they print is compared with what the paper says.
Some papers' servers go on while Chromium looks at their pages.

    cargo xtask test recipes            # runs this with all that it needs
"""

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from recipes.pages import pages
from recipes.paper import ROOT, Paper
from serving.bucket import credentials, seaweedfs
from serving.checks import Checks

PASSWORD = "correct horse battery staple"
TICKET = "ticket-of-tonight"
ALONE = [
    "examples/signing/README.md",
    "examples/issuer/README.md",
    "docs/choosing.md",
    "docs/cookies-on-the-right-domain.md",
    "docs/issuer.md",
    "docs/moving-from-cloudfront.md",
    "docs/rotate-a-key.md",
]
WORKSPACE = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "bench", "xtask"]
COMPILING = 900.0


def main() -> int:
    checks = Checks("recipes")
    put_tools_in_reach()
    with tempfile.TemporaryDirectory(prefix="gatepass-recipes-") as name:
        folder = Path(name)
        # What papers take from elsewhere in the project.
        (folder / "crates").symlink_to(ROOT / "crates")
        for paper in ALONE:
            with opened(paper, folder, checks) as open_paper:
                open_paper.run()
        compiled(checks, folder)
        with ExitStack() as stack:
            browse(checks, folder, stack)
    return checks.close()


def compiled(checks: Checks, folder: Path) -> None:
    """The example that is Rust, in a workspace that is the project's but for its ports."""
    for name in WORKSPACE:
        (folder / name).symlink_to(ROOT / name)
    # Of what it is built from, the tests have built most.
    environment = {"CARGO_TARGET_DIR": str(ROOT / "target")}
    paper = opened("examples/axum-app/README.md", folder, checks, environment)
    paper.patience = COMPILING
    with paper:
        paper.run()


def browse(checks: Checks, folder: Path, stack: ExitStack) -> None:
    """The papers that have a page, and then their pages."""
    real = stack.enter_context(seaweedfs(folder / "seaweedfs"))
    express = stack.enter_context(opened("examples/express/README.md", folder, checks))
    player = stack.enter_context(opened("examples/player/README.md", folder, checks))
    bucket = stack.enter_context(
        opened("examples/bucket/README.md", folder, checks, credentials(), {8333: real.port})
    )
    # All of them are run, also if one fails.
    if all([express.run(), player.run(), bucket.run()]):
        cookie = (bucket.folder / "pass").read_text().strip().removeprefix("Cookie: ")
        pages(
            checks,
            {
                "GATEPASS_EXPRESS_URL": f"http://localhost:{express.port(8080)}/",
                "GATEPASS_PASSWORD": PASSWORD,
                "GATEPASS_PLAYER_URL": f"http://localhost:{player.port(8080)}/",
                "GATEPASS_TICKET": TICKET,
                "GATEPASS_BUCKET_URL": f"http://127.0.0.1:{bucket.port(8080)}/index.html",
                "GATEPASS_BUCKET_COOKIE": cookie,
                "GATEPASS_BUCKET_DIRECT": f"{real.endpoint}/films/films/gate.svg",
            },
        )


def opened(
    paper: str,
    folder: Path,
    checks: Checks,
    environment: dict[str, str] | None = None,
    ports: dict[int, int] | None = None,
) -> Paper:
    source = ROOT / paper
    # As deep as in the project, so that what papers take from elsewhere is found.
    place = folder / source.parent.relative_to(ROOT) if source.name == "README.md" else folder / "docs" / source.stem
    return Paper(source, place, checks, environment or {}, ports or {})


def put_tools_in_reach() -> None:
    """Lets papers call programs by their names, wherever `cargo xtask` has them."""
    folders = [Path(sys.executable).parent, Path(os.environ["GATEPASS_BIN"]).parent]
    folders += [Path(os.environ[f"GATEPASS_TOOL_{name}"]).parent for name in ("GO", "OPENSSL", "PHP", "RUBY")]
    os.environ["PATH"] = os.pathsep.join([*map(str, folders), os.environ["PATH"]])


if __name__ == "__main__":
    sys.exit(main())
