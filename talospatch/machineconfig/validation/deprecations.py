"""Fields of the main document that still work and have a successor.

Source: fields that the JSON schema of a minor leaves out although its types have them, and the document kinds that came with that minor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from talospatch.machineconfig.validation.rule import at_least
from talospatch.talos.finding import Finding, Severity

if TYPE_CHECKING:
    from talospatch.machineconfig.config import MachineConfig


class Deprecation(NamedTuple):
    """A row.

    Attributes:
        path: the field.
        since: the first minor that deprecates it.
        successor: what to use instead; empty when it has no effect any more.
        moved: what ``talospatch machineconfig convert`` moves there: all of it, part of it, or nothing.
    """

    path: str
    since: str
    successor: str
    moved: Literal["", "it", "a part of it"] = ""


DEPRECATIONS = (
    Deprecation("machine.disks", "1.11", "UserVolumeConfig"),
    Deprecation("machine.systemDiskEncryption", "1.11", "VolumeConfig"),
    Deprecation("cluster.allowSchedulingOnMasters", "1.11", "cluster.allowSchedulingOnControlPlanes"),
    Deprecation("machine.registries", "1.12", "RegistryMirrorConfig, RegistryAuthConfig and RegistryTLSConfig", "it"),
    Deprecation("machine.time", "1.12", "TimeSyncConfig", "it"),
    Deprecation("machine.network.hostname", "1.12", "HostnameConfig", "it"),
    Deprecation("machine.network.interfaces", "1.12", "LinkConfig and its kin"),
    Deprecation("machine.network.nameservers", "1.12", "ResolverConfig", "it"),
    Deprecation("machine.network.searchDomains", "1.12", "ResolverConfig", "it"),
    Deprecation("machine.network.disableSearchDomain", "1.12", "ResolverConfig", "it"),
    Deprecation("machine.network.extraHostEntries", "1.12", "StaticHostConfig", "it"),
    Deprecation("cluster.apiServer.disablePodSecurityPolicy", "1.12", ""),
    Deprecation("machine.network.kubespan", "1.13", "KubeSpanConfig", "it"),
    Deprecation("machine.env", "1.13", "EnvironmentConfig", "it"),
    Deprecation("machine.install", "1.14", "UnattendedInstallConfig"),
    Deprecation("machine.kernel", "1.14", "KernelModuleConfig", "it"),
    Deprecation("machine.kubelet", "1.14", "KubeletConfig and KubeNodeConfig", "it"),
    Deprecation("machine.nodeLabels", "1.14", "KubeNodeConfig", "it"),
    Deprecation("machine.nodeAnnotations", "1.14", "KubeNodeConfig", "it"),
    Deprecation("machine.nodeTaints", "1.14", "KubeNodeConfig", "it"),
    Deprecation("machine.pods", "1.14", "KubeStaticPodConfig", "it"),
    Deprecation("machine.sysctls", "1.14", "SysctlConfig", "it"),
    Deprecation("machine.sysfs", "1.14", "SysfsConfig", "it"),
    Deprecation("machine.udev", "1.14", "UdevRulesConfig", "it"),
    Deprecation("machine.features.hostDNS", "1.14", "ResolverConfig", "it"),
    Deprecation("machine.features.imageCache", "1.14", "ImageCacheConfig", "it"),
    Deprecation("machine.features.kubePrism", "1.14", "KubePrismConfig", "it"),
    Deprecation("machine.features.kubernetesTalosAPIAccess", "1.14", "KubeTalosAPIAccessConfig", "it"),
    Deprecation("cluster.network", "1.14", "KubeNetworkConfig and KubeFlannelCNIConfig"),
    Deprecation("cluster.proxy", "1.14", "KubeProxyConfig"),
    Deprecation("cluster.apiServer", "1.14", "KubeAPIServerConfig", "a part of it"),
    Deprecation("cluster.controllerManager", "1.14", "KubeControllerManagerConfig"),
    Deprecation("cluster.scheduler", "1.14", "KubeSchedulerConfig"),
    Deprecation("cluster.coreDNS", "1.14", "KubeCoreDNSConfig", "it"),
    Deprecation("cluster.discovery", "1.14", "DiscoveryServiceConfig", "it"),
    Deprecation("cluster.inlineManifests", "1.14", "KubeInlineManifestConfig", "it"),
    Deprecation("cluster.extraManifests", "1.14", "KubeExternalManifestConfig"),
    Deprecation("cluster.extraManifestHeaders", "1.14", "KubeExternalManifestConfig"),
)


def deprecation_findings(config: MachineConfig, minor: str) -> tuple[Finding, ...]:
    """Return a note for each deprecated field that a config sets.

    Args:
        config: the config.
        minor: the Talos minor.
    """
    return tuple(
        Finding(
            Severity.NOTE,
            "field-deprecated",
            row.path,
            f"{row.path} is deprecated since Talos {row.since}",
            _hint(row, minor),
        )
        for row in DEPRECATIONS
        if at_least(minor, row.since) and _says_something(config.get(row.path))
    )


def _says_something(value: object) -> bool:
    """Whether a field sets anything: ``registries: {}`` and ``udev: {rules: []}``, as ``talosctl gen config`` writes them, do not."""
    if isinstance(value, dict):
        return not all(each in ({}, []) for each in value.values())
    return value is not None and value != []


def _hint(row: Deprecation, minor: str) -> str:
    if not row.successor:
        return "take it out: it has no effect"
    return f"use {row.successor}" + (f"; talospatch mc convert --to {minor} moves {row.moved}" if row.moved else "")
