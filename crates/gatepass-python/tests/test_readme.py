"""The package's page can be pasted: its lines run, in their order, as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse

README = Path(__file__).parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    assert found
    return found


def test_the_page_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _, keys = blocks("sh")
    subprocess.run(["sh", "-euc", keys], check=True, capture_output=True)
    source = "\n".join(blocks("python"))
    if sys.version_info < (3, 11):
        source = source.replace("datetime.UTC", "datetime.timezone.utc")
    page: dict[str, Any] = {}
    exec(compile(source, str(README), "exec"), page)

    said = capsys.readouterr().out
    assert said.count("Set-Cookie: CloudFront-Policy\n") == 2
    assert "address_not_allowed AccessDenied" in said
    assert "UNMET  the address is allowed" in said
    assert "?Expires=" in page["canned"] and "?Policy=" in page["custom"]

    response = HttpResponse()
    page["log_in"](response)
    assert response.cookies["CloudFront-Policy"].value
    page["log_out"](response)
    assert response.cookies["CloudFront-Policy"]["max-age"] == 0
