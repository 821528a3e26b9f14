"""Keys as the documents make them, and the closing line that `cargo xtask test python` counts."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from gatepass import Signer, Trust

KEY = "K2JCJMDEHXQW5F"
NOT_PASSED = ["failed", "error", "skipped", "xfailed", "xpassed"]


settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="for tests")
django.setup()


def openssl(*words: str | Path) -> str:
    program = os.environ.get("GATEPASS_TOOL_OPENSSL", "openssl")
    done = subprocess.run([program, *map(str, words)], check=True, capture_output=True, text=True)
    return done.stdout


@dataclass(frozen=True)
class Keys:
    """A pair of keys in files."""

    private_file: Path
    public_file: Path

    @property
    def private(self) -> str:
        return self.private_file.read_text()

    @property
    def public(self) -> str:
        return self.public_file.read_text()

    def signer(self) -> Signer:
        return Signer(KEY, self.private)

    def trust(self) -> Trust:
        return Trust({KEY: self.public})


@pytest.fixture(scope="session")
def rsa(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """RSA, by the lines of the document that people begin with."""
    folder = tmp_path_factory.mktemp("rsa")
    keys = Keys(folder / "cf_private_key.pem", folder / "cf_public_key.pem")
    openssl("genrsa", "-out", keys.private_file, "2048")
    openssl("rsa", "-pubout", "-in", keys.private_file, "-out", keys.public_file)
    return keys


@pytest.fixture(scope="session")
def p256(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """P-256, by the lines of CloudFront's guide."""
    folder = tmp_path_factory.mktemp("p256")
    keys = Keys(folder / "privatekey.pem", folder / "publickey.pem")
    curve = ["ecparam", "-name", "prime256v1", "-genkey", "-noout"]
    openssl(*curve, "-out", keys.private_file)
    openssl("ec", "-in", keys.private_file, "-pubout", "-out", keys.public_file)
    return keys


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Closes with the counts. What did not run has not passed."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        counts = {outcome: len(reports) for outcome, reports in reporter.stats.items()}
        failed = sum(counts.get(outcome, 0) for outcome in NOT_PASSED)
        print(f"python: {counts.get('passed', 0)} passed, {failed} failed")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test fails the run."""
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
