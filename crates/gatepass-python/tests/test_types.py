"""The types are there, they are strict, and they are those of what runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import gatepass

HERE = Path(__file__).parent


def mypy(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=HERE)


def test_the_package_says_that_it_is_typed() -> None:
    assert gatepass.__file__ is not None
    assert Path(gatepass.__file__).with_name("py.typed").exists()
    assert sorted(gatepass.__all__) == [name for name in gatepass.__all__ if hasattr(gatepass, name)]


def test_the_sample_the_package_and_the_tests_pass_mypy_strict(tmp_path: Path) -> None:
    tests = ["typed", "document", "conftest", *sorted(path.stem for path in HERE.glob("test_*.py"))]
    words = [word for name in tests for word in ("--module", name)]
    done = mypy("mypy", "--strict", "--cache-dir", tmp_path, "--package", "gatepass", *words)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stubs_say_what_the_extension_module_holds() -> None:
    done = mypy("mypy.stubtest", "gatepass._gatepass")
    assert done.returncode == 0, done.stdout + done.stderr
