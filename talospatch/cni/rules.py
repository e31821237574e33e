"""What a cache file can come to on a node: the verdicts, the reasons for them, and which of them count as problems."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """What a file comes to, worst first."""

    FATAL = "fatal"
    TIME_BOMB = "time-bomb"
    UNKNOWN = "unknown"
    HEALS = "heals"
    RESIDUE = "residue"
    ORPHAN = "orphan"
    HEALTHY = "healthy"


WORST_FIRST = tuple(Verdict)

# What --fail-on takes, and the verdicts that then count as problems. UNKNOWN is less than a certainty, and more than what heals by itself.
FAIL_ON = {
    "fatal": WORST_FIRST[:1],
    "time-bomb": WORST_FIRST[:2],
    "unknown": WORST_FIRST[:3],
    "heals": WORST_FIRST[:4],
    "residue": WORST_FIRST[:6],
    "never": (),
}
DEFAULT_FAIL_ON = "time-bomb"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of them; HEALTHY when there are none."""
    return min(verdicts, key=WORST_FIRST.index, default=Verdict.HEALTHY)


class Rule(NamedTuple):
    """A reason for a verdict: what it is, in one sentence, and what to do."""

    verdict: Verdict
    sentence: str
    hint: str = ""


UPGRADE = "upgrading the node to Talos 1.8 or newer keeps its data, and the new containerd then clears it by itself within about a minute"

# Every code a file can get. "{error}" is what the node logs, "{wants}" what could not be seen.
RULES = {
    "stop-fails": Rule(
        Verdict.FATAL,
        "the pod is gone, but its sandbox does not stop: each try, about once a minute, fails with “{error}”, and its address stays taken",
        UPGRADE,
    ),
    "stop-will-fail": Rule(
        Verdict.TIME_BOMB,
        "the pod runs, but when it is deleted its sandbox will not stop: “{error}”",
        f"{UPGRADE}; do not remove the file while the pod runs unless you must",
    ),
    "stop-fails-or-will": Rule(
        Verdict.FATAL,
        "stopping this sandbox fails with “{error}”; whether its pod still runs could not be told",
        UPGRADE,
    ),
    "stop-crashes": Rule(Verdict.FATAL, "stopping this sandbox never comes to an end, on any containerd: {error}"),
    "stop-will-crash": Rule(Verdict.TIME_BOMB, "the pod runs; when it is deleted, stopping its sandbox never comes to an end: {error}"),
    "being-written": Rule(
        Verdict.UNKNOWN, "the file was changed within the last minute and may be in the middle of being written", "look again"
    ),
    "sandbox-unseen": Rule(
        Verdict.UNKNOWN, "stopping this sandbox would fail with “{error}”, but whether it still exists could not be seen"
    ),
    "runtime-unknown": Rule(
        Verdict.UNKNOWN, "the file is damaged; whether that does harm depends on the containerd, which is unknown for this Talos version"
    ),
    "network-unread": Rule(
        Verdict.UNKNOWN, "the file is damaged; whether that does harm depends on the CNI configuration in force, which was not read"
    ),
    "content-unread": Rule(
        Verdict.UNKNOWN, "on this Talos version a damaged file would keep the sandbox from stopping; its content was not read"
    ),
    "delegated": Rule(
        Verdict.UNKNOWN,
        "the file is damaged and of a network that Multus calls with a libcni of its own; Multus before 4.1 fails on it",
        "look at the version of Multus",
    ),
    "foreign-name": Rule(Verdict.UNKNOWN, "this is not the name of a cache file that containerd writes; nothing here will touch it"),
    "link": Rule(Verdict.UNKNOWN, "this is a symbolic link, which libcni never makes; it was not followed"),
    "entry-error": Rule(Verdict.UNKNOWN, "the node could not look at this file: {error}"),
    "heals": Rule(Verdict.HEALS, "the file is damaged, but this containerd removes it and goes on when the sandbox stops"),
    "not-read-in-force": Rule(
        Verdict.HEALS,
        "the file is damaged, but the network in force does not read it (cniVersion below 0.4.0); it goes when the sandbox stops",
    ),
    "stays-behind": Rule(Verdict.RESIDUE, "stopping the sandbox works, but leaves this behind"),
    "other-network": Rule(Verdict.RESIDUE, "the file belongs to a network that is no longer in force: it is never read and never removed"),
    "no-network": Rule(
        Verdict.RESIDUE,
        "no CNI configuration is in force, so containerd tears no sandbox down until there is one; the file then decides nothing",
    ),
    "orphan": Rule(Verdict.ORPHAN, "its sandbox is gone: the file is never read again"),
    "orphan-damaged": Rule(Verdict.ORPHAN, "the file is damaged, but its sandbox is gone: it is never read again"),
    "healthy": Rule(Verdict.HEALTHY, "the file is in order"),
    "harmless-content": Rule(Verdict.HEALTHY, "whatever is in it, this containerd goes on when the sandbox stops"),
}
