"""What to do about damaged cache files on a node before anything is removed, and what would keep them from coming back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from talospatch.cni.damage import Damage
from talospatch.cni.predict import reads_cache
from talospatch.cni.rules import BY_PLUGIN, MULTUS, ON_EVERY_VERSION, Verdict
from talospatch.cni.verdict import BOOT_MARGIN, Judged, Liveness, NodeState, tolerates
from talospatch.errors import VersionError
from talospatch.versions import minors_between

HEALING_MINOR = "1.8"
_FATAL = frozenset({Verdict.FATAL, Verdict.TIME_BOMB})
# What a power cut or a full disk makes of a file: which of the two it was is told by when the file was written.
_CUT_SHORT = frozenset({Damage.EMPTY, Damage.NULS, Damage.NUL_TAIL, Damage.TRUNCATED})


class Advice(NamedTuple):
    """One piece of advice.

    Attributes:
        code: a stable word for scripts.
        text: one or two sentences.
        source: how it is known.
    """

    code: str
    text: str
    source: str


def advice(talos: str, state: NodeState, files: Iterable[Judged]) -> tuple[Advice, ...]:
    """Return what to do, the best first.

    Args:
        talos: the node's version tag.
        state: what was seen of it.
        files: those about which there is something to say; of links and of what is no cache file there is no advice.
    """
    damaged = _harmed(files)
    own = [judged for judged in damaged if judged.code not in BY_PLUGIN]
    others = _of_containerd(talos, state, own) if own else ()
    if any(judged.code in BY_PLUGIN for judged in damaged):
        return (Advice("multus", MULTUS, "go.mod of Multus: libcni 1.1.2 up to 4.0, 1.2.0-rc1 in 4.1.0, 1.3.0 since 4.2.1"), *others)
    return others


def _of_containerd(talos: str, state: NodeState, damaged: Iterable[Judged]) -> tuple[Advice, ...]:
    """Return what to do about files that containerd itself reads."""
    if tolerates(state):
        if any(judged.verdict in _FATAL for judged in damaged):
            return ()
        return (
            Advice(
                "heals",
                "nothing needs to be done: this containerd removes a damaged file by itself when its sandbox stops",
                "libcni since 1.2.0 (api.go, DelNetworkList); run on containerd 2.1.4, 2.1.9, 2.3.3 and 2.3.7",
            ),
        )
    if all(judged.code in ON_EVERY_VERSION or judged.verdict not in _FATAL for judged in damaged):
        return ()
    return (
        Advice(
            "upgrade",
            f"upgrade this node to Talos {HEALING_MINOR} or newer ({_path(talos)}): /var is kept, and the new containerd removes the "
            "damaged file and stops the sandbox at the kubelet's next try, within about a minute; a reboot alone changes nothing",
            "run on real containerd: the root of 1.7.16 with a stuck sandbox, taken over by 2.1.4 and by 2.3.3, stopped it at once. "
            "Talos keeps /var unless told otherwise; with a talosctl older than 1.8 pass --preserve",
        ),
    )


def _path(talos: str) -> str:
    """Return the way: Talos tests upgrades between adjacent minors, and recommends the newest patch release of each (its upgrade guide)."""
    try:
        steps = minors_between(talos, HEALING_MINOR)
    except VersionError:
        return "one minor version at a time"
    return f"one minor version at a time, the newest patch release of each: {' → '.join(steps)}"


def prevention(state: NodeState, files: Iterable[Judged]) -> tuple[Advice, ...]:
    """Return what would have avoided it on this node.

    Args:
        state: what was seen of it.
        files: as of :func:`advice`.
    """
    damaged = _harmed(files)
    if not damaged:
        return ()
    found = []
    if not tolerates(state) and any(judged.code not in ON_EVERY_VERSION | BY_PLUGIN for judged in damaged):
        found.append(
            Advice(
                "newer-libcni",
                f"Talos {HEALING_MINOR} and newer go on without a damaged file",
                "libcni 1.2.0, in containerd since 2.0.0-rc.1; Talos has 2.0.0-rc.4 since 1.8.0",
            )
        )
        if state.conflist is not None and reads_cache(state.conflist.cni_version):
            found.append(
                Advice(
                    "reads-the-cache",
                    f"the network in force has cniVersion {state.conflist.cni_version}, so its cache is read when a pod is deleted; one "
                    "below 0.4.0 never is. It comes from the cluster's own manifests: with Talos's flannel leave it, and upgrade",
                    "DelNetworkList reads the cache from 0.4.0 on (libcni/api.go); Talos's flannel has 1.0.0 since 1.3",
                )
            )
    cut = [judged for judged in damaged if judged.inspection.damage in _CUT_SHORT]
    written = [judged.file.modified for judged in cut]
    # A pod that runs was made in this boot: where its file is older, the clock was wrong, and the time tells nothing.
    ended = [judged.file.modified for judged in cut if judged.liveness is not Liveness.RUNNING]
    if state.boot_time is not None and any(modified < state.boot_time - BOOT_MARGIN for modified in ended):
        found.append(
            Advice(
                "power",
                "a file from before the last boot was most likely cut short by a power loss or a hard reset: pods that started in the half "
                "minute before it are hit. Drain and shut nodes down in order, and look at what cut the power",
                "libcni writes without a sync; reproduced with XFS and ext4 on a real containerd",
            )
        )
    if state.boot_time is not None and any(modified >= state.boot_time for modified in written):
        found.append(
            Advice(
                "disk", f"a file of this boot was most likely cut short by a full disk while its pod was made. {_room(state)}", _FULL_DISK
            )
        )
    elif state.space is not None and state.space.is_low:
        found.append(
            Advice(
                "disk-now", f"/var is short of space, and a full disk cuts the files of new pods short as well: {_FREE_SOME}", _FULL_DISK
            )
        )
    return tuple(found)


def _harmed(files: Iterable[Judged]) -> tuple[Judged, ...]:
    """Return the cache files that were seen to be damaged, or that stopping their sandbox fails on."""
    return tuple(judged for judged in files if judged.is_damaged or (judged.error is not None and not judged.file.problem))


_FULL_DISK = "libcni truncates before it writes; reproduced with a full file system on a real containerd"
_EVICT_EARLIER = "let the kubelet evict pods earlier (nodefs.available in evictionHard)"
_FREE_SOME = f"free some, and {_EVICT_EARLIER}"


def _room(state: NodeState) -> str:
    """Return what to do about a full disk, by how full it is now. Without figures, so that nodes that are alike get one line."""
    if state.space is None or state.space.problem:
        return f"Watch the free space of /var, and {_EVICT_EARLIER}"
    if state.space.is_low:
        return f"/var is nearly full now: {_FREE_SOME}"
    return f"/var has room again now: find out what had filled it (images, emptyDir volumes, logs), and {_EVICT_EARLIER}"
