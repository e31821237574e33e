"""The recorded merge cases, for what declarative semantics promise about each of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from talospatch.errors import TalosPatchError
from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.nodes import scalars
from talospatch.machineconfig.reader import read
from talospatch.patching.change import Change
from talospatch.patching.literal import readable
from talospatch.patching.workpiece import Workpiece
from talospatch.versions import TalosVersion

VECTORS = Path(__file__).parent.parent / "vectors" / "merge"


class Case(NamedTuple):
    """One recorded case on one minor, and what Talos made of it: None where it failed or crashed."""

    id: str
    minor: str
    base: str
    patches: tuple[str, ...]
    recorded: str | None

    def worked(self, base: str | None = None) -> Workpiece | None:
        """Return the base, or another one, with the patches applied; None where that is an error."""
        talos = TalosVersion.parse(self.minor)
        try:
            piece = Workpiece(MachineConfig.parse(readable(self.base if base is None else base, talos)), talos=talos)
            for number, patch in enumerate(self.patches, start=1):
                Change.parse(readable(patch, talos), source=f"patch {number}").work_on(piece)
            left = piece.documents().documents
        except TalosPatchError:
            return None
        return piece if left else None


def cases() -> Iterator[Case]:
    """Yield every recorded patch, for each minor that was asked."""
    for path in sorted(VECTORS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line and (case := json.loads(line))["op"] == "patch" and case["patches"]:
                for minor, answer in case["versions"].items():
                    yield Case(case["id"], minor, case["base"], tuple(case["patches"]), answer.get("ok"))


def commented(text: str, random: Random) -> str:
    """Return a text with comments above lines and at their ends, where a comment can stand."""
    try:
        trees = read(text)
    except TalosPatchError:
        return text
    inside: set[int] = set()  # lines that are part of a scalar of several lines
    for tree in trees:
        for _, scalar in scalars(tree.root) if tree.root is not None else ():
            first, last = text.count("\n", 0, scalar.start), text.count("\n", 0, scalar.end)
            inside.update(range(first, last + 1) if last > first else ())
    lines = []
    for number, line in enumerate(text.split("\n")):
        if line.strip() and not line.startswith(("---", "#")) and not {number, number - 1} & inside:
            indent = len(line) - len(line.lstrip())
            if random.random() < 0.3:
                lines.append(f"{' ' * indent}# above {number}")
            if random.random() < 0.2:
                lines.append(f"{line}  # behind {number}")
                continue
        lines.append(line)
    return "\n".join(lines)
