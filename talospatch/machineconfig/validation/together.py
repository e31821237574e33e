"""Rules about all documents of a config together; none of them is about one document alone.

Source of all rows: container/validate.go and container_deps.go of the machinery's config, 1.14, and the vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from talospatch.machineconfig.validation.place import Place
from talospatch.machineconfig.validation.rule import Broken, Rule
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.validation.rule import Config

# Kinds for control planes only. Source: their ControlPlaneOnly markers, 1.14.
CONTROL_PLANE_KINDS = (
    "KubeAPIServerConfig",
    "KubeAdmissionControlConfig",
    "KubeAggregatorCAConfig",
    "KubeAuditPolicyConfig",
    "KubeAuthenticationConfig",
    "KubeAuthorizerConfig",
    "KubeControllerManagerConfig",
    "KubeCoreDNSConfig",
    "KubeEtcdEncryptionConfig",
    "KubeFlannelCNIConfig",
    "KubeProxyConfig",
    "KubeSchedulerConfig",
    "KubeServiceAccountConfig",
    "KubeTalosAPIAccessConfig",
)
_ROLE_LABEL = "node-role.kubernetes.io/control-plane"


class _Where(NamedTuple):
    """The host's DNS as it counts: from the resolver's document if that enables it, else from the main one."""

    enabled: bool
    forwards: bool
    place: Place


def _first(config: Config, kind: str) -> Place | None:
    return next(config.of_kind(kind), None)


def _main(config: Config, path: str) -> Place:
    return (config.main or Place(None, None))[path]


def _host_dns(config: Config) -> _Where:
    resolver = _first(config, "ResolverConfig")
    dns = resolver["hostDNS"] if resolver is not None else None
    if dns is None or not dns["enabled"].is_true:
        dns = _main(config, "machine.features.hostDNS")
    return _Where(dns["enabled"].is_true, dns["forwardKubeDNSToHost"].is_true, dns)


def _host_dns_in_container(_: Place, config: Config) -> Iterator[Broken]:
    dns = _host_dns(config)
    if config.mode == "container":
        if not dns.enabled:
            yield Broken(dns.place["enabled"], "must be true in container mode")
        if not dns.forwards:
            yield Broken(dns.place["forwardKubeDNSToHost"], "must be true in container mode")


def _encrypted_dns(_: Place, config: Config) -> Iterator[Broken]:
    resolver = _first(config, "ResolverConfig")
    for server in resolver["nameservers"].items() if resolver is not None else ():
        if server["protocol"].word != "Do53" and not _host_dns(config).enabled:
            yield Broken(server["protocol"], "works only with the host's DNS", "hostDNS.enabled: true")


def _discovers(config: Config) -> bool:
    discovery = _main(config, "cluster.discovery")
    legacy = discovery["enabled"].is_true and not discovery["registries.service.disabled"].is_true
    return legacy or _first(config, "DiscoveryServiceConfig") is not None


def _discovery_identity(_: Place, config: Config) -> Iterator[Broken]:
    if not _discovers(config):
        return
    main, document = _main(config, "cluster"), _first(config, "DiscoveryIdentityConfig")
    from_main = main["id"].filled or main["secret"].filled or document is None
    for old, new in (("id", "clusterID"), ("secret", "clusterSecret")):
        place = main[old] if from_main or document is None else document[new]
        if not place.filled:
            yield Broken(place, f"cluster discovery needs the cluster's {old}", f"cluster.{old}, or a document DiscoveryIdentityConfig")


def _kubespan(_: Place, config: Config) -> Iterator[Broken]:
    document = _first(config, "KubeSpanConfig")
    enabled = document["enabled"] if document is not None else _main(config, "machine.network.kubespan.enabled")
    if enabled.is_true and not _discovers(config):
        yield Broken(enabled, "KubeSpan needs cluster discovery", "a document DiscoveryServiceConfig")


def _container_order(_: Place, config: Config) -> Iterator[Broken]:
    containers = {place["name"].text: place for place in config.of_kind("ContainerConfig")}
    for container in containers.values():
        for dependency in container["dependsOn.containers"].items():
            if dependency.text not in containers:
                yield Broken(dependency, f"there is no container {dependency.text[:60]!r}")
    for name in sorted(containers):
        if cycle := _cycle_through(name, containers):
            yield Broken(containers[name]["dependsOn.containers"], f"the containers wait for each other: {' -> '.join(cycle)}")
            return


def _cycle_through(name: str, containers: dict[str, Place]) -> list[str] | None:
    """Return a way from a container back to itself, None when there is none."""
    came_from: dict[str, str] = {}
    queue = [name]
    while queue:
        current = queue.pop()
        for dependency in containers[current]["dependsOn.containers"].texts:
            if dependency == name:
                way = [name, current]
                while way[-1] != name:
                    way.append(came_from[way[-1]])
                return way[::-1]
            if dependency in containers and dependency not in came_from:
                came_from[dependency] = current
                queue.append(dependency)
    return None


def _has_kubernetes_ca(config: Config) -> bool:
    cluster = _main(config, "cluster")
    return cluster["ca"].given or cluster["acceptedCAs"].given or _first(config, "KubeAPIServerCAConfig") is not None


def _etcd_encryption(_: Place, config: Config) -> Iterator[Broken]:
    cluster = _main(config, "cluster")
    secrets = [cluster["secretboxEncryptionSecret"], cluster["aescbcEncryptionSecret"]]
    given = any(secret.filled for secret in secrets) or _first(config, "KubeEtcdEncryptionConfig") is not None
    if config.is_control_plane and _has_kubernetes_ca(config) and not given:
        yield Broken(secrets[0], "a control plane needs a key for etcd's secrets", "or a document KubeEtcdEncryptionConfig")


def _cluster_endpoint(_: Place, config: Config) -> Iterator[Broken]:
    endpoint = _main(config, "cluster.controlPlane.endpoint")
    if _has_kubernetes_ca(config) and not endpoint.given and _first(config, "KubeClusterConfig") is None:
        yield Broken(endpoint, "the endpoint of the control plane is required where Kubernetes runs", "or a document KubeClusterConfig")


def _control_plane_kinds(_: Place, config: Config) -> Iterator[Broken]:
    if config.is_control_plane:
        return
    for document, place in config.documents:
        if document.kind.name in CONTROL_PLANE_KINDS:
            yield Broken(place, f"{document.kind.name} is for control planes only")


def _role_label(_: Place, config: Config) -> Iterator[Broken]:
    node = _first(config, "KubeNodeConfig")
    if not config.is_control_plane or node is None or node["skipNodeRegistration"].is_true:
        return
    if _ROLE_LABEL not in (node["labels"].value or {}):
        yield Broken(node["labels"], f"the label {_ROLE_LABEL} of a control plane is missing; Talos no longer adds it")


RULES = (
    Rule("host-dns-in-container", (), _host_dns_in_container, since="1.14"),
    Rule("name-server-encrypted", (), _encrypted_dns, since="1.14"),
    Rule("discovery-identity", (), _discovery_identity, since="1.14"),
    Rule("kubespan-identity", (), _kubespan, since="1.14"),
    Rule("container-order", (), _container_order, since="1.14"),
    Rule("etcd-encryption", (), _etcd_encryption, since="1.14"),
    Rule("endpoint", (), _cluster_endpoint, since="1.14"),
    Rule("control-plane-only", (), _control_plane_kinds, since="1.14"),
    Rule("control-plane-label", (), _role_label, since="1.14", severity=Severity.WARNING),
)
