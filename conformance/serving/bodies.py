"""Bodies that say what they are: made from their path and version, so that anyone can tell a wrong one."""

import random
from functools import lru_cache

BLOCK = 32 * 1024
SIZES = {"small": 2_000, "middle": 60_000, "film": 3_500_000}


def paths(folder: str, groups: int, each: int) -> list[str]:
    """The paths of a folder: groups that are invalidated together, of objects of every size."""
    return [
        f"/{folder}/group-{group}/{size}-{nth}"
        for group in range(groups)
        for size in SIZES
        for nth in range(each if size != "film" else 1)
    ]


@lru_cache(maxsize=64)
def body(path: str, version: int) -> bytes:
    size = SIZES[path.rsplit("/", 1)[-1].partition("-")[0]]
    head = f"{path} as of {version}\n".encode()
    # Random bytes cost time, so each block is the same but for its number.
    block = random.Random(f"{path} {version}").randbytes(min(size, BLOCK) - 8)
    blocks = (nth.to_bytes(8) + block for nth in range(-(-size // BLOCK)))
    return head + b"".join(blocks)[:size]
