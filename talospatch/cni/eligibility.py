"""Which cache files may be removed from a node: every condition is a row, and all of them must hold.

Decided from two looks at the node, and once more from a third one directly before anything is removed. What could not be seen never
counts in favour of removing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from talospatch.cni.damage import Damage
from talospatch.cni.predict import FileKind
from talospatch.cni.rules import Verdict
from talospatch.cni.verdict import BOOT_MARGIN, CLOCK_JUMP, CONFIRMING, SETTLING, Judged, NodeState

APART = CONFIRMING  # seconds between the two looks
FUTURE = 60  # seconds by which a file may seem to be ahead of our clock
# Interfaces that a file's name may end in: such as CNI plugins make, without a character that a program could act on.
_PLAIN_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,14}")


class Include(StrEnum):
    """Which files are worth removing: those of this verdict, and of the ones before it."""

    FATAL = "fatal"
    UNKNOWN = "unknown"
    HEALS = "heals"
    RESIDUE = "residue"


_WORTH = {
    Include.FATAL: frozenset({Verdict.FATAL}),
    Include.UNKNOWN: frozenset({Verdict.FATAL, Verdict.UNKNOWN}),
    Include.HEALS: frozenset({Verdict.FATAL, Verdict.UNKNOWN, Verdict.HEALS}),
    Include.RESIDUE: frozenset({Verdict.FATAL, Verdict.UNKNOWN, Verdict.HEALS, Verdict.RESIDUE, Verdict.ORPHAN}),
}


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a node.

    Attributes:
        at: seconds on a clock of ours that never goes back.
        state: what decides about its files, sets of sandbox IDs and our time of day included.
        files: files of the cache that are not in order, by name.
        tasks: IDs of everything that has a running task in containerd; None when they could not be listed.
        boot_id: the kernel's id of this boot; empty when unknown.
        whole: whether all of the directory was looked at.
    """

    at: float
    state: NodeState
    files: Mapping[str, Judged] = field(default_factory=dict)
    tasks: frozenset[str] | None = None
    boot_id: str = ""
    whole: bool = True


class Life(StrEnum):
    """Whether a sandbox runs, as far as one look shows it."""

    RUNS = "runs"
    DEAD = "dead"
    UNSHOWN = "unshown"


# How it was shown that a sandbox is dead. The first needs Talos 1.9 or newer: older ones do not tell the IDs of sandboxes.
NOT_READY = "it is not among the READY sandboxes"
EARLIER_BOOT = "its file is older than this boot, and no sandbox outlives a reboot"
NO_TASK = "containerd runs no task for it"


def life(judged: Judged, look: Look) -> tuple[Life, tuple[str, ...]]:
    """Return whether a file's sandbox runs, and what shows that it is dead."""
    sandbox = judged.file.parsed.sandbox if judged.file.parsed is not None else ""
    if (look.state.ready is not None and sandbox in look.state.ready) or (look.tasks is not None and sandbox in look.tasks):
        return Life.RUNS, ()
    shown = []
    if look.state.ready is not None:
        shown.append(NOT_READY)
    if is_of_an_earlier_boot(judged, look):
        shown.append(EARLIER_BOOT)
    if look.tasks is not None:
        shown.append(NO_TASK)
    if look.state.ready is None and look.tasks is None:
        return Life.UNSHOWN, ()  # a time alone is no evidence: a board without a clock boots in the past
    return (Life.DEAD, tuple(shown)) if shown else (Life.UNSHOWN, ())


def is_of_an_earlier_boot(judged: Judged, look: Look) -> bool:
    """Whether a file is older than the node's boot, by more than a clock may jump at boot."""
    return look.state.boot_time is not None and judged.file.modified < look.state.boot_time - BOOT_MARGIN


class Case(NamedTuple):
    """One file in two looks; ``least_apart`` is how many seconds must lie between them."""

    name: str
    first: Look
    second: Look
    include: Include
    least_apart: float

    @property
    def before(self) -> Judged | None:
        """The file in the first look."""
        return self.first.files.get(self.name)

    @property
    def now(self) -> Judged:
        """The file in the second look."""
        return self.second.files[self.name]


class Condition(NamedTuple):
    """A condition.

    Attributes:
        code: a stable word for scripts.
        sentence: why the file is left alone when it does not hold.
        source: why the condition is there.
        holds: whether it does.
        needed_for_others: when it does not hold, the rows below are not asked.
    """

    code: str
    sentence: str
    source: str
    holds: Callable[[Case], bool]
    needed_for_others: bool = False


def _is_settled(case: Case) -> bool:
    now = case.second.state.now
    old = now is not None and case.now.file.modified <= now - SETTLING
    return old or is_of_an_earlier_boot(case.now, case.second)


CONDITIONS = (
    Condition(
        "node-unseen",
        "not all of the node's cache was looked at",
        "a listing that was cut short may hide a second file of the same sandbox",
        lambda case: case.first.whole and case.second.whole,
    ),
    Condition(
        "looks-too-close",
        f"the two looks are less than {APART:g} seconds apart",
        "containerd writes cache and lease before it makes the sandbox's directory and calls it READY (sandbox_run.go, 2.x)",
        lambda case: case.second.at - case.first.at >= case.least_apart,
    ),
    Condition(
        "rebooted",
        "the node booted anew between the two looks",
        "boot_id of the kernel",
        lambda case: bool(case.first.boot_id) and case.first.boot_id == case.second.boot_id,
    ),
    Condition(
        "clock-jumped",
        "the node's clock jumped between the two looks, or when it booted is not known: how old its files are cannot be told",
        "SystemStat's boot time is the clock minus the time since boot, so it moves when the clock is set",
        lambda case: _same_clock(case.first.state.boot_time, case.second.state.boot_time),
    ),
    Condition(
        "unplain-name",
        "its name is not exactly NETWORK-SANDBOX-INTERFACE as containerd writes it",
        "getCacheFilePath in libcni/api.go; IDs of containerd are 64 lower-case hexadecimal digits",
        lambda case: _has_plain_name(case.now),
        needed_for_others=True,
    ),
    Condition(
        "not-a-file",
        "it is no regular file, or the node could not look at it",
        "os.WriteFile in libcni/api.go makes nothing else; a link could lead anywhere",
        lambda case: _is_regular(case.now),
        needed_for_others=True,
    ),
    Condition(
        "came-lately",
        "it was not there, or in order, when the node was looked at first",
        "what changes between two looks is in use",
        lambda case: case.before is not None,
        needed_for_others=True,
    ),
    Condition(
        "changed",
        "its size, time or content changed between the two looks",
        "what changes between two looks is in use",
        lambda case: case.before is not None and _same(case.before, case.now),
    ),
    Condition(
        "in-order",
        "its content is in order, or was not read",
        "only damage justifies it; a content that was not read may be whole",
        lambda case: _is_damaged(case.now),
    ),
    Condition(
        "network-unread",
        "the CNI configuration in force was not read: whether this file matters cannot be told",
        "DelNetworkList goes by the conflist in force, not by the one in the file (libcni/api.go, go-cni namespace.go)",
        lambda case: case.second.state.no_conflist or case.second.state.conflist is not None,
    ),
    Condition(
        "sandboxes-unseen",
        "which sandboxes containerd knows was not seen",
        "the directory of each sandbox stays until RemovePodSandbox (containerd's CRI plugin)",
        lambda case: case.first.state.directories is not None and case.second.state.directories is not None,
    ),
    Condition(
        "running",
        "its pod runs",
        "deleting the file of a running pod loses what its plugins need when it is deleted",
        lambda case: not _any_life(case, Life.RUNS),
    ),
    Condition(
        "not-shown-dead",
        "nothing shows that its sandbox is dead",
        "before Talos 1.9 sandboxes have no IDs in the API; then only a list of containerd's tasks without it shows it",
        lambda case: not _any_life(case, Life.UNSHOWN),
    ),
    Condition(
        "young",
        f"it is younger than {SETTLING // 60} minutes and not from before the last boot",
        "while a pod is made its file is there before anything tells that the pod is (sandbox_run.go)",
        _is_settled,
    ),
    Condition(
        "from-the-future",
        "it is newer than our clock: one of the two clocks is wrong",
        "ages are told by comparing the file's time with our clock",
        lambda case: case.second.state.now is not None and case.now.file.modified <= case.second.state.now + FUTURE,
    ),
    Condition(
        "not-worth-it",
        "removing it would change nothing that does not come by itself",
        "libcni 1.2.0 and newer removes a damaged file when the sandbox stops; files of gone sandboxes are never read (libcni/api.go)",
        lambda case: case.now.verdict in _WORTH[case.include] or case.now.verdict is Verdict.TIME_BOMB,
    ),
)
# Codes of conditions that do not come to hold in a later look, as long as the entry is the same.
LASTING = frozenset({"unplain-name", "not-a-file"})
SENTENCES = {condition.code: condition.sentence for condition in CONDITIONS}


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether one file may be removed.

    Attributes:
        name: the file.
        reasons: codes of :data:`CONDITIONS` that do not hold; none when it may be removed.
        shown_dead: what shows that its sandbox is dead.
    """

    name: str
    reasons: tuple[str, ...] = ()
    shown_dead: tuple[str, ...] = ()

    @property
    def eligible(self) -> bool:
        """Whether every condition holds."""
        return not self.reasons

    @property
    def sentences(self) -> tuple[str, ...]:
        """The reasons, for a person."""
        return tuple(SENTENCES[code] for code in self.reasons)


def eligibility(name: str, first: Look, second: Look, *, include: Include = Include.FATAL, least_apart: float = APART) -> Eligibility:
    """Return whether a file may be removed, from two looks at its node.

    Args:
        name: of a file that the second look has.
        first: the look before.
        second: the latest look.
        include: which verdicts are worth it.
        least_apart: seconds between the looks; less than a minute only where an earlier pair was far enough apart.

    Raises:
        KeyError: the second look has no such file.
    """
    case = Case(name, first, second, include, least_apart)
    reasons = []
    for condition in CONDITIONS:
        if not condition.holds(case):
            reasons.append(condition.code)
            if condition.needed_for_others:
                break
    return Eligibility(name, tuple(reasons), life(case.now, second)[1])


def _same_clock(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and abs(after - before) <= CLOCK_JUMP


def _has_plain_name(judged: Judged) -> bool:
    parsed = judged.file.parsed
    return parsed is not None and str(parsed) == judged.file.name and _PLAIN_INTERFACE.fullmatch(parsed.interface) is not None


def _is_regular(judged: Judged) -> bool:
    return judged.file.kind is FileKind.REGULAR and not judged.file.is_link and not judged.file.problem


def _same(before: Judged, now: Judged) -> bool:
    return (before.file.size, before.file.modified) == (now.file.size, now.file.modified) and before.inspection == now.inspection


def _is_damaged(judged: Judged) -> bool:
    """Whether the content was read and is not in order; that a log says so is not enough."""
    return judged.inspection.damage is not Damage.UNSEEN and (judged.inspection.damage is not Damage.NONE or judged.error is not None)


def _any_life(case: Case, wanted: Life) -> bool:
    looks = ((case.before or case.now, case.first), (case.now, case.second))
    return any(life(judged, look)[0] is wanted for judged, look in looks)
