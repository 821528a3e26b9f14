"""Real S3 servers with a private bucket: SeaweedFS, which enforces signatures; rclone, which is odd."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.client import Config

from .process import Server, free_port, is_answered

ACCESS_KEY = "EDGEACCESSKEY"
SECRET_KEY = "a secret of the edge's"
BUCKET = "films"


@dataclass(frozen=True)
class Bucket:
    name: str
    server: Server
    port: int

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        # SeaweedFS takes ten seconds to say farewell; nobody needs what it holds.
        self.server.kill()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self):
        """A client that may do everything."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name="us-east-1",
            config=Config(
                s3={"addressing_style": "path"},
                signature_version="s3v4",
                request_checksum_calculation="when_required",
            ),
        )

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> None:
        self.client().put_object(Bucket=BUCKET, Key=key, Body=body, ContentType=content_type)

    def delete(self, key: str) -> None:
        self.client().delete_object(Bucket=BUCKET, Key=key)


def credentials(secret: str = SECRET_KEY) -> dict[str, str]:
    """What an operator puts into the environment of the edge."""
    return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": secret}


def seaweedfs(folder: Path) -> Bucket:
    folder.mkdir()
    (folder / "data").mkdir()
    (folder / "s3.json").write_text(json.dumps({"identities": [IDENTITY]}))
    s3 = free_port()
    ports = {"s3.port": s3}
    for name in ("master.port", "volume.port", "filer.port"):
        ports[name] = free_port()
    for name in [*ports]:
        ports[f"{name}.grpc"] = free_port()
    words = [
        *[program("weed"), "server", "-dir=data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"],
        *["-s3", "-s3.config=s3.json", "-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0"],
        *["-master.volumeSizeLimitMB=256", "-volume.max=8", "-volume.preStopSeconds=0"],
        *[f"-{name}={port}" for name, port in ports.items()],
    ]
    return ready("SeaweedFS", words, folder, s3)


def rclone(folder: Path) -> Bucket:
    folder.mkdir()
    (folder / "data").mkdir()
    port = free_port()
    words = [
        *[program("rclone"), "serve", "s3", "--addr", f"127.0.0.1:{port}"],
        *["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--config", os.devnull, "data"],
    ]
    return ready("rclone", words, folder, port)


def program(name: str) -> str:
    """A program among those that came with the Python packages."""
    return str(Path(sys.executable).with_name(name))


def ready(name: str, words: list[str], folder: Path, port: int) -> Bucket:
    server = Server(words, folder / "server.log", os.environ, lambda: is_answered(port))
    bucket = Bucket(name, server, port)
    bucket.client().create_bucket(Bucket=BUCKET)
    return bucket


IDENTITY = {
    "name": "edge",
    "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
    "actions": ["Admin", "Read", "List", "Write"],
}
