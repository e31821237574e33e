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
    """A reason for a verdict: what it is, in one sentence, what to do, and what happens if nothing is done."""

    verdict: Verdict
    sentence: str
    hint: str = ""
    ahead: str = ""


UPGRADE = "upgrading the node to Talos 1.8 or newer keeps its data, and the new containerd then clears it by itself within about a minute"
# Sources: go.mod of Multus at v4.0.2 (libcni 1.1.2), v4.1.0 (1.2.0-rc1) and v4.2.1 (1.3.0).
MULTUS = "look at the version of Multus: 4.1 and newer go on without a file that they cannot read; upgrading Talos changes nothing about it"
# Sources: kuberuntime_gc.go, evictSandboxes and removeSandbox, once a minute (ContainerGCPeriod in kubelet.go); for a pod that the kubelet
# has, SyncPod and killPodWithSyncResult in kuberuntime_manager.go, and backOffPeriod with its jitter in pod_workers.go.
_OFTEN, _OFTEN_OF_POD = "about once a minute", "every 10 to 15 seconds"
_FOR_EVER = (
    f"the kubelet tries again and again ({_OFTEN} where the pod is gone, {_OFTEN_OF_POD} as long as it exists) and fails each time, also "
    "after a reboot; the sandbox and its address stay"
)
_FOR_EVER_OF_POD = (
    f"the kubelet tries {_OFTEN_OF_POD} and fails each time, also after a reboot; the pod stays as it is, deleted or not, and so does its "
    "address"
)
_ON_DELETION = (
    "as long as the pod runs, nothing; once it is deleted, or gets a new sandbox, stopping this one fails again and again, for ever"
)
_AT_STOP = "when the sandbox is stopped the file goes with it"
_STAYS = "nothing: the file stays until somebody removes it"
_LOOK = "that depends on what could not be seen"

# Beside `talospatch cni repair` only a pod on the node removes a file: Talos has no shell, and its API deletes none. kubectl mounts the
# node's root at /host; in kube-system, the one namespace exempt from Talos's Pod security. Run on a real containerd: uid 0 can remove the
# file without any capability, and a sandbox whose file was removed while it was READY stops.
_BY_HAND = (
    "`kubectl debug node/NODE -n kube-system --image=docker.io/library/debian:12-slim -- find /host/var/lib/cni/results/FILE -type {kind} "
    "-delete`, and delete the node-debugger pod afterwards"
)
_PIPE = f"a pod on the node can remove it: {_BY_HAND.format(kind='p')}"
_LAST_RESORT = (
    "Where no such pod may run, the last resort is to wipe /var with all that is in it: talosctl reset --system-labels-to-wipe EPHEMERAL "
    "--reboot"
)

# Codes of what happens with every version of containerd; tests/containerd_node runs both kinds on each that it has.
ON_EVERY_VERSION = frozenset({"stop-crashes", "stop-will-crash", "stop-hangs", "stop-will-hang"})

# Codes of what `talospatch cni repair` cannot remove and that does not heal either: their hints say who can.
BY_HAND = frozenset({"stop-hangs", "stop-will-hang", "stop-will-crash"})

# Codes of files that a plugin's own libcni reads: no other containerd changes what becomes of them.
BY_PLUGIN = frozenset({"logged-elsewhere", "delegated"})

# Every code a file can get. "{error}" is what the node logs.
RULES = {
    "stop-fails": Rule(
        Verdict.FATAL,
        "the sandbox does not run, and it does not stop: each try fails with “{error}”, and its address stays taken",
        UPGRADE,
        _FOR_EVER,
    ),
    "pod-stuck": Rule(
        Verdict.FATAL,
        f"the pod still exists and can neither start nor end: its old sandbox has to stop first, and each try, {_OFTEN_OF_POD}, fails with "
        "“{error}”",
        UPGRADE,
        _FOR_EVER_OF_POD,
    ),
    "stop-will-fail": Rule(
        Verdict.TIME_BOMB,
        "the pod runs, but when it is deleted its sandbox will not stop: “{error}”",
        f"{UPGRADE}. Where that must wait, leave the file while the pod runs: `talospatch cni repair` removes it when the pod is gone",
        _ON_DELETION,
    ),
    "stop-fails-or-will": Rule(
        Verdict.FATAL,
        "stopping this sandbox fails with “{error}”; whether its pod still runs could not be told",
        UPGRADE,
        _FOR_EVER,
    ),
    "logged-elsewhere": Rule(
        Verdict.FATAL,
        "the log shows that stopping this sandbox fails with “{error}”: in a plugin with a libcni of its own, not in containerd's",
        MULTUS,
        _FOR_EVER,
    ),
    "stop-crashes": Rule(
        Verdict.FATAL,
        "each try to stop this sandbox ends containerd itself: the result has a null in its list of interfaces or addresses, on which "
        "every libcni from 1.0 on panics when it converts the result to the version of the network in force ({error})",
        "remove the file, with `talospatch cni repair` (once more if containerd ends meanwhile): no upgrade helps, nor does a reboot",
        "Talos starts containerd again, pods keep running, and the kubelet's next try ends it again",
    ),
    "stop-will-crash": Rule(
        Verdict.TIME_BOMB,
        "the pod runs; when it is deleted, stopping its sandbox ends containerd itself: the result has a null in its list of interfaces "
        "or addresses, on which every libcni from 1.0 on panics when it converts the result to the version of the network in force "
        "({error})",
        "remove the file before the pod is deleted: no upgrade helps, nor does a reboot. `talospatch cni repair` leaves files of running "
        f"pods alone; a pod on the node can remove it, and the sandbox stops without it: {_BY_HAND.format(kind='f')}",
        "as long as the pod runs, nothing; once it is deleted, each try to stop its sandbox ends containerd",
    ),
    "stop-hangs": Rule(
        Verdict.FATAL,
        "stopping this sandbox never comes to an end, on any containerd: this is a pipe, and opening it waits for somebody who writes",
        f"remove the pipe: neither an upgrade nor a reboot helps, and `talospatch cni repair` removes regular files only; {_PIPE}. "
        f"{_LAST_RESORT}",
        "each try waits until its deadline",
    ),
    "stop-will-hang": Rule(
        Verdict.TIME_BOMB,
        "the pod runs; when it is deleted, stopping its sandbox never comes to an end: this is a pipe, and opening it waits for somebody "
        "who writes",
        f"remove the pipe before the pod is deleted: neither an upgrade nor a reboot helps, and `talospatch cni repair` removes regular "
        f"files only; {_PIPE}. {_LAST_RESORT}",
        "as long as the pod runs, nothing; once it is deleted, its sandbox stays",
    ),
    "being-written": Rule(
        Verdict.UNKNOWN, "the file was changed within the last minute and may be in the middle of being written", "look again", _LOOK
    ),
    "sandbox-unseen": Rule(
        Verdict.UNKNOWN, "stopping this sandbox would fail with “{error}”, but whether it still exists could not be seen", ahead=_LOOK
    ),
    "runtime-unknown": Rule(
        Verdict.UNKNOWN,
        "the file is damaged; whether that does harm depends on the containerd, which is unknown for this Talos version",
        ahead=_LOOK,
    ),
    "network-unread": Rule(
        Verdict.UNKNOWN,
        "the file is damaged; whether that does harm depends on the CNI configuration in force, which was not read",
        ahead=_LOOK,
    ),
    "content-unread": Rule(
        Verdict.UNKNOWN,
        "on this Talos version a damaged file would keep the sandbox from stopping; its content was not read",
        ahead="if the file is in order, it goes when the sandbox is stopped",
    ),
    "delegated": Rule(
        Verdict.UNKNOWN,
        "the file is damaged and of a network that Multus calls with a libcni of its own; Multus before 4.1 fails on it",
        MULTUS,
        _LOOK,
    ),
    "foreign-name": Rule(
        Verdict.UNKNOWN, "this is not the name of a cache file that containerd writes; nothing here will touch it", ahead=_STAYS
    ),
    "link": Rule(Verdict.UNKNOWN, "this is a symbolic link, which libcni never makes; it was not followed", ahead=_LOOK),
    "entry-error": Rule(Verdict.UNKNOWN, "the node could not look at this file: {error}", ahead=_LOOK),
    "heals": Rule(Verdict.HEALS, "the file is damaged, but this containerd removes it and goes on when the sandbox stops", ahead=_AT_STOP),
    "not-read-in-force": Rule(
        Verdict.HEALS,
        "the file is damaged, but the network in force does not read it (cniVersion below 0.4.0); it goes when the sandbox stops",
        ahead=_AT_STOP,
    ),
    "stays-behind": Rule(Verdict.RESIDUE, "stopping the sandbox works, but leaves this behind", ahead=_STAYS),
    "other-network": Rule(
        Verdict.RESIDUE, "the file belongs to a network that is no longer in force: it is never read and never removed", ahead=_STAYS
    ),
    "other-interface": Rule(
        Verdict.RESIDUE,
        "the file belongs to an interface that containerd never makes: it is never read and never removed",
        ahead=_STAYS,
    ),
    "host-network": Rule(
        Verdict.RESIDUE, "the pod is in the host's network, so containerd never calls CNI for it and never reads this file", ahead=_STAYS
    ),
    "no-network": Rule(
        Verdict.RESIDUE,
        "no CNI configuration is in force, so containerd tears no sandbox down until there is one; the file then decides nothing",
        ahead="no sandbox is stopped until a CNI configuration is there",
    ),
    "orphan": Rule(Verdict.ORPHAN, "its sandbox is gone: the file is never read again", ahead=_STAYS),
    "orphan-damaged": Rule(Verdict.ORPHAN, "the file is damaged, but its sandbox is gone: it is never read again", ahead=_STAYS),
    "healthy": Rule(Verdict.HEALTHY, "the file is in order", ahead=_AT_STOP),
    "harmless-content": Rule(Verdict.HEALTHY, "whatever is in it, this containerd goes on when the sandbox stops", ahead=_AT_STOP),
}

# The same for a sandbox that has no cache file that could be judged: only what a log or another trace tells.
WITHOUT_FILE = {
    "logged": Rule(
        Verdict.FATAL,
        "the log shows that stopping this sandbox fails with “{error}”, and the file itself was not looked at",
        f"on Talos up to 1.7 {UPGRADE}; on a newer one look at the version of Multus",
        _FOR_EVER,
    ),
    "logged-of-pod": Rule(
        Verdict.FATAL,
        "the log shows that the pod still exists and can neither start nor end: its old sandbox has to stop first, and each try, "
        f"{_OFTEN_OF_POD}, fails with “{{error}}”; the file itself was not looked at",
        f"on Talos up to 1.7 {UPGRADE}; on a newer one look at the version of Multus",
        _FOR_EVER_OF_POD,
    ),
    "logged-by-plugin": Rule(
        Verdict.FATAL,
        "the log shows that stopping this sandbox fails with “{error}”, in a plugin with a libcni of its own; "
        "the file itself was not looked at",
        MULTUS,
        _FOR_EVER,
    ),
    "logged-and-removed": Rule(
        Verdict.HEALS,
        "stopping this sandbox failed with “{error}”, but its file is gone by now",
        ahead="the kubelet's next try, within about a minute, succeeds",
    ),
    "logged-and-over": Rule(Verdict.HEALTHY, "stopping this sandbox failed with “{error}”; that is over", ahead="nothing"),
    "another-cause": Rule(
        Verdict.UNKNOWN,
        "stopping this sandbox fails, but not for its cached result: “{error}”",
        "look at the CNI plugin: this is not about the result cache",
        "the kubelet tries again and again",
    ),
    "address-only": Rule(
        Verdict.RESIDUE,
        "the sandbox is gone and has no cache file, but an address is still held for it",
        "drain the node, reboot it, and delete exactly the file of that address before pods come back",
        _STAYS,
    ),
    "no-file": Rule(
        Verdict.HEALTHY,
        "the sandbox has no cache file, as those of pods in the host's network; without one it stops all the same",
        ahead="when it is stopped, nothing of it stays",
    ),
}
