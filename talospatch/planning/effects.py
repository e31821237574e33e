"""What applying a difference does to a node of a given version: a table, one row a rule.

Sources: the list of fields that apply without a reboot stands in Talos v1.13.9,
internal/app/machined/pkg/runtime/v1alpha1/v1alpha1_runtime.go (CanApplyImmediate); it was removed before v1.14.0-alpha.2, after which
ApplyConfiguration never reboots. The CRI drop-in is live since v1.14.0-beta.0 (internal/app/machined/pkg/controllers/cri/service.go
restarts CRI when the merged file changes).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from talospatch.versions import Fact, TalosVersion

DROPIN_PATH = "/etc/cri/conf.d/20-customization.part"


class Effect(StrEnum):
    """What happens on the node when the difference is applied, the mildest first."""

    NOTHING = "nothing"
    LIVE = "live"
    CRI_RESTART = "cri-restart"
    NEXT_BOOT = "next-boot"
    REBOOT = "reboot"
    UNKNOWN = "unknown"


EFFECT_SENTENCES: dict[Effect, str] = {
    Effect.NOTHING: "nothing to change",
    Effect.LIVE: "applied while running",
    Effect.CRI_RESTART: "containerd restarts, pods keep running, no reboot",
    Effect.NEXT_BOOT: "accepted now, in effect only after the next reboot",
    Effect.REBOOT: "the node reboots, without a drain",
    Effect.UNKNOWN: "unknown until the node is asked",
}

# Up to 1.13: what applies without a reboot. Everything else of the main document reboots; other documents are never compared.
_IMMEDIATE = (
    "debug",
    "cluster",
    "machine.ca",
    "machine.acceptedCAs",
    "machine.time",
    "machine.certSANs",
    "machine.install",
    "machine.network",
    "machine.sysfs",
    "machine.sysctls",
    "machine.logging",
    "machine.controlPlane",
    "machine.kubelet",
    "machine.kernel",
    "machine.registries",
    "machine.pods",
    "machine.seccompProfiles",
    "machine.nodeAnnotations",
    "machine.nodeLabels",
    "machine.nodeTaints",
    "machine.features.kubernetesTalosAPIAccess",
    "machine.features.kubePrism",
    "machine.features.hostDNS",
    "machine.features.imageCache",
    "machine.features.nodeAddressSortAlgorithm",
)

# From 1.14 on nothing reboots; these are read at boot only.
_BOOT_ONLY = (
    "machine.files",
    "machine.env",
    "machine.udev",
    "machine.disks",
    "machine.type",
    "machine.token",
    "machine.systemDiskEncryption",
)


def _below(path: str, prefixes: Iterable[str]) -> bool:
    return any(path == prefix or path.startswith((f"{prefix}.", f"{prefix}[", f'{prefix}"')) for prefix in prefixes)


def predict(paths: Iterable[str], talos: TalosVersion, *, dropin: bool, legacy_dropin: bool = False) -> Effect:
    """Return the gravest effect of a difference.

    Args:
        paths: dotted paths in the main document that differ, as ``machine.files[1].content``; those of other documents begin with
            their kind, as ``CRICustomizationConfig/name:content``.
        talos: the node's version.
        dropin: whether the containerd drop-in is what changes.
        legacy_dropin: whether every changed path below ``machine.files`` belongs to the drop-in's own entry.
    """
    effects = {_one(path, talos, dropin=dropin, legacy_dropin=legacy_dropin) for path in paths}
    return max(effects, key=list(Effect).index, default=Effect.NOTHING)


def _one(path: str, talos: TalosVersion, *, dropin: bool, legacy_dropin: bool) -> Effect:
    main_document = not path[:1].isupper()  # kinds of documents begin with a capital, keys of the main one do not
    if not talos.can(Fact.NO_REBOOT_MODE):
        if not main_document:
            return Effect.LIVE
        return Effect.LIVE if _below(path, _IMMEDIATE) else Effect.REBOOT
    if not main_document:
        return Effect.CRI_RESTART if path.startswith(("CRICustomizationConfig", "CRIBaseRuntimeSpecConfig")) else Effect.LIVE
    if dropin and legacy_dropin and _below(path, ("machine.files",)):
        # Between alpha.2 and beta.0 the file was read at boot only although nothing reboots.
        return Effect.CRI_RESTART if talos.can(Fact.LIVE_CRI_CUSTOMIZATION) else Effect.NEXT_BOOT
    return Effect.NEXT_BOOT if _below(path, _BOOT_ONLY) or path == "machine" else Effect.LIVE
