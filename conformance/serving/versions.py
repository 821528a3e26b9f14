"""Which version of each object the origin has, since when, and which others may still be seen.

An object that was replaced may be seen as it was until its time to live has passed since, and
not at all once it was invalidated. `film_origin.py` reads the same versions from a file.
"""

import json
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path

ROUNDING = 1.5
"""Ages are told in whole seconds; and a little for what was on its way."""


@dataclass
class Floor:
    """No older version than this may be seen by who asks later than this."""

    version: int
    since: float


class Versions:
    def __init__(self, file: Path, seconds_to_live: dict[str, int]) -> None:
        """Every object is in its version 0, and has a time to live."""
        self.file = file
        self._seconds_to_live = seconds_to_live
        self._current = dict.fromkeys(seconds_to_live, 0)
        self._floors: dict[str, list[Floor]] = {path: [] for path in seconds_to_live}
        self._write()

    def replace(self, paths: list[str]) -> None:
        """Gives objects a new version."""
        for path in paths:
            self._current[path] += 1
        self._write()
        now = time.time()
        for path in paths:
            lapsed = now + self._seconds_to_live[path] + ROUNDING
            self._floors[path].append(Floor(self._current[path], lapsed))

    def invalidated(self, paths: list[str], versions: dict[str, int], within: float) -> None:
        """Nothing older than these versions is seen, once so many seconds have passed."""
        since = time.time() + within
        for path in paths:
            self._floors[path].append(Floor(versions[path], since))

    def current(self) -> dict[str, int]:
        return dict(self._current)

    def oldest(self, path: str, asked: float) -> int:
        """The oldest version of a path that may be seen by who asks at a time."""
        return max((floor.version for floor in self._floors[path] if asked > floor.since), default=0)

    def _write(self) -> None:
        held = {path: [version, self._seconds_to_live[path]] for path, version in self._current.items()}
        made = self.file.with_suffix(".new")
        made.write_text(json.dumps(held))
        made.rename(self.file)


def some(paths: list[str], pick: random.Random) -> list[str]:
    """Half of the paths."""
    return pick.sample(paths, math.ceil(len(paths) / 2))
