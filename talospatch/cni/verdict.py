"""How much one cache file matters on its node, and how bad a node is.

A file does harm only if all of this holds: containerd's libcni fails on damage, the conflist in force is the file's network and reads the
cache, the content is damaged, and containerd still knows the sandbox. Everything else heals, or is residue that nobody reads again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from talospatch.cni import libcni as libcnis
from talospatch.cni.conflist import ASSUMED, INTERFACE, LOOPBACK, LOOPBACK_INTERFACE, Conflist
from talospatch.cni.damage import EMPTY_FILE, UNSEEN, Damage, Inspection, inspect
from talospatch.cni.libcni import Fact
from talospatch.cni.predict import HANG, PANIC, DeletePrediction, FileKind, predict_delete, predict_read, reads_cache
from talospatch.cni.rules import RULES, Verdict

if TYPE_CHECKING:
    from talospatch.cni.names import CacheName
    from talospatch.cni.runtimes import Runtime
    from talospatch.cni.space import Space

# Seconds. A node's clock may have jumped between its boot and the first files (RTC, NTP): only what is older by more is of an earlier boot.
BOOT_MARGIN = 300
# Seconds by which the boot time may differ between two looks: it is a whole number, and clocks are slewed a little.
CLOCK_JUMP = 2
# libcni truncates and then writes: a file that was changed this recently may just be in the middle of that.
WRITING = 60
# Two looks this far apart are needed before anything is done about a file: the kubelet's garbage collection runs once in that time.
CONFIRMING = 60.0
# While a pod is being made its cache file exists before its directory does (containerd's sandbox_run.go), for as long as images are pulled.
SETTLING = 600


class Liveness(StrEnum):
    """What has become of a file's sandbox."""

    RUNNING = "running"  # READY, so its pod runs
    STOPPED = "stopped"  # containerd still knows it, and it does not run: kubelet tries to stop it, again and again
    KNOWN = "known"  # containerd knows it; whether it runs cannot be told
    STARTING = "starting"  # not known, but the file is so new that the sandbox may be in the making
    GONE = "gone"  # containerd does not know it
    UNSEEN = "unseen"  # the directories could not be listed


@dataclass(frozen=True, slots=True)
class NodeState:
    """What decides about every file of one node.

    Attributes:
        runtime: containerd and libcni; None when unknown.
        conflist: the one in force; None when it could not be read: then it is assumed from each file's network, and verdicts say so.
        no_conflist: whether it is known that there is none: containerd then tears nothing down.
        ready: IDs of READY sandboxes; None before Talos 1.9, which does not tell them, and when they could not be had.
        directories: IDs of the sandboxes that containerd knows; None when they could not be listed.
        boot_time: seconds since 1970; None when unknown.
        now: our clock, seconds since 1970; None takes every file for settled.
        tasks: IDs that containerd has a task for, which a sandbox has as long as it runs; None where they were not listed. They tell what
            runs before Talos 1.9.
        host_network: of the READY sandboxes, those in the host's network: containerd never calls CNI for them.
        failing: what the node's log said lately about stopping sandboxes, by ID.
        space: how full the file system of the cache is, which decides nothing and may tell how damage came about; None where nobody asked.
    """

    runtime: Runtime | None = None
    conflist: Conflist | None = None
    no_conflist: bool = False
    ready: frozenset[str] | None = None
    directories: frozenset[str] | None = None
    boot_time: int | None = None
    now: float | None = None
    tasks: frozenset[str] | None = None
    host_network: frozenset[str] = frozenset()
    failing: Mapping[str, LoggedFailure] = field(default_factory=dict)
    space: Space | None = None


class LoggedFailure(NamedTuple):
    """A failure that a log tells of, to stop a sandbox because of its cached result.

    Attributes:
        network: whose cached result it was.
        reason: what follows ``cached result:``.
        plugin: the CNI plugin whose own libcni could not read it; empty where it was containerd's.
        has_pod: whether the kubelet still had the pod when it failed last.
    """

    network: str
    reason: str
    plugin: str = ""
    has_pod: bool = False


class CacheFile(NamedTuple):
    """One entry of the results directory.

    Attributes:
        name: base name as the node gave it.
        parsed: what the name says; None when it is no cache file's.
        size: bytes.
        modified: seconds since 1970.
        kind: what it is.
        problem: why the node could not look at it; else empty.
        is_link: whether it is a symbolic link.
    """

    name: str
    parsed: CacheName | None
    size: int
    modified: int
    kind: FileKind = FileKind.REGULAR
    problem: str = ""
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A file with its verdict.

    Attributes:
        file: the file.
        code: key of :data:`talospatch.cni.rules.RULES`.
        liveness: what has become of its sandbox.
        inspection: what is in it.
        error: what the node logs after ``cached result:`` when stopping the sandbox fails; else None.
        assumed: whether the verdict rests on a conflist that was not read.
        logged: whether the node's log has that very failure.
        steady: seconds between the first and the latest of successive looks that saw file and verdict unchanged; 0 after one look.
    """

    file: CacheFile
    code: str
    liveness: Liveness
    inspection: Inspection = UNSEEN
    error: str | None = None
    assumed: bool = False
    logged: bool = False
    steady: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """How much it matters."""
        return RULES[self.code].verdict

    @property
    def is_damaged(self) -> bool:
        """Whether its content was seen and is not in order."""
        return self.inspection.damage not in (Damage.NONE, Damage.UNSEEN)

    @property
    def confirmed(self) -> bool:
        """Whether it was seen unchanged over at least a minute, before which nothing is called repairable."""
        return self.steady >= CONFIRMING


def liveness(file: CacheFile, node: NodeState) -> Liveness:
    """Return what has become of a file's sandbox."""
    # An entry that the node could not look at has no time.
    modified = file.modified if file.modified or not file.problem else None
    return whereabouts(file.parsed.sandbox if file.parsed is not None else "", modified, node)


def whereabouts(sandbox: str, modified: int | None, node: NodeState) -> Liveness:
    """Return what has become of a sandbox.

    Args:
        sandbox: its ID.
        modified: when what we have of it was written, seconds since 1970; None when unknown.
        node: what decides.
    """
    # Before anything is made of times: a board without a clock may have written what it runs now with a time before its boot.
    if sandbox in (node.ready or ()) or sandbox in (node.tasks or ()):
        return Liveness.RUNNING
    # No sandbox outlives a reboot: where the API does not name sandboxes, this shows that one does not run.
    earlier_boot = modified is not None and node.boot_time is not None and modified < node.boot_time - BOOT_MARGIN
    if node.directories is not None and sandbox not in node.directories:
        fresh = not earlier_boot and modified is not None and node.now is not None and modified > node.now - SETTLING
        return Liveness.STARTING if fresh else Liveness.GONE
    if sandbox in node.failing:
        return Liveness.STOPPED  # its process ends before its network is taken down, and what fails is the latter
    if node.directories is None:
        return Liveness.UNSEEN
    if node.ready is not None or earlier_boot:
        return Liveness.STOPPED
    # A sandbox gets its directory before its task, so of a new one the lack of a task says nothing.
    settled = modified is not None and node.now is not None and modified < node.now - SETTLING
    return Liveness.STOPPED if node.tasks is not None and settled else Liveness.KNOWN


def conflist_for(file: CacheFile, node: NodeState) -> Conflist | None:
    """Return the conflist that containerd's DEL goes by when it comes to this file.

    None when it never comes to it, or when the conflist in force was not read and the file's network gives no hint.
    """
    if file.parsed is None or node.no_conflist:
        return None
    if file.parsed.network == LOOPBACK.name:
        return LOOPBACK if file.parsed.interface == LOOPBACK_INTERFACE else None
    if file.parsed.interface != INTERFACE:
        return None
    if node.conflist is None:
        return ASSUMED.get(file.parsed.network)
    return node.conflist if file.parsed.network == node.conflist.name else None


def _may_be_read(node: NodeState) -> bool:
    """Whether a file to which containerd itself never comes may be read all the same."""
    return node.conflist is None or node.conflist.delegates


def tolerates(node: NodeState) -> bool:
    """Whether the node's libcni is known to go on without a file that it cannot read."""
    return node.runtime is not None and libcnis.can(libcnis.parse(node.runtime.libcni), Fact.TOLERATES_DAMAGE)


def judge(file: CacheFile, node: NodeState, content: bytes | None = None, *, pod_of_sound: bool = False) -> Judged:
    """Return the verdict on one file.

    Args:
        file: the file as its directory shows it.
        node: what decides.
        content: the file's bytes; None when they were not read. Of a file of 0 bytes they are known.
        pod_of_sound: whether to look for the pod also in a file that is in order, which takes as long as all the rest.
    """
    if file.problem:
        known = liveness(file, node) if file.parsed is not None else Liveness.UNSEEN
        return Judged(file, "entry-error", known, error=file.problem)
    if file.parsed is None:
        return Judged(file, "foreign-name", Liveness.UNSEEN)
    alive = liveness(file, node)
    if file.is_link:
        return Judged(file, "link", alive)
    conflist = conflist_for(file, node)
    content = b"" if file.kind is FileKind.REGULAR and file.size == 0 else content
    inspection = _inspect(file, content, node, conflist, pod_of_sound=pod_of_sound)
    prediction = _predict(file, content, node, conflist, inspection)
    error = prediction.error if prediction is not None and prediction.fails else None
    logged = node.failing.get(file.parsed.sandbox)
    if logged is not None and not logged.plugin and conflist is None and not _may_be_read(node):
        logged = None  # a log names no interface, and may tell of a network that was in force before
    tried = logged is not None and logged.network == file.parsed.network and alive is Liveness.STOPPED
    unsound = inspection.damage is not Damage.NONE and error is None
    if unsound and tried and logged is not None:
        # The node has tried: whoever reads the file, and whether or not we may, this is what happens.
        by_plugin = bool(logged.plugin) or (conflist is None and node.conflist is not None)
        code = "logged-elsewhere" if by_plugin or tolerates(node) else "stop-fails"
        return _with_pod(Judged(file, code, alive, inspection, logged.reason, logged=True), logged)
    damaged = inspection.damage not in (Damage.NONE, Damage.UNSEEN) or error is not None
    # What was tried is not being written, whatever its time: a copy gives files new ones.
    young = not tried and node.now is not None and file.modified > node.now - WRITING
    code = _code(file, node, alive, conflist, prediction, damaged=damaged, content_known=content is not None, young=young)
    assumed = damaged and conflist is not None and conflist.assumed
    found = Judged(file, code, alive, inspection, error, assumed=assumed, logged=logged is not None and logged.reason == error)
    return _with_pod(found, logged if tried else None)


def _with_pod(judged: Judged, logged: LoggedFailure | None) -> Judged:
    return of_pod(judged) if logged is not None and logged.has_pod else judged


def of_pod(judged: Judged) -> Judged:
    """Return the same where it is known that the pod still exists: what cannot be stopped then keeps it from starting and from ending."""
    return replace(judged, code="pod-stuck") if judged.code == "stop-fails" else judged


def _inspect(file: CacheFile, content: bytes | None, node: NodeState, conflist: Conflist | None, *, pod_of_sound: bool) -> Inspection:
    if content is None or file.kind is not FileKind.REGULAR:
        return UNSEEN
    if not content:
        return EMPTY_FILE
    # Where no conflist reads the file, damage is named as under one of 1.0.0; where the libcni is unknown, as the strictest one sees it.
    libcni = node.runtime.libcni if node.runtime is not None else "1.1.2"
    cni_version = conflist.cni_version if conflist is not None and reads_cache(conflist.cni_version) else "1.0.0"
    return inspect(content, libcni=libcni, cni_version=cni_version, pod_of_sound=pod_of_sound)


def _predict(
    file: CacheFile, content: bytes | None, node: NodeState, conflist: Conflist | None, inspection: Inspection
) -> DeletePrediction | None:
    """Return what DEL does with the file; None where too little is known of the node or the file."""
    if node.runtime is None or conflist is None or (content is None and file.kind is FileKind.REGULAR):
        return None
    libcni = node.runtime.libcni
    if content and reads_cache(conflist.cni_version):
        # The inspection has read it already, as this libcni does under this conflist.
        return predict_read(inspection.error, libcnis.parse(libcni))
    return predict_delete(content, libcni=libcni, cni_version=conflist.cni_version, network=conflist.name, kind=file.kind)


def _code(
    file: CacheFile,
    node: NodeState,
    alive: Liveness,
    conflist: Conflist | None,
    prediction: DeletePrediction | None,
    *,
    damaged: bool,
    content_known: bool,
    young: bool,
) -> str:
    if alive is Liveness.GONE:
        return "orphan-damaged" if damaged else "orphan"
    if file.parsed is not None and file.parsed.sandbox in node.host_network:
        return "host-network"
    if node.no_conflist:
        return "no-network"
    if conflist is None and node.conflist is not None:
        # Multus calls other networks itself, with the libcni that is built into it.
        if not node.conflist.delegates:
            own = file.parsed is not None and file.parsed.network in (node.conflist.name, LOOPBACK.name)
            return "other-interface" if own else "other-network"
        if damaged:
            return "delegated"
        return "healthy" if content_known or tolerates(node) else "content-unread"
    if prediction is None:
        return _unpredicted(node, conflist, damaged=damaged, content_known=content_known)
    if prediction.fails:
        if prediction.error == PANIC:
            return "stop-will-crash" if alive is Liveness.RUNNING else "stop-crashes"
        if prediction.error == HANG:
            return "stop-will-hang" if alive is Liveness.RUNNING else "stop-hangs"
        return "being-written" if young else _FAILING[alive]
    if prediction.file_left:
        return "stays-behind"
    if not damaged:
        return "healthy"
    return "heals" if conflist is not None and reads_cache(conflist.cni_version) else "not-read-in-force"


def _unpredicted(node: NodeState, conflist: Conflist | None, *, damaged: bool, content_known: bool) -> str:
    """The code where the content, the runtime or the network is unknown."""
    if conflist is not None and not reads_cache(conflist.cni_version):
        return "not-read-in-force" if damaged else "harmless-content"
    if tolerates(node):
        return "heals" if damaged else "harmless-content"
    if not damaged:
        return "healthy" if content_known else "content-unread"
    return "runtime-unknown" if node.runtime is None else "network-unread"


_FAILING = {
    Liveness.RUNNING: "stop-will-fail",
    Liveness.STARTING: "stop-will-fail",
    Liveness.STOPPED: "stop-fails",
    Liveness.KNOWN: "stop-fails-or-will",
    Liveness.UNSEEN: "sandbox-unseen",
}
