"""The document's cookies open Gatepass's own edge, a real one."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import KEY, Keys
from gatepass import Policy
from test_document import cookies_of_the_document

HOST = "your-cloudfront-domain.com"
IMAGE = b"a picture"

CONFIGURATION = f"""
[edge]
listen = "127.0.0.1:0"
# The test stands where a load balancer would: it says https, and where the viewer is.
trusted-proxies = ["127.0.0.1"]

[[public-key]]
id = "{KEY}"
file = "cf_public_key.pem"

[[key-group]]
id = "signers"
public-keys = ["{KEY}"]

[[distribution]]
id = "document"
aliases = ["{HOST}"]

[[distribution.origin]]
id = "images"
directory = "images"

[[distribution.behavior]]
path-pattern = "/private/*"
origin = "images"
trusted-key-groups = ["signers"]

[distribution.default-behavior]
origin = "images"
"""


@pytest.fixture(scope="module")
def edge(rsa: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Starts `gatepass serve`, and gives the address where it listens."""
    folder = tmp_path_factory.mktemp("edge")
    (folder / "images/private").mkdir(parents=True)
    for name in ("image1.jpg", "image2.png", "image3.gif"):
        (folder / "images/private" / name).write_bytes(IMAGE)
    shutil.copy(rsa.public_file, folder)
    (folder / "gatepass.toml").write_text(CONFIGURATION)
    command = [os.environ["GATEPASS_BIN"], "serve", "--config", "gatepass.toml"]
    server = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line)
            if "http://" in line:
                yield line.split("http://")[1].split("/")[0].split()[0]
                break
        else:
            pytest.fail(f"gatepass did not start: {''.join(said)}")
    finally:
        server.terminate()
        server.wait(timeout=60)
        if server.stdout:
            server.stdout.close()


def ask(edge: str, image: str, cookie: str | None, address: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(edge, timeout=30)
    headers = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": address}
    if cookie:
        headers["Cookie"] = cookie
    connection.request("GET", f"/private/{image}", headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_the_documents_cookies_open_the_edge_for_its_files_and_its_addresses(
    edge: str, rsa: Keys
) -> None:
    cookies = cookies_of_the_document(rsa)
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    viewer = "203.0.113.7"
    assert ask(edge, "image1.jpg", header, viewer) == (200, IMAGE)
    assert ask(edge, "image2.png", header, viewer) == (200, IMAGE)
    assert ask(edge, "image1.jpg", None, viewer)[0] == 403
    assert ask(edge, "image3.gif", header, viewer)[0] == 403
    assert ask(edge, "image1.jpg", header, "198.51.100.7")[0] == 403
    assert ask(edge, "image1.jpg", header.replace("Signature", "Sign"), viewer)[0] == 403


def test_split_for_cloudfront_each_pass_opens_its_part_alone(edge: str, rsa: Keys) -> None:
    images = ("image1.jpg", "image2.png")
    wide = Policy([f"https://{HOST}/private/{image}" for image in images], 4_000_000_000)
    first, second = (rsa.signer().sign(one).cookies().header() for one in wide.for_cloudfront())
    viewer = "203.0.113.7"
    assert ask(edge, "image1.jpg", first, viewer)[0] == 200
    assert ask(edge, "image2.png", first, viewer)[0] == 403
    assert ask(edge, "image2.png", second, viewer)[0] == 200


def test_a_signed_url_opens_the_edge(edge: str, rsa: Keys) -> None:
    url = f"https://{HOST}/private/image1.jpg"
    signed = rsa.signer().sign_url(url, expires=4_000_000_000)
    target = signed.removeprefix(f"https://{HOST}/private/")
    assert ask(edge, target, None, "203.0.113.7")[0] == 200
    assert ask(edge, target.replace("image1.jpg", "image2.png"), None, "203.0.113.7")[0] == 403
