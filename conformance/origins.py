"""Gatepass before real private buckets: what a viewer gets, and what nobody gets.

SeaweedFS enforces signatures; rclone's `serve s3` does too, and is odd otherwise: to a range it
answers 200 with a Content-Range, to several an error, to the unsigned 400. Through Gatepass both
have to look alike. Each is started here, filled by boto3, and stopped.

    cargo xtask test origins            # runs this with all that it needs
"""

import sys
import tempfile
from pathlib import Path

from serving import bucket
from serving.checks import Checks
from serving.private import private_content
from serving.reading import reading
from serving.replacing import replacing
from serving.seeking import seeking


def main() -> int:
    checks = Checks("origins")
    with tempfile.TemporaryDirectory(prefix="gatepass-origins-") as name:
        folder = Path(name)
        for start in (bucket.seaweedfs, bucket.rclone):
            place = folder / start.__name__
            place.mkdir()
            real = start(place / "bucket")
            with real:
                for story in (reading, private_content, replacing, seeking):
                    story(checks, real, place / story.__name__)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
