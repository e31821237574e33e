"""What a row of the effect table says, and the words it is made of.

Sources are files of github.com/siderolabs/talos. A row without a version was read at v1.11.6, v1.12.11, v1.13.9 and v1.14.0-rc.1; one that
holds from a fact on at v1.14.0-rc.1, one that holds until a fact at v1.13.9. What no source says is in the table as NO_REBOOT, not guessed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from talospatch.versions import Fact

DROPIN_PATH = "/etc/cri/conf.d/20-customization.part"
WILDCARD = "*"  # stands for any key of a mapping

KUBELET = "kubelet"
CONTAINERD = "containerd"
API_SERVER, CONTROLLER_MANAGER, SCHEDULER = "kube-apiserver", "kube-controller-manager", "kube-scheduler"
STATIC_PODS = (API_SERVER, CONTROLLER_MANAGER, SCHEDULER)

MACHINED = "internal/app/machined/pkg/"
CONTROLLERS = f"{MACHINED}controllers/"
INTERFACE = "pkg/machinery/config/config/"  # what Talos's own code can ask a config for


class Effect(StrEnum):
    """What happens on the node when the difference is applied, the mildest first."""

    NOTHING = "nothing"
    AT_INSTALL = "at-install"
    LIVE = "live"
    NO_REBOOT = "no-reboot"
    CRI_RESTART = "cri-restart"
    NEXT_BOOT = "next-boot"
    REBOOT = "reboot"
    UNKNOWN = "unknown"


class Row(NamedTuple):
    """What happens when something at a path, or in a kind of document, becomes another.

    Attributes:
        path: keys of the main document as ``machine.kubelet``, or a kind and keys in it as ``KubeNodeConfig:labels``. ``*`` is any key.
            It speaks for everything below it that has no row of its own.
        effect: what happens. LIVE with ``restarts`` means that these restart and nothing else.
        source: a file of Talos; see the head of this module.
        restarts: the services and static pods that restart, by Talos's names.
        note: what else there is to say, in a few words.
        since: first fact from which on it holds; None from the oldest version on.
        until: fact from which on it no longer holds; None for good.
        control_plane: whether it happens on control-plane nodes only; on a worker nothing does then.
        whole: whether it is about a document being added or removed, not about one that is changed.
    """

    path: str
    effect: Effect
    source: str
    restarts: tuple[str, ...] = ()
    note: str = ""
    since: Fact | None = None
    until: Fact | None = None
    control_plane: bool = False
    whole: bool = False
