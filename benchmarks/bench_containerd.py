"""The whole story on a real containerd, from nothing: seconds, because there is nothing to compare them with, and no limit."""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

CHOSEN = "distribution"


def run() -> list[tuple[str, float, str]]:
    """Return when each part of the story was over; one row that says why where no containerd can be run."""
    from containerd_node.containerds import find
    from containerd_node.story import tell

    containerd = find(CHOSEN)
    if isinstance(containerd, str):
        return [("real containerd, the whole story, s", math.nan, f"not measured: {containerd}")]
    with tempfile.TemporaryDirectory(prefix="talospatch-story-") as directory:
        passed = tell(containerd, Path(directory))
    return [
        (f"real containerd, seconds until {what}", seconds, f"containerd {containerd.version}, from nothing")
        for what, seconds in passed.items()
    ]
