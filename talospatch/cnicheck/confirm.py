"""Two looks at the same node: which files both saw alike, and for how long those have been unchanged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from talospatch.cni.verdict import CLOCK_JUMP

if TYPE_CHECKING:
    from talospatch.cni.verdict import Judged
    from talospatch.cnicheck.report import NodeCni


def confirmed(before: NodeCni, now: NodeCni) -> NodeCni:
    """Return the later look, with how long each of its files has been seen unchanged.

    A file counts as the same when its size, its time, its verdict and its sandbox's whereabouts are. Nothing counts when the node has
    another Talos version or another boot time by now: it was rebooted, upgraded, or its clock jumped, so that ages mean something else.
    """
    if before.error or now.error or not now.files:
        return now
    if before.talos != now.talos or _moved(before.state.boot_time, now.state.boot_time):
        return replace(now, notes=(*now.notes, _MOVED)) if before.talos == now.talos else now
    apart = max(now.seen_at - before.seen_at, 0.0)
    known = {judged.file.name: judged for judged in before.files}
    files = tuple(_steady(judged, known.get(judged.file.name), apart) for judged in now.files)
    by_name = {judged.file.name: judged for judged in files}
    stories = tuple(replace(story, files=tuple(by_name.get(judged.file.name, judged) for judged in story.files)) for story in now.stories)
    return replace(now, files=files, stories=stories)


_MOVED = "the node's boot time moved between two looks: it was rebooted or its clock jumped, so nothing counts as seen for a minute yet"


def _moved(before: int | None, now: int | None) -> bool:
    return before is not None and now is not None and abs(now - before) > CLOCK_JUMP


def _steady(judged: Judged, before: Judged | None, apart: float) -> Judged:
    if before is None or (before.file, before.code, before.liveness) != (judged.file, judged.code, judged.liveness):
        return judged
    return replace(judged, steady=before.steady + apart)
