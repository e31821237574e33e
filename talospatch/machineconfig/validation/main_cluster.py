"""Rules of ``cluster`` in the main document.

Source of all rows: ClusterConfig.Validate and what it calls, in the machinery's config/types/v1alpha1 of each minor, and the vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.machineconfig.typed.urls import write_url
from talospatch.machineconfig.validation import texts
from talospatch.machineconfig.validation.main_machine import MAIN
from talospatch.machineconfig.validation.rule import Broken, Rule, at_least
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.validation.place import Place
    from talospatch.machineconfig.validation.rule import Config

AUTHORIZERS = ("Node", "RBAC", "Webhook")
POD_RESOURCES = ("memory", "cpu")


def cluster_rules_apply(config: Config) -> bool:
    """Whether there is a cluster section."""
    return config.main is not None and config.main["cluster"].given


def _endpoint(root: Place, config: Config) -> Iterator[Broken]:
    control_plane = root["cluster.controlPlane"]
    endpoint = control_plane["endpoint"]
    if not control_plane.given and at_least(config.minor, "1.14"):
        return
    if not endpoint.given:
        hint = (
            "or leave controlPlane out and add a document KubeClusterConfig"
            if at_least(config.minor, "1.14")
            else "such as https://10.5.0.2:6443"
        )
        yield Broken(endpoint, "the endpoint of the control plane is required", hint)
    elif problem := texts.endpoint(write_url(endpoint.value), loose_ports=config.loose_url_ports):
        yield Broken(endpoint, problem, "write it as https://10.5.0.2:6443")


def _service_account(root: Place, _: Config) -> Iterator[Broken]:
    if root["cluster.serviceAccount"].given and not root["cluster.controlPlane.endpoint"].given:
        yield Broken(
            root["cluster.serviceAccount"], "needs cluster.controlPlane.endpoint", "or move it to a document KubeServiceAccountConfig"
        )


def _dns_domain(root: Place, _: Config) -> Iterator[Broken]:
    place = root["cluster.network.dnsDomain"]
    if place.filled and (problem := texts.dns_name(place.text)):
        yield Broken(place, f"{place.text[:80]!r} {problem}")


def _cloud_provider(root: Place, config: Config) -> Iterator[Broken]:
    provider = root["cluster.externalCloudProvider"]
    if provider["manifests"].filled and not provider["enabled"].is_true:
        yield Broken(provider["manifests"], "are given for an external cloud provider that is not enabled")
        return
    for manifest in provider["manifests"].items():
        if problem := texts.endpoint(manifest.text, loose_ports=config.loose_url_ports):
            yield Broken(manifest, problem)


def _etcd(root: Place, config: Config) -> Iterator[Broken]:
    etcd = root["cluster.etcd"]
    if not etcd.given:
        return
    if not config.is_control_plane:
        yield Broken(etcd, "etcd runs on control planes only", "take it out of a worker's config")
        return
    if not etcd["ca"].given:
        yield Broken(etcd["ca"], "etcd needs a CA with its key")
    if etcd["subnet"].filled and etcd["advertisedSubnets"].filled:
        yield Broken(etcd["subnet"], "cannot stand beside advertisedSubnets")
    advertised = list(etcd["advertisedSubnets"].items()) or ([etcd["subnet"]] if etcd["subnet"].filled else [])
    for subnet in (*advertised, *etcd["listenSubnets"].items()):
        if problem := texts.subnet_or_address(subnet.text):
            yield Broken(subnet, f"{subnet.text[:60]!r} {problem}")


def _ca_key(root: Place, config: Config) -> Iterator[Broken]:
    if not config.is_control_plane and root["cluster.ca.key"].filled:
        yield Broken(root["cluster.ca.key"], "the key of the Kubernetes CA may be on control planes only", "leave cluster.ca.crt only")


def _inline_manifests(root: Place, _: Config) -> Iterator[Broken]:
    seen: set[str] = set()
    for manifest in root["cluster.inlineManifests"].items():
        name = manifest["name"]
        if not name.text.strip():
            yield Broken(name, "an inline manifest needs a name")
        if name.text in seen:
            yield Broken(name, f"inline manifest {name.text[:80]!r} is there twice")
        seen.add(name.text)


def _discovery(root: Place, config: Config) -> Iterator[Broken]:
    discovery = root["cluster.discovery"]
    service = discovery["registries.service"]
    if not discovery["enabled"].is_true or service["disabled"].is_true:
        return
    if service["endpoint"].filled:
        problem, path = texts.request_uri(service["endpoint"].text, loose_ports=config.loose_url_ports)
        if problem:
            yield Broken(service["endpoint"], problem)
        elif path not in {"", "/"}:
            yield Broken(service["endpoint"], "must have no path")
    for key in ("id", "secret"):
        if not root["cluster"][key].filled:
            yield Broken(root["cluster"][key], f"the discovery service needs cluster.{key}")


def _api_server(root: Place, _: Config) -> Iterator[Broken]:
    server = root["cluster.apiServer"]
    if server["authorizationConfig"].given:
        for name, argument in server["extraArgs"].entries():
            if name == "authorization-mode" or name.startswith("authorization-webhook-"):
                yield Broken(argument, f"argument {name!r} cannot stand beside authorizationConfig")
    for authorizer in server["authorizationConfig"].items():
        if not authorizer["type"].filled:
            yield Broken(authorizer["type"], "an authorizer needs a type", f"one of {', '.join(AUTHORIZERS)}")
        elif authorizer["type"].text not in AUTHORIZERS:
            yield Broken(
                authorizer["type"], f"authorizer type {authorizer['type'].text[:40]!r} is not known", f"one of {', '.join(AUTHORIZERS)}"
            )
        if not authorizer["name"].filled:
            yield Broken(authorizer["name"], "an authorizer needs a name")


def pod_resource_problems(resources: Place) -> Iterator[Broken]:
    """Yield what is wrong with the resources of a static pod: only memory and CPU can be set."""
    for part in ("requests", "limits"):
        for name, entry in resources[part].entries():
            if name not in POD_RESOURCES:
                yield Broken(entry, f"resource {name[:40]!r} cannot be set", f"one of {', '.join(POD_RESOURCES)}")


def _pod_resources(root: Place, _: Config) -> Iterator[Broken]:
    for pod in ("apiServer", "controllerManager", "scheduler"):
        yield from pod_resource_problems(root[f"cluster.{pod}.resources"])


def _cni(root: Place, config: Config) -> Iterator[Broken]:
    cni = root["cluster.network.cni"]
    if not config.is_control_plane or not cni.given:
        return
    name = cni["name"].text
    if name not in {"flannel", "custom", "none"}:
        yield Broken(cni["name"], f"CNI {name[:40]!r} is not known", "flannel, custom or none")
        return
    if name != "custom" and cni["urls"].filled:
        yield Broken(cni["urls"], f"must be empty for the CNI {name}")
    if name != "flannel":
        if cni["flannel.extraArgs"].filled:
            yield Broken(cni["flannel.extraArgs"], f"must be empty for the CNI {name}")
        if cni["flannel.kubeNetworkPoliciesEnabled"].is_true:
            yield Broken(cni["flannel.kubeNetworkPoliciesEnabled"], f"must not be true for the CNI {name}")
    for url in cni["urls"].items() if name == "custom" else ():
        if problem := texts.endpoint(url.text, loose_ports=config.loose_url_ports):
            yield Broken(url, problem)


def _custom_cni(root: Place, config: Config) -> Iterator[Broken]:
    cni = root["cluster.network.cni"]
    if config.is_control_plane and cni["name"].text == "custom" and not cni["urls"].filled:
        yield Broken(cni["urls"], "is empty: nothing installs the custom CNI")


RULES = (
    Rule("endpoint", MAIN, _endpoint),
    Rule("service-account", MAIN, _service_account, since="1.14"),
    Rule("dns-domain", MAIN, _dns_domain),
    Rule("cloud-provider", MAIN, _cloud_provider),
    Rule("etcd", MAIN, _etcd),
    Rule("cluster-ca-key", MAIN, _ca_key),
    Rule("inline-manifest-name", MAIN, _inline_manifests),
    Rule("discovery", MAIN, _discovery),
    Rule("api-server-authorization", MAIN, _api_server),
    Rule("pod-resources", MAIN, _pod_resources),
    Rule("cni", MAIN, _cni),
    Rule("cni-custom-without-urls", MAIN, _custom_cni, severity=Severity.WARNING),
)
