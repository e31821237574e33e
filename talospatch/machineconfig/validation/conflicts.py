"""What may not stand both in the main document and in a document of its own.

Source of all rows: the V1Alpha1ConflictValidate methods in the machinery's config/types of each minor (1.11: container.go), and the
vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from talospatch.machineconfig.validation import texts
from talospatch.machineconfig.validation.rule import LATER, Broken, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from talospatch.machineconfig.validation.place import Place
    from talospatch.machineconfig.validation.rule import Check, Config


def _given(place: Place) -> bool:
    return place.given


def _filled(place: Place) -> bool:
    return place.filled


def _is_true(place: Place) -> bool:
    return place.is_true


def _has_addresses(place: Place) -> bool:
    return any(texts.address(server) is None for server in place.texts)


class _Row(NamedTuple):
    """A path of the main document that a kind excludes, and how it must be filled to count."""

    kind: str
    path: str
    counts: Callable[[Place], bool] = _given
    since: str = "1.11"
    before: str = LATER


_ROWS = (
    _Row("CRIBaseRuntimeSpecConfig", "machine.baseRuntimeSpecOverrides"),
    _Row("DiscoveryIdentityConfig", "cluster.id", _filled),
    _Row("DiscoveryIdentityConfig", "cluster.secret", _filled),
    _Row("DiscoveryServiceConfig", "cluster.discovery"),
    _Row("HostnameConfig", "machine.network.hostname", _filled),
    _Row("HostnameConfig", "machine.features.stableHostname", _is_true),
    _Row("ImageCacheConfig", "machine.features.imageCache"),
    _Row("KubeAPIServerCAConfig", "cluster.ca"),
    _Row("KubeAPIServerConfig", "cluster.apiServer"),
    _Row("KubeAPIServerConfig", "cluster.controlPlane.localAPIServerPort", _filled),
    _Row("KubeAdmissionControlConfig", "cluster.apiServer.admissionControl", _filled),
    _Row("KubeAggregatorCAConfig", "cluster.aggregatorCA"),
    _Row("KubeAuditPolicyConfig", "cluster.apiServer.auditPolicy", _filled),
    _Row("KubeAuthorizerConfig", "cluster.apiServer.admissionControl", _filled),  # as the reference has it
    _Row("KubeClusterConfig", "cluster.clusterName", _filled),
    _Row("KubeClusterConfig", "cluster.controlPlane.endpoint"),
    _Row("KubeControllerManagerConfig", "cluster.controllerManager"),
    _Row("KubeControllerManagerConfig", "machine.controlPlane.controllerManager"),
    _Row("KubeCoreDNSConfig", "cluster.coreDNS"),
    _Row("KubeCredentialProviderConfig", "machine.kubelet"),
    _Row("KubeEtcdEncryptionConfig", "cluster.secretboxEncryptionSecret", _filled),
    _Row("KubeEtcdEncryptionConfig", "cluster.aescbcEncryptionSecret", _filled),
    _Row("KubeFlannelCNIConfig", "cluster.network"),
    _Row("KubeNetworkConfig", "cluster.network"),
    _Row("KubeNodeConfig", "cluster.allowSchedulingOnControlPlanes"),
    _Row("KubeNodeConfig", "cluster.allowSchedulingOnMasters"),
    _Row("KubeNodeConfig", "machine.kubelet.skipNodeRegistration"),
    _Row("KubeNodeConfig", "machine.kubelet.registerWithFQDN"),
    _Row("KubeNodeConfig", "machine.kubelet.nodeIP"),
    _Row("KubeNodeConfig", "machine.nodeLabels"),
    _Row("KubeNodeConfig", "machine.nodeAnnotations"),
    _Row("KubeNodeConfig", "machine.nodeTaints"),
    _Row("KubePrismConfig", "machine.features.kubePrism"),
    _Row("KubeProxyConfig", "cluster.proxy"),
    _Row("KubeSchedulerConfig", "cluster.scheduler"),
    _Row("KubeSchedulerConfig", "machine.controlPlane.scheduler"),
    _Row("KubeServiceAccountConfig", "cluster.serviceAccount"),
    _Row("KubeSpanConfig", "machine.network.kubespan"),
    _Row("KubeTalosAPIAccessConfig", "machine.features.kubernetesTalosAPIAccess"),
    _Row("KubeletConfig", "machine.kubelet"),
    _Row("ResolverConfig", "machine.network.searchDomains"),
    _Row("ResolverConfig", "machine.network.nameservers", _has_addresses),
    _Row("ResolverConfig", "machine.network.disableSearchDomain", _is_true),
    _Row("TimeSyncConfig", "machine.time.disabled", _is_true),
    _Row("TimeSyncConfig", "machine.time.servers", _filled),
    _Row("TimeSyncConfig", "machine.time.bootTimeout", _filled),
    _Row("UnattendedInstallConfig", "machine.install"),
)


def _excluded(row: _Row) -> Check:
    def check(root: Place, config: Config) -> Iterator[Broken]:
        if config.main is not None and any(config.of_kind(row.kind)):
            place = root[row.path]
            if row.counts(place):
                yield Broken(place, f"is set here and by the document {row.kind}", "keep one of them")

    return check


def _disk_encryption(root: Place, config: Config) -> Iterator[Broken]:
    for volume in config.of_kind("VolumeConfig"):
        name = volume["name"].text
        encryption = volume["encryption"]
        old = root[f"machine.systemDiskEncryption.{name.lower()}"]
        if name in {"STATE", "EPHEMERAL"} and old.given and encryption["provider"].word not in {"", "none"}:
            yield Broken(old, f"is set here and by the document VolumeConfig/{name}", "keep one of them")


def _host_dns(root: Place, config: Config) -> Iterator[Broken]:
    place = root["machine.features.hostDNS"]
    if place.given and any(resolver["hostDNS"].filled for resolver in config.of_kind("ResolverConfig")):
        yield Broken(place, "is set here and by the document ResolverConfig", "keep one of them")


_MAIN = ("v1alpha1",)
RULES = (
    *(Rule("set-twice", _MAIN, _excluded(row), since=row.since, before=row.before) for row in _ROWS),
    Rule("set-twice", _MAIN, _disk_encryption),
    Rule("set-twice", _MAIN, _host_dns, since="1.14"),
)
